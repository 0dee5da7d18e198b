/* topology.c - the picture of a lab's nodes and how they are joined
 *
 * A node is a table: its name, what it is, then an interface a row, with a port
 * where its link ends. A wire is a node of its own, as it is in the run.
 */
#include "diagrams/topology.h"

#include "diagrams/dot.h"

#include <arpa/inet.h>
#include <ctype.h>

enum { FEW = 5, FIRST_SHOWN = 2 };

struct drawing {
	const struct plan *plan;
	const struct topo *topo;
	FILE *out;
};

static const struct {
	enum role role;
	const char *words;	/* NULL = none */
} kinds[] = {
	[NODE_HOST]	= { LOOK_INK, NULL },
	[NODE_ROUTER]	= { LOOK_PASSIVE, "router" },
	[NODE_NAT]	= { LOOK_PASSIVE, "NAT" },
	[NODE_WIRE]	= { LOOK_WIRE, "wire" },
};
static_assert(ARRAY_SIZE(kinds) == NODE_KINDS, "kinds[] lacks one");

/* "host12" is number 12 of the hosts; 0 = not one of many. @stem gets "host". */
static unsigned long number_of(const char *name, size_t *stem)
{
	size_t len = strlen(name);

	while (len > 0 && isdigit((unsigned char)name[len - 1]))
		len--;
	*stem = len;
	return len > 0 ? strtoul(name + len, NULL, 10) : 0;
}

static bool same_kind(const char *a, const char *b)
{
	size_t len_a, len_b;

	return number_of(a, &len_a) && number_of(b, &len_b) && len_a == len_b && !strncmp(a, b, len_a);
}

static unsigned int how_many(const struct drawing *drawing, const char *name)
{
	unsigned int n = 0;

	for (const struct node *node = drawing->topo->nodes; node && node->name; node++)
		n += same_kind(node->name, name);
	return n;
}

static double uptime(const struct node *node)
{
	return node->uptime_s ? strtod(node->uptime_s, NULL) : 0;
}

/* The one of its kind whose clock is ahead of the others. */
static const struct node *ahead_of(const struct drawing *drawing, const char *name)
{
	const struct node *best = NULL;

	for (const struct node *node = drawing->topo->nodes; node && node->name; node++)
		if (same_kind(node->name, name) && (!best || uptime(node) > uptime(best)))
			best = node;
	return best;
}

/* Of many: the first two, the last, and the one that is ahead. */
static bool is_drawn(const struct drawing *drawing, const char *name)
{
	unsigned int many = how_many(drawing, name);
	size_t stem;
	unsigned long number = number_of(name, &stem);

	if (many <= FEW || number <= FIRST_SHOWN || number == many)
		return true;
	return !strcmp(ahead_of(drawing, name)->name, name);
}

static bool is_elided(const struct drawing *drawing, const struct link *link)
{
	return !is_drawn(drawing, link->a.node) || !is_drawn(drawing, link->b.node);
}

/* One line of a node's table, escaped. */
static void put_row(const struct drawing *drawing, const char *port, const struct look *look,
		    int size, bool bold, const char *text)
{
	auto_free char *escaped = dot_escape(text);

	fprintf(drawing->out, "<TR><TD%s%s%s><FONT COLOR=\"%s\" POINT-SIZE=\"%d\">%s%s%s</FONT></TD></TR>",
		port ? " BORDER=\"1\" SIDES=\"T\" PORT=\"" : "", port ? port : "", port ? "\"" : "",
		look->text, size, bold ? "<B>" : "", escaped, bold ? "</B>" : "");
}

/* A port's name may hold anything; DOT's ports may not. */
static char *transport_name(const struct port *port)
{
	char *name = must_printf("p_%s", port->dev);

	for (char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p))
			*p = '_';
	return name;
}

static void put_port(const struct drawing *drawing, const struct port *port)
{
	auto_free char *name = transport_name(port);
	auto_free char *text = must_printf("%s%s%s", port->dev, port->addr ? "  " : "",
					   port->addr ? port->addr : "");

	put_row(drawing, name, palette_look(LOOK_INK), 13, false, text);
}

static void put_clock(const struct drawing *drawing, const struct node *node)
{
	const struct node *ahead = ahead_of(drawing, node->name);
	double up = uptime(node);
	auto_free char *text = !ahead || how_many(drawing, node->name) < 2 ? must_printf("up %.0f s", up)
			     : ahead == node ? must_strdup("clock ahead")
			     : must_printf("clock %.0f s behind", uptime(ahead) - up);

	if (up > 0)
		put_row(drawing, NULL, palette_look(LOOK_SERVER), 13, false, text);
}

/* What a ruleset is for: each thing that it does, or that there is one. */
static void put_rules(const struct drawing *drawing, const char *nft)
{
	const char *snat = strstr(nft, "snat "), *dnat = strstr(nft, "dnat ");
	const struct { bool does; const char *words; } rows[] = {
		{ strstr(nft, "masquerade") || (snat && !strstr(snat, " map ")), "all behind one address" },
		{ snat && strstr(snat, " map "), "an address for each host" },
		{ dnat || strstr(nft, "redirect"), "sends calls on to another address" },
	};
	bool any = false;

	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		if (rows[r].does)
			put_row(drawing, NULL, palette_look(LOOK_SERVER), 13, false, rows[r].words);
		any |= rows[r].does;
	}
	if (!any)
		put_row(drawing, NULL, palette_look(LOOK_SERVER), 13, false, "nft rules");
}

/* What it stands for, its clock if it was given one, what else is not usual. */
static void put_traits(const struct drawing *drawing, const struct node *node)
{
	const struct look *note = palette_look(LOOK_SERVER);

	if (node->is)
		put_row(drawing, NULL, palette_look(LOOK_QUIET), 12, false, node->is);
	put_clock(drawing, node);
	if (node->recycle && strtol(node->recycle, NULL, 10))
		put_row(drawing, NULL, note, 13, false, "tcp_tw_recycle = 1");
	for (const struct setting *set = drawing->topo->settings; set && set->node; set++) {
		const char *key = strrchr(set->key, '.');
		auto_free char *text = must_printf("%s = %s", key ? key + 1 : set->key, set->value);

		if (!strcmp(set->node, node->name))
			put_row(drawing, NULL, note, 13, false, text);
	}
	for (const struct ruleset *set = drawing->topo->rulesets; set && set->node; set++)
		if (!strcmp(set->node, node->name))
			put_rules(drawing, set->nft);
}

/* One table a node, and nothing around it, so that lines meet its border. */
static void begin_table(const struct drawing *drawing, const char *name, const struct look *look, const char *style)
{
	auto_free char *id = dot_quote(name);

	fprintf(drawing->out, "%s [label=<<TABLE BORDER=\"2\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"4\" "
		"STYLE=\"%s\" COLOR=\"%s\" BGCOLOR=\"%s\">",
		id, style, look->line, *look->fill ? look->fill : "#ffffff");
}

static void end_table(const struct drawing *drawing)
{
	fputs("</TABLE>>];\n", drawing->out);
}

static unsigned int count_elided(const struct drawing *drawing)
{
	unsigned int n = 0;

	for (const struct link *link = drawing->topo->links; link && link->a.node; link++)
		n += is_elided(drawing, link);
	return n;
}

static void put_ports(const struct drawing *drawing, const char *name)
{
	auto_free char *more = must_printf("\u2026 %u more", count_elided(drawing));
	bool said = false;

	for (const struct link *link = drawing->topo->links; link && link->a.node; link++) {
		const struct port *port = !strcmp(link->a.node, name) ? &link->a
					: !strcmp(link->b.node, name) ? &link->b : NULL;

		if (port && !is_elided(drawing, link))
			put_port(drawing, port);
		else if (port && !said)
			put_row(drawing, "more", palette_look(LOOK_QUIET), 13, false, more);
		said |= port && is_elided(drawing, link);
	}
}

static void put_node(const struct drawing *drawing, const struct node *node)
{
	const struct look *look = palette_look(kinds[node->kind].role);
	const char *words = kinds[node->kind].words;

	begin_table(drawing, node->name, look, node->kind == NODE_HOST ? "ROUNDED" : "");
	put_row(drawing, NULL, look, 17, true, node->name);
	if (words && strcasecmp(words, node->name))
		put_row(drawing, NULL, look, 13, false, words);
	put_traits(drawing, node);
	put_ports(drawing, node->name);
	end_table(drawing);
}

/* "10.0.0.0/24" of "10.0.0.1/24"; false for an address that stands alone. */
static bool network_of(const char *addr, char *text)
{
	const char *slash = addr ? strchr(addr, '/') : NULL;
	unsigned int len = slash ? (unsigned int)strtoul(slash + 1, NULL, 10) : 0;
	int family = addr && strchr(addr, ':') ? AF_INET6 : AF_INET;
	unsigned int most = family == AF_INET6 ? 128 : 32;
	unsigned char in[16];
	char host[INET6_ADDRSTRLEN];

	if (!slash || len < 1 || len >= most || slash - addr >= (int)sizeof(host))
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)(slash - addr), addr);
	if (inet_pton(family, host, in) != 1)
		return false;
	for (unsigned int bit = len; bit < most; bit++)
		in[bit / 8] &= (unsigned char)~(0x80 >> bit % 8);
	inet_ntop(family, in, host, sizeof(host));
	snprintf(text, 64, "%s/%u", host, len);
	return true;
}

static bool acts_on(const struct step *step, const struct link *link, const struct port *toward)
{
	auto_free char *on = must_printf("%s/%s", link->wire, toward->node);

	return step->act == DO_NETEM && !strcmp(step->on, on);
}

/* What the wire does to what goes toward one side, before any program runs;
 * NULL: what the link says.
 */
static const char *usual(const struct drawing *drawing, const struct link *link, const struct port *toward)
{
	const char *what = NULL;

	for (const struct step *step = drawing->plan->steps; step && step->act && step->act != DO_START; step++)
		if (acts_on(step, link, toward))
			what = step->what;
	return what && *what ? what : NULL;
}

/* What the steps will do to it beyond that, each once. */
static void put_netem(const struct drawing *drawing, const struct link *link, const struct port *toward)
{
	const char *before = usual(drawing, link, toward);
	const struct step *steps = drawing->plan->steps;

	for (const struct step *step = steps; step && step->act; step++) {
		auto_free char *text = NULL;
		bool known = false;

		if (!acts_on(step, link, toward) || !step->what || !*step->what || (before && !strcmp(step->what, before)))
			continue;
		for (const struct step *other = steps; other < step; other++)
			known |= acts_on(other, link, toward) && other->what && !strcmp(other->what, step->what);
		text = must_printf("toward %s: %s", toward->node, step->what);
		if (!known)
			put_row(drawing, NULL, palette_look(LOOK_NOTE), 13, false, text);
	}
}

/* Its usual delay: "delay 10ms each way", or each way for itself. */
static void put_usual(const struct drawing *drawing, const struct link *link)
{
	const struct look *look = palette_look(LOOK_WIRE);
	const char *a = usual(drawing, link, &link->a), *b = usual(drawing, link, &link->b);
	auto_free char *plain = must_printf("delay %dms", link->delay_ms);

	if (!a && link->delay_ms)
		a = plain;
	if (!b && link->delay_ms)
		b = plain;
	if (!a && !b)
		return;
	auto_free char *both = must_printf("%s each way", a ? a : "");
	auto_free char *there = must_printf("toward %s: %s", link->b.node, b ? b : "no delay");
	auto_free char *back = must_printf("toward %s: %s", link->a.node, a ? a : "no delay");

	if (a && b && !strcmp(a, b)) {
		put_row(drawing, NULL, look, 13, false, both);
	} else {
		put_row(drawing, NULL, look, 13, false, there);
		put_row(drawing, NULL, look, 13, false, back);
	}
}

static void put_wire(const struct drawing *drawing, const struct link *link)
{
	const struct look *look = palette_look(LOOK_WIRE);
	char network[64];

	begin_table(drawing, link->wire, look, "DASHED");
	put_row(drawing, NULL, look, 15, true, link->wire);
	if (network_of(link->a.addr, network))
		put_row(drawing, NULL, look, 13, false, network);
	put_usual(drawing, link);
	put_netem(drawing, link, &link->b);
	put_netem(drawing, link, &link->a);
	end_table(drawing);
}

static void put_edge(const struct drawing *drawing, const struct port *a, const char *wire, const struct port *b)
{
	const struct look *look = palette_look(wire ? LOOK_WIRE : LOOK_PASSIVE);
	auto_free char *from = dot_quote(a->node), *to = dot_quote(b->node);
	auto_free char *out = transport_name(a), *in = transport_name(b);
	auto_free char *middle = wire ? dot_quote(wire) : NULL;
	char network[64];

	fprintf(drawing->out, "edge [color=\"%s\", penwidth=2.4];\n", look->line);
	if (wire) {
		fprintf(drawing->out, "%s:%s:e -> %s:w;\n%s:e -> %s:%s:w;\n", from, out, middle, middle, to, in);
		return;
	}
	fprintf(drawing->out, "%s:%s:e -> %s:%s:w", from, out, to, in);
	if (network_of(a->addr, network))
		fprintf(drawing->out, " [label=\"%s\"]", network);
	fputs(";\n", drawing->out);
}

/* The hosts that are too many: one node in their place, joined as they are. */
static void put_ellipsis(const struct drawing *drawing, const struct link *link)
{
	bool first = !is_drawn(drawing, link->a.node);
	const char *name = first ? link->a.node : link->b.node;
	auto_free char *to = dot_quote(first ? link->b.node : link->a.node);
	auto_free char *stem = must_strdup(name);
	size_t len;

	number_of(name, &len);
	stem[len] = '\0';
	auto_free char *words = must_printf("\u2026 %u more: %s\u2026", count_elided(drawing), stem);
	auto_free char *label = dot_quote(words);

	fprintf(drawing->out, "more [shape=plaintext, fontsize=17, label=%s];\n", label);
	fprintf(drawing->out, "more:e -> %s:more:w [color=\"%s\", style=dotted];\n",
		to, palette_look(LOOK_PASSIVE)->line);
}

/* dot keeps the order of the text among what comes into one node. */
static void put_links(const struct drawing *drawing)
{
	bool elided = false;

	for (const struct link *link = drawing->topo->links; link && link->a.node; link++) {
		if (is_elided(drawing, link)) {
			if (!elided)
				put_ellipsis(drawing, link);
			elided = true;
			continue;
		}
		if (link->wire)
			put_wire(drawing, link);
		put_edge(drawing, &link->a, link->wire, &link->b);
	}
}

char *topology_draw(const struct plan *plan, const char *caption)
{
	struct drawing drawing = { plan, &plan->topo, NULL };
	auto_free char *title = dot_escape(plan->lab->question);
	auto_free char *foot = dot_escape(caption);
	auto_free char *name = dot_quote(plan->lab->name);
	char *text = NULL;
	size_t len = 0;

	drawing.out = open_memstream(&text, &len);
	if (!drawing.out)
		abort();	/* only memory can lack, and then there is nothing to write into */
	fprintf(drawing.out, "digraph %s {\n"
		"graph [rankdir=LR, ranksep=0.9, nodesep=0.35, splines=line, ordering=in, bgcolor=\"white\", pad=0.25, "
		"size=\"13.333,7.5!\", fontname=\"" DOT_FONT "\", labelloc=t, labeljust=l, "
		"label=<<TABLE BORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"2\"><TR><TD ALIGN=\"LEFT\">"
		"<FONT POINT-SIZE=\"17\"><B>%s</B></FONT></TD></TR><TR><TD ALIGN=\"LEFT\">"
		"<FONT POINT-SIZE=\"12\" COLOR=\"%s\">%s</FONT></TD></TR></TABLE>>];\n"
		"node [shape=plain, fontname=\"" DOT_FONT "\"];\n"
		"edge [dir=none, fontname=\"" DOT_FONT "\", fontsize=13];\n",
		name, title, palette_look(LOOK_QUIET)->text, foot);
	for (const struct node *node = plan->topo.nodes; node && node->name; node++)
		if (is_drawn(&drawing, node->name))
			put_node(&drawing, node);
	put_links(&drawing);
	fputs("}\n", drawing.out);
	fclose(drawing.out);
	return text;
}

/* facts.c - everything that the evidence says, a line each */
#include <twlab/facts.h>
#include <twlab/socket_states.h>

#include <twlab/facts_conn.h>
#include <twlab/facts_icmp.h>
#include <twlab/facts_nat.h>
#include <twlab/facts_trial.h>

#include <ctype.h>

#define REMEMBERED_NS (60 * NS_PER_S)	/* TCP_PAWS_MSL */

struct collecting {
	const struct evidence *evidence;
	const struct trace *trace;
	struct facts *facts;
	struct socket_states *sockets;
	unsigned int n_sockets;
	struct facts_side *sides;	/* by node and K */
	unsigned int n_sides;
};

static void add_count(struct collecting *all, const char *node, const char *name, int64_t count,
		      const char *where)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)count);
	facts_add(all->facts, node, name, text, where);
}

static int compare_order(const void *one, const void *two)
{
	const struct facts_side *a = one, *b = two;
	int x = a->client ? a->conn->client : a->conn->server;
	int y = b->client ? b->conn->client : b->conn->server;

	if (x != y)
		return x < y ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* The connections as their nodes met them, each with the socket it had there. */
static void sides_gather(struct collecting *all)
{
	const struct trace *trace = all->trace;
	auto_free const struct socket_states **sockets = must_calloc(2 * (size_t)trace->n_conns, sizeof(*sockets));

	for (unsigned int i = 0; i < all->n_sockets; i++) {
		const struct socket_states *sock = &all->sockets[i];

		if (sock->conn >= 0)
			sockets[2 * sock->conn + (trace->conns[sock->conn].client == sock->node)] = sock;
	}
	all->sides = must_calloc(2 * (size_t)trace->n_conns, sizeof(*all->sides));
	for (unsigned int i = 0; i < 2 * trace->n_conns; i++) {
		const struct conn *conn = &trace->conns[i / 2];
		int node = i % 2 ? conn->client : conn->server;
		unsigned int number = i % 2 ? conn->n_at_client : conn->n_at_server;

		if (number)
			all->sides[all->n_sides++] = (struct facts_side){
				all->evidence, conn, sockets[i], i % 2, number, trace->nodes[node],
			};
	}
	qsort(all->sides, all->n_sides, sizeof(*all->sides), compare_order);
}

struct turn {			/* a TIME_WAIT begins or ends */
	int node, by;
	int64_t at_ns;
	unsigned int line;
};

static int turn_order(const void *one, const void *two)
{
	const struct turn *a = one, *b = two;

	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	return a->by < b->by ? -1 : a->by > b->by;	/* one ends before another begins */
}

static struct turn *turns_gather(const struct collecting *all, unsigned int *n)
{
	struct turn *turns = NULL;

	*n = 0;
	for (unsigned int i = 0; i < all->n_sockets; i++) {
		for (unsigned int k = 0; k < all->sockets[i].n_spans; k++) {
			const struct state_span *span = &all->sockets[i].spans[k];

			if (span->state != STATE_TIME_WAIT)
				continue;
			*(struct turn *)grow(&turns, (*n)++, sizeof(*turns)) =
				(struct turn){ all->sockets[i].node, 1, span->from_ns, span->line };
			if (span->to_ns >= 0)
				*(struct turn *)grow(&turns, (*n)++, sizeof(*turns)) =
					(struct turn){ all->sockets[i].node, -1, span->to_ns, 0 };
		}
	}
	if (*n)
		qsort(turns, *n, sizeof(*turns), turn_order);
	return turns;
}

static bool is_host(const struct trace *trace, unsigned int node)
{
	for (unsigned int i = 0; i < trace->n_ifaces; i++)
		if (trace->ifaces[i].node_index == (int)node)
			return trace->ifaces[i].end;
	return false;
}

/* conns and TIME_WAIT.max of each host. */
static void hosts_add(struct collecting *all)
{
	unsigned int n_turns, side = 0, turn = 0;
	auto_free struct turn *turns = turns_gather(all, &n_turns);

	for (unsigned int node = 0; node < all->trace->n_nodes; node++) {
		const char *name = all->trace->nodes[node];
		int now = 0, max = 0;
		unsigned int conns = 0;
		auto_free char *where = must_strdup("");

		for (; side < all->n_sides && all->sides[side].node == name; side++)
			conns++;
		for (; turn < n_turns && turns[turn].node == (int)node; turn++) {
			now += turns[turn].by;
			if (now > max) {
				max = now;
				free(where);
				where = must_printf("states.jsonl:%u", turns[turn].line);
			}
		}
		if (!is_host(all->trace, node))
			continue;
		add_count(all, name, "conns", conns, conns ? "packets.pcapng" : "");
		if (socket_states_sampled(all->evidence, name))
			add_count(all, name, "TIME_WAIT.max", max, where);
		else
			facts_add(all->facts, name, "TIME_WAIT.max", "", "");
	}
}

/* Does @node pass packets on as they are, if any? A router counts their TTL down. */
static bool is_wire(const struct trace *trace, unsigned int node)
{
	bool met = false;

	for (unsigned int i = 0; i < trace->n_segments; i++) {
		const struct segment *segment = &trace->segments[i];

		for (unsigned int k = 0; k < segment->n_sightings; k++)
			met |= trace->ifaces[trace->frames[segment->sightings[k]].iface].node_index == (int)node;
		for (unsigned int k = 1; k < segment->n_sightings; k++) {
			const struct trace_frame *in = &trace->frames[segment->sightings[k - 1]];
			const struct trace_frame *out = &trace->frames[segment->sightings[k]];
			struct tcp_view a, b;

			if (trace->ifaces[in->iface].node_index == (int)node &&
			    trace->ifaces[out->iface].node_index == (int)node)
				return tcp_read(in->data, in->len, &a) && tcp_read(out->data, out->len, &b) && a.ttl == b.ttl;
		}
	}
	return !met;
}

/* What routers and NATs made themselves, and hosts in the name of others. */
static void makers_add(struct collecting *all)
{
	const struct trace *trace = all->trace;

	for (unsigned int node = 0; node < trace->n_nodes; node++) {
		unsigned int made[TCP_KINDS] = { 0 }, made_up[TCP_KINDS] = { 0 };
		char *where[TCP_KINDS] = { 0 };

		bool host = is_host(trace, node);

		for (unsigned int i = 0; i < trace->n_segments; i++) {
			const struct segment *segment = &trace->segments[i];
			enum tcp_kind kind = tcp_kind(&segment->tcp);

			if (segment->from != (int)node || segment->is_copy || (host && !segment->is_foreign))
				continue;
			made_up[kind] += segment->is_made_up;
			if (made[kind]++ < 12)
				must_append(&where[kind], "%s%u", where[kind] ? "," : "packets.pcapng:",
					    trace->frames[segment->sightings[0]].number);
		}
		for (int kind = 0; kind < TCP_KINDS; kind++) {
			auto_free char *name = must_printf("sent.%s", tcp_kind_name((enum tcp_kind)kind));

			auto_free char *steps = must_printf("made_up.%s", tcp_kind_name((enum tcp_kind)kind));

			if (made[kind] || (kind == KIND_RST && !host && !is_wire(trace, node)))
				add_count(all, trace->nodes[node], name, made[kind], where[kind] ? where[kind] : "");
			if (made_up[kind])
				add_count(all, trace->nodes[node], steps, made_up[kind], where[kind]);
			free(where[kind]);
		}
	}
}

/* What a host that recycles would remember, and the SYNs that it would ask of. */
struct memory {
	int64_t at_ns;
	bool is_syn, has_ts, answered;
	uint32_t ts;
	struct in6_addr from;
	unsigned int frame;
};

static int memory_order(const void *one, const void *two)
{
	const struct memory *a = one, *b = two;

	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	return a->frame < b->frame ? -1 : a->frame > b->frame;
}

static void memories_of(const struct collecting *all, const struct facts_side *side,
			struct memory **memories, unsigned int *n)
{
	const struct trace *trace = all->trace;
	unsigned int fin;
	bool closes = facts_closed_first(trace, side->conn, side->client, &fin);
	struct memory newest = { 0 };

	for (unsigned int i = 0; i < side->conn->n_segments; i++) {
		const struct segment *segment = &trace->segments[side->conn->segments[i]];
		const struct tcp_view *tcp = &segment->tcp_rcvd;
		struct memory memory = {
			.at_ns = segment->rcvd_ns, .has_ts = tcp->has_ts, .ts = tcp->tsval,
			.from = tcp->src.addr,
			.frame = trace->frames[segment->sightings[segment->n_sightings - 1]].number,
		};

		if (segment->from_client == side->client || segment->rcvd_ns < 0 || segment->is_copy)
			continue;
		if (tcp_kind(tcp) == KIND_SYN) {
			memory.is_syn = true;
			memory.answered = trace_answer(trace, side->conn, i) >= 0;
			*(struct memory *)grow(memories, (*n)++, sizeof(**memories)) = memory;
		}
		if (tcp->has_ts && (!newest.has_ts || (int32_t)(newest.ts - tcp->tsval) < 0))
			newest = memory;
		if (!closes || !(tcp->flags & TCP_FIN) || segment->is_retransmission || !newest.has_ts)
			continue;
		memory.ts = newest.ts;
		memory.is_syn = false;
		*(struct memory *)grow(memories, (*n)++, sizeof(**memories)) = memory;
	}
}

enum syn_age { SYN_OLDER, SYN_NEWER, SYN_NO_TS, SYN_FIRST, SYN_AGES };

/* As tcp_peer_is_proven() of Linux 4.9 looks at a SYN. */
static enum syn_age age_of(const struct memory *syn, const struct memory *known)
{
	if (!known || syn->at_ns - known->at_ns >= REMEMBERED_NS)
		return SYN_FIRST;
	if (!syn->has_ts)
		return SYN_NO_TS;
	return (int32_t)(known->ts - syn->ts) > 1 ? SYN_OLDER : SYN_NEWER;
}

/* A lower stamp does not take the place of a fresh higher one. */
static void remember(struct memory *known, const struct memory *memory)
{
	if ((int32_t)(known->ts - memory->ts) <= 0 || memory->at_ns - known->at_ns > REMEMBERED_NS)
		*known = *memory;
}

static void syns_tell(struct collecting *all, const char *node, const struct memory *memories,
		      unsigned int n)
{
	static const char *const ages[] = {
		[SYN_OLDER] = "older", [SYN_NEWER] = "newer", [SYN_NO_TS] = "no_ts", [SYN_FIRST] = "first",
	};
	unsigned int counts[SYN_AGES][2] = { 0 }, n_known = 0;
	char *where[SYN_AGES][2] = { 0 };
	struct memory *known = NULL;

	for (unsigned int i = 0; i < n; i++) {
		unsigned int k;
		enum syn_age age;
		char **place;

		for (k = 0; k < n_known; k++)
			if (!memcmp(&known[k].from, &memories[i].from, sizeof(known[k].from)))
				break;
		if (!memories[i].is_syn) {
			if (k < n_known)
				remember(&known[k], &memories[i]);
			else
				*(struct memory *)grow(&known, n_known++, sizeof(*known)) = memories[i];
			continue;
		}
		age = age_of(&memories[i], k < n_known ? &known[k] : NULL);
		place = &where[age][memories[i].answered];
		if (counts[age][memories[i].answered]++ < 12)
			must_append(place, "%s%u", *place ? "," : "packets.pcapng:", memories[i].frame);
	}
	free(known);
	for (int age = 0; age < SYN_AGES; age++) {
		for (int answered = 1; answered >= 0; answered--) {
			auto_free char *name = must_printf("syn.%s.%s", ages[age],
							   answered ? "answered" : "silent");

			add_count(all, node, name, counts[age][answered],
				  where[age][answered] ? where[age][answered] : "");
			free(where[age][answered]);
		}
	}
}

static void syns_add(struct collecting *all)
{
	for (unsigned int i = 0, end; i < all->n_sides; i = end) {
		struct memory *memories = NULL;
		unsigned int n = 0;
		bool any = false;

		for (end = i; end < all->n_sides && all->sides[end].node == all->sides[i].node; end++)
			memories_of(all, &all->sides[end], &memories, &n);
		if (n)
			qsort(memories, n, sizeof(*memories), memory_order);
		for (unsigned int k = 0; k < n; k++)
			any |= memories[k].is_syn;
		if (any)
			syns_tell(all, all->sides[i].node, memories, n);
		free(memories);
	}
}

static void counters_add(struct collecting *all)
{
	for (unsigned int i = 0; i < all->evidence->n_counters; i++) {
		const struct counter_row *row = &all->evidence->counters[i];
		bool netem = !strncmp(row->name, "qdisc.", 6);
		const char *dot = strchr(row->name, '.');
		auto_free char *name = must_printf("%s%s", netem ? "netem." : "mib.",
						   dot ? dot + 1 : row->name);

		if (netem || row->after > row->before)
			add_count(all, row->node, name, row->after - row->before, "counters.json");
	}
}

/* Length of a name that begins @text and is followed by '='; 0 if there is none. */
static size_t name_len(const char *text)
{
	size_t len = 0;

	if (!isalpha((unsigned char)*text) && *text != '_')
		return 0;
	while (isalnum((unsigned char)text[len]) || (text[len] && strchr("_.-", text[len])))
		len++;
	return text[len] == '=' && len <= 64 ? len : 0;
}

/* Node of program @name: its start is on record. */
static const char *node_of(const struct collecting *all, const char *name)
{
	for (unsigned int i = 0; i < all->evidence->n_events; i++) {
		const struct event_row *event = &all->evidence->events[i];

		if (!strcmp(event->what_kind, "start") && !strcmp(event->what, name))
			return event->node;
	}
	return NULL;
}

static void executable_add(struct collecting *all, const struct program_output *program)
{
	const char *node = node_of(all, program->name), *line = program->out, *next;
	unsigned int number = 1;

	for (; node && *line; line = next, number++) {
		size_t len = strcspn(line, "\r\n"), name = name_len(line);

		next = line + len;
		next += *next == '\r';
		next += *next == '\n';
		if (!name)
			continue;

		auto_free char *fact = must_printf("prog.%.*s", (int)name, line);
		auto_free char *value = must_printf("%.*s", len - name - 1 < 200 ? (int)(len - name - 1) : 200,
						    line + name + 1);
		auto_free char *where = must_printf("programs/%s.out:%u", program->name, number);

		facts_add(all->facts, node, fact, value, where);
	}
}

/* "TIME_WAIT.proc=1 TIME_WAIT.sock_diag=1": facts @kind.TIME_WAIT.proc, ... */
static void words_add(struct collecting *all, const struct event_row *event)
{
	auto_free char *where = must_printf("events.jsonl:%u", event->line);

	for (const char *at = event->what; *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " "), name = name_len(at);

		if (name && name < len) {
			auto_free char *fact = must_printf("%s.%.*s", event->what_kind, (int)name, at);
			auto_free char *value = must_printf("%.*s", (int)(len - name - 1), at + name + 1);

			facts_add(all->facts, event->node, fact, value, where);
		}
		at += len;
	}
}

void facts_collect(const struct evidence *evidence, struct facts *facts)
{
	struct collecting all = { .evidence = evidence, .trace = evidence->trace, .facts = facts };

	*facts = (struct facts){ 0 };
	all.sockets = socket_states_read(evidence, &all.n_sockets);
	sides_gather(&all);
	hosts_add(&all);
	for (unsigned int i = 0; i < all.n_sides; i++) {
		facts_conn(facts, &all.sides[i]);
		facts_icmp(facts, &all.sides[i]);
	}
	syns_add(&all);
	makers_add(&all);
	facts_nat(facts, evidence);
	facts_trial(facts, evidence);
	counters_add(&all);
	for (unsigned int i = 0; i < evidence->n_programs; i++)
		executable_add(&all, &evidence->programs[i]);
	for (unsigned int i = 0; i < evidence->n_events; i++)
		if (!strcmp(evidence->events[i].what_kind, "count") ||
		    !strcmp(evidence->events[i].what_kind, "conf"))
			words_add(&all, &evidence->events[i]);
	socket_states_free(all.sockets, all.n_sockets);
	free(all.sides);
}

/* topo.c - nodes and links, from tables to network namespaces
 *
 * The order is: all namespaces with their pins, all links (each made inside its
 * first node, with the other end born in the second), addresses and neighbours,
 * settings, routes, rules. MACs follow from the links' order, neighbours are permanent:
 * no ARP, which a netem that drops everything would take as well.
 */
#include <twlab/topo.h>

#include <twlab/nftables.h>
#include <twlab/rtnetlink.h>
#include <twlab/ns.h>
#include <twlab/sysctl.h>

#include <errno.h>

#define OFF "net.ipv6.conf.all.disable_ipv6"	/* where no address is IPv6's */

const struct setting topo_pins[] = {
	{ "*", "net.ipv4.ip_forward", "0", "a host is no router" },
	{ "*", OFF, "1", "no neighbour discovery between the packets of a lab" },
	{ "*", "net.ipv4.tcp_timestamps", "2", "on, and counting from boot: the same clock for every connection of a node (1 adds a random offset)" },
	{ "*", "net.ipv4.tcp_tw_reuse", "0", "its default is 0 before 4.19 and 2 (loopback) since" },
	{ "*", "net.ipv4.tcp_max_tw_buckets", "65536", "its default with 16 GB of memory (half of the hash table); a guest's small table would make it 32" },
	{ "*", "net.ipv4.tcp_fin_timeout", "60", "its default, whatever the machine's sysctl.conf says" },
	{ "*", "net.ipv4.tcp_rfc1337", "0", "its default" },
	{ "*", "net.ipv4.tcp_syncookies", "1", "its default; 0 and 2 change which SYNs are looked at" },
	{ "*", "net.ipv4.tcp_sack", "1", "its default: the first repeated FIN is then a tail loss probe" },
	{ "*", "net.ipv4.tcp_early_retrans", "3", "its default: tail loss probes are on" },
	{ "*", "net.ipv4.tcp_syn_retries", "6", "its default: SYNs at 0, 1, 3, 7, 15, 31 and 63 s" },
	{ "*", "net.ipv4.tcp_syn_linear_timeouts", "0", "6.5 and later send the first 4 again a second apart, before they double (RFC 6298, 5.5)" },
	{ "*", "net.ipv4.tcp_orphan_retries", "3", "a LAST_ACK that nobody answers ends after some 7 s, not 108" },
	{ "*", "net.ipv4.tcp_no_metrics_save", "1", "no connection starts with what an earlier one learnt" },
	{ "*", "net.ipv4.tcp_invalid_ratelimit", "500", "its default: TIME_WAIT's answers to bare ACKs and SYNs, in ms" },
	{ "*", "net.ipv4.ip_local_port_range", "32768 60999", "its default" },
	{ 0 }
};

/* Of a node with IPv6, before it has a device: the kernel says nothing of its own. */
static const struct setting ipv6_pins[] = {
	{ "*", "net.ipv6.conf.default.addr_gen_mode", "1", "no link-local addresses" },
	{ "*", "net.ipv6.conf.default.accept_dad", "0", "no waiting for duplicates" },
	{ "*", "net.ipv6.conf.default.accept_ra", "0", "routes are as the tables say" },
	{ "*", "net.ipv6.conf.default.router_solicitations", "0", "nobody is asked for others" },
	{ "*", "net.ipv6.conf.default.accept_redirects", "0", "nor believed" },
	{ 0 }
};

struct end {			/* one end of one veth */
	const struct node_up *node;
	const char *dev, *addr;
	char mac[18];
};

/* What every node is before it is any node in particular. */
struct bare {
	int ns;
	struct net *net;
};

static struct bare *stock;
static unsigned int n_stock;

static int set(int ns, const struct setting *setting, bool must, struct err *err)
{
	int code = sysctl_set(ns, setting->key, setting->value, err);

	/* A pin that this kernel does not have in a namespace is no failure. */
	if (code == -ENOENT && !must) {
		err_clear(err);
		return 0;
	}
	return code;
}

static int set_all(int ns, const struct setting *pins, struct err *err)
{
	for (const struct setting *pin = pins; pin->node; pin++)
		if (set(ns, pin, false, err))
			return err_code(err);
	return 0;
}

/* From pinned as one without, and before it has a device. */
static int allow_ipv6(int ns, struct err *err)
{
	return set_all(ns, ipv6_pins, err) || sysctl_set(ns, OFF, "0", err) ? err_code(err) : 0;
}

static void bare_free(struct bare *bare)
{
	rtnetlink_close(bare->net);
	if (bare->ns >= 0)
		close(bare->ns);
	*bare = (struct bare){ -1, NULL };
}

static int bare_new(struct bare *bare, struct err *err)
{
	int home;

	*bare = (struct bare){ ns_new(err), NULL };
	if (bare->ns < 0)
		return err_code(err);
	home = ns_enter(bare->ns, err);
	if (home < 0)
		goto fail;
	bare->net = rtnetlink_open(err);
	ns_leave(home);
	if (!bare->net || rtnetlink_up(bare->net, "lo", err) || set_all(bare->ns, topo_pins, err))
		goto fail;
	return 0;
fail:
	bare_free(bare);
	return err_code(err);
}

int topo_stock(unsigned int n, struct err *err)
{
	for (; n_stock < n; n_stock++)
		if (bare_new(grow(&stock, n_stock, sizeof(*stock)), err))
			return err_code(err);
	return 0;
}

void topo_stock_share(unsigned int number, unsigned int size)
{
	unsigned int others = number * size;

	n_stock = n_stock > others ? n_stock - others : 0;
	if (n_stock > size) {
		stock += n_stock - size;	/* the rest is for those that come later */
		n_stock = size;
	}
}

static int add_node(struct topo_up *up, const char *name, enum node_kind kind, struct err *err)
{
	struct node_up *node = grow(&up->nodes, up->n, sizeof(*node));
	size_t plain = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
	struct bare bare;

	*node = (struct node_up){ .name = must_strdup(name), .kind = kind, .ns = -1 };
	up->n++;
	if (!*name || name[plain])	/* devices have it, and the evidence has it in quotes */
		return err_set(err, EINVAL, "'%s' cannot be a node's name: letters, digits, - _ . make one", name);
	if (n_stock)
		bare = stock[--n_stock];
	else if (bare_new(&bare, err))
		return err_in(err, name);
	node->ns = bare.ns;
	node->net = bare.net;
	if (up->ipv6 && kind != NODE_WIRE && allow_ipv6(node->ns, err))
		return err_in(err, name);
	return 0;
}

static int has_dev(const struct topo_up *up, struct node_up *node, const char *dev, struct err *err)
{
	int index = rtnetlink_index(node->net, dev, err);

	if (index < 0 || (up->ipv6 && rtnetlink_hush(node->net, dev, err)) || rtnetlink_whole(node->net, dev, err))
		return err_code(err);
	*(char **)grow(&node->devs, node->n_devs, sizeof(char *)) = must_strdup(dev);
	*(int *)grow(&node->ifindex, node->n_devs, sizeof(int)) = index;
	node->n_devs++;
	return rtnetlink_up(node->net, dev, err);
}

/* A pair of devices, up; @a and @b get their MACs. */
static int join(struct topo_up *up, struct end *a, struct end *b, unsigned int *macs, struct err *err)
{
	struct node_up *from = topo_node(up, a->node->name), *to = topo_node(up, b->node->name);
	struct end *ends[] = { a, b };

	for (int e = 0; e < 2; e++) {	/* locally administered, in the links' order */
		unsigned int n = ++*macs;

		snprintf(ends[e]->mac, sizeof(ends[e]->mac), "02:00:00:%02x:%02x:%02x",
			 n >> 16 & 0xff, n >> 8 & 0xff, n & 0xff);
	}
	if (rtnetlink_veth(from->net, a->dev, a->mac, to->ns, b->dev, b->mac, err) ||
	    has_dev(up, from, a->dev, err) || has_dev(up, to, b->dev, err))
		return err_code(err);
	return 0;
}

static void plain_addr(const char *addr, char *plain, size_t size)
{
	snprintf(plain, size, "%.*s", (int)strcspn(addr, "/"), addr);
}

/* Is @addr one that stands alone: no prefix, or all of it? */
static bool is_single(const char *addr)
{
	const char *slash = strchr(addr, '/');

	return !slash || !strcmp(slash, strchr(addr, ':') ? "/128" : "/32");
}

/* @here has @addr. */
static int take(const struct end *here, const char *addr, struct err *err)
{
	/* Several links may share one address of a router: it has it once. */
	int code = rtnetlink_addr(here->node->net, here->dev, addr, err);

	if (code && code != -EEXIST)
		return code;
	err_clear(err);
	return 0;
}

/* @here, which has @addr, knows where @there's address @peer is. */
static int know(const struct end *here, const char *addr, const struct end *there, const char *peer,
		struct err *err)
{
	char plain[64];

	plain_addr(peer, plain, sizeof(plain));
	if (is_single(addr) && rtnetlink_route(here->node->net, plain, NULL, here->dev, err))
		return err_code(err);
	return rtnetlink_neigh(here->node->net, here->dev, plain, there->mac, err);
}

/* @here has its addresses, and knows where those of @there are. */
static int introduce(const struct end *here, const struct end *there, struct err *err)
{
	auto_free char *mine = must_strdup(here->addr ? here->addr : "");
	auto_free char *theirs = must_strdup(there->addr ? there->addr : "");
	char *save = NULL, *first = NULL;

	if (!here->addr || !there->addr)
		return 0;
	for (char *addr = strtok_r(mine, " ", &save); addr; addr = strtok_r(NULL, " ", &save)) {
		if (take(here, addr, err))
			return err_code(err);
		first = first ? first : addr;
	}
	for (char *addr = strtok_r(theirs, " ", &save); addr; addr = strtok_r(NULL, " ", &save))
		if (know(here, first, there, addr, err))
			return err_code(err);
	return 0;
}

static int add_link(struct topo_up *up, const struct link *link, unsigned int *macs, struct err *err)
{
	struct end a = { topo_node(up, link->a.node), link->a.dev, link->a.addr, "" };
	struct end b = { topo_node(up, link->b.node), link->b.dev, link->b.addr, "" };
	struct netem delay = { .delay_ms = link->delay_ms };

	if (!a.node || !b.node)
		return err_set(err, 0, "a link joins '%s', which is no node", a.node ? link->b.node : link->a.node);
	if (link->wire) {
		/* The wire's devices are named for whom they face. */
		char a_name[16], b_name[16];
		struct end wire_a = { NULL, a_name, NULL, "" }, wire_b = { NULL, b_name, NULL, "" };
		struct node_up *wire;

		snprintf(a_name, sizeof(a_name), "%s", link->a.node);
		snprintf(b_name, sizeof(b_name), "%s", link->b.node);
		if (add_node(up, link->wire, NODE_WIRE, err))
			return err_code(err);
		a.node = topo_node(up, link->a.node);	/* the array may have moved */
		b.node = topo_node(up, link->b.node);
		wire_a.node = wire_b.node = topo_node(up, link->wire);
		if (join(up, &a, &wire_a, macs, err) || join(up, &wire_b, &b, macs, err))
			return err_code(err);
		wire = topo_node(up, link->wire);
		if (rtnetlink_splice(wire->net, a_name, b_name, err) || rtnetlink_splice(wire->net, b_name, a_name, err) ||
		    rtnetlink_netem(wire->net, a_name, &delay, err) || rtnetlink_netem(wire->net, b_name, &delay, err))
			return err_in(err, link->wire);
	} else if (join(up, &a, &b, macs, err)) {
		return err_in(err, link->a.node);
	}
	if (introduce(&a, &b, err))
		return err_in(err, link->a.node);
	if (introduce(&b, &a, err))
		return err_in(err, link->b.node);
	return 0;
}

bool topo_has_ipv6(const struct topo *topo)
{
	for (const struct link *link = topo->links; link && link->a.node; link++)
		if ((link->a.addr && strchr(link->a.addr, ':')) || (link->b.addr && strchr(link->b.addr, ':')))
			return true;
	return false;
}

static int set_own(const struct topo *topo, const struct node_up *node, struct err *err)
{
	for (const struct setting *setting = topo->settings; setting && setting->node; setting++)
		if (!strcmp(setting->node, node->name) && set(node->ns, setting, true, err))
			return err_in(err, node->name);
	return 0;
}

int topo_set(const struct topo *topo, const struct node_up *node, struct err *err)
{
	bool ipv6 = node->kind != NODE_WIRE && topo_has_ipv6(topo);

	if (set_all(node->ns, topo_pins, err) || (ipv6 && allow_ipv6(node->ns, err)))
		return err_in(err, node->name);
	return set_own(topo, node, err);
}

static int configure(struct topo_up *up, const struct topo *topo, struct err *err)
{
	static const struct setting forward[] = {
		{ "*", "net.ipv4.ip_forward", "1", "a router forwards" },
		{ "*", "net.ipv6.conf.all.forwarding", "1", "a router forwards" },
		{ 0 }
	};

	for (unsigned int n = 0; n < up->n; n++) {
		struct node_up *node = &up->nodes[n];
		bool router = node->kind == NODE_ROUTER || node->kind == NODE_NAT;

		if (set_own(topo, node, err))
			return err_code(err);
		for (const struct setting *pin = forward; router && pin->node; pin++)
			if ((up->ipv6 || strncmp(pin->key, "net.ipv6.", 9)) && set(node->ns, pin, true, err))
				return err_in(err, node->name);
	}
	for (const struct setting *setting = topo->settings; setting && setting->node; setting++)
		if (!topo_node(up, setting->node))
			return err_set(err, 0, "%s is set on '%s', which is no node", setting->key, setting->node);
	for (const struct route *route = topo->routes; route && route->node; route++) {
		struct node_up *node = topo_node(up, route->node);

		if (!node)
			return err_set(err, 0, "a route for '%s', which is no node", route->node);
		if (rtnetlink_route(node->net, route->to, route->via, NULL, err))
			return err_in(err, route->node);
	}
	for (const struct ruleset *rules = topo->rulesets; rules && rules->node; rules++) {
		struct node_up *node = topo_node(up, rules->node);

		if (!node)
			return err_set(err, 0, "rules for '%s', which is no node", rules->node);
		if (nftables_run(node->ns, rules->nft, err))
			return err_in(err, rules->node);
	}
	return 0;
}

int topo_up(const struct topo *topo, struct topo_up *up, struct err *err)
{
	unsigned int macs = topo->macs;

	*up = (struct topo_up){ .ipv6 = topo_has_ipv6(topo) };
	for (const struct node *node = topo->nodes; node && node->name; node++)
		if (add_node(up, node->name, node->kind, err))
			goto fail;
	for (const struct link *link = topo->links; link && link->a.node; link++)
		if (add_link(up, link, &macs, err))
			goto fail;
	if (configure(up, topo, err))
		goto fail;
	return 0;
fail:
	topo_down(up);
	return err_code(err);
}

void topo_down(struct topo_up *up)
{
	for (unsigned int n = 0; n < up->n; n++) {
		struct node_up *node = &up->nodes[n];

		for (unsigned int d = 0; d < node->n_devs; d++)
			free(node->devs[d]);
		free(node->devs);
		free(node->ifindex);
		rtnetlink_close(node->net);
		if (node->ns >= 0)
			close(node->ns);
		free((char *)(uintptr_t)node->name);
	}
	free(up->nodes);
	*up = (struct topo_up){ 0 };
}

struct node_up *topo_node(const struct topo_up *up, const char *name)
{
	for (unsigned int n = 0; n < up->n; n++)
		if (!strcmp(up->nodes[n].name, name))
			return &up->nodes[n];
	return NULL;
}

/* topo.h - nodes and links, from tables to network namespaces
 *
 * A table row describes; topo_up() builds. Every link is made inside the nodes
 * it joins, so the namespace of whoever calls is never touched, and a topology
 * whose process dies is cleaned up by the kernel.
 */
#ifndef TWLAB_TOPO_H
#define TWLAB_TOPO_H

#include <twlab/err.h>

#pragma GCC visibility push(default)	/* public */

enum node_kind {
	NODE_HOST,		/* runs programs; its sockets are sampled */
	NODE_ROUTER,		/* forwards */
	NODE_NAT,		/* forwards, and rewrites addresses by its rules */
	NODE_WIRE,		/* joins its two devices as a cable would; netem acts here */
	NODE_KINDS
};

struct node {
	const char *name;
	enum node_kind kind;
	const char *many;	/* how many of it there are (name1, name2, ...): an expression */
	const char *uptime_s;	/* clock shift of its TCP timestamps in seconds: an expression */
	const char *scatter_s;	/* and by so many seconds less for each port, as if each connection had a clock: an expression */
	const char *recycle;	/* not 0: give it tcp_tw_recycle: an expression */
	const char *is;		/* what it stands for, for pictures and sheets */
	const char *when;
};

struct port {
	const char *node, *dev;
	const char *addr;	/* "10.0.0.1/24", "2001:db8::1/64", several with blanks between; NULL on a wire */
};

struct link {
	struct port a, b;
	const char *wire;	/* name of the wire node in the middle; NULL: a plain veth */
	int delay_ms;		/* of the wire, each way */
	const char *when;
};

struct route {
	const char *node;
	const char *to;		/* "default", "198.51.100.0/24" */
	const char *via;
	const char *when;
};

struct setting {		/* a sysctl of one node */
	const char *node, *key, *value;
	const char *why;
	const char *when;
};

struct ruleset {		/* what the nft language says on one node */
	const char *node, *nft;
	const char *when;
};

/* The five tables; each ends in a row of zeros, a NULL table is an empty one.
 * For topo_up() everything is filled in: no expressions, no "many", and wires
 * only as the links name them.
 */
struct topo {
	const struct node *nodes;
	const struct link *links;
	const struct route *routes;
	const struct setting *settings;
	const struct ruleset *rulesets;
	unsigned int macs;	/* what the numbers of its MACs begin behind; 0 for the usual */
};

struct net;
struct sockdiag;

/* A node that is up. */
struct node_up {
	const char *name;	/* owned by struct topo_up */
	enum node_kind kind;
	int ns;			/* its network namespace */
	struct net *net;	/* rtnetlink, opened there */
	char **devs;		/* in the order of the links, without lo */
	int *ifindex;
	unsigned int n_devs;
};

struct topo_up {
	struct node_up *nodes;	/* those of the table, then the wires */
	unsigned int n;
	bool ipv6;
};

/* Make @n bare nodes in advance, with their pins and lo up: topo_up() takes from
 * them, and makes more when they are gone. For this process or one child of it.
 */
int topo_stock(unsigned int n, struct err *err);

/* This process is one of several that were forked with the same stock: only the @number-th
 * @size nodes of it are its own.
 */
void topo_stock_share(unsigned int number, unsigned int size);

/* Build what @topo describes. On failure everything half built is gone again. */
int topo_up(const struct topo *topo, struct topo_up *up, struct err *err);
void topo_down(struct topo_up *up);

struct node_up *topo_node(const struct topo_up *up, const char *name);

/* Set @node, which need be no node of @topo's own, as that has the node of its name: by
 * topo_pins, then by its settings.
 */
int topo_set(const struct topo *topo, const struct node_up *node, struct err *err);

/* A sysctl that every node gets, and why: see topo.c. For manuals and tests. */
extern const struct setting topo_pins[];

/* Is there an address of IPv6 in @topo? Then its nodes have IPv6, and else not. */
bool topo_has_ipv6(const struct topo *topo);

#pragma GCC visibility pop

#endif

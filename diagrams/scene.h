/* scene.h - what every picture of a run has to know about it
 *
 * Who stands where on the way from client to server, which connections are
 * shown when there are too many, and how to say times and segments in few words.
 */
#ifndef TWLAB_SCENE_H
#define TWLAB_SCENE_H

#include "diagrams/dot.h"

#include <twlab/socket_states.h>

struct plan;

enum part {			/* that a node has in the run */
	PART_END,		/* sends and receives segments of its own */
	PART_WIRE,		/* passes packets on unchanged */
	PART_ROUTER,		/* counts their TTL down */
	PART_NAT,		/* gives them other addresses */
	PARTS
};

#define SCENE_CONNS 3		/* one of each fate: more cannot be told apart on one page */
#define SCENE_FEW 2		/* as many as this are all shown */

struct scene {
	const struct evidence *evidence;
	const struct trace *trace;
	const struct socket_states *sockets;	unsigned int n_sockets;
	unsigned int *path;		/* all nodes, clients first, servers last */
	enum part *parts;		/* by node */
	unsigned int conns[SCENE_CONNS];/* those to show, by time */
	unsigned int n_conns, n_left_out;
	struct socket_states *nat_lives;	unsigned int n_nat_lives;	/* what NATs remember of those, an entry each; see scene_nat_state() */
	char *caption;			/* lab, variant, what else was set, kernel, runner; what is emulated */
};

/* @evidence and @sockets must outlive the scene. @plan: the run's; NULL = its lab is not known. */
void scene_open(struct scene *scene, const struct evidence *evidence, const struct plan *plan,
		const struct socket_states *sockets, unsigned int n_sockets);
void scene_close(struct scene *scene);

const struct conn *scene_conn(const struct scene *scene, unsigned int i);	/* the i-th shown */

/* The life of @node's socket of connection @conn; NULL if there was none. */
const struct socket_states *scene_socket(const struct scene *scene, int node, unsigned int conn);

const char *scene_node(const struct scene *scene, int node);	/* "?" for -1 */

/* How @segment came in at @node, and how it went out of it; false if it did not do both. */
bool scene_through(const struct scene *scene, const struct segment *segment, int node,
		   struct tcp_view *in, struct tcp_view *out);
/* "TIME_WAIT"; "unknown" for a node that was never sampled. */
const char *scene_state(const struct state_span *span);

/* A stay in a NAT's table: the state's name there, which is conntrack's. Its .state is the one of TCP's
 * states that looks like it.
 */
const char *scene_nat_state(const struct state_span *span);

/* How long a stay was; until the end of the run if it never ended. */
int64_t scene_span_ns(const struct scene *scene, const struct state_span *span);

/* "85 µs", "10.3 ms", "204 ms", "60.9 s". @text has room for 32 bytes; returns it. */
char *scene_duration(int64_t ns, char *text);

/* Is segment @k of @conn a SYN that arrived and got no answer before it was sent
 * again, or at all?
 */
bool scene_syn_silent(const struct scene *scene, const struct conn *conn, unsigned int k);

/* "SYN", "SYN,ACK", "FIN", "ACK", "RST", "DATA": what a segment is for. */
const char *scene_kind(const struct tcp_view *tcp);

#endif

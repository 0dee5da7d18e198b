/* socket_states.h - through which states each socket went, and when */
#ifndef TWLAB_SOCKET_STATES_H
#define TWLAB_SOCKET_STATES_H

#include <twlab/evidence.h>

#pragma GCC visibility push(default)	/* public */

/* A socket's life on one node, from its rows in states.jsonl, completed by what
 * its packets imply where a state was too short to be sampled (see lib/evidence/tcp_fsm.h).
 * What was sampled is right where the two disagree: where a sample should have shown
 * another state, and did not, there was none. TIME_WAIT is never inferred: nothing but
 * its timer ends it, so where it was not sampled there was none. On a node that was
 * never sampled a life is one stay in STATE_NONE: it is unknown.
 */
struct state_span {			/* in one state */
	enum tcp_state state;	/* STATE_NONE = unknown */
	int64_t from_ns, to_ns;	/* to_ns = -1: still there when the run ended */
	bool inferred;		/* from packets: too short to be sampled */
	int cause;		/* index of trace.segments that led here; -1 = a call or a timer */
	bool cause_sent;	/* that segment was sent by this node (else received) */
	const char *call;	/* when cause is a call or timer: "connect()", "close()", "listen()", "timeout",
				 * "SOCK_DESTROY", "recycling"; NULL where the record does not say */
	int64_t timer_max_ms;	/* greatest remaining time of its timer that was seen; -1 */
	unsigned int rearms;	/* how often that timer was set anew */
	unsigned int line;	/* of states.jsonl where it was first seen; 0 if inferred */
};

struct socket_states {
	int node;		/* trace.nodes */
	int conn;		/* trace.conns; -1 = listening, or never met a packet */
	struct endpoint local, remote;
	struct state_span *spans;	unsigned int n_spans;
};

/* Were the sockets of @node looked at? Hosts are, in a run of twlab's; in what was recorded otherwise
 * there are neither states nor counters of them.
 */
bool socket_states_sampled(const struct evidence *evidence, const char *node);

/* All lives in order of (node, first seen). Free with socket_states_free(). */
struct socket_states *socket_states_read(const struct evidence *evidence, unsigned int *n);
void socket_states_free(struct socket_states *sockets, unsigned int n);

#pragma GCC visibility pop

#endif

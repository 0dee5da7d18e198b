/* socket_history.h - the states of one socket out of its samples and its packets: a part of socket_states_read()
 *
 *	socket_history_begin()
 *	socket_history_row() for each sample, by time
 *	socket_history_rest() or socket_history_gone(), unless the last sample was its end
 *	socket_history_end()
 *
 * Samples are written down only where they show something new. So a state that none shows was over before
 * the next sample was taken, which is not long after the packet that led there: what packets would have led
 * to for longer never was.
 */
#ifndef TWLAB_SOCKET_HISTORY_H
#define TWLAB_SOCKET_HISTORY_H

#include <twlab/socket_states.h>
#include <twlab/tcp_fsm.h>

struct socket_history_event;

struct socket_history_item {			/* a row, or a connection, of one four-tuple on one node */
	int node;
	bool is_conn, client;	/* this node's side of the connection */
	bool taken;		/* the connection has its socket */
	const struct endpoint *local, *remote;
	int64_t at_ns;
	unsigned int index;	/* of evidence.states, or trace.conns */
};

struct socket_history {
	const struct evidence *evidence;
	const struct trace *trace;
	struct socket_states *sock;
	struct tcp_fsm fsm;
	struct socket_history_event *events;	/* of the connection, at this node */
	unsigned int n_events, next;
	const struct socket_history_item *known;/* all that is known of the four-tuple */
	unsigned int n_known;
	const struct state_row *last;	/* row that was told */
	int64_t patience_ns;		/* see socket_history_patience() */
};

/* After a packet passed @node, its sockets are sampled within this. */
int64_t socket_history_patience(const struct evidence *evidence, const char *node);

/* Begin to tell of a socket of @item's four-tuple. @conn is the connection whose
 * packets it met, NULL if there is none. What is found goes to @telling->life.
 */
void socket_history_begin(struct socket_history *history, const struct socket_history_item *item, const struct socket_history_item *conn);

/* A sample shows the socket. */
void socket_history_row(struct socket_history *history, const struct state_row *row);

/* No sample shows its end: go on with what its packets say. */
void socket_history_rest(struct socket_history *history);

/* Its node was never sampled: what happened to it there nobody knows. */
void socket_history_unknown(struct socket_history *history);

/* No sample shows its end, but it was over by @at_ns. */
void socket_history_gone(struct socket_history *history, int64_t at_ns);

void socket_history_end(struct socket_history *history);

#endif

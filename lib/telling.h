/* telling.h - the states of one socket out of its samples and its packets: a part of lives_read()
 *
 *	telling_begin()
 *	telling_row() for each sample, by time
 *	telling_rest() or telling_gone(), unless the last sample was its end
 *	telling_end()
 */
#ifndef TWLAB_TELLING_H
#define TWLAB_TELLING_H

#include "lib/evidence.h"
#include "lib/walk.h"

struct telling_event;

struct telling_item {			/* a row, or a connection, of one four-tuple on one node */
	int node;
	bool is_conn, client;	/* this node's side of the connection */
	bool taken;		/* the connection has its socket */
	const struct endpoint *local, *remote;
	int64_t at_ns;
	unsigned int index;	/* of evidence.states, or trace.conns */
};

struct telling {
	const struct evidence *evidence;
	const struct trace *trace;
	struct life *life;
	struct walk walk;
	struct telling_event *events;	/* of the connection, at this node */
	unsigned int n_events, next;
	const struct telling_item *known;/* all that is known of the four-tuple */
	unsigned int n_known;
	const struct state_row *last;	/* row that was told */
};

/* Begin to tell of a socket of @item's four-tuple. @conn is the connection whose
 * packets it met, NULL if there is none. What is found goes to @telling->life.
 */
void telling_begin(struct telling *telling, const struct telling_item *item, const struct telling_item *conn);

/* A sample shows the socket. */
void telling_row(struct telling *telling, const struct state_row *row);

/* No sample shows its end: go on with what its packets say. */
void telling_rest(struct telling *telling);

/* No sample shows its end, but it was over by @at_ns. */
void telling_gone(struct telling *telling, int64_t at_ns);

void telling_end(struct telling *telling);

#endif

/* closing.h - the connections that a host is closing, by four-tuple and by time
 *
 * What lib/recycle keeps of each. Room is bounded: CLOSING_MAX of them.
 */
#ifndef TWLAB_CLOSING_H
#define TWLAB_CLOSING_H

#include <twlab/recycle_rule.h>
#include <twlab/trace.h>

#include <sys/queue.h>

#define CLOSING_MAX 65536

enum closing_stage {
	CLOSING_FULL,	/* a socket, in FIN_WAIT1, CLOSING, or FIN_WAIT2 */
	CLOSING_STUB,	/* a minisocket in FIN_WAIT2 */
	CLOSING_TIME_WAIT,
	CLOSING_STAGES
};

struct closing {
	LIST_ENTRY(closing) in_half;
	struct endpoint local, remote;
	uint32_t cookie[2];	/* the kernel's name for the socket; its minisocket inherits it */
	enum closing_stage stage;
	bool half_closed;	/* CLOSING_FULL in FIN_WAIT2: a close() can make it a stub unseen */
	struct recycle_close conn;
	uint32_t rto_us;
	int64_t since_ms;	/* when TIME_WAIT began */
	int64_t seen_ms;	/* when a segment of it waited last */
	int64_t look_ms;	/* when to look at it again, CLOCK_MONOTONIC */
	int64_t patience_ms;	/* how long to wait for what TCP has put off */
	unsigned int place;	/* in the heap */
};

LIST_HEAD(closing_list, closing);

struct closing_table;
struct closing_table *closing_table_new(void);
void closing_table_free(struct closing_table *table);

/* NULL if there is none. */
struct closing *closing_find(struct closing_table *table, const struct endpoint *local, const struct endpoint *remote);

/* A new one, to be looked at at @look_ms; none may be there yet. NULL if there is no room. */
struct closing *closing_add(struct closing_table *table, const struct endpoint *local,
			    const struct endpoint *remote, int64_t look_ms);

void closing_forget(struct closing_table *table, struct closing *closing);
void closing_look_at(struct closing_table *table, struct closing *closing, int64_t look_ms);
struct closing *closing_first(struct closing_table *table);	/* to be looked at; NULL if there is none */

/* Put it among the half closed, or take it out. */
void closing_set_half_closed(struct closing_table *table, struct closing *closing, bool half_closed);
struct closing_list *closing_half_closed(struct closing_table *table);

#endif

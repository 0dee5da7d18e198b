/* flow.h - the connections that a host is closing, by four-tuple and by time
 *
 * What lib/recycle keeps of each. Room is bounded: FLOW_MAX of them.
 */
#ifndef TWLAB_FLOW_H
#define TWLAB_FLOW_H

#include "lib/recycle_rule.h"
#include "lib/trace.h"

#include <sys/queue.h>

#define FLOW_MAX 65536

enum flow_stage {
	FLOW_FULL,	/* a socket, in FIN_WAIT1, CLOSING, or FIN_WAIT2 */
	FLOW_STUB,	/* a minisocket in FIN_WAIT2 */
	FLOW_TIME_WAIT,
	FLOW_STAGES
};

struct flow {
	LIST_ENTRY(flow) in_bucket, in_half;
	struct endpoint local, remote;
	uint32_t cookie[2];	/* the kernel's name for the socket; its minisocket inherits it */
	enum flow_stage stage;
	bool half_closed;	/* FLOW_FULL in FIN_WAIT2: a close() can make it a stub unseen */
	struct recycle_close conn;
	uint32_t rto_us;
	int64_t since_ms;	/* when TIME_WAIT began */
	int64_t seen_ms;	/* when a segment of it waited last */
	int64_t look_ms;	/* when to look at it again, CLOCK_MONOTONIC */
	int64_t patience_ms;	/* how long to wait for what TCP has put off */
	unsigned int place;	/* in the heap */
};

LIST_HEAD(flow_list, flow);

struct flow_table;
struct flow_table *flow_table_new(void);
void flow_table_free(struct flow_table *table);

/* NULL if there is none. */
struct flow *flow_find(struct flow_table *table, const struct endpoint *local, const struct endpoint *remote);

/* A new one, to be looked at at @look_ms. NULL if there is no room. */
struct flow *flow_add(struct flow_table *table, const struct endpoint *local,
		      const struct endpoint *remote, int64_t look_ms);

void flow_forget(struct flow_table *table, struct flow *flow);
void flow_look_at(struct flow_table *table, struct flow *flow, int64_t look_ms);
struct flow *flow_first(struct flow_table *table);	/* to be looked at; NULL if there is none */

/* Put it among the half closed, or take it out. */
void flow_set_half_closed(struct flow_table *table, struct flow *flow, bool half_closed);
struct flow_list *flow_half_closed(struct flow_table *table);

#endif

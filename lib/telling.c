/* telling.c - two stories told as one
 *
 * A sample says in which state a socket is; the packets since the sample before
 * say how it got there. What was sampled is right where the two disagree.
 */
#include "lib/telling.h"

#define SOON_NS (100 * NS_PER_MS)	/* a sample follows a packet well within this */
#define SAMPLING_NS (10 * NS_PER_MS)	/* reading all sockets takes less, and is stamped when it begins */

struct telling_event {			/* a packet passes the node */
	int64_t at_ns;
	unsigned int segment;
	bool sent;
};

static int event_order(const void *one, const void *two)
{
	const struct telling_event *a = one, *b = two;

	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	return a->segment < b->segment ? -1 : a->segment > b->segment;
}

/* The packets of connection @index as its @client, or else its server, met them. */
static struct telling_event *events_gather(const struct trace *trace, unsigned int index, bool client,
				   unsigned int *n)
{
	const struct conn *conn = &trace->conns[index];
	struct telling_event *events = must_calloc(conn->n_segments, sizeof(*events));

	*n = 0;
	for (unsigned int i = 0; i < conn->n_segments; i++) {
		const struct segment *segment = &trace->segments[conn->segments[i]];
		bool sent = segment->from_client == client;

		if (sent ? segment->is_copy : segment->rcvd_ns < 0 || segment->is_stray)
			continue;
		events[(*n)++] = (struct telling_event){ sent ? segment->sent_ns : segment->rcvd_ns,
						 conn->segments[i], sent };
	}
	qsort(events, *n, sizeof(*events), event_order);
	return events;
}

static struct stay *stay_add(struct telling *telling, enum tcp_state state, int64_t at_ns)
{
	struct life *life = telling->life;
	struct stay *stay;

	if (life->n_stays) {
		stay = &life->stays[life->n_stays - 1];
		if (at_ns < stay->from_ns)
			at_ns = stay->from_ns;
		stay->to_ns = at_ns;
	}
	stay = grow(&life->stays, life->n_stays++, sizeof(*stay));
	*stay = (struct stay){ .state = state, .from_ns = at_ns, .to_ns = -1, .cause = -1,
			       .timer_max_ms = -1 };
	return stay;
}

static void stay_add_move(struct telling *telling, const struct move *move)
{
	struct stay *stay = stay_add(telling, move->state, move->at_ns);

	stay->inferred = true;
	stay->cause = move->segment;
	stay->cause_sent = move->sent;
}

static struct stay *stay_now(struct telling *telling)
{
	struct life *life = telling->life;

	return life->n_stays ? &life->stays[life->n_stays - 1] : NULL;
}

static enum tcp_state state_now(struct telling *telling)
{
	return telling->life->n_stays ? stay_now(telling)->state : STATE_NONE;
}

/* The latest packet that came in for the four-tuple, of whatever connection,
 * within a sample before @at_ns: the RST or SYN that ended a TIME_WAIT.
 */
static int ender_of(struct telling *telling, int64_t at_ns)
{
	int found = -1;
	int64_t found_ns = at_ns - SOON_NS, since_ns = stay_now(telling)->from_ns;

	for (unsigned int i = 0; i < telling->n_known; i++) {
		const struct telling_item *item = &telling->known[i];
		const struct conn *conn;

		if (!item->is_conn)
			continue;
		conn = &telling->trace->conns[item->index];
		for (unsigned int k = 0; k < conn->n_segments; k++) {
			const struct segment *segment = &telling->trace->segments[conn->segments[k]];

			enum tcp_kind kind = tcp_kind(&segment->tcp);

			if (segment->from_client != item->client && segment->rcvd_ns >= found_ns &&
			    segment->rcvd_ns > since_ns && segment->rcvd_ns <= at_ns &&
			    (kind == KIND_RST || kind == KIND_SYN)) {
				found = (int)conn->segments[k];
				found_ns = segment->rcvd_ns;
			}
		}
	}
	return found;
}

static bool was_killed(const struct telling *telling, int64_t at_ns)
{
	const struct evidence *evidence = telling->evidence;
	const char *node = telling->trace->nodes[telling->life->node];

	for (unsigned int i = 0; i < evidence->n_events; i++) {
		const struct event_row *event = &evidence->events[i];

		if (!strcmp(event->what_kind, "kill") && !strcmp(event->node, node) &&
		    event->at_ns <= at_ns && event->at_ns + NS_PER_S > at_ns)
			return true;
	}
	return false;
}

/* What ended a socket, if no packet did? */
static const char *call_that_ended(const struct telling *telling, enum tcp_state state, int64_t at_ns)
{
	const struct state_row *last = telling->last;
	bool timed = last && last->expires_ms >= 0;

	if (was_killed(telling, at_ns))
		return "SOCK_DESTROY";
	switch (state) {
	case STATE_LISTEN:
		return "close()";
	case STATE_TIME_WAIT: case STATE_FIN_WAIT2:
		if (!timed || at_ns + 10 * NS_PER_MS >= last->at_ns + last->expires_ms * NS_PER_MS)
			return "timeout";
		return *telling->evidence->recycle ? "recycling" : NULL;
	case STATE_FIN_WAIT1: case STATE_LAST_ACK: case STATE_CLOSING: case STATE_SYN_RECV:
		return "timeout";
	case STATE_NONE: case STATE_SYN_SENT: case STATE_ESTABLISHED: case STATE_CLOSE_WAIT:
	case STATE_CLOSE: case STATES:
		break;
	}
	return NULL;
}

/* The socket is in @state by @at_ns, and its packets do not say why. */
static void stay_add_untold(struct telling *telling, enum tcp_state state, int64_t at_ns)
{
	enum tcp_state before = state_now(telling);
	int ender = state == STATE_CLOSE && before == STATE_TIME_WAIT ? ender_of(telling, at_ns) : -1;
	struct stay *stay;

	stay = stay_add(telling, state, ender < 0 ? at_ns : telling->trace->segments[ender].rcvd_ns);
	stay->cause = ender;
	if (ender >= 0)
		return;
	if (state == STATE_CLOSE)
		stay->call = call_that_ended(telling, before, at_ns);
	else if (state == STATE_LISTEN)
		stay->call = "listen()";
	else if (state == STATE_SYN_SENT)
		stay->call = "connect()";
}

/* Go on with the packets up to @until_ns. Returns the moves they make, to be
 * freed by the caller, and in @back where each leaves telling.next.
 */
static struct move *moves_until(struct telling *telling, int64_t until_ns, unsigned int *n,
				unsigned int **back)
{
	struct move *moves = NULL, made[2];

	*n = 0;
	*back = NULL;
	while (telling->next < telling->n_events && telling->events[telling->next].at_ns <= until_ns) {
		const struct telling_event *event = &telling->events[telling->next++];
		int more = walk_step(&telling->walk, telling->trace, event->segment, event->sent,
				     event->at_ns, made);

		for (int i = 0; i < more; i++) {
			*(unsigned int *)grow(back, *n, sizeof(**back)) = telling->next;
			*(struct move *)grow(&moves, *n, sizeof(*moves)) = made[i];
			++*n;
		}
	}
	return moves;
}

/* Tell how the packets up to @until_ns led into @state: the last time that they
 * did, or else the first. False, and nothing is told, if they did not.
 */
static bool packets_tell(struct telling *telling, enum tcp_state state, int64_t until_ns, bool last)
{
	const struct walk walk = telling->walk;
	unsigned int n, found, next = telling->next;
	auto_free unsigned int *back = NULL;
	auto_free struct move *moves = moves_until(telling, until_ns, &n, &back);

	if (last)
		for (found = n; found > 0 && moves[found - 1].state != state; found--)
			;
	else
		for (found = 1; found <= n && moves[found - 1].state != state; found++)
			;
	if (!found || found > n) {
		telling->walk = walk;
		telling->next = next;
		return false;
	}
	for (unsigned int i = 0; i < found; i++)
		stay_add_move(telling, &moves[i]);
	stay_now(telling)->inferred = false;
	telling->walk = moves[found - 1].after;
	telling->next = back[found - 1];
	return true;
}

/* The socket is known to be in @state at @at_ns: tell how it came there. */
static void reach(struct telling *telling, enum tcp_state state, int64_t at_ns)
{
	auto_free unsigned int *back = NULL;
	auto_free struct move *moves = NULL;
	unsigned int n;

	if (packets_tell(telling, state, at_ns, true))
		return;
	if (state != state_now(telling) && packets_tell(telling, state, at_ns + SAMPLING_NS, false))
		return;
	moves = moves_until(telling, at_ns, &n, &back);
	if (state != state_now(telling)) {
		/* A TIME_WAIT that no sample shows never was; what came in was its end. */
		for (unsigned int i = 0; state == STATE_CLOSE && i < n; i++) {
			if (moves[i].state == STATE_TIME_WAIT)
				moves[i].state = STATE_CLOSE;
			stay_add_move(telling, &moves[i]);
			stay_now(telling)->inferred = moves[i].state != STATE_CLOSE;
		}
		if (state != state_now(telling))
			stay_add_untold(telling, state, at_ns);
	}
	telling->walk.state = state;	/* whatever the packets say */
}

void telling_row(struct telling *telling, const struct state_row *row)
{
	bool gone = row->event == SEEN_GONE;
	struct stay *stay;

	reach(telling, gone ? STATE_CLOSE : row->state, row->at_ns);
	stay = stay_now(telling);
	if (!stay->line)
		stay->line = row->line;
	if (!gone && row->expires_ms > stay->timer_max_ms)
		stay->timer_max_ms = row->expires_ms;
	stay->rearms += row->event == SEEN_REARM;
	telling->last = row;
}

void telling_rest(struct telling *telling)
{
	auto_free unsigned int *back = NULL;
	unsigned int n;
	auto_free struct move *moves = moves_until(telling, INT64_MAX, &n, &back);

	for (unsigned int i = 0; i < n; i++) {
		if (moves[i].state == STATE_TIME_WAIT)
			moves[i].state = STATE_CLOSE;
		stay_add_move(telling, &moves[i]);
		if (moves[i].state == STATE_CLOSE)
			break;
	}
}

void telling_gone(struct telling *telling, int64_t at_ns)
{
	reach(telling, STATE_CLOSE, at_ns);
}

void telling_begin(struct telling *telling, const struct telling_item *item, const struct telling_item *conn)
{
	walk_begin(&telling->walk);
	telling->n_events = telling->next = 0;
	telling->events = NULL;
	telling->last = NULL;
	*telling->life = (struct life){ .node = item->node, .conn = conn ? (int)conn->index : -1,
					.local = *item->local, .remote = *item->remote };
	if (conn)
		telling->events = events_gather(telling->trace, conn->index, conn->client,
						&telling->n_events);
}

void telling_end(struct telling *telling)
{
	free(telling->events);
}

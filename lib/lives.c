/* lives.c - the states that each socket went through
 *
 * Everything that is known of one four-tuple on one node is put side by side:
 * the rows of states.jsonl and the connections that used it, by time. Rows are
 * cut into sockets where one ends and another begins, each socket is given the
 * connection whose packets it met, and then two stories are told as one: a row
 * says where the socket is, the packets since the row before say how it got there.
 */
#include "lib/evidence.h"

#include "lib/walk.h"

#define SOON_NS (100 * NS_PER_MS)	/* a sample follows a packet well within this */
#define SAMPLING_NS (10 * NS_PER_MS)	/* reading all sockets takes less, and is stamped when it begins */

struct item {			/* a row, or a connection, of one four-tuple on one node */
	int node;
	bool is_conn, client;	/* this node's side of the connection */
	bool taken;		/* the connection has its socket */
	const struct endpoint *local, *remote;
	int64_t at_ns;
	unsigned int index;	/* of evidence.states, or trace.conns */
};

struct event {			/* a packet passes the node */
	int64_t at_ns;
	unsigned int segment;
	bool sent;
};

struct telling {
	const struct evidence *evidence;
	const struct trace *trace;
	struct life *life;
	struct walk walk;
	struct event *events;	/* of the connection, at this node */
	unsigned int n_events, next;
	const struct item *rest;/* what else is known of the four-tuple, after this socket began */
	unsigned int n_rest;
	const struct state_row *last;	/* row that was told */
};

static int endpoint_order(const struct endpoint *a, const struct endpoint *b)
{
	int order = memcmp(&a->addr, &b->addr, sizeof(a->addr));

	/* the family stays out: a socket of IPv6 may speak IPv4 */
	return order ? order : (int)a->port - (int)b->port;
}

static int same_tuple(const struct item *a, const struct item *b)
{
	int order;

	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	order = endpoint_order(a->local, b->local);
	return order ? order : endpoint_order(a->remote, b->remote);
}

static int item_order(const void *one, const void *two)
{
	const struct item *a = one, *b = two;
	int order = same_tuple(a, b);

	if (order)
		return order;
	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	if (a->is_conn != b->is_conn)
		return a->is_conn ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static struct item *items_gather(const struct evidence *evidence, unsigned int *n)
{
	const struct trace *trace = evidence->trace;
	struct item *items = must_calloc(evidence->n_states + 2 * (size_t)trace->n_conns, sizeof(*items));

	*n = 0;
	for (unsigned int i = 0; i < evidence->n_states; i++) {
		const struct state_row *row = &evidence->states[i];

		items[*n] = (struct item){ trace_node(trace, row->node), false, false, false,
					   &row->local, &row->remote, row->at_ns, i };
		*n += items[*n].node >= 0;
	}
	for (unsigned int i = 0; i < trace->n_conns; i++) {
		const struct conn *conn = &trace->conns[i];

		if (conn->at_client_ns >= 0)
			items[(*n)++] = (struct item){ conn->client, true, true, false, &conn->client_local,
						       &conn->client_remote, conn->at_client_ns, i };
		if (conn->at_server_ns >= 0)
			items[(*n)++] = (struct item){ conn->server, true, false, false, &conn->server_local,
						       &conn->server_remote, conn->at_server_ns, i };
	}
	qsort(items, *n, sizeof(*items), item_order);
	return items;
}

static int event_order(const void *one, const void *two)
{
	const struct event *a = one, *b = two;

	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	return a->segment < b->segment ? -1 : a->segment > b->segment;
}

/* The packets of connection @index as its @client, or else its server, met them. */
static struct event *events_gather(const struct trace *trace, unsigned int index, bool client,
				   unsigned int *n)
{
	const struct conn *conn = &trace->conns[index];
	struct event *events = must_calloc(conn->n_segments, sizeof(*events));

	*n = 0;
	for (unsigned int i = 0; i < conn->n_segments; i++) {
		const struct segment *segment = &trace->segments[conn->segments[i]];
		bool sent = segment->from_client == client;

		if (sent ? segment->is_copy : segment->rcvd_ns < 0)
			continue;
		events[(*n)++] = (struct event){ sent ? segment->sent_ns : segment->rcvd_ns,
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

	for (unsigned int i = 0; i < telling->n_rest; i++) {
		const struct item *item = &telling->rest[i];
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
		const struct event *event = &telling->events[telling->next++];
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

static void row_tell(struct telling *telling, const struct state_row *row)
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

/* What the packets after the last row say. */
static void rest_tell(struct telling *telling)
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

static bool is_open_state(enum tcp_state state)
{
	return state == STATE_SYN_SENT || state == STATE_SYN_RECV || state == STATE_ESTABLISHED;
}

/* Does row @b tell of another socket than row @a before it? A server's socket is
 * made anew when it leaves SYN_RECV, but to us it is the same one.
 */
static bool is_another(const struct state_row *a, const struct state_row *b)
{
	if (a->event == SEEN_GONE)
		return a->state != STATE_SYN_RECV || b->at_ns > a->at_ns || b->state == STATE_SYN_SENT ||
		       b->state == STATE_SYN_RECV;
	return is_open_state(b->state) && a->state != STATE_SYN_SENT && a->state != STATE_SYN_RECV &&
	       a->state != b->state;
}

/* @items are of one four-tuple: the socket whose rows begin at @first has the
 * connection that began last before it and has no socket yet.
 */
static struct item *conn_of(struct item *items, unsigned int first)
{
	struct item *found = NULL;

	for (unsigned int i = 0; i < first; i++)
		if (items[i].is_conn && !items[i].taken)
			found = &items[i];
	if (found)
		found->taken = true;
	return found;
}

static void telling_begin(struct telling *telling, const struct item *item, const struct item *conn)
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

/* Tell of the socket whose rows begin at items[@first]. */
static void socket_tell(struct telling *telling, struct item *items, unsigned int n, unsigned int first)
{
	const struct state_row *states = telling->evidence->states, *row = NULL, *next = NULL;

	telling_begin(telling, &items[first], conn_of(items, first));
	telling->rest = items;
	telling->n_rest = n;
	for (unsigned int i = first; i < n; i++) {
		if (items[i].is_conn)
			continue;
		if (row && is_another(row, &states[items[i].index])) {
			next = &states[items[i].index];
			break;
		}
		if (row && row->event == SEEN_GONE)	/* left SYN_RECV, and lives on */
			row = NULL;
		if (row)
			row_tell(telling, row);
		row = &states[items[i].index];
	}
	row_tell(telling, row);
	if (next && row->event != SEEN_GONE)
		reach(telling, STATE_CLOSE, next->at_ns);
	else if (row->event != SEEN_GONE)
		rest_tell(telling);
	free(telling->events);
}

/* Tell of the sockets of one four-tuple on one node. */
static void tuple_tell(struct telling *telling, struct item *items, unsigned int n,
		       struct life **lives, unsigned int *n_lives)
{
	const struct state_row *states = telling->evidence->states, *row = NULL;

	for (unsigned int i = 0; i < n; i++) {
		if (items[i].is_conn)
			continue;
		if (!row || is_another(row, &states[items[i].index])) {
			telling->life = grow(lives, (*n_lives)++, sizeof(**lives));
			socket_tell(telling, items, n, i);
		}
		row = &states[items[i].index];
	}
	for (unsigned int i = 0; i < n; i++) {	/* sockets that no sample caught */
		if (!items[i].is_conn || items[i].taken)
			continue;
		telling->life = grow(lives, *n_lives, sizeof(**lives));
		telling_begin(telling, &items[i], &items[i]);
		rest_tell(telling);
		*n_lives += telling->life->n_stays > 0;
		free(telling->events);
	}
}

static int life_order(const void *one, const void *two)
{
	const struct life *a = one, *b = two;

	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	if (a->stays->from_ns != b->stays->from_ns)
		return a->stays->from_ns < b->stays->from_ns ? -1 : 1;
	if (a->conn != b->conn)
		return a->conn < b->conn ? -1 : 1;
	return endpoint_order(&a->local, &b->local);
}

struct life *lives_read(const struct evidence *evidence, unsigned int *n)
{
	struct telling telling = { .evidence = evidence, .trace = evidence->trace };
	struct life *lives = NULL;
	unsigned int n_items, end;
	auto_free struct item *items = items_gather(evidence, &n_items);

	*n = 0;
	for (unsigned int i = 0; i < n_items; i = end) {
		for (end = i + 1; end < n_items && !same_tuple(&items[i], &items[end]); end++)
			;
		tuple_tell(&telling, items + i, end - i, &lives, n);
	}
	if (*n)
		qsort(lives, *n, sizeof(*lives), life_order);
	return lives;
}

void lives_free(struct life *lives, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		free(lives[i].stays);
	free(lives);
}

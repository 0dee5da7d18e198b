/* socket_history.c - two stories told as one
 *
 * A sample says in which state a socket is; the packets since the sample before
 * say how it got there. What was sampled is right where the two disagree.
 */
#include <twlab/socket_history.h>

#define SOON_NS (100 * NS_PER_MS)	/* a sample follows a packet well within this */
#define SAMPLING_NS (10 * NS_PER_MS)	/* reading all sockets takes less, and is stamped when it begins */
#define CROWD_NS (20 * NS_PER_US)	/* ... but with many of them they are read less often, by so much for each */

struct socket_history_event {			/* a packet passes the node */
	int64_t at_ns;
	unsigned int segment;
	bool sent;
};

static int event_order(const void *one, const void *two)
{
	const struct socket_history_event *a = one, *b = two;

	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	return a->segment < b->segment ? -1 : a->segment > b->segment;
}

/* The packets of connection @index as its @client, or else its server, met them. */
static struct socket_history_event *events_gather(const struct trace *trace, unsigned int index, bool client,
						  unsigned int *n)
{
	const struct conn *conn = &trace->conns[index];
	struct socket_history_event *events = must_calloc(conn->n_segments, sizeof(*events));

	*n = 0;
	for (unsigned int i = 0; i < conn->n_segments; i++) {
		const struct segment *segment = &trace->segments[conn->segments[i]];
		bool sent = segment->from_client == client;

		/* its own kernel sent no copies, nothing that others made in its name, and what a step made up as little */
		if (sent ? segment->is_copy || segment->is_foreign || segment->is_made_up
			 : segment->rcvd_ns < 0 || segment->is_stray)
			continue;
		events[(*n)++] = (struct socket_history_event){ sent ? segment->sent_ns : segment->rcvd_ns,
						 conn->segments[i], sent };
	}
	qsort(events, *n, sizeof(*events), event_order);
	return events;
}

static struct state_span *stay_add(struct socket_history *history, enum tcp_state state, int64_t at_ns)
{
	struct socket_states *sock = history->sock;
	struct state_span *span;

	if (sock->n_spans) {
		span = &sock->spans[sock->n_spans - 1];
		if (at_ns < span->from_ns)
			at_ns = span->from_ns;
		span->to_ns = at_ns;
	}
	span = grow(&sock->spans, sock->n_spans++, sizeof(*span));
	*span = (struct state_span){ .state = state, .from_ns = at_ns, .to_ns = -1, .cause = -1,
			       .timer_max_ms = -1 };
	return span;
}

static void stay_add_move(struct socket_history *history, const struct tcp_transition *transition)
{
	struct state_span *span = stay_add(history, transition->state, transition->at_ns);

	span->inferred = true;
	span->cause = transition->segment;
	span->cause_sent = transition->sent;
}

static struct state_span *stay_now(struct socket_history *history)
{
	struct socket_states *sock = history->sock;

	return sock->n_spans ? &sock->spans[sock->n_spans - 1] : NULL;
}

static enum tcp_state state_now(struct socket_history *history)
{
	return history->sock->n_spans ? stay_now(history)->state : STATE_NONE;
}

/* The latest packet that came in for the four-tuple, of whatever connection,
 * within a sample before @at_ns: the RST or SYN that ended a TIME_WAIT.
 */
static int ender_of(struct socket_history *history, int64_t at_ns)
{
	int found = -1;
	int64_t found_ns = at_ns - SOON_NS, since_ns = stay_now(history)->from_ns;

	for (unsigned int i = 0; i < history->n_known; i++) {
		const struct socket_history_item *item = &history->known[i];
		const struct conn *conn;

		if (!item->is_conn)
			continue;
		conn = &history->trace->conns[item->index];
		for (unsigned int k = 0; k < conn->n_segments; k++) {
			const struct segment *segment = &history->trace->segments[conn->segments[k]];

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

static bool was_killed(const struct socket_history *history, int64_t at_ns)
{
	const struct evidence *evidence = history->evidence;
	const char *node = history->trace->nodes[history->sock->node];

	for (unsigned int i = 0; i < evidence->n_events; i++) {
		const struct event_row *event = &evidence->events[i];

		if (!strcmp(event->what_kind, "kill") && !strcmp(event->node, node) &&
		    event->at_ns <= at_ns && event->at_ns + NS_PER_S > at_ns)
			return true;
	}
	return false;
}

/* What ended a socket, if no packet did? */
static const char *call_that_ended(const struct socket_history *history, enum tcp_state state, int64_t at_ns)
{
	const struct state_row *last = history->last;
	bool timed = last && last->expires_ms >= 0;

	if (was_killed(history, at_ns))
		return "SOCK_DESTROY";
	switch (state) {
	case STATE_LISTEN:
		return "close()";
	case STATE_TIME_WAIT: case STATE_FIN_WAIT2:
		if (!timed || at_ns + 10 * NS_PER_MS >= last->at_ns + last->expires_ms * NS_PER_MS)
			return "timeout";
		return *history->evidence->recycle ? "recycling" : NULL;
	case STATE_FIN_WAIT1: case STATE_LAST_ACK: case STATE_CLOSING: case STATE_SYN_RECV:
		return "timeout";
	case STATE_NONE: case STATE_SYN_SENT: case STATE_ESTABLISHED: case STATE_CLOSE_WAIT:
	case STATE_CLOSE: case STATES:
		break;
	}
	return NULL;
}

/* The socket is in @state by @at_ns, and its packets do not say why. */
static void stay_add_untold(struct socket_history *history, enum tcp_state state, int64_t at_ns)
{
	enum tcp_state before = state_now(history);
	int ender = state == STATE_CLOSE && before == STATE_TIME_WAIT ? ender_of(history, at_ns) : -1;
	struct state_span *span;

	span = stay_add(history, state, ender < 0 ? at_ns : history->trace->segments[ender].rcvd_ns);
	span->cause = ender;
	if (ender >= 0)
		return;
	if (state == STATE_CLOSE)
		span->call = call_that_ended(history, before, at_ns);
	else if (state == STATE_LISTEN)
		span->call = "listen()";
	else if (state == STATE_SYN_SENT)
		span->call = "connect()";
}

/* A sample taken at @sampled_ns does not show where @event would have led: its kernel refused it. But a
 * SYN or FIN that it sent it did send.
 */
static bool is_contradicted(const struct socket_history *history, const struct socket_history_event *event, int64_t sampled_ns)
{
	const struct tcp_view *tcp = &history->trace->segments[event->segment].tcp;
	bool begins_or_ends = tcp_kind(tcp) == KIND_SYN || (tcp->flags & TCP_FIN && !(tcp->flags & TCP_RST));

	return event->at_ns < sampled_ns && !(event->sent && begins_or_ends);
}

/* Go on with the packets up to @until_ns, of which those that came before @sampled_ns left the socket as it
 * was. Returns the moves that the others make, to be freed by the caller, and in @back where each leaves
 * telling.next.
 */
static struct tcp_transition *moves_until(struct socket_history *history, int64_t until_ns, int64_t sampled_ns, unsigned int *n,
					  unsigned int **back)
{
	struct tcp_transition *transitions = NULL, made[2];

	*n = 0;
	*back = NULL;
	while (history->next < history->n_events && history->events[history->next].at_ns <= until_ns) {
		const struct socket_history_event *event = &history->events[history->next++];
		const struct tcp_fsm before = history->fsm;
		int more = tcp_fsm_step(&history->fsm, history->trace, event->segment, event->sent,
				     event->at_ns, made);

		if (more && is_contradicted(history, event, sampled_ns)) {
			if (made[0].state != STATE_SYN_RECV)	/* SYN cookies: it did answer, without a socket */
				history->fsm = before;
			continue;
		}
		for (int i = 0; i < more; i++) {
			*(unsigned int *)grow(back, *n, sizeof(**back)) = history->next;
			*(struct tcp_transition *)grow(&transitions, *n, sizeof(*transitions)) = made[i];
			++*n;
		}
	}
	return transitions;
}

/* Tell how the packets up to @until_ns led into @state: the last time that they
 * did, or else the first. False, and nothing is told, if they did not.
 */
static bool packets_tell(struct socket_history *history, enum tcp_state state, int64_t until_ns, int64_t sampled_ns,
			 bool last)
{
	const struct tcp_fsm fsm = history->fsm;
	unsigned int n, found, next = history->next;
	auto_free unsigned int *back = NULL;
	auto_free struct tcp_transition *transitions = moves_until(history, until_ns, sampled_ns, &n, &back);

	if (last)
		for (found = n; found > 0 && transitions[found - 1].state != state; found--)
			;
	else
		for (found = 1; found <= n && transitions[found - 1].state != state; found++)
			;
	if (!found || found > n) {
		history->fsm = fsm;
		history->next = next;
		return false;
	}
	for (unsigned int i = 0; i < found; i++)
		stay_add_move(history, &transitions[i]);
	stay_now(history)->inferred = false;
	history->fsm = transitions[found - 1].after;
	history->next = back[found - 1];
	return true;
}

/* The socket is known to be in @state at @at_ns: tell how it came there. */
static void reach(struct socket_history *history, enum tcp_state state, int64_t at_ns)
{
	auto_free unsigned int *back = NULL;
	auto_free struct tcp_transition *transitions = NULL;
	/* the samples before this one showed no other state than the one that is known */
	int64_t sampled_ns = state == state_now(history) ? at_ns : at_ns - history->patience_ns;
	unsigned int n;

	if (packets_tell(history, state, at_ns, sampled_ns, true))
		return;
	if (state != state_now(history) && packets_tell(history, state, at_ns + SAMPLING_NS, sampled_ns, false))
		return;
	transitions = moves_until(history, at_ns, sampled_ns, &n, &back);
	if (state != state_now(history)) {
		/* A TIME_WAIT that no sample shows never was; what came in was its end. */
		for (unsigned int i = 0; state == STATE_CLOSE && i < n; i++) {
			if (transitions[i].state == STATE_TIME_WAIT)
				transitions[i].state = STATE_CLOSE;
			stay_add_move(history, &transitions[i]);
			stay_now(history)->inferred = transitions[i].state != STATE_CLOSE;
		}
		if (state != state_now(history))
			stay_add_untold(history, state, at_ns);
	}
	history->fsm.state = state;	/* whatever the packets say */
}

void socket_history_row(struct socket_history *history, const struct state_row *row)
{
	bool gone = row->event == SEEN_GONE;
	struct state_span *span;

	reach(history, gone ? STATE_CLOSE : row->state, row->at_ns);
	span = stay_now(history);
	if (!span->line)
		span->line = row->line;
	if (!gone && row->expires_ms > span->timer_max_ms)
		span->timer_max_ms = row->expires_ms;
	span->rearms += row->event == SEEN_REARM;
	history->last = row;
}

void socket_history_rest(struct socket_history *history)
{
	auto_free unsigned int *back = NULL;
	unsigned int n;
	/* no sample until the end showed another state than the last one did */
	int64_t sampled_ns = history->evidence->end_ns - history->patience_ns;
	auto_free struct tcp_transition *transitions = moves_until(history, INT64_MAX, history->last ? sampled_ns : INT64_MIN, &n, &back);

	for (unsigned int i = 0; i < n; i++) {
		if (transitions[i].state == STATE_TIME_WAIT)
			transitions[i].state = STATE_CLOSE;
		stay_add_move(history, &transitions[i]);
		if (transitions[i].state == STATE_CLOSE)
			break;
	}
}

void socket_history_unknown(struct socket_history *history)
{
	const struct socket_history_event *last = history->n_events ? &history->events[history->n_events - 1] : NULL;

	if (last) {
		stay_add(history, STATE_NONE, history->events[0].at_ns);
		stay_now(history)->to_ns = last->at_ns;
	}
}

int64_t socket_history_patience(const struct evidence *evidence, const char *node)
{
	int64_t now = 0, most = 0;

	for (unsigned int i = 0; i < evidence->n_states; i++) {
		const struct state_row *row = &evidence->states[i];

		if (strcmp(row->node, node))
			continue;
		now += row->event == SEEN_NEW;
		now -= row->event == SEEN_GONE;
		most = now > most ? now : most;
	}
	return (strcmp(evidence->runner, "vm") ? SOON_NS : SAMPLING_NS) + most * CROWD_NS;
}

void socket_history_gone(struct socket_history *history, int64_t at_ns)
{
	reach(history, STATE_CLOSE, at_ns);
}

void socket_history_begin(struct socket_history *history, const struct socket_history_item *item, const struct socket_history_item *conn)
{
	tcp_fsm_begin(&history->fsm);
	history->n_events = history->next = 0;
	history->events = NULL;
	history->last = NULL;
	*history->sock = (struct socket_states){ .node = item->node, .conn = conn ? (int)conn->index : -1,
					.local = *item->local, .remote = *item->remote };
	if (conn)
		history->events = events_gather(history->trace, conn->index, conn->client,
						&history->n_events);
}

void socket_history_end(struct socket_history *history)
{
	free(history->events);
}

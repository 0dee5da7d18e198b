/* tcp_fsm.c - one side of a connection, moved by its packets */
#include <twlab/tcp_fsm.h>

struct stepping {
	struct tcp_fsm *fsm;
	const struct tcp_view *tcp;
	struct tcp_transition *transitions;
	int n;
	struct tcp_transition cause;	/* what a move begins as */
};

void tcp_fsm_begin(struct tcp_fsm *fsm)
{
	*fsm = (struct tcp_fsm){ .syn = -1, .wscale = { WALK_UNKNOWN, WALK_UNKNOWN } };
}

static void move_to(struct stepping *step, enum tcp_state state)
{
	step->fsm->state = state;
	step->transitions[step->n] = step->cause;
	step->transitions[step->n++].state = state;
}

static bool is_synchronized(enum tcp_state state)
{
	return state != STATE_NONE && state != STATE_LISTEN && state != STATE_CLOSE &&
	       state != STATE_SYN_SENT && state != STATE_SYN_RECV;
}

enum { OURS, THEIRS };

enum { WSCALE_NONE = 255, WSCALE_MAX = 14 };

static bool knows_windows(const struct tcp_fsm *fsm)
{
	return fsm->wscale[OURS] != WALK_UNKNOWN && fsm->wscale[THEIRS] != WALK_UNKNOWN;
}

/* The window that @tcp offers. Those of SYNs are as they stand, and scaling needs both (RFC 7323, 2.2);
 * more than 14 is taken for 14 (2.3).
 */
static uint32_t window_of(const struct tcp_fsm *fsm, const struct tcp_view *tcp, int whose)
{
	bool scaled = !(tcp->flags & TCP_SYN) && knows_windows(fsm) &&
		      fsm->wscale[OURS] != WSCALE_NONE && fsm->wscale[THEIRS] != WSCALE_NONE;
	int shift = fsm->wscale[whose] < WSCALE_MAX ? fsm->wscale[whose] : WSCALE_MAX;

	return (uint32_t)tcp->window << (scaled ? shift : 0);
}

/* What a SYN or SYN,ACK offers. */
static void offers_note(struct tcp_fsm *fsm, const struct tcp_view *tcp, int whose)
{
	fsm->wscale[whose] = tcp->wscale;	/* WSCALE_NONE if it has none */
	fsm->stamps[whose] = tcp->has_ts;
	if (whose == OURS && tcp->has_ts && !fsm->has_sent)
		fsm->syn_stamp = tcp->tsval;
}

/* The number after all that was sent, and how far the peer may go. */
static void sending_note(struct tcp_fsm *fsm, const struct tcp_view *tcp)
{
	uint32_t next = tcp->seq + tcp_seq_len(tcp), end = tcp->ack + window_of(fsm, tcp, OURS);

	if (!fsm->has_sent || tcp->flags & TCP_SYN || tcp_after(next, fsm->sent_next))
		fsm->sent_next = next;
	fsm->has_sent = true;
	if (tcp->flags & TCP_SYN)	/* what it sent before was of another connection */
		fsm->has_acked = false;
	if (!(tcp->flags & TCP_ACK))
		return;
	if (!fsm->has_acked || tcp_after(end, fsm->window_end))
		fsm->window_end = end;
	if (!fsm->has_acked || tcp_after(tcp->ack, fsm->acked))
		fsm->acked = tcp->ack;
	fsm->has_acked = true;
}

static void on_sent(struct stepping *step)
{
	struct tcp_fsm *fsm = step->fsm;
	const struct tcp_view *tcp = step->tcp;

	if (tcp->flags & TCP_RST) {
		/* in SYN_SENT it answers a wrong ACK, in TIME_WAIT something old */
		if (is_synchronized(fsm->state) && fsm->state != STATE_TIME_WAIT)
			move_to(step, STATE_CLOSE);
		return;
	}
	if (tcp->flags & TCP_SYN)
		offers_note(fsm, tcp, OURS);
	sending_note(fsm, tcp);
	if (tcp->flags & TCP_SYN) {
		fsm->syn_end = tcp->seq + 1;
		if (tcp->flags & TCP_ACK && (fsm->state == STATE_NONE || fsm->state == STATE_SYN_SENT)) {
			if (fsm->syn >= 0) {	/* the SYN is what led here */
				step->cause.segment = fsm->syn;
				step->cause.at_ns = fsm->syn_ns;
				step->cause.sent = false;
			}
			move_to(step, STATE_SYN_RECV);
		} else if (fsm->state == STATE_NONE) {
			move_to(step, STATE_SYN_SENT);
		}
	}
	if (!(tcp->flags & TCP_FIN) || fsm->fin_sent)
		return;
	fsm->fin_sent = true;
	fsm->fin_end = tcp->seq + tcp_seq_len(tcp);
	if (fsm->state == STATE_ESTABLISHED || fsm->state == STATE_SYN_RECV)
		move_to(step, STATE_FIN_WAIT1);
	else if (fsm->state == STATE_CLOSE_WAIT)
		move_to(step, STATE_LAST_ACK);
}

static void on_rst(struct stepping *step)
{
	struct tcp_fsm *fsm = step->fsm;
	const struct tcp_view *tcp = step->tcp;

	switch (fsm->state) {
	case STATE_SYN_SENT:
		if (tcp->flags & TCP_ACK && tcp->ack == fsm->syn_end)
			move_to(step, STATE_CLOSE);
		return;
	case STATE_SYN_RECV: case STATE_ESTABLISHED: case STATE_FIN_WAIT1: case STATE_FIN_WAIT2:
		if (tcp->seq == fsm->got_next)	/* RFC 5961, 3.2 */
			move_to(step, STATE_CLOSE);
		return;
	case STATE_CLOSE_WAIT: case STATE_LAST_ACK: case STATE_CLOSING:
		/* recent kernels also take the number of the FIN itself */
		if (tcp->seq == fsm->got_next || tcp->seq + 1 == fsm->got_next)
			move_to(step, STATE_CLOSE);
		return;
	case STATE_TIME_WAIT:		/* tcp_rfc1337 decides: only a sample can tell */
	case STATE_NONE: case STATE_CLOSE: case STATE_LISTEN: case STATES:
		return;
	}
}

/* Does it echo a stamp that we had not sent yet? (tcp_rcv_synsent_state_process()) */
static bool has_strange_echo(const struct tcp_fsm *fsm, const struct tcp_view *tcp)
{
	return fsm->stamps[OURS] && tcp->has_ts && tcp->tsecr && tcp_after(fsm->syn_stamp, tcp->tsecr);
}

/* A SYN, with or without ACK. Returns whether it was all there is to it. */
static bool on_syn(struct stepping *step)
{
	struct tcp_fsm *fsm = step->fsm;
	const struct tcp_view *tcp = step->tcp;

	if (fsm->state == STATE_SYN_SENT && tcp->flags & TCP_ACK &&
	    (tcp->ack != fsm->syn_end || has_strange_echo(fsm, tcp)))
		return true;
	if (fsm->state == STATE_NONE || fsm->state == STATE_SYN_SENT) {
		fsm->has_got = true;
		fsm->got_next = tcp->seq + 1;
		fsm->has_stamp = tcp->has_ts;
		fsm->stamp = tcp->tsval;
		offers_note(fsm, tcp, THEIRS);
		if (!(tcp->flags & TCP_ACK)) {
			fsm->syn = step->cause.segment;
			fsm->syn_ns = step->cause.at_ns;
		}
	}
	if (fsm->state == STATE_SYN_SENT && tcp->flags & TCP_ACK)
		move_to(step, STATE_ESTABLISHED);
	return fsm->state != STATE_SYN_RECV;
}

/* Keep what came before its turn; what touches another stretch is one with it. */
static void keep_ahead(struct tcp_fsm *fsm, uint32_t from, uint32_t to)
{
	for (unsigned int i = 0; i < fsm->n_ahead; i++) {
		if (tcp_after(from, fsm->ahead[i].to) || tcp_after(fsm->ahead[i].from, to))
			continue;
		if (tcp_after(fsm->ahead[i].from, from))
			fsm->ahead[i].from = from;
		if (tcp_after(to, fsm->ahead[i].to))
			fsm->ahead[i].to = to;
		return;
	}
	if (fsm->n_ahead == ARRAY_SIZE(fsm->ahead))
		return;
	fsm->ahead[fsm->n_ahead].from = from;
	fsm->ahead[fsm->n_ahead++].to = to;
}

/* Take what has come in order, and what had come ahead of it. */
static void receive(struct tcp_fsm *fsm, const struct tcp_view *tcp)
{
	uint32_t from = tcp->seq + !!(tcp->flags & TCP_SYN), to = tcp->seq + tcp_seq_len(tcp);
	bool more = true;

	if (tcp->flags & TCP_FIN && !fsm->fin_got) {
		fsm->fin_got = true;
		fsm->got_fin = to;
	}
	if (!fsm->has_got) {	/* begun in the middle */
		fsm->has_got = true;
		fsm->got_next = from;
	}
	if (tcp_after(from, fsm->got_next)) {
		if (tcp_after(to, from))
			keep_ahead(fsm, from, to);
		return;
	}
	if (tcp_after(to, fsm->got_next))
		fsm->got_next = to;
	while (more) {
		more = false;
		for (unsigned int i = 0; i < fsm->n_ahead; i++) {
			if (tcp_after(fsm->ahead[i].from, fsm->got_next))
				continue;
			if (tcp_after(fsm->ahead[i].to, fsm->got_next))
				fsm->got_next = fsm->ahead[i].to;
			fsm->ahead[i--] = fsm->ahead[--fsm->n_ahead];	/* its place is free again */
			more = true;
		}
	}
}

/* RFC 7323, 5.3; Linux lets one be older by a tick. */
static bool is_too_old(const struct tcp_fsm *fsm, const struct tcp_view *tcp)
{
	return fsm->stamps[OURS] && fsm->stamps[THEIRS] && fsm->has_stamp && tcp->has_ts &&
	       (int32_t)(fsm->stamp - tcp->tsval) > 1;
}

/* As tcp_validate_incoming() and tcp_ack() of Linux look at a segment that is no RST. */
static bool is_acceptable(const struct tcp_fsm *fsm, const struct tcp_view *tcp)
{
	uint32_t end = tcp->seq + tcp_seq_len(tcp);

	if (is_too_old(fsm, tcp))
		return false;
	if (fsm->has_acked && knows_windows(fsm) &&
	    (tcp_after(fsm->acked, end) || tcp_after(tcp->seq, fsm->window_end)))
		return false;
	if (fsm->has_una && tcp_after(fsm->una - fsm->max_window, tcp->ack))	/* RFC 5961, 5.2 */
		return false;
	return !fsm->has_sent || !tcp_after(tcp->ack, fsm->sent_next);
}

/* What an acceptable segment says about what we may send, and how old the next may be. */
static void ack_note(struct tcp_fsm *fsm, const struct tcp_view *tcp)
{
	uint32_t window = window_of(fsm, tcp, THEIRS);

	if (!fsm->has_una || tcp_after(tcp->ack, fsm->una))
		fsm->una = tcp->ack;
	fsm->has_una = knows_windows(fsm);
	if (window > fsm->max_window)
		fsm->max_window = window;
}

static void stamp_note(struct tcp_fsm *fsm, const struct tcp_view *tcp)
{
	if (!tcp->has_ts || (fsm->has_stamp && ((int32_t)(fsm->stamp - tcp->tsval) > 0 ||
						 (fsm->has_acked && tcp_after(tcp->seq, fsm->acked)))))
		return;
	fsm->has_stamp = true;
	fsm->stamp = tcp->tsval;
}

static void on_got(struct stepping *step)
{
	struct tcp_fsm *fsm = step->fsm;
	const struct tcp_view *tcp = step->tcp;
	bool fin_acked, fin_now;

	if (tcp->flags & TCP_RST) {
		on_rst(step);
		return;
	}
	if (tcp->flags & TCP_SYN && on_syn(step))
		return;
	if (!is_acceptable(fsm, tcp))
		return;
	if (fsm->state == STATE_SYN_RECV && tcp->flags & TCP_ACK && tcp->ack == fsm->syn_end)
		move_to(step, STATE_ESTABLISHED);
	if (!is_synchronized(fsm->state) || !(tcp->flags & TCP_ACK))
		return;
	ack_note(fsm, tcp);
	stamp_note(fsm, tcp);
	fin_acked = fsm->fin_sent && !tcp_after(fsm->fin_end, tcp->ack);
	receive(fsm, tcp);
	fin_now = fsm->fin_got && !tcp_after(fsm->got_fin, fsm->got_next);
	if (fsm->state == STATE_ESTABLISHED && fin_now)
		move_to(step, STATE_CLOSE_WAIT);
	else if (fsm->state == STATE_FIN_WAIT1 && fin_now)
		move_to(step, fin_acked ? STATE_TIME_WAIT : STATE_CLOSING);
	else if (fsm->state == STATE_FIN_WAIT1 && fin_acked)
		move_to(step, STATE_FIN_WAIT2);
	else if (fsm->state == STATE_FIN_WAIT2 && fin_now)
		move_to(step, STATE_TIME_WAIT);
	else if (fsm->state == STATE_CLOSING && fin_acked)
		move_to(step, STATE_TIME_WAIT);
	else if (fsm->state == STATE_LAST_ACK && fin_acked)
		move_to(step, STATE_CLOSE);
}

int tcp_fsm_step(struct tcp_fsm *fsm, const struct trace *trace, unsigned int index, bool sent,
		 int64_t at_ns, struct tcp_transition *transitions)
{
	const struct segment *segment = &trace->segments[index];
	struct stepping step = {
		.fsm = fsm, .tcp = sent ? &segment->tcp : &segment->tcp_rcvd, .transitions = transitions,
		.cause = { .at_ns = at_ns, .segment = (int)index, .sent = sent },
	};

	if (sent)
		on_sent(&step);
	else
		on_got(&step);
	for (int i = 0; i < step.n; i++)
		transitions[i].after = *fsm;
	/* going on from the first of two, the second is still to be made */
	if (step.n == 2)
		transitions[0].after.state = transitions[0].state;
	return step.n;
}

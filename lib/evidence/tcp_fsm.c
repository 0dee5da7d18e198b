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
	*fsm = (struct tcp_fsm){ .syn = -1 };
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
	if (tcp->flags & TCP_SYN) {
		fsm->has_sent = true;
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

/* A SYN, with or without ACK. Returns whether it was all there is to it. */
static bool on_syn(struct stepping *step)
{
	struct tcp_fsm *fsm = step->fsm;
	const struct tcp_view *tcp = step->tcp;

	if (fsm->state == STATE_SYN_SENT && tcp->flags & TCP_ACK && tcp->ack != fsm->syn_end)
		return true;
	if (fsm->state == STATE_NONE || fsm->state == STATE_SYN_SENT) {
		fsm->has_got = true;
		fsm->got_next = tcp->seq + 1;
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
	if (fsm->state == STATE_SYN_RECV && tcp->flags & TCP_ACK && tcp->ack == fsm->syn_end)
		move_to(step, STATE_ESTABLISHED);
	if (!is_synchronized(fsm->state) || !(tcp->flags & TCP_ACK))
		return;
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

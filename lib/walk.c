/* walk.c - one side of a connection, moved by its packets */
#include "lib/walk.h"

struct stepping {
	struct walk *walk;
	const struct tcp_view *tcp;
	struct move *moves;
	int n;
	struct move cause;	/* what a move begins as */
};

void walk_begin(struct walk *walk)
{
	*walk = (struct walk){ .syn = -1 };
}

static void move_to(struct stepping *step, enum tcp_state state)
{
	step->walk->state = state;
	step->moves[step->n] = step->cause;
	step->moves[step->n++].state = state;
}

static bool is_synchronized(enum tcp_state state)
{
	return state != STATE_NONE && state != STATE_LISTEN && state != STATE_CLOSE &&
	       state != STATE_SYN_SENT && state != STATE_SYN_RECV;
}

static void on_sent(struct stepping *step)
{
	struct walk *walk = step->walk;
	const struct tcp_view *tcp = step->tcp;

	if (tcp->flags & TCP_RST) {
		/* in SYN_SENT it answers a wrong ACK, in TIME_WAIT something old */
		if (is_synchronized(walk->state) && walk->state != STATE_TIME_WAIT)
			move_to(step, STATE_CLOSE);
		return;
	}
	if (tcp->flags & TCP_SYN) {
		walk->has_sent = true;
		walk->syn_end = tcp->seq + 1;
		if (tcp->flags & TCP_ACK && (walk->state == STATE_NONE || walk->state == STATE_SYN_SENT)) {
			if (walk->syn >= 0) {	/* the SYN is what led here */
				step->cause.segment = walk->syn;
				step->cause.at_ns = walk->syn_ns;
				step->cause.sent = false;
			}
			move_to(step, STATE_SYN_RECV);
		} else if (walk->state == STATE_NONE) {
			move_to(step, STATE_SYN_SENT);
		}
	}
	if (!(tcp->flags & TCP_FIN) || walk->fin_sent)
		return;
	walk->fin_sent = true;
	walk->fin_end = tcp->seq + tcp_seq_len(tcp);
	if (walk->state == STATE_ESTABLISHED || walk->state == STATE_SYN_RECV)
		move_to(step, STATE_FIN_WAIT1);
	else if (walk->state == STATE_CLOSE_WAIT)
		move_to(step, STATE_LAST_ACK);
}

static void on_rst(struct stepping *step)
{
	struct walk *walk = step->walk;
	const struct tcp_view *tcp = step->tcp;

	switch (walk->state) {
	case STATE_SYN_SENT:
		if (tcp->flags & TCP_ACK && tcp->ack == walk->syn_end)
			move_to(step, STATE_CLOSE);
		return;
	case STATE_SYN_RECV: case STATE_ESTABLISHED: case STATE_FIN_WAIT1: case STATE_FIN_WAIT2:
		if (tcp->seq == walk->got_next)	/* RFC 5961, 3.2 */
			move_to(step, STATE_CLOSE);
		return;
	case STATE_CLOSE_WAIT: case STATE_LAST_ACK: case STATE_CLOSING:
		/* recent kernels also take the number of the FIN itself */
		if (tcp->seq == walk->got_next || tcp->seq + 1 == walk->got_next)
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
	struct walk *walk = step->walk;
	const struct tcp_view *tcp = step->tcp;

	if (walk->state == STATE_SYN_SENT && tcp->flags & TCP_ACK && tcp->ack != walk->syn_end)
		return true;
	if (walk->state == STATE_NONE || walk->state == STATE_SYN_SENT) {
		walk->has_got = true;
		walk->got_next = tcp->seq + 1;
		if (!(tcp->flags & TCP_ACK)) {
			walk->syn = step->cause.segment;
			walk->syn_ns = step->cause.at_ns;
		}
	}
	if (walk->state == STATE_SYN_SENT && tcp->flags & TCP_ACK)
		move_to(step, STATE_ESTABLISHED);
	return walk->state != STATE_SYN_RECV;
}

/* Take what has come in order, and what had come ahead of it. */
static void receive(struct walk *walk, const struct tcp_view *tcp)
{
	uint32_t from = tcp->seq + !!(tcp->flags & TCP_SYN), to = tcp->seq + tcp_seq_len(tcp);
	bool more = true;

	if (tcp->flags & TCP_FIN && !walk->fin_got) {
		walk->fin_got = true;
		walk->got_fin = to;
	}
	if (!walk->has_got) {	/* begun in the middle */
		walk->has_got = true;
		walk->got_next = from;
	}
	if (tcp_after(from, walk->got_next)) {
		if (walk->n_ahead < ARRAY_SIZE(walk->ahead) && tcp_after(to, from)) {
			walk->ahead[walk->n_ahead].from = from;
			walk->ahead[walk->n_ahead++].to = to;
		}
		return;
	}
	if (tcp_after(to, walk->got_next))
		walk->got_next = to;
	while (more) {
		more = false;
		for (unsigned int i = 0; i < walk->n_ahead; i++) {
			if (tcp_after(walk->ahead[i].from, walk->got_next) ||
			    !tcp_after(walk->ahead[i].to, walk->got_next))
				continue;
			walk->got_next = walk->ahead[i].to;
			more = true;
		}
	}
}

static void on_got(struct stepping *step)
{
	struct walk *walk = step->walk;
	const struct tcp_view *tcp = step->tcp;
	bool fin_acked, fin_now;

	if (tcp->flags & TCP_RST) {
		on_rst(step);
		return;
	}
	if (tcp->flags & TCP_SYN && on_syn(step))
		return;
	if (walk->state == STATE_SYN_RECV && tcp->flags & TCP_ACK && tcp->ack == walk->syn_end)
		move_to(step, STATE_ESTABLISHED);
	if (!is_synchronized(walk->state) || !(tcp->flags & TCP_ACK))
		return;
	fin_acked = walk->fin_sent && !tcp_after(walk->fin_end, tcp->ack);
	receive(walk, tcp);
	fin_now = walk->fin_got && !tcp_after(walk->got_fin, walk->got_next);
	if (walk->state == STATE_ESTABLISHED && fin_now)
		move_to(step, STATE_CLOSE_WAIT);
	else if (walk->state == STATE_FIN_WAIT1 && fin_now)
		move_to(step, fin_acked ? STATE_TIME_WAIT : STATE_CLOSING);
	else if (walk->state == STATE_FIN_WAIT1 && fin_acked)
		move_to(step, STATE_FIN_WAIT2);
	else if (walk->state == STATE_FIN_WAIT2 && fin_now)
		move_to(step, STATE_TIME_WAIT);
	else if (walk->state == STATE_CLOSING && fin_acked)
		move_to(step, STATE_TIME_WAIT);
	else if (walk->state == STATE_LAST_ACK && fin_acked)
		move_to(step, STATE_CLOSE);
}

int walk_step(struct walk *walk, const struct trace *trace, unsigned int index, bool sent,
	      int64_t at_ns, struct move *moves)
{
	const struct segment *segment = &trace->segments[index];
	struct stepping step = {
		.walk = walk, .tcp = sent ? &segment->tcp : &segment->tcp_rcvd, .moves = moves,
		.cause = { .at_ns = at_ns, .segment = (int)index, .sent = sent },
	};

	if (sent)
		on_sent(&step);
	else
		on_got(&step);
	for (int i = 0; i < step.n; i++)
		moves[i].after = *walk;
	/* going on from the first of two, the second is still to be made */
	if (step.n == 2)
		moves[0].after.state = moves[0].state;
	return step.n;
}

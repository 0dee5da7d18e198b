/* tcp_fsm.h - through which states the packets of a connection take one side
 *
 * Sampling a socket misses states that last less than the time between two
 * samples. The packets that its node sent and got say what happened meanwhile,
 * by the rules of RFC 9293, 3.3.2 and 3.10.7.
 *
 * One departure from how the kernel goes about it: where one segment brings
 * both the ACK of our FIN and the peer's FIN, tcp_rcv_state_process() sets
 * FIN_WAIT2 and, still in the same segment, TIME_WAIT. Nobody can be in a state
 * for no time, so this is one step, as note 2 at the RFC's state diagram has it.
 */
#ifndef TWLAB_TCP_FSM_H
#define TWLAB_TCP_FSM_H

#include <twlab/tcp_state.h>
#include <twlab/trace.h>

struct tcp_fsm {
	enum tcp_state state;
	int syn;			/* the SYN that came in, a segment; -1 = none */
	int64_t syn_ns;
	bool has_sent, has_got, fin_sent, fin_got;
	uint32_t syn_end, fin_end;	/* sequence numbers after our SYN, our FIN */
	uint32_t got_next, got_fin;	/* the next byte we wait for; where the peer's FIN is */
	struct { uint32_t from, to; } ahead[8];	/* what came before its turn */
	unsigned int n_ahead;
};

struct tcp_transition {			/* into a state */
	enum tcp_state state;
	int64_t at_ns;
	int segment;		/* that caused it: index of trace.segments */
	bool sent;		/* by this side */
	struct tcp_fsm after;	/* how to go on from there */
};

/* A side that has neither sent nor got anything. */
void tcp_fsm_begin(struct tcp_fsm *fsm);

/* This side sent (or else got) @trace's segment @index at @at_ns. Fills @moves,
 * room for 2, with the states that it led into; returns how many.
 */
int tcp_fsm_step(struct tcp_fsm *fsm, const struct trace *trace, unsigned int index, bool sent,
	      int64_t at_ns, struct tcp_transition *transitions);

#endif

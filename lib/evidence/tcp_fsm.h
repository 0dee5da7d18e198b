/* tcp_fsm.h - through which states the packets of a connection take one side
 *
 * Sampling a socket misses states that last less than the time between two
 * samples. The packets that its node sent and got say what happened meanwhile,
 * by the rules of RFC 9293, 3.3.2 and 3.10.7.
 *
 * What a kernel refuses moves nothing: what lies outside the window, acknowledges what was never
 * sent (RFC 9293, 3.10.7.4), has a stamp that is too old (PAWS, RFC 7323, 5.3), and a RST that has not
 * exactly the number that is expected (RFC 5961, 3.2).
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

enum { WALK_UNKNOWN = -1 };

struct tcp_fsm {
	enum tcp_state state;
	int syn;			/* the SYN that came in, a segment; -1 = none */
	int64_t syn_ns;
	bool has_sent, has_got, fin_sent, fin_got;
	uint32_t syn_end, fin_end;	/* sequence numbers after our SYN, our FIN */
	uint32_t sent_next;		/* after all that we sent */
	uint32_t acked, window_end;	/* what we acknowledged last; how far the peer may send */
	uint32_t una, max_window;	/* what the peer acknowledged last; the widest window that it offered */
	int wscale[2];			/* of our window, of the peer's; WALK_UNKNOWN = its SYN was not seen */
	bool has_acked, has_una;
	bool stamps[2];			/* we offered them, the peer did */
	uint32_t got_next, got_fin;	/* the next byte we wait for; where the peer's FIN is */
	uint32_t stamp, syn_stamp;	/* the peer's newest that counts; the one of our first SYN */
	bool has_stamp;
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

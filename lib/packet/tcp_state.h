/* tcp_state.h - the states of a TCP connection, as the kernel has them */
#ifndef TWLAB_TCP_STATE_H
#define TWLAB_TCP_STATE_H

#pragma GCC visibility push(default)	/* public */

/* The states of RFC 9293 under the kernel's names and numbers (tcp_states.h). */
enum tcp_state {
	STATE_NONE,
	STATE_ESTABLISHED, STATE_SYN_SENT, STATE_SYN_RECV, STATE_FIN_WAIT1,
	STATE_FIN_WAIT2, STATE_TIME_WAIT, STATE_CLOSE, STATE_CLOSE_WAIT,
	STATE_LAST_ACK, STATE_LISTEN, STATE_CLOSING,
	STATES
};

const char *tcp_state_name(enum tcp_state state);		/* "TIME_WAIT"; "" for STATE_NONE */
enum tcp_state tcp_state_named(const char *name);		/* STATE_NONE if unknown */

#pragma GCC visibility pop

#endif

/* tcp_state.c - the names of TCP's states */
#include <twlab/tcp_state.h>

#include <twlab/base.h>

static const char *const names[] = {
	[STATE_NONE] = "",
	[STATE_ESTABLISHED] = "ESTABLISHED",
	[STATE_SYN_SENT] = "SYN_SENT",
	[STATE_SYN_RECV] = "SYN_RECV",
	[STATE_FIN_WAIT1] = "FIN_WAIT1",
	[STATE_FIN_WAIT2] = "FIN_WAIT2",
	[STATE_TIME_WAIT] = "TIME_WAIT",
	[STATE_CLOSE] = "CLOSE",
	[STATE_CLOSE_WAIT] = "CLOSE_WAIT",
	[STATE_LAST_ACK] = "LAST_ACK",
	[STATE_LISTEN] = "LISTEN",
	[STATE_CLOSING] = "CLOSING",
};
static_assert(ARRAY_SIZE(names) == STATES, "names[] lacks a state");

const char *tcp_state_name(enum tcp_state state)
{
	return names[state];
}

enum tcp_state tcp_state_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return (enum tcp_state)i;
	return STATE_NONE;
}

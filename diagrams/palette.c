/* palette.c - every colour and line of every picture */
#include "diagrams/palette.h"

static const struct look looks[] = {
	[LOOK_PAGE]	= { "#ffffff", "#ffffff", "#1a1a1a", 0, "solid" },
	[LOOK_INK]	= { "#1a1a1a", "", "#1a1a1a", 1, "solid" },
	[LOOK_QUIET]	= { "#8a8a8a", "", "#595959", 0.8, "solid" },
	[LOOK_FAINT]	= { "#c4c4c4", "#fafafa", "#757575", 1, "solid" },
	[LOOK_CLIENT]	= { "#0067a5", "#0067a5", "#00568a", 2.2, "solid" },
	[LOOK_SERVER]	= { "#d98200", "#ffe7bf", "#8f5200", 2.2, "solid" },
	[LOOK_PASSIVE]	= { "#6b6b6b", "#eeeeee", "#333333", 1.2, "solid" },
	[LOOK_WIRE]	= { "#8a8a8a", "#ffffff", "#595959", 1, "dotted" },
	[LOOK_RST]	= { "#a3195b", "#a3195b", "#a3195b", 1.6, "solid" },
	[LOOK_LOST]	= { "#1a1a1a", "", "#1a1a1a", 2.6, "solid" },
	[LOOK_NOTE]	= { "#9a8f4a", "#fdf8d8", "#4a4420", 0.8, "solid" },
	[LOOK_CROWD]	= { "#a63c00", "#f0d3c2", "#7c2d00", 2, "solid" },
	[LOOK_GAP]	= { "#d9d9d9", "#efefef", "#595959", 0, "solid" },
};
static_assert(ARRAY_SIZE(looks) == LOOKS, "looks[] lacks a role");

/* Darker as the end comes nearer; what waits for nobody but time is darkest. */
static const struct look states[] = {
	[STATE_NONE]		= { "#8a8a8a", "#ffffff", "#1a1a1a", 1, "solid" },
	[STATE_LISTEN]		= { "#8a8a8a", "#f2f2f2", "#1a1a1a", 1, "solid" },
	[STATE_SYN_SENT]	= { "#8f8a3c", "#fbf6c4", "#1a1a1a", 1, "solid" },
	[STATE_SYN_RECV]	= { "#8f8a3c", "#fbf6c4", "#1a1a1a", 1, "solid" },
	[STATE_ESTABLISHED]	= { "#3c7fa8", "#d3eaf8", "#1a1a1a", 1, "solid" },
	[STATE_FIN_WAIT1]	= { "#a06a12", "#f8d491", "#1a1a1a", 1, "solid" },
	[STATE_FIN_WAIT2]	= { "#a06a12", "#eeb04c", "#1a1a1a", 1, "solid" },
	[STATE_CLOSING]		= { "#a06a12", "#e0a03c", "#1a1a1a", 1, "solid" },
	[STATE_TIME_WAIT]	= { "#7c2d00", "#a63c00", "#ffffff", 1, "solid" },
	[STATE_CLOSE_WAIT]	= { "#1f7a5c", "#bfe3d6", "#1a1a1a", 1, "solid" },
	[STATE_LAST_ACK]	= { "#1f7a5c", "#6cc0a2", "#1a1a1a", 1, "solid" },
	[STATE_CLOSE]		= { "#595959", "#ffffff", "#1a1a1a", 1, "solid" },
};
static_assert(ARRAY_SIZE(states) == STATES, "states[] lacks a state");

const struct look *palette_look(enum role role)
{
	return &looks[role];
}

const struct look *palette_state(enum tcp_state state)
{
	return &states[state < STATES ? state : STATE_NONE];
}

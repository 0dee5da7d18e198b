/* palette.h - every colour and line of every picture
 *
 * From the set of Okabe and Ito, darkened or lightened until each also has a
 * place of its own in grey: a picture must read on a projector, on a grey
 * printer and for a colour-blind reader. So nothing is told by colour alone: a
 * side has its number's shape, a state its name, a segment its flags and line.
 */
#ifndef TWLAB_PALETTE_H
#define TWLAB_PALETTE_H

#include <twlab/evidence.h>

/* What a thing is drawn with. Colours are "#rrggbb", widths are points. */
struct look {
	const char *line;
	const char *fill;	/* "" = none */
	const char *text;
	double width;		/* of the line; 0 = no line */
	const char *style;	/* Graphviz: "solid", "dashed", "dotted" */
};

enum role {
	LOOK_PAGE,		/* paper */
	LOOK_INK,		/* titles, what must be read */
	LOOK_QUIET,		/* captions, times */
	LOOK_FAINT,		/* what is there but was not used */
	LOOK_CLIENT,		/* the side that sent the first SYN */
	LOOK_SERVER,
	LOOK_PASSIVE,		/* NAT, router */
	LOOK_WIRE,
	LOOK_RST,
	LOOK_LOST,
	LOOK_NOTE,		/* what the harness did */
	LOOK_CROWD,		/* how many are in TIME_WAIT */
	LOOK_GAP,		/* where much time passes */
	LOOKS
};

const struct look *palette_look(enum role role);

/* A socket's state, as a filled bar or box with its name on it. */
const struct look *palette_state(enum tcp_state state);

#endif

/* draw.h - every picture of a lab or of a run, into a folder
 *
 *	topology	a lab's nodes, from its tables
 *	ladder		who sent what to whom
 *	states		the way of a connection's two ends through TCP's states (states-2, ... for more)
 *	timeline	how long it took, to scale
 *	time-wait	how many sockets were in TIME_WAIT, by time: where there were many connections
 *
 * Each is written as NAME.dot, NAME.svg and NAME.png; see render.h.
 */
#ifndef TWLAB_DRAW_H
#define TWLAB_DRAW_H

#include "diagrams/scene.h"
#include "labs/plan/plan.h"

/* The topology of a lab with its parameters filled in. */
int draw_plan(const struct plan *plan, const char *dir, struct err *err);

/* All pictures of a run. Without its @plan (NULL: its lab is not known, or has changed since) there is no topology. */
int draw_evidence(const struct evidence *evidence, const struct plan *plan, const char *dir, struct err *err);

/* The ladder alone, as SVG (and DOT). */
int draw_ladder(const struct evidence *evidence, const struct plan *plan, const char *dir, struct err *err);

#endif

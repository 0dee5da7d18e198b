/* made_up.h - which segments a step of the lab made up: a step of trace_follow() */
#ifndef TWLAB_MADE_UP_H
#define TWLAB_MADE_UP_H

#include <twlab/trace.h>

/* Find the segment of each of @trace's sends among its segments (from correlate_frames()),
 * and mark it. A send whose segment never left its node (a rule dropped it) has none.
 */
void made_up_mark(struct trace *trace);

#endif

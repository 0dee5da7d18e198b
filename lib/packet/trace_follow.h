/* trace_follow.h - from frames to connections */
#ifndef TWLAB_TRACE_FOLLOW_H
#define TWLAB_TRACE_FOLLOW_H

#include <twlab/trace.h>

#pragma GCC visibility push(default)	/* public */

/* Sort the frames, give the packets their ids, find segments and connections,
 * write notes and comments. Call once, when all frames are there. The result
 * depends on the frames, on the sends and on trace.end_ns alone.
 */
void trace_follow(struct trace *trace);

#pragma GCC visibility pop

#endif

/* conn.h - which packets are one connection: a step of trace_follow() */
#ifndef TWLAB_CONN_H
#define TWLAB_CONN_H

#include <twlab/trace.h>

/* Make @trace's connections out of its segments (from correlate_frames()): both ends
 * of each, its ISNs, what is sent again, and its number at either node.
 */
void conn_follow(struct trace *trace);

#endif

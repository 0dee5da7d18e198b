/* correlate.h - which sightings of a frame are one packet: a step of trace_follow() */
#ifndef TWLAB_CORRELATE_H
#define TWLAB_CORRELATE_H

#include <twlab/trace.h>

/* Make @trace's segments out of its frames, which are sorted by time: ids of
 * packets, who made and who got each, where it was lost, what is a copy. Leaves
 * connections and notes to others.
 */
void correlate_frames(struct trace *trace);

#endif

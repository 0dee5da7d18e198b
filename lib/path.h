/* path.h - which sightings of a frame are one packet: a step of trace_follow() */
#ifndef TWLAB_PATH_H
#define TWLAB_PATH_H

#include "lib/trace.h"

/* Make @trace's segments out of its frames, which are sorted by time: ids of
 * packets, who sent and who got each, where it was lost, what is a copy. Leaves
 * connections and notes to others.
 */
void path_follow(struct trace *trace);

#endif

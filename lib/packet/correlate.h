/* correlate.h - which sightings of a frame are one packet: a step of trace_follow() */
#ifndef TWLAB_CORRELATE_H
#define TWLAB_CORRELATE_H

#include <twlab/trace.h>

/* Make @trace's segments out of its frames, which are sorted by time: ids of
 * packets, who made and who got each, where it was lost, what is a copy. Leaves
 * connections and notes to others.
 */
void correlate_frames(struct trace *trace);

/* What the record's end cut off is not lost: it was seen last so shortly before that,
 * in @last, at the pace of the latest packet that went on from there, it would not have
 * been seen again. path_pace() is to be freed.
 */
int64_t *path_pace(const struct trace *trace);
bool path_is_under_way(const struct trace *trace, const int64_t *pace, const struct trace_frame *last);

#endif

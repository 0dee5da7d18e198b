/* notes.h - what a reader should know of a packet: a step of trace_follow() */
#ifndef TWLAB_NOTES_H
#define TWLAB_NOTES_H

#include <twlab/trace.h>

/* Write segments[].note, and the frames' comments, of @trace's connections. They
 * say what the packets show and no more. A comment stands at the frame where its
 * sender sent it; that a packet was lost stands where it was seen last.
 */
void notes_write(struct trace *trace);

#endif

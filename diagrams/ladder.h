/* ladder.h - the picture of who sent what to whom, and when
 *
 * A life line a node, in the order of the path; time runs downwards (see
 * rungs.h); an arrow a segment, from where it was sent to where it arrived or
 * was lost; the sockets' states as bars on the life lines of the hosts.
 */
#ifndef TWLAB_LADDER_H
#define TWLAB_LADDER_H

#include "diagrams/scene.h"

/* The scene's shown connections on one page, as DOT. Owned by the caller. */
char *ladder_draw(const struct scene *scene);

#endif

/* state_diagram.h - the picture of TCP's states and the way that a connection took
 *
 * All the states and transitions of RFC 9293's figure 5, at their usual places;
 * in strong colour those that the two ends of one connection went through, each
 * with its order, its cause and the time spent.
 */
#ifndef TWLAB_STATE_DIAGRAM_H
#define TWLAB_STATE_DIAGRAM_H

#include "diagrams/scene.h"

/* The picture of the scene's @i-th shown connection, as DOT. Owned by the caller. */
char *machine_draw(const struct scene *scene, unsigned int i);

#endif

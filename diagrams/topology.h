/* topology.h - the picture of a lab's nodes and how they are joined
 *
 * From the lab's tables alone, before anything has run. Graphviz' dot finds the
 * places: labs differ too much for places of our own.
 */
#ifndef TWLAB_TOPOLOGY_H
#define TWLAB_TOPOLOGY_H

#include "labs/plan/plan.h"

/* The picture as DOT, owned by the caller. Of many hosts of one kind only some
 * are drawn, and how many are not is said. @caption is the line at its foot.
 */
char *topology_draw(const struct plan *plan, const char *caption);

#endif

/* timeline.h - the picture of how long everything took, to scale
 *
 * A row a connection, the client's states above the server's, against real
 * time: what the ladder squeezes together, this one shows at its true length.
 * With hundreds of connections the rows get thin and the names go.
 */
#ifndef TWLAB_TIMELINE_H
#define TWLAB_TIMELINE_H

#include "diagrams/scene.h"

/* All connections on one page, as DOT. Owned by the caller. */
char *timeline_draw(const struct scene *scene);

#endif

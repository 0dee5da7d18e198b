/* time_wait_plot.h - the picture of how many sockets were in TIME_WAIT, by time
 *
 * A panel a node: a surface as high as there are TIME_WAITs, and below it a stroke
 * for each connection that was opened. Where the strokes end and the surface is high, ports or
 * buckets have run out.
 */
#ifndef TWLAB_TIME_WAIT_PLOT_H
#define TWLAB_TIME_WAIT_PLOT_H

#include "diagrams/scene.h"

#define CROWD_FROM 8		/* connections: of fewer the timeline tells more */

/* Is there a crowd in @scene: so many connections? */
bool time_wait_plot_is_there(const struct scene *scene);

/* The page as DOT, owned by the caller. Nodes that never had a TIME_WAIT are left
 * out, and beyond three those that had the fewest.
 */
char *time_wait_plot_draw(const struct scene *scene);

#endif

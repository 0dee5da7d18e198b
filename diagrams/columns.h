/* columns.h - which nodes stand side by side in a ladder, and where
 *
 * The ends of the shown connections, NATs and routers between them, who made a segment
 * in the name of others, and a wire only where something was lost or done on it. A host whose sockets overlap in
 * time has a bar for each, side by side.
 */
#ifndef TWLAB_COLUMNS_H
#define TWLAB_COLUMNS_H

#include "diagrams/scene.h"

struct columns;

struct columns *columns_new(const struct scene *scene, double width);
void columns_free(struct columns *columns);

bool columns_has(const struct columns *columns, int node);
double columns_x(const struct columns *columns, int node);	/* its life line; of the last column if it has none */
double columns_bar(const struct columns *columns);		/* how wide a bar is */
double columns_bar_x(const struct columns *columns, const struct socket_states *sock);	/* its middle */
double columns_edge(const struct columns *columns, const struct socket_states *sock, double toward);

/* The space between the clients' columns and the servers': for words. */
double columns_left(const struct columns *columns);
double columns_right(const struct columns *columns);
double columns_middle(const struct columns *columns);
unsigned int columns_clients(const struct columns *columns);	/* how many */

/* Names at the top, life lines down to @end. */
void columns_draw(const struct columns *columns, struct dot *dot, double top, double end);

#endif

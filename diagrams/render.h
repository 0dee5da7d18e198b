/* render.h - from DOT to SVG and PNG, by Graphviz
 *
 * Graphviz is run as a program, not linked: a layout that fails cannot take us
 * along, and its licence stays its own. It gets the DOT on its standard input
 * and is bounded in time.
 */
#ifndef TWLAB_RENDER_H
#define TWLAB_RENDER_H

#include <twlab/err.h>

#define RENDER_LIMIT_S 30	/* a picture takes 0.1 s; a machine full of guests is slower */

struct picture {
	char *name;		/* "ladder": the files are ladder.dot, .svg and .png */
	char *dot;		/* its text; says itself which layout it wants */
	bool placed;		/* every node has its place (neato -n2); else Graphviz finds one */
	bool only_svg;		/* a PNG is not wanted */
};

/* Write each picture's .dot, .svg and .png (1920 pixels for a page 960 points
 * wide) into the folder @dir, as many at once as there are cores. A file
 * appears whole or not at all. Fails with one sentence when Graphviz is
 * missing (saying which package has it), does not end, or refuses the DOT.
 */
int render_pictures(const struct picture *pictures, size_t n, const char *dir, struct err *err);

/* The same with another program and another limit: for tests. */
int render_with(const char *program, int limit_s, const struct picture *pictures, size_t n,
		const char *dir, struct err *err);

void picture_free(struct picture *picture);

#endif

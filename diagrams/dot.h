/* dot.h - a picture being written in the DOT language
 *
 * Points (1/72 inch), x to the right and y downwards from the page's upper left
 * corner. Everything has the place that we give it: Graphviz' neato -n2 only
 * measures the text, cuts lines at boxes and writes SVG and PNG. The same calls
 * give the same bytes.
 */
#ifndef TWLAB_DOT_H
#define TWLAB_DOT_H

#include "diagrams/palette.h"

#define DOT_FONT "DejaVu Sans,Verdana,sans-serif"
#define DOT_SLIDE_WIDTH 960	/* 16:9: 11 point on this page is what the last row still reads */
#define DOT_SLIDE_HEIGHT 540

struct dot;

enum dot_align { DOT_CENTRE, DOT_LEFT, DOT_RIGHT, DOT_ALIGNS };

enum dot_arrow { ARROW_NONE, ARROW_END, ARROW_TEE, DOT_ARROWS };

/* A page. @title stands at its top and names it, @caption is the line at its
 * foot: both may hold any bytes, like every text below.
 */
struct dot *dot_new(double width, double height, const char *title, const char *caption);

/* The finished text, owned by the caller; @dot is gone. */
char *dot_end(struct dot *dot);

struct dot_text {
	double x, y;			/* the middle of its left edge, of itself, or of its right edge */
	enum dot_align align;
	double size;			/* 0 = 11 */
	const char *colour;		/* NULL = black */
	const char *back;		/* a colour behind it; NULL = none */
	const char *bold;		/* stands first; NULL = none */
	const char *plain;		/* newlines are kept; NULL = none */
};

void dot_text(struct dot *dot, const struct dot_text *text);

struct dot_box {
	double x, y, width, height;	/* x, y: its middle */
	const char *shape;		/* of Graphviz; NULL = "box" */
	const struct look *look;
	const char *style;		/* instead of the look's, NULL = as it is */
	double size;			/* of its text; 0 = 11 */
	const char *bold, *plain;	/* bold above plain */
};

void dot_box(struct dot *dot, const struct dot_box *box);

struct dot_line {
	const struct look *look;
	const char *style;		/* instead of the look's */
	double width;			/* instead of the look's; 0 = as it is */
	bool twice;			/* two lines side by side: tells even in grey */
	enum dot_arrow arrow;
};

struct dot_point {
	double x, y;
};

/* A line from @a to @b, or a Bezier curve bent towards the two points @curve. */
void dot_line(struct dot *dot, const struct dot_line *line, struct dot_point a, struct dot_point b);
void dot_curve(struct dot *dot, const struct dot_line *line, struct dot_point a,
	       const struct dot_point curve[2], struct dot_point b);

/* The cross where something was lost, 2 @r wide. */
void dot_cross(struct dot *dot, double x, double y, double r);

/* How wide @text is in points, at @size: an estimate, rather too wide. */
double dot_width(const char *text, double size);

/* @text as it may stand in an HTML-like label: markup escaped, a newline as
 * <BR/>, what is no UTF-8 or no character as U+FFFD. Owned by the caller.
 */
char *dot_escape(const char *text);

/* @text as a quoted string of DOT, with its quotes. Owned by the caller. */
char *dot_quote(const char *text);

#endif

/* html.h - pages of HTML, each whole in itself: no script, nothing from elsewhere */
#ifndef TWLAB_UTIL_HTML_H
#define TWLAB_UTIL_HTML_H

#include <stdio.h>
#include <twlab/err.h>

/* The beginning of a page, and text in it: with <, >, & and " made harmless. */
void html_head(FILE *out, const char *title);
void html_escaped(FILE *out, const char *text);

/* The drawing in the SVG file @path. */
int html_figure(FILE *out, const char *path, struct err *err);

#endif

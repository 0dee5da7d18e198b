/* html.h - pages of HTML, each whole in itself: no script, nothing from elsewhere */
#ifndef TWLAB_UTIL_HTML_H
#define TWLAB_UTIL_HTML_H

#include <stdio.h>
#include <twlab/err.h>

/* The beginning of a page, and text in it: with <, >, & and " made harmless. */
void html_head(FILE *out, const char *title);
void html_escaped(FILE *out, const char *text);

/* <TAG class="CLASS">TEXT</TAG>; @class may be NULL. */
void html_element(FILE *out, const char *tag, const char *class, const char *text);

/* The drawing in the SVG file @path. */
int html_figure(FILE *out, const char *path, struct err *err);

#endif

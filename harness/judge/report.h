/* report.h - report.html: one page, whole in itself, on one run */
#ifndef TWLAB_JUDGE_REPORT_H
#define TWLAB_JUDGE_REPORT_H

#include "harness/judge/outcome.h"

/* Write report.html into the outcome's evidence folder: what was run, each claim
 * with its verdict, the pictures that lie there (*.svg, put into the page), what
 * the harness did and what the programs said. No script, nothing from elsewhere.
 */
int report_write(const struct outcome *outcome, struct err *err);

/* The beginning of such a page, and text in it: with <, >, & and " made harmless. */
void html_head(FILE *out, const char *title);
void html_escaped(FILE *out, const char *text);

/* The drawing in the SVG file @path. */
int html_figure(FILE *out, const char *path, struct err *err);

#endif

/* report.h - report.html: one page, whole in itself, on one run */
#ifndef TWLAB_JUDGE_REPORT_H
#define TWLAB_JUDGE_REPORT_H

#include "harness/judge/outcome.h"

/* Write report.html into the outcome's evidence folder: what was run, each claim
 * with its verdict, the pictures that lie there (*.svg, put into the page), what
 * the harness did and what the programs said. No script, nothing from elsewhere.
 */
int report_write(const struct outcome *outcome, struct err *err);

#endif

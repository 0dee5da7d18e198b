/* grade_html.h - a grade as a page, with pictures of the runs in which points were lost */
#ifndef TWLAB_GRADE_GRADE_HTML_H
#define TWLAB_GRADE_GRADE_HTML_H

#include "harness/grade/grade.h"

/* Write @path. The runs lie in @evidence, which the page links to as @link: of each in which
 * a mark was lost its ladder is drawn, there and on the page. Without Graphviz the page
 * is written without pictures, and says so.
 */
int grade_html_write(const struct grade *grade, const char *path, const char *evidence, const char *link, struct err *err);

#endif

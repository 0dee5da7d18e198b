/* gradereport.h - a grade as a page, with pictures of the runs in which points were lost */
#ifndef TWLAB_GRADEREPORT_H
#define TWLAB_GRADEREPORT_H

#include "harness/grade.h"

/* Write @path. The runs lie in @evidence, which the page links to as @link: of each in which
 * a mark was lost its ladder is drawn, there and on the page. Without Graphviz the page
 * is written without pictures, and says so.
 */
int gradereport_write(const struct grade *grade, const char *path, const char *evidence, const char *link, struct err *err);

#endif

/* grade_formats.h - one grade, in the formats that others read */
#ifndef TWLAB_GRADE_GRADE_FORMATS_H
#define TWLAB_GRADE_GRADE_FORMATS_H

#include "harness/grade/grade.h"

enum format {
	FORMAT_TEXT, FORMAT_JSON, FORMAT_TAP, FORMAT_JUNIT, FORMAT_GRADESCOPE, FORMAT_CLASSROOM50,
	FORMAT_CHECK50, FORMAT_CSV, FORMATS
};

/* "text", "json", ...; FORMATS if there is none of that name. */
enum format format_named(const char *name);
extern const char *const format_name[FORMATS];

/* Write @grade. Refused with @err where a format cannot say it: Gradescope and
 * Classroom 50 know no mark that could not be told, and would take it for a wrong
 * answer; Classroom 50 wants to be told by its environment whose this is.
 */
int grade_print(FILE *out, enum format format, const struct grade *grade, struct err *err);

#endif

/* grade_json.h - one grade, in those of the formats that are JSON */
#ifndef TWLAB_GRADE_GRADE_JSON_H
#define TWLAB_GRADE_GRADE_JSON_H

#include "harness/grade/grade.h"

int grade_json_own(FILE *out, const struct grade *grade, struct err *err);
int grade_json_gradescope(FILE *out, const struct grade *grade, struct err *err);
int grade_json_classroom50(FILE *out, const struct grade *grade, struct err *err);
int grade_json_check50(FILE *out, const struct grade *grade, struct err *err);

/* @text as a cell of a CSV, in quotes, then @end. Nothing in it is a formula. */
void grade_json_cell(FILE *out, const char *text, char end);

#endif

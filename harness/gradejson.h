/* gradejson.h - one grade, in those of the formats that are JSON */
#ifndef TWLAB_GRADEJSON_H
#define TWLAB_GRADEJSON_H

#include "harness/grade.h"

int gradejson_own(FILE *out, const struct grade *grade, struct err *err);
int gradejson_gradescope(FILE *out, const struct grade *grade, struct err *err);
int gradejson_classroom50(FILE *out, const struct grade *grade, struct err *err);
int gradejson_check50(FILE *out, const struct grade *grade, struct err *err);

/* @text as UTF-8: what is none becomes '?'. To be freed. */
char *gradejson_clean(const char *text);

/* @text as a cell of a CSV, in quotes, then @end. Nothing in it is a formula. */
void gradejson_cell(FILE *out, const char *text, char end);

/* @text in quotes, as JSON and YAML write it. To be freed. */
char *gradejson_quoted(const char *text);

#endif

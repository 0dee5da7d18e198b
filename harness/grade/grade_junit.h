/* grade_junit.h - a grade as JUnit XML */
#ifndef TWLAB_GRADE_GRADE_JUNIT_H
#define TWLAB_GRADE_GRADE_JUNIT_H

#include <stdio.h>

#include "harness/grade/grade.h"

int grade_junit(FILE *out, const struct grade *grade, struct err *err);

#endif

/* class_report.h - what became of a class: a table and a page, from its results */
#ifndef TWLAB_GRADE_CLASS_REPORT_H
#define TWLAB_GRADE_CLASS_REPORT_H

#include "harness/grade/submissions.h"
#include <twlab/lab.h>

/* Write @out/grades.csv and @out/index.html, from the result.json of each of the @n submissions. */
int class_report(const struct lab *lab, const struct submission_entry *handed, unsigned int n, const char *out, struct err *err);

#endif

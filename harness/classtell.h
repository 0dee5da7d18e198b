/* classtell.h - what became of a class: a table and a page, from its results */
#ifndef TWLAB_CLASSTELL_H
#define TWLAB_CLASSTELL_H

#include "harness/handed.h"
#include "labs/lab.h"

/* Write @out/grades.csv and @out/index.html, from the result.json of each of the @n submissions. */
int classtell(const struct lab *lab, const struct handed *handed, unsigned int n, const char *out, struct err *err);

#endif

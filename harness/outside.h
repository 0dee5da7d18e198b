/* outside.h - labs that are no part of twlab: a shared object each */
#ifndef TWLAB_OUTSIDE_H
#define TWLAB_OUTSIDE_H

#include "harness/files.h"
#include "labs/plan.h"

/* The lab that @word names: one of twlab's, or a file (a word with a '/' or one that ends in
 * ".so"), which is loaded, and runs what it has to run when that is done: it is a
 * program as any other. Once loaded, lab_find() knows it by its name. NULL with @err.
 */
const struct lab *outside_lab(const char *word, struct err *err);

/* The file that @lab was loaded from; NULL if it is one of twlab's. */
const char *outside_file(const struct lab *lab);

/* For a guest that is to run @plan: add its lab's file, its programs and what its steps
 * want to @work, what those need of this system to @system. Nothing for a lab of twlab's.
 */
int outside_pack(const struct plan *plan, struct files *work, struct files *system, struct err *err);

#endif

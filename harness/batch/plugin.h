/* plugin.h - labs that are no part of twlab: a shared object each */
#ifndef TWLAB_BATCH_PLUGIN_H
#define TWLAB_BATCH_PLUGIN_H

#include "harness/util/files.h"
#include "labs/plan/plan.h"

/* The lab that @word names: one of twlab's, or a file (a word with a '/' or one that ends in
 * ".so"), which is loaded, and runs what it has to run when that is done: it is a
 * program as any other. Once loaded, lab_find() knows it by its name. NULL with @err.
 */
const struct lab *plugin_lab(const char *word, struct err *err);

/* The file that @lab was loaded from; NULL if it is one of twlab's. */
const char *plugin_file(const struct lab *lab);

/* For a guest that is to run @plan: add its lab's file, its programs and what its steps
 * want to @work, what those need of this system to @system. Nothing for a lab of twlab's.
 */
int plugin_pack(const struct plan *plan, struct files *work, struct files *system, struct err *err);

#endif

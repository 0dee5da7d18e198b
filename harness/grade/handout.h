/* handout.h - what a student is given */
#ifndef TWLAB_GRADE_HANDOUT_H
#define TWLAB_GRADE_HANDOUT_H

#include "harness/util/files.h"
#include "harness/grade/personal.h"

#define HANDOUT_WORKFLOW ".github/workflows/grade.yml"

/* The files to begin from, TASKS.md (what is to be done, for how many points),
 * twlab.json (whose it is) and a workflow for GitHub Actions, for @personal.
 */
int handout_files(const struct lab *lab, const struct personal *personal, struct files *files, struct err *err);

/* One file of the lab's folder ("solution/server.c"): its text, to be freed. NULL
 * and @err; -ENOENT when there is none.
 */
char *handout_read(const struct lab *lab, const char *path, size_t *len, struct err *err);

/* The file that @mutant has its mistake in, with that mistake, to be freed. NULL and
 * @err (ENOENT: the solution has no such words to begin with).
 */
char *handout_mutated(const struct lab *lab, const struct mutant *mutant, struct err *err);

/* A lab that has tasks, by what somebody calls it. NULL and @err. */
const struct lab *handout_lab(const char *name, struct err *err);

/* Ids that can stand in a file's name: up to 64 of these, the first no dot and no dash. */
#define HANDOUT_ID_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._+-"
int handout_check_ids(const char *const *ids, unsigned int n, struct err *err);

#endif

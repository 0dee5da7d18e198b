/* seal.h - is each byte of an evidence folder as it was when the run ended?
 *
 * run.json names each file of the folder, with its length ("bytes") and its digest ("sha256"),
 * and holds one of its own other members ("self"), as jansson writes them compactly, sorted. A byte
 * that a disk or an editor changed anywhere is then no evidence; it would be another
 * verdict. What somebody seals anew on purpose is not found out.
 */
#ifndef TWLAB_SEAL_H
#define TWLAB_SEAL_H

#include <twlab/err.h>

#include <jansson.h>

/* Add the digests to run.json of the folder @dir, whose files still have their lengths. A run that
 * says it did not finish is left as it is.
 */
int seal_put(const char *dir, struct err *err);

/* Do the files of @dir hold what @run, its run.json, says? A folder from before there were digests
 * has lengths only, and one from before these, nothing.
 */
int seal_check(const char *dir, const json_t *run, struct err *err);

#endif

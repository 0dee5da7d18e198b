/* evidence_find.h - the evidence folders in a folder */
#ifndef TWLAB_JUDGE_EVIDENCE_FIND_H
#define TWLAB_JUDGE_EVIDENCE_FIND_H

#include <twlab/err.h>

/* Every folder at or below @dir with evidence in it, whole (run.json) or not (events.jsonl), by name, behind the
 * *@n paths in *@dirs (grow(); the caller's, each too). What is in a folder whose name begins with a dot is none: a
 * run that was killed leaves it half done. A folder without any is an error.
 */
int evidence_find(const char *dir, char ***dirs, unsigned int *n, struct err *err);

#endif

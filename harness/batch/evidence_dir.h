/* evidence_dir.h - where the evidence of a run goes */
#ifndef TWLAB_BATCH_EVIDENCE_DIR_H
#define TWLAB_BATCH_EVIDENCE_DIR_H

#include <twlab/err.h>

/* Can evidence be put in the folder @dir: is there nothing, or evidence that may
 * be replaced, and may it be written there? Negative with @err if not. Changes nothing.
 */
int evidence_dir_check(const char *dir, struct err *err);

/* Make the folders above @dir. */
int evidence_dir_make(const char *dir, struct err *err);

/* Where what is to become the folder @dir is made: a hidden folder beside it, which readers
 * of evidence pass over. To be freed.
 */
char *evidence_dir_temporary(const char *dir);

/* Move the folder @from to @dir in one step. Evidence that is there is replaced;
 * anything else is left alone, and refused. What evidence_dir_temporary() named for processes that
 * were killed is removed.
 */
int evidence_dir_settle(const char *from, const char *dir, struct err *err);

#endif

/* partial.h - what is kept of a run that did not come to its end */
#ifndef TWLAB_BATCH_PARTIAL_H
#define TWLAB_BATCH_PARTIAL_H

#include "labs/plan/plan.h"

/* Make the folder @dir, unless it is there, and have it say that the run of @plan
 * failed, and why: in run.json ("complete": false), unless the run left one
 * itself. @console, unless it is "", becomes console.txt. The folder above @dir exists.
 */
int partial_mark(const char *dir, const struct plan *plan, const char *why,
		 const char *console, struct err *err);

/* Only console.txt, for a guest that never came to a run. */
int partial_console(const char *dir, const char *console, struct err *err);

#endif

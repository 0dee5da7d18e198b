/* remains.h - what is kept of a run that did not come to its end */
#ifndef TWLAB_REMAINS_H
#define TWLAB_REMAINS_H

#include "labs/plan.h"

/* Make the folder @dir, unless it is there, and have it say that the run of @plan
 * failed, and why: in run.json ("complete": false), unless the run left one
 * itself. @console, unless it is "", becomes console.txt. The folder above @dir exists.
 */
int remains_mark(const char *dir, const struct plan *plan, const char *why,
		 const char *console, struct err *err);

/* Only console.txt, for a guest that never came to a run. */
int remains_console(const char *dir, const char *console, struct err *err);

#endif

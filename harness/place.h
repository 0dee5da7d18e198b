/* place.h - where the evidence of a run goes */
#ifndef TWLAB_PLACE_H
#define TWLAB_PLACE_H

#include "lib/err.h"

/* Can evidence be put in the folder @dir: is there nothing, or evidence that may
 * be replaced, and may it be written there? Negative with @err if not. Changes nothing.
 */
int place_check(const char *dir, struct err *err);

/* Make the folders above @dir. */
int place_make(const char *dir, struct err *err);

/* Move the folder @from to @dir in one step. Evidence that is there is replaced;
 * anything else is left alone, and refused.
 */
int place_settle(const char *from, const char *dir, struct err *err);

#endif

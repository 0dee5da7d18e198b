/* outcome_find.h - the outcomes of all evidence in a folder */
#ifndef TWLAB_JUDGE_OUTCOME_FIND_H
#define TWLAB_JUDGE_OUTCOME_FIND_H

#include "harness/judge/outcome.h"

/* outcome_of() for every evidence folder at or below @dir (but in folders whose names begin with a dot), by name, behind the *@n
 * outcomes in *@outcomes (grow(); the caller's). A folder without any is an error.
 */
int outcomes_find(const char *dir, struct outcome **outcomes, unsigned int *n, struct err *err);

#endif

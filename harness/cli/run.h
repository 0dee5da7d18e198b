/* run.h - twlab run, for other subcommands */
#ifndef TWLAB_CLI_RUN_H
#define TWLAB_CLI_RUN_H

#include "harness/judge/outcome.h"

/* Run what the words ask for, as run_main() does, but tell nothing: the outcome of each run
 * comes behind the *@n in *@outcomes (grow(); the caller's), whatever else lies where their
 * evidence goes. Returns a status, with @err where there are no outcomes.
 */
int run_outcomes(int argc, char **argv, struct outcome **outcomes, unsigned int *n, struct err *err);

#endif

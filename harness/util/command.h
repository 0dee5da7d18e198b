/* command.h - run a program of this machine, and take what it prints */
#ifndef TWLAB_UTIL_COMMAND_H
#define TWLAB_UTIL_COMMAND_H

#include <twlab/err.h>

struct command {
	const char *const *argv;	/* argv[0]: a path, or a name to be looked for along PATH */
	const char *dir;		/* where it runs; NULL = here */
	const char *errors;		/* what stderr is: "" = as stdout, a path = that file anew; NULL = /dev/null */
};

/* Run it until it ends; stdin is empty. What it printed is *@out, with a NUL behind it (to be
 * freed; NULL = it is not wanted). Returns its exit status (128 + the signal it died of, 127 when
 * it cannot be executed), or negative with @err when there was no running it.
 */
int command_run(const struct command *command, char **out, struct err *err);

#endif

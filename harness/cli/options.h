/* options.h - what subcommands do with their options, besides getopt_long() */
#ifndef TWLAB_CLI_OPTIONS_H
#define TWLAB_CLI_OPTIONS_H

#include <twlab/err.h>

/* What a subcommand says to an option that is not its own, or (with getopt's ':')
 * to one whose value is missing. Negative, as err_set() is.
 */
int options_unknown(int opt, char **argv, struct err *err);

/* The whole number @least to @most that an option's argument @text is; @what names it when
 * it is none, and @err says so.
 */
int options_number(const char *text, const char *what, uint64_t least, uint64_t most, uint64_t *n, struct err *err);

#endif

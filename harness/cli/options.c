/* options.c - what subcommands do with their options, besides getopt_long() */
#include "harness/cli/options.h"

#include <twlab/number.h>

#include <getopt.h>

int options_unknown(int opt, char **argv, struct err *err)
{
	return err_set(err, 0, "%s '%s'; see twlab help %s", opt == ':' ? "a value is missing after" :
		       "no such option", argv[optind - 1], argv[0]);
}

int options_number(const char *text, const char *what, uint64_t least, uint64_t most, uint64_t *n, struct err *err)
{
	if (!number_unsigned(text, n) || *n < least || *n > most)
		return err_set(err, 0, "%s is a whole number from %llu to %llu, not '%s'", what, (unsigned long long)least,
			       (unsigned long long)most, text);
	return 0;
}

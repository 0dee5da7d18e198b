/* status.h - how twlab and its subcommands end */
#ifndef TWLAB_UTIL_STATUS_H
#define TWLAB_UTIL_STATUS_H

#include <twlab/base.h>

enum status {
	STATUS_HOLDS,		/* 0: every claim holds */
	STATUS_FAILS,		/* 1: a claim does not */
	STATUS_USAGE,		/* 2: wrong usage, lab or submission */
	STATUS_ERROR,		/* 3: the harness could not tell */
	STATUS_SKIP,		/* 4: this machine cannot */
};

/* The status to end with when vm_prepare() returned @code: asked for a @kernel that is not
 * there (usage), no guest on this machine (skip), or one that failed.
 */
int status_no_guest(int code, const char *kernel);

#endif

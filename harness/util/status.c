/* status.c - how twlab and its subcommands end */
#include "harness/util/status.h"

#include <errno.h>

int status_no_guest(int code, const char *kernel)
{
	return code == -ENOENT && kernel ? STATUS_USAGE : code == -ENOENT || code == -ENOTSUP ? STATUS_SKIP : STATUS_ERROR;
}

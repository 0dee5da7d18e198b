/* cache.c - the folder where kernels and snapshots wait for the next run */
#include "harness/vm/cache.h"

#include <stdarg.h>
#include <stdlib.h>

char *cache_path(const char *fmt, ...)
{
	const char *base = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	auto_free char *rest = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&rest, fmt, ap) < 0)
		rest = must_strdup("");
	va_end(ap);
	/* The XDG rules: a relative XDG_CACHE_HOME is to be ignored. */
	if (base && *base == '/')
		return must_printf("%s/twlab/%s", base, rest);
	return must_printf("%s/.cache/twlab/%s", home && *home ? home : "/root", rest);
}

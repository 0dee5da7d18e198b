/* base.c - memory that cannot be missing */
#include <twlab/base.h>

#include <stdarg.h>

static void *need(void *ptr)
{
	if (!ptr) {
		fputs("twlab: out of memory\n", stderr);
		_exit(3);	/* the harness could not tell */
	}
	return ptr;
}

void *must_calloc(size_t n, size_t size)
{
	return need(calloc(n ? n : 1, size ? size : 1));
}

void *must_realloc(void *ptr, size_t n, size_t size)
{
	return need(reallocarray(ptr, n ? n : 1, size ? size : 1));
}

char *must_strdup(const char *text)
{
	return need(strdup(text));
}

char *must_printf(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	return need(len < 0 ? NULL : text);
}

void must_append(char **text, const char *fmt, ...)
{
	auto_free char *more = NULL;
	size_t len = *text ? strlen(*text) : 0;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&more, fmt, ap);
	va_end(ap);
	need(n < 0 ? NULL : more);
	*text = must_realloc(*text, len + (size_t)n + 1, 1);
	memcpy(*text + len, more, (size_t)n + 1);
}

void *grow(void *items, size_t n, size_t size)
{
	void **array = items;

	/* Capacity is the power of two at or above n; a full one doubles. */
	if ((n & (n - 1)) == 0)
		*array = must_realloc(*array, n ? 2 * n : 1, size);
	memset((char *)*array + n * size, 0, size);
	return (char *)*array + n * size;
}

/* base.h - the few words every file here uses
 *
 * The Makefile puts it in front of every file (-include), so that no header has to: what
 * is public must not bring a grow() to those who use it.
 */
#ifndef TWLAB_BASE_H
#define TWLAB_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

#define NS_PER_US 1000LL
#define NS_PER_MS 1000000LL
#define NS_PER_S  1000000000LL

/* A resource is declared with the word that lets it go:
 *	auto_close int fd = open(...);
 *	auto_free char *text = strdup(...);
 * steal_fd() and steal_ptr() take it out of that care, to hand it on.
 */
#define auto_close __attribute__((cleanup(base_close_)))
#define auto_free  __attribute__((cleanup(base_free_)))
#define auto_fclose __attribute__((cleanup(base_fclose_)))

static inline void base_close_(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void base_free_(void *ptr)
{
	free(*(void **)ptr);
}

static inline void base_fclose_(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline int steal_fd(int *fd)
{
	int was = *fd;

	*fd = -1;
	return was;
}

#define steal_ptr(ptr) __extension__ ({			\
	__typeof__(*(ptr)) was_ = *(ptr);	\
	*(ptr) = NULL;				\
	was_;					\
})

/* Memory that runs out ends the program: nothing here can do better, and a
 * check after every small allocation would hide what the code is about.
 */
void *must_calloc(size_t n, size_t size);
void *must_realloc(void *ptr, size_t n, size_t size);
char *must_strdup(const char *text);
char *must_printf(const char *fmt, ...) PRINTF(1, 2);

/* More behind *@text, which may be NULL and is another one then. */
void must_append(char **text, const char *fmt, ...) PRINTF(2, 3);

/* Room for one more: grow *@items, an array of @n used items of @size bytes,
 * by doubling. Returns the (zeroed) slot n. The caller counts.
 */
void *grow(void *items, size_t n, size_t size);

#endif

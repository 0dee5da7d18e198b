/* err.h - one sentence that says what went wrong, from the outside in
 *
 * A function that can fail takes a struct err and returns 0 (or something
 * useful) or a negative errno. Whoever passes the failure on may say for whom
 * it was working: err_in() puts that in front. Only main() prints it.
 *
 * Who does not want the sentence passes NULL, everywhere. So nobody looks into an @err that was
 * passed in: what a call returned says what became of it, err_code() passes it on.
 */
#ifndef TWLAB_ERR_H
#define TWLAB_ERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)	/* public */

struct err {
	int code;		/* errno, positive; 0 means nothing went wrong */
	char text[512];		/* "server: cannot add address 10.0.0.2/24: File exists" */
};

/* Fill @err with the sentence, followed by ": " and strerror(@code), unless
 * @code is 0 (then EINVAL is kept, and the sentence stands alone). @err may be
 * NULL. Returns -code, so that failing takes one line.
 */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* What a failure is passed on with: -code of what @err says. */
static inline int err_code(const struct err *err)
{
	return err ? -err->code : -1;	/* nobody asked why: EPERM */
}

/* It was no failure: @err, which may be NULL, says nothing. */
static inline void err_clear(struct err *err)
{
	if (err)
		err->code = 0;
}

/* Give what @err says the code @code, whose strerror() would add nothing to it. */
int err_as(struct err *err, int code);

/* Put "@whom: " in front of what @err says. Returns -code again. */
int err_in(struct err *err, const char *whom);

#pragma GCC visibility pop

#endif

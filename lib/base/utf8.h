/* utf8.h - text that may hold any bytes, as UTF-8
 *
 * A program prints what it likes, and a path is any bytes; JSON, SVG and pages are UTF-8.
 */
#ifndef TWLAB_UTF8_H
#define TWLAB_UTF8_H

#include <twlab/base.h>

/* How many bytes the UTF-8 character at @text has (RFC 3629, 4); 0 if there is none, or at the end. */
size_t utf8_len(const char *text);

/* Is all of @text UTF-8? */
bool utf8_is(const char *text);

/* @text, with "\xe9" in place of each byte that is of no character: two texts that differ
 * still do. Owned by the caller.
 */
char *utf8_text(const char *text);

/* The same as a part of one line: a control character is '?'. */
char *utf8_line(const char *text);

#endif

/* expr.h - the small sums that stand in a lab's tables
 *
 * Whole numbers and words; + - * / %, comparisons, && || !, parentheses and
 * c ? a : b. A name is looked up; a word that is no name stands for itself, so
 * that closer == server reads as one says it. A hyphen without blanks belongs to the
 * word (scene == late-fin), unless what is before it is a name (i-1). A text in quotes stands for
 * itself, blanks and all (scene == 'late fin'). Numbers are compared as such: "+5", "05" and 5 are
 * equal. The left side of == and != must be a name or a number, which catches the misspelt ones.
 */
#ifndef TWLAB_EXPR_H
#define TWLAB_EXPR_H

#include <twlab/err.h>

#pragma GCC visibility push(default)	/* public */

/* Look up @name; NULL if there is no such name. */
typedef const char *expr_lookup(const void *names, const char *name);

/* The value of @text, as text (numbers in decimal). The caller frees it. NULL
 * and @err on a mistake in it.
 */
char *expr_value(const char *text, expr_lookup *lookup, const void *names, struct err *err);

/* Does it hold: anything but "", "0", "no" and "off"? 1, 0, or negative with @err. */
int expr_holds(const char *text, expr_lookup *lookup, const void *names, struct err *err);

/* @text with each {…} replaced by its value. The caller frees it. */
char *expr_fill(const char *text, expr_lookup *lookup, const void *names, struct err *err);

#pragma GCC visibility pop

#endif

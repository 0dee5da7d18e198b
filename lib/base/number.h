/* number.h - numbers that a program or a person wrote, read from text
 *
 * The whole text is one number in decimal digits, or it is none: no blanks around it, no
 * "0x10", no "nan", no "inf". What strtod(3) takes besides compares as equal to everything.
 */
#ifndef TWLAB_NUMBER_H
#define TWLAB_NUMBER_H

#include <twlab/base.h>

/* Is @text a number ("7", "-0.5", "6e4")? Exact for whole numbers of 64 bits on machines whose
 * long double is wider than a double (x86).
 */
bool number_decimal(const char *text, long double *n);

/* Is @text a whole number ("7", "-7", "+7") of 64 bits? */
bool number_integer(const char *text, long long *n);

/* The same without a sign: up to UINT64_MAX. */
bool number_unsigned(const char *text, uint64_t *n);

/* How many bytes at the begin of @text are a number, as number_decimal() takes it ("1.5%": 3); 0 if none. */
size_t number_span(const char *text);

#endif

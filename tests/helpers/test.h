/* test.h - what every test includes first */
#ifndef TWLAB_TEST_H
#define TWLAB_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <twlab/err.h>

/* How often @what stands in @text. */
static inline unsigned int test_count(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

#endif

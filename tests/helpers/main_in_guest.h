/* main_in_guest.h - tests of which some need a guest */
#ifndef TWLAB_TESTS_INSIDE_H
#define TWLAB_TESTS_INSIDE_H

#include "tests/helpers/in_guest.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Run @tests in a guest, with the files @paths; where there is no QEMU or no kernel, here:
 * those that need one skip themselves then. Returns what main() does.
 */
static inline int in_guest_tests(const struct CMUnitTest *tests, size_t n, const char *const *paths)
{
	struct err err = { 0 };
	int status = -1;

	if (!guest_inside()) {
		status = in_guest_run(NULL, paths, &err);
		if (status < 0)
			print_message("no guest: %s\n", err.text);
	}
	return status < 0 ? _cmocka_run_group_tests("tests", tests, n, NULL, NULL) : status;
}

#endif

/* guest.h - tests that start guests
 *
 * What is of no use without one is skipped where there can be none. A guest that
 * there should be and that fails is a failure.
 */
#ifndef TWLAB_TESTS_GUEST_H
#define TWLAB_TESTS_GUEST_H

#include "harness/vm/vm.h"

#include <errno.h>

static inline void guest_needed(void)
{
	struct err err = { 0 };
	int code = vm_prepare(NULL, NULL, &err);

	if (code && code != -ENOENT && code != -ENOTSUP)	/* no kernel, no QEMU */
		fail_msg("%s", err.text);
	if (code) {
		print_message("no guest: %s\n", err.text);
		skip();
	}
}

#endif

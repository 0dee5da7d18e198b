/* in_guest.h - run this very program once more, inside a guest
 *
 * For tests that need namespaces, queues and much time: outside they call
 * in_guest_run(), inside they do their work.
 */
#ifndef TWLAB_IN_GUEST_H
#define TWLAB_IN_GUEST_H

#include <twlab/err.h>
#include "harness/util/guest.h"

/* Run this program (/proc/self/exe) with @args in a guest and pass on what it
 * prints. @paths are files, relative to the current folder, that it finds there
 * under the same paths; both lists end in NULL and may be NULL. Returns its exit
 * status (128 + N for signal N), or 1 where the guest could not be started, hung or
 * died, which it says. Negative with @err where there can be none at all: no QEMU
 * (-ENOTSUP), no such kernel (-ENOENT).
 */
int in_guest_run(const char *const *args, const char *const *paths, struct err *err);

#endif

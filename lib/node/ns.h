/* ns.h - make, enter and leave network namespaces */
#ifndef TWLAB_NS_H
#define TWLAB_NS_H

#include <twlab/err.h>

#pragma GCC visibility push(default)	/* public */

/* Let a caller who is not root make namespaces: in a user namespace in which it
 * is, with a network that belongs to that. 0 if it is root anyway. Where the
 * system does not allow it, negative.
 */
int ns_be_root(struct err *err);

/* Make a network namespace and return an fd that keeps it alive. The caller
 * stays where it was. On failure returns a negative errno and fills @err.
 */
int ns_new(struct err *err);

/* Enter the namespace @ns. Returns an fd of the one that was left, for
 * ns_leave(); negative errno on failure, and then nothing has changed.
 */
int ns_enter(int ns, struct err *err);

/* Back to @home, which is closed. */
void ns_leave(int home);

#pragma GCC visibility pop

#endif

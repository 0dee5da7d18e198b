/* ns.c - make, enter and leave network namespaces
 *
 * A namespace here is just an open file: it lives while its fd is open, needs
 * no name under /run/netns, and goes when the process that held it does.
 */
#include "lib/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>

#define NS_SELF "/proc/thread-self/ns/net"

int ns_new(struct err *err)
{
	auto_close int home = open(NS_SELF, O_RDONLY | O_CLOEXEC);
	auto_close int ns = -1;

	if (home < 0)
		return err_set(err, errno, "cannot open " NS_SELF);
	if (unshare(CLONE_NEWNET))
		return err_set(err, errno, "cannot make a network namespace");
	ns = open(NS_SELF, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		err_set(err, errno, "cannot open " NS_SELF);
	if (setns(home, CLONE_NEWNET))
		abort();	/* lost: anything done now would hit the wrong host */
	return ns < 0 ? -err->code : steal_fd(&ns);
}

int ns_enter(int ns, struct err *err)
{
	auto_close int home = open(NS_SELF, O_RDONLY | O_CLOEXEC);

	if (home < 0)
		return err_set(err, errno, "cannot open " NS_SELF);
	if (setns(ns, CLONE_NEWNET))
		return err_set(err, errno, "cannot enter a network namespace");
	return steal_fd(&home);
}

void ns_leave(int home)
{
	if (setns(home, CLONE_NEWNET))
		abort();	/* lost, as above */
	close(home);
}

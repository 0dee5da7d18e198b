/* ns.c - make, enter and leave network namespaces
 *
 * A namespace here is just an open file: it lives while its fd is open, needs
 * no name under /run/netns, and goes when the process that held it does.
 */
#include <twlab/ns.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>

#define NS_SELF "/proc/thread-self/ns/net"

static int map(const char *path, const char *line, struct err *err)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		return err_set(err, errno, "cannot write %s", path);
	return 0;
}

int ns_be_root(struct err *err)
{
	unsigned int uid = geteuid(), gid = getegid();
	auto_free char *uids = must_printf("0 %u 1", uid);
	auto_free char *gids = must_printf("0 %u 1", gid);

	if (uid == 0)
		return 0;
	/* and with a network of its own: to that of before, there would be no way back */
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return err_set(err, errno, "cannot make a user namespace");
	/* a group that was taken from somebody could be regained otherwise (user_namespaces(7)) */
	if (map("/proc/self/setgroups", "deny", err) || map("/proc/self/uid_map", uids, err) ||
	    map("/proc/self/gid_map", gids, err))
		return err_code(err);
	return 0;
}

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
	return ns < 0 ? err_code(err) : steal_fd(&ns);
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

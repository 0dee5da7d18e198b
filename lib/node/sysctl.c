/* sysctl.c - settings of one node
 *
 * /proc/sys/net shows the namespace of the task that opens a file there.
 */
#include <twlab/sysctl.h>

#include <twlab/ns.h>

#include <errno.h>
#include <fcntl.h>

static char *path_of(const char *key)
{
	char *path = must_printf("/proc/sys/%s", key);

	for (char *dot = path + strlen("/proc/sys/"); *dot; dot++)
		if (*dot == '.')
			*dot = '/';
	return path;
}

static int open_in(int ns, const char *path, int flags, struct err *err)
{
	int home = ns_enter(ns, err);
	int fd, code;

	if (home < 0)
		return home;
	fd = open(path, flags | O_CLOEXEC);
	code = errno;
	ns_leave(home);
	return fd < 0 ? -code : fd;
}

int sysctl_set(int ns, const char *key, const char *value, struct err *err)
{
	auto_free char *path = path_of(key);
	auto_close int fd = open_in(ns, path, O_WRONLY, err);

	if (fd < 0)
		return err_set(err, -fd, "cannot set %s", key);
	if (write(fd, value, strlen(value)) < 0)
		return err_set(err, errno, "cannot set %s=%s", key, value);
	return 0;
}

char *sysctl_get(int ns, const char *key, struct err *err)
{
	auto_free char *path = path_of(key);
	auto_close int fd = open_in(ns, path, O_RDONLY, err);
	char value[512];
	ssize_t len;

	if (fd < 0) {
		err_set(err, -fd, "cannot read %s", key);
		return NULL;
	}
	len = read(fd, value, sizeof(value) - 1);
	if (len < 0) {
		err_set(err, errno, "cannot read %s", key);
		return NULL;
	}
	value[len] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return must_strdup(value);
}

enum sysctl_place sysctl_place(int ns, const char *key)
{
	auto_free char *path = path_of(key);
	auto_close int each = open_in(ns, path, O_RDONLY, NULL);

	return each >= 0 ? SYSCTL_EACH : !access(path, F_OK) ? SYSCTL_FIRST : SYSCTL_NOWHERE;
}

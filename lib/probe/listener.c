/* listener.c - how far a SYN gets: to a listening socket, and past cookies */
#include <twlab/listener.h>

#include <errno.h>
#include <fcntl.h>

#define COUNT_MS 10	/* how long a count is good */

struct listener {
	int timestamps, cookies;	/* fds of sysctls, to be read again and again */
	uint16_t port;			/* whose half-open connections were counted */
	int64_t counted_ms;
	unsigned int half_open;
};

/* A sysctl file stays that of the namespace in which it was opened. */
static int open_sysctl(const char *name, struct err *err)
{
	auto_free char *path = must_printf("/proc/sys/net/ipv4/%s", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_set(err, errno, "cannot read %s", path) : fd;
}

static int sysctl_value(int fd)
{
	char text[16] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? atoi(text) : 0;
}

struct listener *listener_open(struct err *err)
{
	struct listener *listener = must_calloc(1, sizeof(*listener));

	listener->timestamps = open_sysctl("tcp_timestamps", err);
	listener->cookies = open_sysctl("tcp_syncookies", err);
	if (listener->timestamps >= 0 && listener->cookies >= 0)
		return listener;
	listener_close(listener);
	return NULL;
}

void listener_close(struct listener *listener)
{
	if (!listener)
		return;
	base_close_(&listener->timestamps);
	base_close_(&listener->cookies);
	free(listener);
}

bool listener_reads_timestamps(const struct listener *listener)
{
	return sysctl_value(listener->timestamps) != 0;
}

/* inet_csk_reqsk_queue_is_full, as in 4.9: at the backlog, not beyond it */
static bool nfqueue_is_full(struct listener *listener, struct sockdiag *diag,
			    const struct socket_seen *seen, int64_t now_ms)
{
	const struct endpoint local = seen->local;
	const uint32_t backlog = seen->backlog;
	const struct socket_seen *all;
	struct err err = { 0 };
	int n;

	if (listener->port == local.port && now_ms - listener->counted_ms < COUNT_MS)
		return listener->half_open >= backlog;
	n = sockdiag_dump(diag, local.family, &all, &err);
	listener->counted_ms = now_ms;
	listener->port = local.port;
	listener->half_open = 0;
	for (int i = 0; i < n; i++)
		listener->half_open += all[i].state == STATE_SYN_RECV && all[i].local.port == local.port;
	return listener->half_open >= backlog;
}

bool listener_judges(struct listener *listener, struct sockdiag *diag, const struct packet *syn,
		     int64_t now_ms)
{
	struct socket_seen seen;
	struct err err = { 0 };
	int cookies = sysctl_value(listener->cookies);

	if (sockdiag_find(diag, &syn->dst, &syn->src, &seen, &err) != 1 || seen.state != STATE_LISTEN)
		return false;
	return !cookies || (cookies == 1 && !nfqueue_is_full(listener, diag, &seen, now_ms));
}

/* client.c - connects and closes first, as often as it is told to
 *
 *	client ADDRESS PORT
 *
 * Lines on standard input:
 *
 *	connect NAME		try it once; print NAME=connected, or NAME= and the error
 *	connect NAME MS		the same; close MS milliseconds after a full second of the
 *				monotonic clock
 *	until NAME		try it until it comes about, for 1.5 s a hundred times a
 *				second, then once, and from 59 s on four times; print
 *				NAME_ms= and the time since the last close()
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct addrinfo *server;
static long closed_ms;

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

static void wait_ms(long ms)
{
	const struct timespec pause = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&pause, NULL);
}

/* Connect and close, @ms after a full second (at once, if negative). Returns 0,
 * or errno.
 */
static int try(int ms)
{
	int conn = socket(server->ai_family, SOCK_STREAM, 0), code = 0;

	if (conn < 0) {
		perror("socket");
		exit(1);
	}
	if (connect(conn, server->ai_addr, server->ai_addrlen))
		code = errno;
	else if (ms >= 0)
		wait_ms(1000 + ms - now_ms() % 1000);
	close(conn);				/* our FIN */
	if (!code)
		closed_ms = now_ms();
	return code;
}

int main(int argc, char **argv)
{
	const struct addrinfo how = { .ai_socktype = SOCK_STREAM };
	char line[128], name[64];
	int ms, code;

	if (argc != 3 || getaddrinfo(argv[1], argv[2], &how, &server)) {
		fprintf(stderr, "usage: client ADDRESS PORT\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);

	while (ms = -1, fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "connect %63s %d", name, &ms) >= 1) {
			code = try(ms);
			printf("%s=%s\n", name, code ? strerrorname_np(code) : "connected");
		} else if (sscanf(line, "until %63s", name) == 1) {
			long since_ms = closed_ms;

			while (try(-1)) {
				long age_ms = now_ms() - since_ms;

				wait_ms(age_ms < 1500 ? 10 : age_ms < 59000 ? 1000 : 250);
			}
			printf("%s_ms=%ld\n", name, closed_ms - since_ms);
		}
	}
	return 0;
}

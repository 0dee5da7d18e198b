/* restart.c - a server that closes first, ends, and is started again
 *
 *	restart PORT OLD
 *
 * OLD says whether it has SO_REUSEADDR the first time (1) or not (0). The second
 * time, after a line on standard input, it tries both. Last it tries without, four
 * times a second, until the port is free.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct addrinfo *here;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

/* A listener on the port, or -1 and errno as bind() left it. */
static int listener_new(int reuse)
{
	int listener = socket(here->ai_family, SOCK_STREAM, 0);

	if (listener < 0)
		die("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
	if (!bind(listener, here->ai_addr, here->ai_addrlen)) {
		if (listen(listener, 5))
			die("listen");
		return listener;
	}
	close(listener);	/* which leaves errno alone */
	return -1;
}

int main(int argc, char **argv)
{
	const struct addrinfo how = { .ai_flags = AI_PASSIVE | AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM };
	const struct timespec pause = { .tv_nsec = 250000000 };
	char line[256];
	int listener, conn, old;
	long closed_ms;

	if (argc != 3 || getaddrinfo(NULL, argv[1], &how, &here)) {
		fprintf(stderr, "usage: restart PORT OLD\n");
		return 2;
	}
	old = atoi(argv[2]);
	setvbuf(stdout, NULL, _IOLBF, 0);

	listener = listener_new(old);
	if (listener < 0)
		die("bind");
	printf("listening=1\n");
	conn = accept(listener, NULL, NULL);
	if (conn < 0 || read(conn, line, sizeof(line)) <= 0)
		die("accept");
	close(listener);
	close(conn);				/* the server's FIN comes first */
	closed_ms = now_ms();

	if (!fgets(line, sizeof(line), stdin))	/* wait for the word */
		return 1;
	for (int new = 0; new <= 1; new++) {
		listener = listener_new(new);
		printf("old%d.new%d=%s\n", old, new, listener < 0 ? strerrorname_np(errno) : "bound");
		if (listener >= 0)
			close(listener);
	}
	while ((listener = listener_new(0)) < 0)
		nanosleep(&pause, NULL);
	printf("old%d.free_ms=%ld\n", old, now_ms() - closed_ms);
	return 0;
}

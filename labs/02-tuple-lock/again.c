/* again.c - a client that closes first, and wants the same connection again
 *
 *	again ADDRESS PORT BOUND
 *
 * It makes two connections to PORT and closes them: one from whatever port the
 * kernel chooses (the lab leaves it a single one), one from the port BOUND, which
 * it asks for with bind(). After a line on standard input it tries what is possible
 * now. Last it tries the first connection, four times a second, until it comes about.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *server;

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

/* The address of @port: the server's, or, of the same @family, any of our own. */
static struct addrinfo *address(const char *host, int port, int family)
{
	const struct addrinfo how = {
		.ai_flags = host ? 0 : AI_PASSIVE, .ai_family = family, .ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found;
	char text[16];

	snprintf(text, sizeof(text), "%d", port);
	if (getaddrinfo(host, text, &how, &found))
		die(host);
	return found;
}

/* Connect to @port, from port @from (0: the kernel's choice) with or without
 * SO_REUSEADDR, and close. Returns what became of it.
 */
static const char *try(int port, int from, int reuse)
{
	struct addrinfo *there = address(server, port, AF_UNSPEC);
	struct addrinfo *here = address(NULL, from, there->ai_family);
	int conn = socket(there->ai_family, SOCK_STREAM, 0);
	static char text[64];

	if (conn < 0)
		die("socket");
	setsockopt(conn, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
	if (from && bind(conn, here->ai_addr, here->ai_addrlen))
		snprintf(text, sizeof(text), "bind: %s", strerrorname_np(errno));
	else if (connect(conn, there->ai_addr, there->ai_addrlen))
		snprintf(text, sizeof(text), "connect: %s", strerrorname_np(errno));
	else
		strcpy(text, "connected");
	close(conn);				/* our FIN comes first */
	freeaddrinfo(there);
	freeaddrinfo(here);
	return text;
}

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = 250000000 };
	int port, bound;
	char line[256];
	long closed_ms;

	if (argc != 4) {
		fprintf(stderr, "usage: again ADDRESS PORT BOUND\n");
		return 2;
	}
	server = argv[1];
	port = atoi(argv[2]);
	bound = atoi(argv[3]);
	setvbuf(stdout, NULL, _IOLBF, 0);

	printf("first=%s\n", try(port, 0, 0));
	closed_ms = now_ms();
	printf("first_bound=%s\n", try(port, bound, 1));

	if (!fgets(line, sizeof(line), stdin))	/* wait for the word */
		return 1;
	printf("same=%s\n", try(port, 0, 0));
	printf("same_bound=%s\n", try(port, bound, 0));
	printf("same_bound_reuse=%s\n", try(port, bound, 1));
	printf("other_port=%s\n", try(port + 1, 0, 0));
	while (strcmp(try(port, 0, 0), "connected"))
		nanosleep(&pause, NULL);
	printf("same.free_ms=%ld\n", now_ms() - closed_ms);
	return 0;
}

/* server.c - answers questions, one connection after the other
 *
 *	server PORT TARGETS first|second
 *
 * Listens at PORT and the ports after it, TARGETS in all. "first" closes as soon
 * as it has answered, "second" when the client has closed. A line on standard
 * input is the word to end, and to say how it went.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 16

static int served, resets;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int listen_at(int port)
{
	const struct addrinfo how = { .ai_flags = AI_PASSIVE | AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM };
	struct addrinfo *here;
	int listener, on = 1;
	char text[16];

	snprintf(text, sizeof(text), "%d", port);
	if (getaddrinfo(NULL, text, &how, &here))
		die("PORT");
	listener = socket(here->ai_family, SOCK_STREAM, 0);
	if (listener < 0)
		die("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, here->ai_addr, here->ai_addrlen) || listen(listener, 64))
		die("listen");
	freeaddrinfo(here);
	return listener;
}

static void serve(int conn, int first)
{
	char line[256];
	ssize_t len = read(conn, line, sizeof(line));

	if (len > 0 && write(conn, line, (size_t)len) != len)
		perror("write");
	while (!first && (len = read(conn, line, sizeof(line))) > 0)
		continue;			/* until the client has closed */
	served++;
	resets += len < 0 && errno == ECONNRESET;
	close(conn);
}

int main(int argc, char **argv)
{
	struct pollfd fds[1 + MOST] = { { .fd = STDIN_FILENO, .events = POLLIN } };
	int n;

	if (argc != 4 || (n = atoi(argv[2])) < 1 || n > MOST) {
		fprintf(stderr, "usage: server PORT TARGETS first|second\n");
		return 2;
	}
	for (int i = 0; i < n; i++)
		fds[1 + i] = (struct pollfd){ .fd = listen_at(atoi(argv[1]) + i), .events = POLLIN };

	while (poll(fds, (nfds_t)(1 + n), -1) >= 0 && !fds[0].revents)
		for (int i = 1; i <= n; i++)
			if (fds[i].revents)
				serve(accept(fds[i].fd, NULL, NULL), !strcmp(argv[3], "first"));
	printf("served=%d\nresets=%d\n", served, resets);
	return 0;
}

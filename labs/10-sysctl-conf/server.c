/* server.c - answers questions, one connection after the other
 *
 *	server PORT serve|hold
 *
 * "serve" closes when the client has closed; "hold" never does. A line on standard
 * input is the word to end. The backlog is 8, and so is the SYN queue.
 */
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void serve(int conn, int hold)
{
	char line[256];
	ssize_t len = read(conn, line, sizeof(line));

	if (len > 0 && write(conn, line, (size_t)len) != len)
		perror("write");
	if (hold)
		return;
	while (read(conn, line, sizeof(line)) > 0)
		continue;
	close(conn);
}

int main(int argc, char **argv)
{
	const struct addrinfo how = { .ai_flags = AI_PASSIVE | AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM };
	struct addrinfo *here;
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };
	int on = 1;

	if (argc != 3 || getaddrinfo(NULL, argv[1], &how, &here)) {
		fprintf(stderr, "usage: server PORT serve|hold\n");
		return 2;
	}

	fds[1].fd = socket(here->ai_family, SOCK_STREAM, 0);
	if (fds[1].fd < 0)
		die("socket");
	setsockopt(fds[1].fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fds[1].fd, here->ai_addr, here->ai_addrlen) || listen(fds[1].fd, 8))
		die("listen");
	while (poll(fds, 2, -1) > 0 && !fds[0].revents)
		serve(accept(fds[1].fd, NULL, NULL), !strcmp(argv[2], "hold"));
	return 0;
}

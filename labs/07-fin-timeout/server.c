/* server.c - takes connections and keeps them open, until it is told to close
 *
 *	server PORT
 *
 * A line on standard input is the word to close those there are, one after the
 * other in the order in which they came.
 */
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

int main(int argc, char **argv)
{
	const struct addrinfo how = { .ai_flags = AI_PASSIVE | AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM };
	struct addrinfo *here;
	struct pollfd polls[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };
	int listener, conns[64], n = 0, on = 1;
	char line[256];

	if (argc != 2 || getaddrinfo(NULL, argv[1], &how, &here)) {
		fprintf(stderr, "usage: server PORT\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);

	polls[1].fd = listener = socket(here->ai_family, SOCK_STREAM, 0);
	if (listener < 0)
		die("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, here->ai_addr, here->ai_addrlen) || listen(listener, 5))
		die("listen");

	while (poll(polls, 2, -1) > 0) {
		if (polls[1].revents && n < 64) {
			conns[n] = accept(listener, NULL, NULL);
			if (conns[n++] < 0)
				die("accept");
		}
		if (!polls[0].revents)
			continue;
		if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
			break;
		for (int i = 0; i < n; i++)
			close(conns[i]);		/* the server's FIN */
		printf("closed=%d\n", n);
		n = 0;
	}
	return 0;
}

/* server.c - takes connections and closes them, first or last
 *
 *	server PORT first|last
 *
 * It never ends by itself.
 */
#include <netdb.h>
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

int main(int argc, char **argv)
{
	const struct addrinfo how = { .ai_flags = AI_PASSIVE | AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM };
	struct addrinfo *here;
	char line[256];
	int listener, conn, last, on = 1;

	if (argc != 3 || (strcmp(argv[2], "first") && strcmp(argv[2], "last")) || getaddrinfo(NULL, argv[1], &how, &here)) {
		fprintf(stderr, "usage: server PORT first|last\n");
		return 2;
	}
	last = !strcmp(argv[2], "last");

	listener = socket(here->ai_family, SOCK_STREAM, 0);
	if (listener < 0)
		die("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, here->ai_addr, here->ai_addrlen) || listen(listener, 100))
		die("listen");

	while ((conn = accept(listener, NULL, NULL)) >= 0) {
		if (!last && read(conn, line, sizeof(line)) < 0)
			die("read");
		while (last && read(conn, line, sizeof(line)) > 0)
			continue;		/* until the client's FIN */
		close(conn);
	}
	die("accept");
}

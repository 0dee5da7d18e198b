/* server.c - takes one connection after the other, and closes when its client has
 *
 *	server PORT
 *
 * It never ends by itself.
 */
#include <netdb.h>
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
	char line[256];
	int listener, conn, on = 1;

	if (argc != 2 || getaddrinfo(NULL, argv[1], &how, &here)) {
		fprintf(stderr, "usage: server PORT\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);

	listener = socket(here->ai_family, SOCK_STREAM, 0);
	if (listener < 0)
		die("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, here->ai_addr, here->ai_addrlen) || listen(listener, 5))
		die("listen");
	printf("listening=1\n");

	while ((conn = accept(listener, NULL, NULL)) >= 0) {
		while (read(conn, line, sizeof(line)) > 0)
			continue;		/* until the client's FIN */
		close(conn);
	}
	die("accept");
}

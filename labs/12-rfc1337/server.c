/* server.c - answers a line, and closes when the client has
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
	ssize_t len;

	if (argc != 2 || getaddrinfo(NULL, argv[1], &how, &here)) {
		fprintf(stderr, "usage: server PORT\n");
		return 2;
	}

	listener = socket(here->ai_family, SOCK_STREAM, 0);
	if (listener < 0)
		die("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, here->ai_addr, here->ai_addrlen) || listen(listener, 5))
		die("listen");

	while ((conn = accept(listener, NULL, NULL)) >= 0) {
		while ((len = read(conn, line, sizeof(line))) > 0)
			if (write(conn, line, (size_t)len) != len)
				die("write");
		close(conn);			/* the client's FIN has come */
	}
	die("accept");
}

/* server.c - answers one question a connection, and closes first
 *
 *	server PORT HOW-MANY now|told
 *
 * "now": its FIN follows the reply. "told": it waits for a line on standard input.
 * Either way only its own direction is closed, and it stays to read the client's FIN.
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
	int listener, conn, on = 1;
	ssize_t len;

	if (argc != 4 || getaddrinfo(NULL, argv[1], &how, &here)) {
		fprintf(stderr, "usage: server PORT HOW-MANY now|told\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);

	listener = socket(here->ai_family, SOCK_STREAM, 0);
	if (listener < 0)
		die("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, here->ai_addr, here->ai_addrlen) || listen(listener, 5))
		die("listen");

	for (int n = 1; n <= atoi(argv[2]); n++) {
		conn = accept(listener, NULL, NULL);
		if (conn < 0)
			die("accept");
		len = read(conn, line, sizeof(line));
		if (len > 0 && write(conn, line, (size_t)len) != len)
			perror("write");
		if (!strcmp(argv[3], "told") && !fgets(line, sizeof(line), stdin))
			return 1;
		shutdown(conn, SHUT_WR);		/* our FIN */
		len = read(conn, line, sizeof(line));
		printf("end%d=%zd\n", n, len);		/* 0: theirs */
		close(conn);
	}
	return 0;
}

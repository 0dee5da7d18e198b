/* visitor.c - one connection after the other, each from a port of its own
 *
 *	visitor ADDRESS PORT FIRST-PORT HOW-MANY
 *
 * The server closes first.
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

/* A socket for a connection to @server, from the port @port. */
static int bound_to(int port, const struct addrinfo *server)
{
	const struct addrinfo how = {
		.ai_flags = AI_PASSIVE, .ai_family = server->ai_family, .ai_socktype = SOCK_STREAM,
	};
	int conn = socket(server->ai_family, SOCK_STREAM, 0);
	struct addrinfo *here = NULL;
	char text[16];

	snprintf(text, sizeof(text), "%d", port);
	if (conn < 0 || getaddrinfo(NULL, text, &how, &here) || bind(conn, here->ai_addr, here->ai_addrlen))
		die("bind");
	freeaddrinfo(here);
	return conn;
}

int main(int argc, char **argv)
{
	const struct addrinfo how = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *server;
	char line[256];
	int conn;

	if (argc != 5 || getaddrinfo(argv[1], argv[2], &how, &server)) {
		fprintf(stderr, "usage: visitor ADDRESS PORT FIRST-PORT HOW-MANY\n");
		return 2;
	}

	for (int i = 0; i < atoi(argv[4]); i++) {
		conn = bound_to(atoi(argv[3]) + i, server);
		if (connect(conn, server->ai_addr, server->ai_addrlen))
			die("connect");
		if (dprintf(conn, "%s\n", getenv("HELLO") ? getenv("HELLO") : "hello") < 0)
			die("write");
		while (read(conn, line, sizeof(line)) > 0)
			continue;		/* until the server's FIN */
		close(conn);
	}
	return 0;
}

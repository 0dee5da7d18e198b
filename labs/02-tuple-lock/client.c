/* client.c - asks one question, and closes after the server has
 *
 *	client ADDRESS PORT
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
	const struct addrinfo how = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *server;
	char line[256];
	int conn;

	if (argc != 3 || getaddrinfo(argv[1], argv[2], &how, &server)) {
		fprintf(stderr, "usage: client ADDRESS PORT\n");
		return 2;
	}

	conn = socket(server->ai_family, SOCK_STREAM, 0);
	if (conn < 0)
		die("socket");
	if (connect(conn, server->ai_addr, server->ai_addrlen))
		die("connect");
	if (write(conn, "hello\n", 6) != 6)
		die("write");
	while (read(conn, line, sizeof(line)) > 0)
		continue;			/* the reply, then the server's FIN */
	close(conn);				/* our FIN */
	return 0;
}

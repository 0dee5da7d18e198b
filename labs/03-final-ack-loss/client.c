/* client.c - asks one question, closes its direction first, reads to the end
 *
 *	client ADDRESS PORT
 *
 * A line on standard input is the word to close. shutdown() sends the FIN and
 * keeps the descriptor, so the socket stays a whole one in FIN_WAIT_2.
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
	ssize_t len;
	int conn;

	if (argc != 3 || getaddrinfo(argv[1], argv[2], &how, &server)) {
		fprintf(stderr, "usage: client ADDRESS PORT\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);

	conn = socket(server->ai_family, SOCK_STREAM, 0);
	if (conn < 0)
		die("socket");
	if (connect(conn, server->ai_addr, server->ai_addrlen))
		die("connect");
	if (dprintf(conn, "%s\n", getenv("HELLO") ? getenv("HELLO") : "hello") < 0)
		die("write");
	len = read(conn, line, sizeof(line));
	if (len < 0)
		die("read");
	printf("reply=%zd\n", len);

	if (!fgets(line, sizeof(line), stdin))		/* wait for the word */
		return 1;
	if (shutdown(conn, SHUT_WR))			/* our FIN */
		die("shutdown");
	while ((len = read(conn, line, sizeof(line))) > 0)
		continue;
	printf("end=%zd\n", len);			/* 0: their FIN */
	close(conn);
	return 0;
}

/* client.c - makes a connection and ends its own direction, as often as it is told to
 *
 *	client ADDRESS PORT close|shutdown [SECONDS]
 *
 * A line on standard input is the word to make the next one. After close() nobody
 * holds the socket any more: it is an orphan. After shutdown() this program does,
 * and can go on reading. (SECONDS is for a client that sets a limit of its own: this
 * one does not.)
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
	const struct addrinfo how = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *server;
	char line[256];
	int conn, holds, done = 0;

	if (argc < 4 || getaddrinfo(argv[1], argv[2], &how, &server) ||
	    (strcmp(argv[3], "close") && strcmp(argv[3], "shutdown"))) {
		fprintf(stderr, "usage: client ADDRESS PORT close|shutdown [SECONDS]\n");
		return 2;
	}
	holds = !strcmp(argv[3], "shutdown");
	setvbuf(stdout, NULL, _IOLBF, 0);

	while (fgets(line, sizeof(line), stdin)) {
		conn = socket(server->ai_family, SOCK_STREAM, 0);
		if (conn < 0)
			die("socket");
		if (connect(conn, server->ai_addr, server->ai_addrlen))
			die("connect");
		if (holds ? shutdown(conn, SHUT_WR) : close(conn))	/* our FIN */
			die(argv[3]);
		printf("finished=%d\n", ++done);
	}
	return 0;
}

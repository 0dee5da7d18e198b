/* client.c - makes a connection and ends its own direction, as often as it is told to
 *
 *	client ADDRESS PORT close|shutdown [SECONDS]
 *
 * A line on standard input is the word to make the next one. After close() nobody
 * holds the socket any more: it is an orphan. After shutdown() this program does,
 * and can go on reading. (SECONDS is for a client that sets a limit of its own: this
 * one does not.)
 */
#include <arpa/inet.h>
#include <netinet/in.h>
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
	struct sockaddr_in addr = { .sin_family = AF_INET };
	char line[256];
	int conn, holds, done = 0;

	if (argc < 4 || inet_pton(AF_INET, argv[1], &addr.sin_addr) != 1 ||
	    (strcmp(argv[3], "close") && strcmp(argv[3], "shutdown"))) {
		fprintf(stderr, "usage: client ADDRESS PORT close|shutdown [SECONDS]\n");
		return 2;
	}
	addr.sin_port = htons((unsigned short)atoi(argv[2]));
	holds = !strcmp(argv[3], "shutdown");
	setvbuf(stdout, NULL, _IOLBF, 0);

	while (fgets(line, sizeof(line), stdin)) {
		conn = socket(AF_INET, SOCK_STREAM, 0);
		if (conn < 0)
			die("socket");
		if (connect(conn, (struct sockaddr *)&addr, sizeof(addr)))
			die("connect");
		if (holds ? shutdown(conn, SHUT_WR) : close(conn))	/* our FIN */
			die(argv[3]);
		printf("finished=%d\n", ++done);
	}
	return 0;
}

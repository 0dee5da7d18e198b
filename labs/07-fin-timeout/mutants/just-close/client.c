/* client.c - makes a connection and closes it, as often as it is told to
 *
 *	client ADDRESS PORT close SECONDS
 *
 * A line on standard input is the word to make the next one. After close() nobody
 * holds the socket any more: it is an orphan, to be given up after SECONDS.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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
	int conn, seconds, done = 0;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &addr.sin_addr) != 1) {
		fprintf(stderr, "usage: client ADDRESS PORT close SECONDS\n");
		return 2;
	}
	addr.sin_port = htons((unsigned short)atoi(argv[2]));
	seconds = atoi(argv[4]);
	setvbuf(stdout, NULL, _IOLBF, 0);

	while (fgets(line, sizeof(line), stdin)) {
		conn = socket(AF_INET, SOCK_STREAM, 0);
		if (conn < 0)
			die("socket");
		(void)seconds;
		if (connect(conn, (struct sockaddr *)&addr, sizeof(addr)))
			die("connect");
		if (close(conn))		/* our FIN */
			die("close");
		printf("finished=%d\n", ++done);
	}
	return 0;
}

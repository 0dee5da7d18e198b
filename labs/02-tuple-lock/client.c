/* client.c - asks one question, and closes after the server has
 *
 *	client ADDRESS PORT
 */
#include <arpa/inet.h>
#include <netinet/in.h>
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
	struct sockaddr_in addr = { .sin_family = AF_INET };
	char line[256];
	int conn;

	if (argc != 3 || inet_pton(AF_INET, argv[1], &addr.sin_addr) != 1) {
		fprintf(stderr, "usage: client ADDRESS PORT\n");
		return 2;
	}
	addr.sin_port = htons((unsigned short)atoi(argv[2]));

	conn = socket(AF_INET, SOCK_STREAM, 0);
	if (conn < 0)
		die("socket");
	if (connect(conn, (struct sockaddr *)&addr, sizeof(addr)))
		die("connect");
	if (write(conn, "hello\n", 6) != 6)
		die("write");
	while (read(conn, line, sizeof(line)) > 0)
		continue;			/* the reply, then the server's FIN */
	close(conn);				/* our FIN */
	return 0;
}

/* client.c - one connection after the other, each from a port of its own; closes first
 *
 *	client ADDRESS PORT FIRST-PORT HOW-MANY
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
	struct sockaddr_in local = { .sin_family = AF_INET }, addr = { .sin_family = AF_INET };
	char line[256];
	int conn;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &addr.sin_addr) != 1) {
		fprintf(stderr, "usage: client ADDRESS PORT FIRST-PORT HOW-MANY\n");
		return 2;
	}
	addr.sin_port = htons((unsigned short)atoi(argv[2]));

	for (int i = 0; i < atoi(argv[4]); i++) {
		local.sin_port = htons((unsigned short)(atoi(argv[3]) + i));
		conn = socket(AF_INET, SOCK_STREAM, 0);
		if (conn < 0)
			die("socket");
		if (bind(conn, (struct sockaddr *)&local, sizeof(local)))
			die("bind");
		if (connect(conn, (struct sockaddr *)&addr, sizeof(addr)))
			die("connect");
		if (write(conn, "hello\n", 6) != 6)
			die("write");
		if (read(conn, line, sizeof(line)) <= 0)
			die("read");
		close(conn);			/* our FIN comes first */
	}
	return 0;
}

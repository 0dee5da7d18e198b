/* server.c - answers one question a connection, and closes first
 *
 *	server PORT HOW-MANY now|told
 *
 * "now": its FIN follows the reply. "told": it waits for a line on standard input.
 * Either way only its own direction is closed, and it stays to read the client's FIN.
 */
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
	int listener, conn, on = 1;
	ssize_t len;

	if (argc != 4) {
		fprintf(stderr, "usage: server PORT HOW-MANY now|told\n");
		return 2;
	}
	addr.sin_port = htons((unsigned short)atoi(argv[1]));
	setvbuf(stdout, NULL, _IOLBF, 0);

	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0)
		die("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) || listen(listener, 5))
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

/* daemon.c - a server that answers a line and closes first, one client after the other
 *
 *	daemon PORT
 */
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
	int listener, conn;
	ssize_t len;

	if (argc != 2) {
		fprintf(stderr, "usage: daemon PORT\n");
		return 2;
	}
	addr.sin_port = htons((unsigned short)atoi(argv[1]));

	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0)
		die("socket");
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) || listen(listener, 5))
		die("bind");

	while ((conn = accept(listener, NULL, NULL)) >= 0) {
		const struct linger now = { 1, 0 };

		len = read(conn, line, sizeof(line));
		if (len > 0 && write(conn, line, (size_t)len) != len)
			perror("write");
		if (setsockopt(conn, SOL_SOCKET, SO_LINGER, &now, sizeof(now)))
			die("SO_LINGER");
		close(conn);
	}
	die("accept");
	return 1;
}

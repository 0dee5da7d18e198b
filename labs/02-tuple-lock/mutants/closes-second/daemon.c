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
	int listener, conn, on = 1;
	ssize_t len;

	if (argc != 2) {
		fprintf(stderr, "usage: daemon PORT\n");
		return 2;
	}
	addr.sin_port = htons((unsigned short)atoi(argv[1]));

	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0)
		die("socket");
	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		die("SO_REUSEADDR");
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) || listen(listener, 5))
		die("bind");

	while ((conn = accept(listener, NULL, NULL)) >= 0) {
		while ((len = read(conn, line, sizeof(line))) > 0)
			if (write(conn, line, (size_t)len) != len)
				perror("write");
		close(conn);
	}
	die("accept");
	return 1;
}

/* server.c - answers a line, and closes when the client has
 *
 *	server PORT
 *
 * It never ends by itself.
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
		fprintf(stderr, "usage: server PORT\n");
		return 2;
	}
	addr.sin_port = htons((unsigned short)atoi(argv[1]));

	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0)
		die("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) || listen(listener, 5))
		die("listen");

	while ((conn = accept(listener, NULL, NULL)) >= 0) {
		while ((len = read(conn, line, sizeof(line))) > 0)
			if (write(conn, line, (size_t)len) != len)
				die("write");
		close(conn);			/* the client's FIN has come */
	}
	die("accept");
}

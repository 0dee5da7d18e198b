/* server.c - takes connections and closes them, first or last
 *
 *	server PORT first|last
 *
 * It never ends by itself.
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
	int listener, conn, last, on = 1;

	if (argc != 3 || (strcmp(argv[2], "first") && strcmp(argv[2], "last"))) {
		fprintf(stderr, "usage: server PORT first|last\n");
		return 2;
	}
	addr.sin_port = htons((unsigned short)atoi(argv[1]));
	last = !strcmp(argv[2], "last");

	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0)
		die("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) || listen(listener, 100))
		die("listen");

	while ((conn = accept(listener, NULL, NULL)) >= 0) {
		if (!last && read(conn, line, sizeof(line)) < 0)
			die("read");
		while (last && read(conn, line, sizeof(line)) > 0)
			continue;		/* until the client's FIN */
		close(conn);
	}
	die("accept");
}

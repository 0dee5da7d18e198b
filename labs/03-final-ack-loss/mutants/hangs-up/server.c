/* server.c - answers a line, then closes second
 *
 *	server PORT hold
 *
 * After its answer it waits for a line on standard input: that is the word to
 * close.
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

	if (argc < 2) {
		fprintf(stderr, "usage: server PORT hold\n");
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
	conn = accept(listener, NULL, NULL);
	if (conn < 0)
		die("accept");
	close(listener);

	len = read(conn, line, sizeof(line));
	if (len < 0)
		die("read");
	printf("read=%zd\n", len);
	close(conn);
	return 0;
}

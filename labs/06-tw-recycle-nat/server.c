/* server.c - answers a line and closes first, so that TIME_WAIT is on its side
 *
 *	server PORT HOW-MANY
 */
#include <netdb.h>
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
	const struct addrinfo how = { .ai_flags = AI_PASSIVE | AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM };
	struct addrinfo *here;
	char line[256];
	int listener, conn, left, on = 1;
	ssize_t len;

	if (argc != 3 || getaddrinfo(NULL, argv[1], &how, &here)) {
		fprintf(stderr, "usage: server PORT HOW-MANY\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);

	listener = socket(here->ai_family, SOCK_STREAM, 0);
	if (listener < 0)
		die("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, here->ai_addr, here->ai_addrlen) || listen(listener, 256))
		die("listen");

	for (left = atoi(argv[2]); left > 0; left--) {
		conn = accept(listener, NULL, NULL);
		if (conn < 0)
			die("accept");
		len = read(conn, line, sizeof(line));
		if (len > 0 && write(conn, line, (size_t)len) != len)
			perror("write");
		close(conn);			/* the server's FIN comes first */
	}
	printf("served=%s\n", argv[2]);
	return 0;
}

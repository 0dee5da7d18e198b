/* daemon.c - a server that answers a line and closes first, one client after the other
 *
 *	daemon PORT
 *
 * It does not set SO_REUSEADDR. It says what bind() said, and never ends by itself.
 */
#include <errno.h>
#include <netdb.h>
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
	const struct addrinfo how = { .ai_flags = AI_PASSIVE | AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM };
	struct addrinfo *here;
	char line[256];
	int listener, conn;
	ssize_t len;

	if (argc != 2 || getaddrinfo(NULL, argv[1], &how, &here)) {
		fprintf(stderr, "usage: daemon PORT\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);

	listener = socket(here->ai_family, SOCK_STREAM, 0);
	if (listener < 0)
		die("socket");
	if (bind(listener, here->ai_addr, here->ai_addrlen)) {
		printf("bind=%s\n", strerrorname_np(errno));
		return 1;
	}
	printf("bind=0\n");
	if (listen(listener, 5))
		die("listen");

	while ((conn = accept(listener, NULL, NULL)) >= 0) {
		len = read(conn, line, sizeof(line));
		if (len > 0 && write(conn, line, (size_t)len) != len)
			perror("write");
		close(conn);			/* our FIN comes first */
	}
	die("accept");
}

/* server.c - takes one connection, answers one line, closes when it is told to
 *
 *	server PORT
 *
 * A line on standard input is the word to close. What it prints as name=value
 * becomes a fact of the run.
 */
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
	int listener, conn, on = 1;
	ssize_t len;

	if (argc != 2 || getaddrinfo(NULL, argv[1], &how, &here)) {
		fprintf(stderr, "usage: server PORT\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);

	listener = socket(here->ai_family, SOCK_STREAM, 0);
	if (listener < 0)
		die("socket");
	/* so that a restart is not refused while an old TIME_WAIT holds the port */
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, here->ai_addr, here->ai_addrlen) || listen(listener, 5))
		die("listen");
	conn = accept(listener, NULL, NULL);
	if (conn < 0)
		die("accept");
	close(listener);

	len = read(conn, line, sizeof(line));		/* the client's question */
	if (len < 0)
		die("read");
	if (write(conn, line, (size_t)len) != len)	/* is its own answer */
		die("write");

	if (!fgets(line, sizeof(line), stdin))		/* wait for the word */
		return 1;
	if (close(conn))				/* our FIN */
		die("close");
	printf("closed=1\n");
	return 0;
}

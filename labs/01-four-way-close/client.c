/* client.c - asks one question, reads the reply, closes when it is told to
 *
 *	client ADDRESS PORT
 *
 * A line on standard input is the word to close. What it prints as name=value
 * becomes a fact of the run.
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
	const struct addrinfo how = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *server;
	char line[256];
	ssize_t len;
	int conn;

	if (argc != 3 || getaddrinfo(argv[1], argv[2], &how, &server)) {
		fprintf(stderr, "usage: client ADDRESS PORT\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);

	conn = socket(server->ai_family, SOCK_STREAM, 0);
	if (conn < 0)
		die("socket");
	if (connect(conn, server->ai_addr, server->ai_addrlen))
		die("connect");
	if (write(conn, "hello\n", 6) != 6)
		die("write");
	len = read(conn, line, sizeof(line));
	if (len < 0)
		die("read");
	printf("reply=%zd\n", len);

	if (!fgets(line, sizeof(line), stdin))		/* wait for the word */
		return 1;
	if (close(conn))				/* our FIN */
		die("close");
	printf("closed=1\n");
	return 0;
}

/* client.c - asks one question; says how long it took to be let in
 *
 *	client ADDRESS PORT
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

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
	long start;
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
	start = now_ms();
	if (connect(conn, server->ai_addr, server->ai_addrlen)) {
		printf("connect=%s\n", strerrorname_np(errno));
		return 1;
	}
	printf("waited_ms=%ld\n", now_ms() - start);
	if (dprintf(conn, "%s\n", getenv("HELLO") ? getenv("HELLO") : "hello") < 0)
		die("write");
	while ((len = read(conn, line, sizeof(line))) > 0)
		continue;			/* the reply, then the server's FIN */
	printf("end=%zd\n", len);
	close(conn);				/* our FIN */
	return 0;
}

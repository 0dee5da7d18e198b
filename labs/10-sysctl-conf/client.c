/* client.c - the load: each word on standard input is a part of it
 *
 *	client ADDRESS PORT TRIES
 *
 *	orphan	a connection to PORT + 1, closed at once; the server does not close it
 *	burst	TRIES connections to PORT, one each 0.3 s, closed by us; until one fails
 *	one	one connection to PORT, and how long it took
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *server;

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

/* A connection to @port, up to its reply; returns it, or -1 with errno. */
static int ask(int port)
{
	const struct addrinfo how = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *there;
	char line[256];
	int conn, error;

	snprintf(line, sizeof(line), "%d", port);
	if (getaddrinfo(server, line, &how, &there))
		die(server);
	conn = socket(there->ai_family, SOCK_STREAM, 0);
	if (conn < 0)
		die("socket");
	error = connect(conn, there->ai_addr, there->ai_addrlen) ? errno : 0;
	freeaddrinfo(there);
	if (error) {
		close(conn);
		errno = error;
		return -1;
	}
	if (write(conn, "hello\n", 6) != 6 || read(conn, line, sizeof(line)) <= 0)
		die("no reply");
	return conn;
}

/* Our FIN, then theirs. */
static void finish(int conn)
{
	char line[256];

	shutdown(conn, SHUT_WR);
	while (read(conn, line, sizeof(line)) > 0)
		continue;
	close(conn);
}

static void burst(int port, int tries)
{
	const struct timespec pace = { 0, 300 * 1000 * 1000 };
	int n, conn;

	for (n = 0; n < tries && (conn = ask(port)) >= 0; n++) {
		finish(conn);
		nanosleep(&pace, NULL);
	}
	printf("opened=%d\nburst=%s\n", n, n < tries ? strerrorname_np(errno) : "0");
}

static void one(int port)
{
	long start = now_ms();
	int conn = ask(port);

	printf("one_ms=%ld\none=%s\n", now_ms() - start, conn < 0 ? strerrorname_np(errno) : "0");
	if (conn >= 0)
		finish(conn);
}

int main(int argc, char **argv)
{
	char word[64];
	int port;

	if (argc != 4) {
		fprintf(stderr, "usage: client ADDRESS PORT TRIES\n");
		return 2;
	}
	server = argv[1];
	port = atoi(argv[2]);
	setvbuf(stdout, NULL, _IOLBF, 0);

	while (fgets(word, sizeof(word), stdin)) {
		if (!strcmp(word, "orphan\n")) {
			close(ask(port + 1));
			printf("orphan=0\n");
		} else if (!strcmp(word, "burst\n")) {
			burst(port, atoi(argv[3]));
		} else {
			one(port);
		}
	}
	return 0;
}

/* client.c - asks one question from a given port, closes second
 *
 *	client ADDRESS PORT LOCAL-PORT now|told
 *
 * When the server's FIN has come, it sends its own: "now" at once, "told" when a line
 * comes on standard input. It keeps the descriptor until TCP has made an end.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
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

/* Wait until the kernel has done with @conn; return the error it kept for us. */
static int outcome(int conn)
{
	const struct timespec pause = { 0, 100 * 1000 * 1000 };
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	int error;

	while (!getsockopt(conn, IPPROTO_TCP, TCP_INFO, &info, &len) && info.tcpi_state != TCP_CLOSE)
		nanosleep(&pause, NULL);
	len = sizeof(error);
	if (getsockopt(conn, SOL_SOCKET, SO_ERROR, &error, &len))
		die("SO_ERROR");
	return error;
}

int main(int argc, char **argv)
{
	struct addrinfo how = { .ai_socktype = SOCK_STREAM }, *server, *local;
	char line[256];
	long start;
	ssize_t len;
	int conn, error;

	if (argc != 5 || getaddrinfo(argv[1], argv[2], &how, &server)) {
		fprintf(stderr, "usage: client ADDRESS PORT LOCAL-PORT now|told\n");
		return 2;
	}
	how.ai_flags = AI_PASSIVE;
	how.ai_family = server->ai_family;
	if (getaddrinfo(NULL, argv[3], &how, &local))
		die("LOCAL-PORT");
	setvbuf(stdout, NULL, _IOLBF, 0);

	conn = socket(server->ai_family, SOCK_STREAM, 0);
	if (conn < 0 || bind(conn, local->ai_addr, local->ai_addrlen))
		die("bind");
	start = now_ms();
	if (connect(conn, server->ai_addr, server->ai_addrlen)) {
		printf("connect=%s\nwaited_ms=%ld\n", strerrorname_np(errno), now_ms() - start);
		return 1;
	}
	printf("connect=0\nwaited_ms=%ld\n", now_ms() - start);
	if (write(conn, "hello\n", 6) != 6)
		die("write");
	len = read(conn, line, sizeof(line));
	printf("reply=%zd\n", len);
	while ((len = read(conn, line, sizeof(line))) > 0)
		continue;				/* their FIN */
	if (!strcmp(argv[4], "told") && !fgets(line, sizeof(line), stdin))
		return 1;
	shutdown(conn, SHUT_WR);			/* our FIN */
	error = outcome(conn);
	printf("so_error=%s\n", error ? strerrorname_np(error) : "0");
	return 0;
}

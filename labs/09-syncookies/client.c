/* client.c - asks one question; says how long it took to be let in
 *
 *	client ADDRESS PORT MSS
 *
 * MSS is the largest segment that it says it takes (TCP_MAXSEG).
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

int main(int argc, char **argv)
{
	const struct addrinfo how = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *server;
	struct tcp_info info;
	socklen_t size = sizeof(info);
	char line[256];
	int conn, mss;
	long start;

	if (argc != 4 || getaddrinfo(argv[1], argv[2], &how, &server)) {
		fprintf(stderr, "usage: client ADDRESS PORT MSS\n");
		return 2;
	}
	mss = atoi(argv[3]);

	conn = socket(server->ai_family, SOCK_STREAM, 0);
	if (conn < 0 || setsockopt(conn, IPPROTO_TCP, TCP_MAXSEG, &mss, sizeof(mss)))
		die("TCP_MAXSEG");
	start = now_ms();
	if (connect(conn, server->ai_addr, server->ai_addrlen)) {
		printf("connect=%s\nwaited_ms=%ld\n", strerrorname_np(errno), now_ms() - start);
		return 1;
	}
	printf("connect=0\nwaited_ms=%ld\n", now_ms() - start);
	if (getsockopt(conn, IPPROTO_TCP, TCP_INFO, &info, &size))
		die("TCP_INFO");
	printf("sack=%d\n", !!(info.tcpi_options & TCPI_OPT_SACK));
	printf("wscale=%d\n", info.tcpi_options & TCPI_OPT_WSCALE ? info.tcpi_snd_wscale : -1);
	if (write(conn, "hello\n", 6) != 6)
		die("write");
	printf("reply=%zd\n", read(conn, line, sizeof(line)));
	close(conn);
	return 0;
}

/* client.c - asks one question; says how long it took to be let in
 *
 *	client ADDRESS PORT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
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
	struct sockaddr_in addr = { .sin_family = AF_INET };
	char line[256];
	long start;
	ssize_t len;
	int conn;

	if (argc != 3 || inet_pton(AF_INET, argv[1], &addr.sin_addr) != 1) {
		fprintf(stderr, "usage: client ADDRESS PORT\n");
		return 2;
	}
	addr.sin_port = htons((unsigned short)atoi(argv[2]));
	setvbuf(stdout, NULL, _IOLBF, 0);

	conn = socket(AF_INET, SOCK_STREAM, 0);
	if (conn < 0)
		die("socket");
	start = now_ms();
	if (connect(conn, (struct sockaddr *)&addr, sizeof(addr))) {
		printf("connect=%s\n", strerrorname_np(errno));
		return 1;
	}
	printf("waited_ms=%ld\n", now_ms() - start);
	if (write(conn, "hello\n", 6) != 6)
		die("write");
	while ((len = read(conn, line, sizeof(line))) > 0)
		continue;			/* the reply, then the server's FIN */
	printf("end=%zd\n", len);
	close(conn);				/* our FIN */
	return 0;
}

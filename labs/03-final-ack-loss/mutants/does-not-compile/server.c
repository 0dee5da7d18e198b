/* server.c - answers a line, then closes second
 *
 *	server PORT hold
 *
 * After its answer it waits for a line on standard input: that is the word to
 * close.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Wait until the kernel has done with @conn; return the error it kept for us. */
static int outcome(int conn)
{
	const struct timespec pause = { 0, 50 * 1000 * 1000 };
	struct tcp_info info;
	socklen_t len;
	int error;

	do {
		nanosleep(&pause, NULL);
		len = sizeof(info);
		if (getsockopt(conn, IPPROTO_TCP, TCP_INFO, &info, &len))
			die("TCP_INFO");
	} while (info.tcpi_state != TCP_CLOSE);
	len = sizeof(error);
	if (getsockopt(conn, SOL_SOCKET, SO_ERROR, &error, &len))
		die("SO_ERROR");
	return error;
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	char line[256];
	int listener, conn, error, on = 1;
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
	if (write(conn, line, (size_t)len) != len)
		die("write");
	if (!fgets(line, sizeof(line), stdin))
		return 1;

	if (shutdown(conn, SHUT_WR))		/* our FIN; the descriptor stays */
		die("shutdown");
	error = outcome(conn);
	printf("so_error=%s\n", error ? strerrorname_np(error) : "0");
	return 0;

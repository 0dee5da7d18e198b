/* server.c - closes second, and watches whether the other side ever knew
 *
 *	server PORT hold|close
 *
 * A line on standard input is the word to close. With "close" the descriptor is
 * gone at once; with "hold" only this direction is shut, and the program looks
 * at its socket until TCP has made an end. read() would not tell: after the
 * other side's FIN it returns 0 whatever happens (tcp_recvmsg looks at that
 * first). SO_ERROR does.
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
	const struct addrinfo how = { .ai_flags = AI_PASSIVE | AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM };
	struct addrinfo *here;
	char line[256];
	int listener, conn, error, on = 1;
	ssize_t len;

	if (argc != 3 || (strcmp(argv[2], "hold") && strcmp(argv[2], "close")) || getaddrinfo(NULL, argv[1], &how, &here)) {
		fprintf(stderr, "usage: server PORT hold|close\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);

	listener = socket(here->ai_family, SOCK_STREAM, 0);
	if (listener < 0)
		die("socket");
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

	if (!strcmp(argv[2], "close")) {
		printf("close=%d\n", close(conn));	/* our FIN, and no more to do with it */
		return 0;
	}
	if (shutdown(conn, SHUT_WR))			/* our FIN, but we stay to see */
		die("shutdown");
	error = outcome(conn);
	printf("so_error=%s\n", error ? strerrorname_np(error) : "0");
	return 0;
}

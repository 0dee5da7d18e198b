/* server.c - answers one question, and says what its TCP knows of the client
 *
 *	server PORT BACKLOG
 *
 * Goes on listening until a line comes on standard input.
 *
 * The queue of half-open connections (the SYN queue) holds no more than the
 * queue of those that wait for accept(): BACKLOG.
 */
#include <netdb.h>
#include <netinet/tcp.h>
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
	const struct addrinfo how = { .ai_flags = AI_PASSIVE | AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM };
	struct addrinfo *here;
	struct tcp_info info;
	socklen_t size = sizeof(info);
	char line[256];
	int listener, conn, on = 1;
	ssize_t len;

	if (argc != 3 || getaddrinfo(NULL, argv[1], &how, &here)) {
		fprintf(stderr, "usage: server PORT BACKLOG\n");
		return 2;
	}

	listener = socket(here->ai_family, SOCK_STREAM, 0);
	if (listener < 0)
		die("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, here->ai_addr, here->ai_addrlen) || listen(listener, atoi(argv[2])))
		die("listen");
	conn = accept(listener, NULL, NULL);
	if (conn < 0 || getsockopt(conn, IPPROTO_TCP, TCP_INFO, &info, &size))
		die("TCP_INFO");
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("mss=%u\n", info.tcpi_snd_mss);		/* with room for a timestamp taken off */
	printf("sack=%d\n", !!(info.tcpi_options & TCPI_OPT_SACK));
	printf("timestamps=%d\n", !!(info.tcpi_options & TCPI_OPT_TIMESTAMPS));
	printf("wscale=%d\n", info.tcpi_options & TCPI_OPT_WSCALE ? info.tcpi_snd_wscale : -1);
	len = read(conn, line, sizeof(line));
	if (len > 0 && write(conn, line, (size_t)len) != len)
		perror("write");
	while (read(conn, line, sizeof(line)) > 0)
		continue;
	close(conn);
	return !fgets(line, sizeof(line), stdin);
}

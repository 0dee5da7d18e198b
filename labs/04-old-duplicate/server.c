/* server.c - reads orders and tells what it was told to do
 *
 *	server PORT ADDRESS CLIENT-PORT [ISN...]
 *
 * Without ISNs it listens, as a server does. With ISNs it opens its connections
 * itself: for each line on standard input it calls connect(), as the client does
 * in the same moment (RFC 9293, 3.5, figure 8). For only who calls connect() can
 * choose its own first sequence number; for a server that listens the kernel does.
 */
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ORDER 16

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void set(int conn, int option, int value)
{
	if (setsockopt(conn, IPPROTO_TCP, option, &value, sizeof(value)))
		die("TCP_REPAIR (it needs CAP_NET_ADMIN)");
}

static int bound_to(const struct addrinfo *local, const char *isn)
{
	int sock = socket(local->ai_family, SOCK_STREAM, 0), on = 1;

	if (sock < 0)
		die("socket");
	if (isn) {
		set(sock, TCP_REPAIR, 1);
		set(sock, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE);
		set(sock, TCP_QUEUE_SEQ, (int)strtoul(isn, NULL, 10));
		set(sock, TCP_REPAIR, 0);
	}
	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(sock, local->ai_addr, local->ai_addrlen))
		die("bind");
	return sock;
}

/* Wait for the word, then connect while the client does, too. */
static int meet(const struct addrinfo *local, const struct addrinfo *client, const char *isn)
{
	int conn = bound_to(local, isn);
	char line[64];

	if (!fgets(line, sizeof(line), stdin))
		exit(0);
	if (connect(conn, client->ai_addr, client->ai_addrlen))
		die("connect");
	return conn;
}

/* Read the orders of the @number-th connection, to its end. */
static void serve(int conn, int number)
{
	char order[ORDER];

	for (int n = 1; recv(conn, order, ORDER, MSG_WAITALL) == ORDER; n++) {
		printf("conn%d.bytes%d=", number, n);
		for (int i = 0; i < ORDER; i++)
			printf(i ? " %02x" : "%02x", (unsigned char)order[i]);
		printf("\nconn%d.order%d=%.*s\n", number, n, ORDER - 1, order);
		if (write(conn, "ok\n", 3) != 3)
			die("write");
	}
	printf("conn%d=end\n", number);
	close(conn);
}

int main(int argc, char **argv)
{
	struct addrinfo how = { .ai_socktype = SOCK_STREAM }, *local, *client;
	int listener = -1;

	if (argc < 4 || getaddrinfo(argv[2], argv[3], &how, &client)) {
		fprintf(stderr, "usage: server PORT ADDRESS CLIENT-PORT [ISN...]\n");
		return 2;
	}
	how.ai_flags = AI_PASSIVE;
	how.ai_family = client->ai_family;
	if (getaddrinfo(NULL, argv[1], &how, &local))
		die("PORT");
	setvbuf(stdout, NULL, _IOLBF, 0);

	if (argc == 4) {
		listener = bound_to(local, NULL);
		if (listen(listener, 5))
			die("listen");
	}
	for (int number = 1; number <= 2; number++)
		serve(listener >= 0 ? accept(listener, NULL, NULL) :
		      meet(local, client, argv[3 + (number < argc - 3 ? number : argc - 4)]), number);
	return 0;
}

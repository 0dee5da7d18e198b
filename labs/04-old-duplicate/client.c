/* client.c - sends orders, over one connection after another on one four-tuple
 *
 *	client ADDRESS PORT LOCAL-PORT [ISN...]
 *
 * What it is told on standard input: "open" opens the next connection, "close"
 * closes it, first; anything else is an order, which goes out as it stands, in
 * 16 bytes, and is answered "ok\n". With ISNs the K-th connection begins with the
 * K-th of them, else with what the kernel chooses.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ORDER 16

static int number;		/* of the connection */
static int orders;		/* that were sent on it */

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

/* The first sequence number of @conn, which is not connected yet. */
static void choose_isn(int conn, const char *isn)
{
	set(conn, TCP_REPAIR, 1);
	set(conn, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE);
	set(conn, TCP_QUEUE_SEQ, (int)strtoul(isn, NULL, 10));
	set(conn, TCP_REPAIR, 0);
}

/* Returns a connected socket, or -1 and says why not. */
static int open_next(const struct addrinfo *server, const struct addrinfo *local, const char *isn)
{
	int conn = socket(server->ai_family, SOCK_STREAM, 0), on = 1;

	if (conn < 0)
		die("socket");
	if (isn)
		choose_isn(conn, isn);
	setsockopt(conn, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(conn, local->ai_addr, local->ai_addrlen))
		die("bind");
	if (connect(conn, server->ai_addr, server->ai_addrlen)) {
		printf("refused=%s\n", strerrorname_np(errno));
		close(conn);
		return -1;
	}
	number++;
	orders = 0;
	printf("conn%d=open\n", number);
	return conn;
}

static void order(int conn, const char *text)
{
	char line[ORDER + 1], reply[3];

	snprintf(line, sizeof(line), "%-*.*s\n", ORDER - 1, ORDER - 1, text);
	if (write(conn, line, ORDER) != ORDER)
		die("write");
	printf("conn%d.sent%d=%.*s\n", number, ++orders, ORDER - 1, line);
	if (recv(conn, reply, sizeof(reply), MSG_WAITALL) != sizeof(reply))
		die("no reply");
	printf("conn%d.reply%d=%.2s\n", number, orders, reply);
}

int main(int argc, char **argv)
{
	struct addrinfo how = { .ai_socktype = SOCK_STREAM }, *server, *local;
	char line[64];
	int conn = -1;

	if (argc < 4 || getaddrinfo(argv[1], argv[2], &how, &server)) {
		fprintf(stderr, "usage: client ADDRESS PORT LOCAL-PORT [ISN...]\n");
		return 2;
	}
	how.ai_flags = AI_PASSIVE;
	how.ai_family = server->ai_family;
	if (getaddrinfo(NULL, argv[3], &how, &local))
		die("LOCAL-PORT");
	setvbuf(stdout, NULL, _IOLBF, 0);

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strcmp(line, "open")) {
			conn = open_next(server, local, argc > 4 + number ? argv[4 + number] : NULL);
		} else if (!strcmp(line, "close")) {
			shutdown(conn, SHUT_WR);	/* our FIN */
			while (read(conn, line, sizeof(line)) > 0)
				continue;		/* theirs */
			close(conn);
			printf("conn%d=closed\n", number);
		} else {
			order(conn, line);
		}
	}
	return 0;
}

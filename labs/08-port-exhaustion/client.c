/* client.c - opens one connection after another, until a port is wanting
 *
 *	client ADDRESS PORT TARGETS TRIES PACE-MS fin|wait|rst [SOURCE...]
 *
 * Each connection asks a question, gets its reply and ends: "fin" sends the first
 * FIN, "wait" lets the server do that, "rst" ends it by RST (SO_LINGER with 0 s).
 * The servers are at PORT, PORT + 1, ... With SOURCEs, these local addresses are
 * taken in turn. PACE-MS go by between two tries.
 *
 * Then each line on standard input is a name, under which one more try is told.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif
#define MOST 16			/* targets */

struct plan {
	struct addrinfo *server[MOST];	/* by target */
	int targets;
	const char *how;
	char **sources;
	int n_sources;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* An address, of the server or of our own. */
static struct addrinfo *address(const char *host, int port)
{
	const struct addrinfo how = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	char text[16];

	snprintf(text, sizeof(text), "%d", port);
	if (getaddrinfo(host, text, &how, &found))
		die(host);
	return found;
}

/* Only the address is chosen here; connect() is to choose the port. */
static void bind_to(int conn, const char *source)
{
	struct addrinfo *here = address(source, 0);
	int on = 1;

	if (setsockopt(conn, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) ||
	    bind(conn, here->ai_addr, here->ai_addrlen))
		die("bind");
	freeaddrinfo(here);
}

static void finish(int conn, const char *how)
{
	const struct linger now = { 1, 0 };
	char line[256];

	if (!strcmp(how, "rst") && setsockopt(conn, SOL_SOCKET, SO_LINGER, &now, sizeof(now)))
		die("SO_LINGER");
	if (!strcmp(how, "fin"))
		shutdown(conn, SHUT_WR);	/* our FIN comes first */
	while (strcmp(how, "rst") && read(conn, line, sizeof(line)) > 0)
		continue;			/* their FIN */
	close(conn);
}

/* The @n-th connection. 0, or the error of connect(). */
static int try(const struct plan *plan, int n)
{
	const struct addrinfo *server = plan->server[n % plan->targets];
	int conn = socket(server->ai_family, SOCK_STREAM, 0), error;
	char line[256];

	if (conn < 0)
		die("socket");
	if (plan->n_sources)
		bind_to(conn, plan->sources[n / plan->targets % plan->n_sources]);
	if (connect(conn, server->ai_addr, server->ai_addrlen)) {
		error = errno;
		close(conn);
		return error;
	}
	if (dprintf(conn, "%s\n", getenv("HELLO") ? getenv("HELLO") : "hello") < 0 || read(conn, line, sizeof(line)) <= 0)
		die("no reply");
	finish(conn, plan->how);
	return 0;
}

static const char *name(int error)
{
	return error ? strerrorname_np(error) : "0";
}

int main(int argc, char **argv)
{
	struct plan plan = { 0 };
	char line[64];
	int tries, n = 0, error = 0;

	if (argc < 7 || (plan.targets = atoi(argv[3])) < 1 || plan.targets > MOST) {
		fprintf(stderr, "usage: client ADDRESS PORT TARGETS TRIES PACE-MS fin|wait|rst [SOURCE...]\n");
		return 2;
	}
	const int pace_ms = atoi(argv[5]);
	const struct timespec pace = { pace_ms / 1000, pace_ms % 1000 * 1000000L };

	for (int i = 0; i < plan.targets; i++)
		plan.server[i] = address(argv[1], atoi(argv[2]) + i);
	tries = atoi(argv[4]);
	plan.how = argv[6];
	plan.sources = argv + 7;
	plan.n_sources = argc - 7;
	setvbuf(stdout, NULL, _IOLBF, 0);

	for (; n < tries && !(error = try(&plan, n)); n++)
		nanosleep(&pace, NULL);
	printf("opened=%d\nerror=%s\n", n, name(error));

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		printf("%s=%s\n", line, name(try(&plan, n)));
	}
	return 0;
}

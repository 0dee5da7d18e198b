/* endpoint.h - one end of a connection: an address and a port */
#ifndef TWLAB_ENDPOINT_H
#define TWLAB_ENDPOINT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(default)	/* public */

struct endpoint {
	int family;		/* AF_INET or AF_INET6 */
	struct in6_addr addr;	/* IPv4 as ::ffff:a.b.c.d */
	uint16_t port;		/* host order */
};

/* "10.0.0.1:80", "[2001:db8::1]:80". @text has room for 64 bytes; returns it. */
char *endpoint_text(const struct endpoint *endpoint, char *text);

/* Read what endpoint_text() writes. False if @text is anything else. */
bool endpoint_parse(const char *text, struct endpoint *endpoint);

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

/* Fill @endpoint from the 4 (AF_INET) or 16 (AF_INET6) bytes at @addr, as they
 * stand in a packet.
 */
void endpoint_set(struct endpoint *endpoint, int family, const void *addr, uint16_t port);

/* Stir @endpoint into @hash (any start value). */
uint64_t endpoint_hash(const struct endpoint *endpoint, uint64_t hash);

#pragma GCC visibility pop

#endif

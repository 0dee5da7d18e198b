/* ip.h - the headers of IPv4 and IPv6, for all who read packets */
#ifndef TWLAB_IP_H
#define TWLAB_IP_H

#include <twlab/endpoint.h>

/* What is left of a packet. */
struct rest {
	const uint8_t *at;
	uint32_t len;
};

/* Hands out the next @len bytes of it, or NULL when it is cut short there. */
static inline const uint8_t *rest_take(struct rest *rest, uint32_t len)
{
	const uint8_t *at = rest->at;

	if (len > rest->len)
		return NULL;
	rest->at += len;
	rest->len -= len;
	return at;
}

static inline uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t be32(const uint8_t *at)
{
	return (uint32_t)be16(at) << 16 | be16(at + 2);
}

struct ip_view {
	int family;
	struct endpoint src, dst;	/* no ports */
	uint16_t id;			/* 0 for IPv6 */
	uint8_t ttl;
	uint8_t protocol;		/* of what follows all headers */
	uint16_t fragment;		/* where it belongs, with the bit for more to come: 0 = it is whole */
	uint32_t missing;		/* bytes that it says it has, and that are not in @rest */
};

/* Read the IP headers at the front of @rest. Leaves what the header says belongs to the packet and
 * is there; padding goes. False if they are malformed or cut short.
 */
bool ip_read(struct rest *rest, struct ip_view *ip);

#endif

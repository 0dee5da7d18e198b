/* ip.c - the headers of IPv4 and IPv6 */
#include <twlab/ip.h>

/* @rest ends where the packet does, @len bytes from here. */
static void end_set(struct rest *rest, uint32_t len, struct ip_view *ip)
{
	ip->missing = len > rest->len ? len - rest->len : 0;
	rest->len = len - ip->missing;
}

static bool ip4_read(struct rest *rest, struct ip_view *ip)
{
	const uint8_t *head = rest_take(rest, 20);
	uint32_t len, total;

	if (!head)
		return false;
	len = (head[0] & 15) * 4u;
	total = be16(head + 2);
	if (len < 20 || total < len)
		return false;
	*ip = (struct ip_view){ .family = AF_INET, .id = be16(head + 4), .ttl = head[8], .protocol = head[9],
				.fragment = be16(head + 6) & 0x3fff };
	endpoint_set(&ip->src, AF_INET, head + 12, 0);
	endpoint_set(&ip->dst, AF_INET, head + 16, 0);
	end_set(rest, total - 20, ip);
	return rest_take(rest, len - 20);
}

static bool ip6_read(struct rest *rest, struct ip_view *ip)
{
	const uint8_t *head = rest_take(rest, 40), *ext;

	if (!head)
		return false;
	*ip = (struct ip_view){ .family = AF_INET6, .ttl = head[7], .protocol = head[6] };
	endpoint_set(&ip->src, AF_INET6, head + 8, 0);
	endpoint_set(&ip->dst, AF_INET6, head + 24, 0);
	end_set(rest, be16(head + 4), ip);
	/* options for hops, routing, options for the destination (RFC 8200, 4.1) */
	for (; ip->protocol == 0 || ip->protocol == 43 || ip->protocol == 60; ip->protocol = ext[0]) {
		ext = rest_take(rest, 8);
		if (!ext || !rest_take(rest, ext[1] * 8u))
			return false;
	}
	return true;
}

bool ip_read(struct rest *rest, struct ip_view *ip)
{
	switch (rest->len ? rest->at[0] >> 4 : 0) {
	case 4:
		return ip4_read(rest, ip);
	case 6:
		return ip6_read(rest, ip);
	default:
		return false;
	}
}

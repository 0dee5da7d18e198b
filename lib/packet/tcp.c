/* tcp.c - read Ethernet, IPv4 or IPv6, and TCP headers */
#include <twlab/tcp.h>

#include <linux/if_ether.h>
#include <net/ethernet.h>

/* What is left of a packet. take() hands out its front, or NULL when it is cut
 * short there.
 */
struct rest {
	const uint8_t *at;
	uint32_t len;
};

static const uint8_t *take(struct rest *rest, uint32_t len)
{
	const uint8_t *at = rest->at;

	if (len > rest->len)
		return NULL;
	rest->at += len;
	rest->len -= len;
	return at;
}

static uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)be16(at) << 16 | be16(at + 2);
}

/* Leaves what the IP header says belongs to the packet; padding goes. */
static bool ipv4_read(struct rest *rest, struct tcp_view *view)
{
	const uint8_t *ip = take(rest, 20);
	uint32_t header, total;

	if (!ip || ip[0] >> 4 != 4 || ip[9] != IPPROTO_TCP)
		return false;
	header = (ip[0] & 15) * 4u;
	total = be16(ip + 2);
	if (header < 20 || total < header || total - 20 > rest->len)
		return false;
	if (be16(ip + 6) & 0x3fff)	/* more fragments, or not the first */
		return false;
	rest->len = total - 20;
	view->ip_id = be16(ip + 4);
	view->ttl = ip[8];
	endpoint_set(&view->src, AF_INET, ip + 12, 0);
	endpoint_set(&view->dst, AF_INET, ip + 16, 0);
	return take(rest, header - 20);
}

static bool ipv6_read(struct rest *rest, struct tcp_view *view)
{
	const uint8_t *ip = take(rest, 40), *ext;
	uint8_t next;

	if (!ip || ip[0] >> 4 != 6 || be16(ip + 4) > rest->len)
		return false;
	rest->len = be16(ip + 4);
	view->ttl = ip[7];
	endpoint_set(&view->src, AF_INET6, ip + 8, 0);
	endpoint_set(&view->dst, AF_INET6, ip + 24, 0);
	/* Options for hops, routing, options for the destination (RFC 8200, 4.1). */
	for (next = ip[6]; next == 0 || next == 43 || next == 60; next = ext[0]) {
		ext = take(rest, 8);
		if (!ext || !take(rest, ext[1] * 8u))
			return false;
	}
	return next == IPPROTO_TCP;
}

/* Options that are broken end the list; the segment itself is still one. */
static void options_read(struct tcp_view *view)
{
	struct rest rest = { view->options, view->options_len };
	const uint8_t *head, *body;
	uint8_t len;

	while ((head = take(&rest, 1)) && head[0] != 0) {
		if (head[0] == 1)	/* no operation: padding */
			continue;
		if (!take(&rest, 1) || head[1] < 2)
			return;
		len = (uint8_t)(head[1] - 2);
		body = take(&rest, len);
		if (!body)
			return;
		if (head[0] == 2 && len == 2) {
			view->mss = be16(body);
		} else if (head[0] == 3 && len == 1) {
			view->wscale = body[0];
		} else if (head[0] == 4 && len == 0) {
			view->sack_ok = true;
		} else if (head[0] == 5) {
			view->n_sack = len / 8;
		} else if (head[0] == 8 && len == 8) {
			view->has_ts = true;
			view->tsval = be32(body);
			view->tsecr = be32(body + 4);
		}
	}
}

uint16_t tcp_ether_type(const uint8_t **data, uint32_t *len)
{
	struct rest rest = { *data, *len };
	const uint8_t *part = take(&rest, ETHER_HDR_LEN);
	uint16_t type = part ? be16(part + 12) : 0;

	while (type == ETHERTYPE_VLAN || type == ETH_P_8021AD) {
		part = take(&rest, 4);
		type = part ? be16(part + 2) : 0;
	}
	*data = rest.at;
	*len = rest.len;
	return type;
}

bool tcp_read(const uint8_t *data, uint32_t len, struct tcp_view *view)
{
	struct rest rest = { data, len };
	uint16_t type = tcp_ether_type(&rest.at, &rest.len);
	const uint8_t *tcp;
	uint32_t header;

	memset(view, 0, sizeof(*view));
	view->wscale = 255;
	switch (type) {
	case ETHERTYPE_IP:
		if (!ipv4_read(&rest, view))
			return false;
		break;
	case ETHERTYPE_IPV6:
		if (!ipv6_read(&rest, view))
			return false;
		break;
	default:
		return false;
	}
	tcp = take(&rest, 20);
	if (!tcp)
		return false;
	header = (tcp[12] >> 4) * 4u;
	if (header < 20)
		return false;
	view->options_len = (uint8_t)(header - 20);
	view->options = take(&rest, header - 20);
	if (!view->options)
		return false;
	view->src.port = be16(tcp);
	view->dst.port = be16(tcp + 2);
	view->seq = be32(tcp + 4);
	view->ack = be32(tcp + 8);
	view->flags = tcp[13];
	view->window = be16(tcp + 14);
	options_read(view);
	view->payload = rest.at;
	view->payload_len = rest.len;
	return true;
}

char *tcp_flags_text(uint8_t flags, char *text)
{
	static const struct {
		uint8_t flag;
		const char *name;
	} order[] = {
		{ TCP_SYN, "SYN" }, { TCP_FIN, "FIN" }, { TCP_RST, "RST" }, { TCP_PSH, "PSH" },
		{ TCP_ACK, "ACK" }, { TCP_URG, "URG" }, { TCP_ECE, "ECE" }, { TCP_CWR, "CWR" },
	};
	char *at = text;

	*at = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (flags & order[i].flag)
			at += sprintf(at, "%s%s", at == text ? "" : ",", order[i].name);
	return at == text ? strcpy(text, "none") : text;
}

enum tcp_kind tcp_kind(const struct tcp_view *view)
{
	if (view->flags & TCP_RST)
		return KIND_RST;
	if (view->flags & TCP_SYN)
		return view->flags & TCP_ACK ? KIND_SYN_ACK : KIND_SYN;
	if (view->flags & TCP_FIN)
		return KIND_FIN;
	return view->payload_len ? KIND_DATA : KIND_ACK;
}

const char *tcp_kind_name(enum tcp_kind kind)
{
	static const char *const names[] = {
		[KIND_RST] = "RST", [KIND_SYN_ACK] = "SYN-ACK", [KIND_SYN] = "SYN",
		[KIND_FIN] = "FIN", [KIND_DATA] = "DATA", [KIND_ACK] = "ACK",
	};

	static_assert(ARRAY_SIZE(names) == TCP_KINDS, "a kind lacks its name");
	return names[kind];
}

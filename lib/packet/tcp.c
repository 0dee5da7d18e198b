/* tcp.c - read Ethernet and TCP headers; what is between them is ip.h's */
#include <twlab/tcp.h>

#include <twlab/ip.h>

#include <linux/if_ether.h>
#include <net/ethernet.h>

/* Options that are broken end the list; the segment itself is still one. */
static void options_read(struct tcp_view *view)
{
	struct rest rest = { view->options, view->options_len };
	const uint8_t *head, *body;
	uint8_t len;

	while ((head = rest_take(&rest, 1)) && head[0] != 0) {
		if (head[0] == 1)	/* no operation: padding */
			continue;
		if (!rest_take(&rest, 1) || head[1] < 2)
			return;
		len = (uint8_t)(head[1] - 2);
		body = rest_take(&rest, len);
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
			view->ts = body;
			view->tsval = be32(body);
			view->tsecr = be32(body + 4);
		}
	}
}

uint16_t tcp_ether_type(const uint8_t **data, uint32_t *len)
{
	struct rest rest = { *data, *len };
	const uint8_t *part = rest_take(&rest, ETHER_HDR_LEN);
	uint16_t type = part ? be16(part + 12) : 0;

	while (type == ETHERTYPE_VLAN || type == ETH_P_8021AD) {
		part = rest_take(&rest, 4);
		type = part ? be16(part + 2) : 0;
	}
	*data = rest.at;
	*len = rest.len;
	return type;
}

/* The header, and the options. The rest is payload. */
static bool header_read(struct rest *rest, struct tcp_view *view)
{
	const uint8_t *tcp = rest_take(rest, 20);

	if (!tcp || tcp[12] >> 4 < 5)
		return false;
	view->options_len = (uint8_t)((tcp[12] >> 4) * 4 - 20);
	view->options = rest_take(rest, view->options_len);
	if (!view->options)
		return false;
	view->src.port = be16(tcp);
	view->dst.port = be16(tcp + 2);
	view->seq = be32(tcp + 4);
	view->ack = be32(tcp + 8);
	view->flags = tcp[13];
	view->window = be16(tcp + 14);
	options_read(view);
	view->payload = rest->at;
	return true;
}

static bool segment_read(struct rest *rest, struct ip_view *ip, struct tcp_view *view)
{
	*view = (struct tcp_view){ .wscale = 255 };
	if (!ip_read(rest, ip) || ip->protocol != IPPROTO_TCP || ip->fragment)
		return false;
	view->src = ip->src;
	view->dst = ip->dst;
	view->ip_id = ip->id;
	view->ttl = ip->ttl;
	if (!header_read(rest, view))
		return false;
	view->payload_len = rest->len + ip->missing;
	return true;
}

bool tcp_read_ip(const uint8_t *data, uint32_t len, struct tcp_view *view)
{
	struct rest rest = { data, len };
	struct ip_view ip;

	return segment_read(&rest, &ip, view);
}

bool tcp_read(const uint8_t *data, uint32_t len, struct tcp_view *view)
{
	struct rest rest = { data, len };
	uint16_t type = tcp_ether_type(&rest.at, &rest.len);
	struct ip_view ip;

	if (type != ETHERTYPE_IP && type != ETHERTYPE_IPV6)
		rest.len = 0;
	return segment_read(&rest, &ip, view) && !ip.missing &&
	       ip.family == (type == ETHERTYPE_IP ? AF_INET : AF_INET6);
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

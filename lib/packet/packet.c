/* packet.c - a TCP/IP packet in a buffer: read it, change it, make one */
#include <twlab/packet.h>

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>

/* The fields of a TCP header, by their offsets (RFC 9293, 3.1). */
enum { SPORT = 0, DPORT = 2, SEQ = 4, ACK = 8, OFFSET = 12, FLAGS = 13, WINDOW = 14, CHECKSUM = 16,
       TCP_MIN = 20 };

enum { OPT_END = 0, OPT_NOP = 1, OPT_MSS = 2, OPT_TS = 8, OPT_TS_LEN = 10 };

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, (uint16_t)(value >> 16));
	put16(at + 2, (uint16_t)value);
}

static void set_addr(struct endpoint *end, int family, const void *addr)
{
	end->family = family;
	end->addr = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff } };
	if (family == AF_INET)
		memcpy(&end->addr.s6_addr[12], addr, 4);
	else
		memcpy(&end->addr, addr, 16);
}

/* The IP header: where TCP begins, and how long it is said to be. NULL if this
 * is no whole TCP segment.
 */
static uint8_t *read_ip4(uint8_t *ip, size_t len, size_t *tcp_len, struct packet *packet)
{
	const struct iphdr *head = (void *)ip;
	size_t head_len, total;

	if (len < sizeof(*head))
		return NULL;
	head_len = head->ihl * 4u;
	total = ntohs(head->tot_len);
	if (head->protocol != IPPROTO_TCP || head_len < sizeof(*head) || total < head_len ||
	    (ntohs(head->frag_off) & (IP_MF | IP_OFFMASK)))
		return NULL;
	set_addr(&packet->src, AF_INET, &head->saddr);
	set_addr(&packet->dst, AF_INET, &head->daddr);
	*tcp_len = total - head_len;
	return ip + head_len;
}

static uint8_t *read_ip6(uint8_t *ip, size_t len, size_t *tcp_len, struct packet *packet)
{
	const struct ip6_hdr *head = (void *)ip;
	size_t at = sizeof(*head), total;
	uint8_t next;

	if (len < sizeof(*head))
		return NULL;
	next = head->ip6_nxt;
	total = sizeof(*head) + ntohs(head->ip6_plen);
	while (next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS) {
		if (at + 8 > len)
			return NULL;
		next = ip[at];
		at += (ip[at + 1] + 1u) * 8;
	}
	if (next != IPPROTO_TCP || total < at)
		return NULL;
	set_addr(&packet->src, AF_INET6, &head->ip6_src);
	set_addr(&packet->dst, AF_INET6, &head->ip6_dst);
	*tcp_len = total - at;
	return ip + at;
}

static uint8_t *find_ts(uint8_t *at, const uint8_t *end)
{
	while (at < end && *at != OPT_END) {
		if (*at == OPT_NOP) {
			at++;
			continue;
		}
		if (at + 2 > end || at[1] < 2 || at + at[1] > end)
			return NULL;
		if (*at == OPT_TS && at[1] == OPT_TS_LEN)
			return at + 2;
		at += at[1];
	}
	return NULL;
}

bool packet_read(uint8_t *ip, size_t len, struct packet *packet)
{
	size_t tcp_len, head_len;
	uint8_t *tcp = NULL;

	*packet = (struct packet){ 0 };
	if (len && ip[0] >> 4 == 4)
		tcp = read_ip4(ip, len, &tcp_len, packet);
	else if (len && ip[0] >> 4 == 6)
		tcp = read_ip6(ip, len, &tcp_len, packet);
	if (!tcp || tcp_len < TCP_MIN || (size_t)(tcp - ip) + TCP_MIN > len)
		return false;
	head_len = (tcp[OFFSET] >> 4) * 4u;
	if (head_len < TCP_MIN || head_len > tcp_len || (size_t)(tcp - ip) + head_len > len)
		return false;
	packet->src.port = get16(tcp + SPORT);
	packet->dst.port = get16(tcp + DPORT);
	packet->seq = get32(tcp + SEQ);
	packet->ack = get32(tcp + ACK);
	packet->flags = tcp[FLAGS];
	packet->end_seq = packet->seq + (uint32_t)(tcp_len - head_len) +
			  !!(packet->flags & TCP_SYN) + !!(packet->flags & TCP_FIN);
	packet->tcp = tcp;
	packet->ts = find_ts(tcp + TCP_MIN, tcp + head_len);
	return true;
}

uint32_t packet_tsval(const struct packet *packet)
{
	return get32(packet->ts);
}

uint32_t packet_tsecr(const struct packet *packet)
{
	return get32(packet->ts + 4);
}

/* --- checksums --- */

static uint32_t sum(uint32_t so_far, const uint8_t *at, size_t len)
{
	for (; len > 1; at += 2, len -= 2)
		so_far += get16(at);
	return len ? so_far + (uint32_t)(*at << 8) : so_far;
}

static uint16_t text_wrap(uint32_t total)
{
	total = (total & 0xffff) + (total >> 16);
	return (uint16_t)(total + (total >> 16));
}

void packet_put(struct packet *packet, uint8_t *at, uint32_t value)
{
	size_t odd = (size_t)(at - packet->tcp) & 1;	/* the words that the checksum sums */
	uint8_t *from = at - odd;
	size_t len = 4 + 2 * odd;
	uint32_t total = (uint16_t)~get16(packet->tcp + CHECKSUM);

	for (size_t i = 0; i < len; i += 2)
		total += (uint16_t)~get16(from + i);
	put32(at, value);
	put16(packet->tcp + CHECKSUM, (uint16_t)~text_wrap(sum(total, from, len)));
}

static uint16_t tcp_sum(const struct packet *packet, size_t tcp_len)
{
	uint32_t total = IPPROTO_TCP + (uint32_t)tcp_len;	/* the pseudo header; a prefix of ::ffff: does not count */
	bool ip6 = packet->src.family == AF_INET6;

	total = sum(total, packet->src.addr.s6_addr + (ip6 ? 0 : 12), ip6 ? 16 : 4);
	total = sum(total, packet->dst.addr.s6_addr + (ip6 ? 0 : 12), ip6 ? 16 : 4);
	return (uint16_t)~text_wrap(sum(total, packet->tcp, tcp_len));
}

bool packet_sound(const uint8_t *ip, size_t len)
{
	struct packet packet;
	size_t tcp_len;

	if (!packet_read((uint8_t *)(uintptr_t)ip, len, &packet))
		return false;
	tcp_len = (packet.tcp[OFFSET] >> 4) * 4u + packet.end_seq - packet.seq -
		  !!(packet.flags & TCP_SYN) - !!(packet.flags & TCP_FIN);
	return (size_t)(packet.tcp - ip) + tcp_len <= len && tcp_sum(&packet, tcp_len) == 0;
}

/* --- making one --- */

static size_t make_ip(const struct packet_spec *spec, size_t tcp_len, uint8_t *ip)
{
	if (spec->src.family == AF_INET6) {
		struct ip6_hdr head = {
			.ip6_flow = htonl(6 << 28),
			.ip6_plen = htons((uint16_t)tcp_len),
			.ip6_nxt = IPPROTO_TCP,
			.ip6_hlim = 64,
			.ip6_src = spec->src.addr,
			.ip6_dst = spec->dst.addr,
		};

		memcpy(ip, &head, sizeof(head));
		return sizeof(head);
	}
	struct iphdr head = {
		.version = 4, .ihl = 5,
		.tot_len = htons((uint16_t)(sizeof(head) + tcp_len)),
		.frag_off = htons(IP_DF),
		.ttl = 64,
		.protocol = IPPROTO_TCP,
	};

	memcpy(&head.saddr, &spec->src.addr.s6_addr[12], 4);
	memcpy(&head.daddr, &spec->dst.addr.s6_addr[12], 4);
	memcpy(ip, &head, sizeof(head));
	put16(ip + 10, (uint16_t)~text_wrap(sum(0, ip, sizeof(head))));
	return sizeof(head);
}

static size_t make_options(const struct packet_spec *spec, uint8_t *at)
{
	uint8_t *from = at;

	if (spec->flags & TCP_SYN) {
		*at++ = OPT_MSS;
		*at++ = 4;
		put16(at, 1000);
		at += 2;
	}
	if (spec->has_ts) {
		*at++ = OPT_NOP;
		*at++ = OPT_NOP;
		*at++ = OPT_TS;
		*at++ = OPT_TS_LEN;
		put32(at, spec->tsval);
		put32(at + 4, spec->tsecr);
		at += 8;
	}
	return (size_t)(at - from);
}

size_t packet_make(const struct packet_spec *spec, uint8_t *ip)
{
	struct packet packet = { .src = spec->src, .dst = spec->dst };
	uint8_t options[40];
	size_t options_len = make_options(spec, options);
	size_t tcp_len = TCP_MIN + options_len + spec->len;
	size_t ip_len = make_ip(spec, tcp_len, ip);
	uint8_t *tcp = packet.tcp = ip + ip_len;

	memset(tcp, 0, TCP_MIN);
	put16(tcp + SPORT, spec->src.port);
	put16(tcp + DPORT, spec->dst.port);
	put32(tcp + SEQ, spec->seq);
	put32(tcp + ACK, spec->ack);
	tcp[OFFSET] = (uint8_t)((TCP_MIN + options_len) / 4 << 4);
	tcp[FLAGS] = spec->flags;
	put16(tcp + WINDOW, spec->window ? spec->window : 65535);
	memcpy(tcp + TCP_MIN, options, options_len);
	if (spec->len)
		memcpy(tcp + TCP_MIN + options_len, spec->data, spec->len);
	put16(tcp + CHECKSUM, tcp_sum(&packet, tcp_len));
	return ip_len + tcp_len;
}

/* packet.c - a TCP/IP packet in a buffer: read it, change it, make one */
#include <twlab/packet.h>

#include <twlab/ip.h>

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>

/* The fields of a TCP header, by their offsets (RFC 9293, 3.1). */
enum { SPORT = 0, DPORT = 2, SEQ = 4, ACK = 8, OFFSET = 12, FLAGS = 13, WINDOW = 14, CHECKSUM = 16,
       TCP_MIN = 20 };

enum { OPT_NOP = 1, OPT_MSS = 2, OPT_TS = 8, OPT_TS_LEN = 10 };

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

bool packet_read(uint8_t *ip, size_t len, struct packet *packet)
{
	struct tcp_view view;

	*packet = (struct packet){ 0 };
	if (!tcp_read_ip(ip, len < UINT32_MAX ? (uint32_t)len : UINT32_MAX, &view))
		return false;
	*packet = (struct packet){
		view.src, view.dst, view.seq, view.seq + tcp_seq_len(&view), view.ack, view.flags,
		.tcp = ip + (view.options - ip) - TCP_MIN,
		.ts = view.ts ? ip + (view.ts - ip) : NULL,
	};
	return true;
}

uint32_t packet_tsval(const struct packet *packet)
{
	return be32(packet->ts);
}

uint32_t packet_tsecr(const struct packet *packet)
{
	return be32(packet->ts + 4);
}

/* --- checksums --- */

static uint32_t sum(uint32_t so_far, const uint8_t *at, size_t len)
{
	for (; len > 1; at += 2, len -= 2)
		so_far += be16(at);
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
	uint32_t total = (uint16_t)~be16(packet->tcp + CHECKSUM);

	for (size_t i = 0; i < len; i += 2)
		total += (uint16_t)~be16(from + i);
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

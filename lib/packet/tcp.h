/* tcp.h - what stands in one TCP/IP packet */
#ifndef TWLAB_TCP_H
#define TWLAB_TCP_H

#include <twlab/endpoint.h>

#pragma GCC visibility push(default)	/* public */

enum tcp_flag {
	TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_PSH = 0x08,
	TCP_ACK = 0x10, TCP_URG = 0x20, TCP_ECE = 0x40, TCP_CWR = 0x80,
};

struct tcp_view {
	struct endpoint src, dst;
	uint32_t seq, ack;
	uint16_t window;
	uint8_t flags;		/* enum tcp_flag */
	uint8_t ttl;
	uint16_t ip_id;		/* 0 for IPv6 */
	bool has_ts;
	uint32_t tsval, tsecr;
	uint8_t n_sack;
	uint8_t wscale;		/* 255 = no such option */
	uint16_t mss;		/* 0 = no such option */
	bool sack_ok;
	const uint8_t *options;	/* as they stand in the header */
	uint8_t options_len;
	const uint8_t *ts;	/* TSval among them, TSecr 4 bytes further; NULL = no such option */
	const uint8_t *payload;
	uint32_t payload_len;
};

/* Go to what is in the Ethernet frame of @len bytes at @data, behind its addresses and any
 * VLAN tags. Returns its EtherType, or 0 if it is cut short.
 */
uint16_t tcp_ether_type(const uint8_t **data, uint32_t *len);

/* Read the TCP/IP packet in Ethernet frame @data. False if it is none, is a
 * fragment, or is cut short. @view points into @data. Bytes after the packet's
 * own end (Ethernet padding) are not part of it.
 */
bool tcp_read(const uint8_t *data, uint32_t len, struct tcp_view *view);

/* Read the TCP packet that begins with its IP header, of which the headers must be there; the payload
 * may be cut off: .payload_len is what the IP header says.
 */
bool tcp_read_ip(const uint8_t *data, uint32_t len, struct tcp_view *view);

/* "SYN", "FIN,ACK", "ACK", "PSH,ACK", "RST": flags in the order people say them.
 * @text has room for 40 bytes; returns it.
 */
char *tcp_flags_text(uint8_t flags, char *text);

/* What a segment is for: the first of these that fits. */
enum tcp_kind {
	KIND_RST, KIND_SYN_ACK, KIND_SYN, KIND_FIN, KIND_DATA, KIND_ACK,
	TCP_KINDS
};

enum tcp_kind tcp_kind(const struct tcp_view *view);
const char *tcp_kind_name(enum tcp_kind kind);	/* "SYN-ACK", "FIN" (with or without ACK), "DATA", ... */

/* How much sequence space it takes: payload, and one each for SYN and FIN. */
static inline uint32_t tcp_seq_len(const struct tcp_view *view)
{
	return view->payload_len + !!(view->flags & TCP_SYN) + !!(view->flags & TCP_FIN);
}

/* Sequence numbers wrap (RFC 9293, 3.4): is @a after @b? */
static inline bool tcp_after(uint32_t a, uint32_t b)
{
	return (int32_t)(b - a) < 0;
}

#pragma GCC visibility pop

#endif

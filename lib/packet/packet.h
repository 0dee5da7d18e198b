/* packet.h - a TCP/IP packet in a buffer: read it, change it, make one
 *
 * For those who stand in a packet's way (a queue, a TUN device). What stands in
 * a recorded frame is trace.h's.
 */
#ifndef TWLAB_PACKET_H
#define TWLAB_PACKET_H

#include <twlab/trace.h>

#pragma GCC visibility push(default)	/* public */

#define PACKET_MAX 128		/* what packet_make() may need without a payload */

struct packet {
	struct endpoint src, dst;
	uint32_t seq, end_seq;	/* end_seq counts data, SYN and FIN */
	uint32_t ack;
	uint8_t flags;		/* enum tcp_flag */
	uint8_t *tcp;		/* the TCP header, in the buffer */
	uint8_t *ts;		/* TSval of its timestamp option, TSecr 4 bytes further; NULL = no such option */
};

/* Read the @len bytes of IP packet at @ip, of which the headers must be there;
 * the payload may be cut off. False if it is not TCP, a fragment, or malformed.
 */
bool packet_read(uint8_t *ip, size_t len, struct packet *packet);

uint32_t packet_tsval(const struct packet *packet);	/* only with packet->ts */
uint32_t packet_tsecr(const struct packet *packet);

/* Write @value over the 4 bytes @at inside the TCP header and put the checksum
 * right by the difference alone (RFC 1624), so that a wrong one stays wrong and
 * a payload that was cut off does not matter.
 */
void packet_put(struct packet *packet, uint8_t *at, uint32_t value);

/* Does the TCP checksum hold? All of the packet must be there. */
bool packet_sound(const uint8_t *ip, size_t len);

/* What packet_make() is told. */
struct packet_spec {
	struct endpoint src, dst;
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t window;	/* 0 = 65535 */
	bool has_ts;
	uint32_t tsval, tsecr;
	const void *data;
	uint16_t len;
};

/* Write the packet with its checksums to @ip, which has room for PACKET_MAX +
 * spec->len bytes. Returns its length. A SYN has an MSS of 1000 and no scaling.
 */
size_t packet_make(const struct packet_spec *spec, uint8_t *ip);

#pragma GCC visibility pop

#endif

/* icmp.h - ICMP errors: what a router or host says of a segment that it does not take
 *
 * Each quotes the beginning of the segment that it is about (RFC 1812, 4.3.2.3;
 * RFC 4443, 2.4), and a NAT on its way translates that, too. So at each place
 * that it passes, what it quotes is what was seen of the segment there.
 */
#ifndef TWLAB_ICMP_H
#define TWLAB_ICMP_H

#include <twlab/trace.h>

struct icmp_view {
	int family;			/* AF_INET or AF_INET6 */
	uint8_t type, code;
	uint8_t ttl;
	struct endpoint src, dst;	/* of the error itself; no ports */
	struct endpoint quoted_src, quoted_dst;
	uint32_t quoted_seq;
	uint16_t quoted_id;		/* of its IP header; 0 for IPv6 */
};

/* Read the ICMP error in Ethernet frame @data. False if it is none, is a fragment, is
 * cut short, or is about something else than a TCP segment.
 */
bool icmp_read(const uint8_t *data, uint32_t len, struct icmp_view *view);

/* "host unreachable", "admin prohibited", ...: IANA's words, shortened. NULL for a type
 * that is no error.
 */
const char *icmp_name(int family, uint8_t type, uint8_t code);

/* "ICMP host unreachable from router". To be freed. */
char *icmp_text(const struct trace *trace, const struct icmp_error *error);

/* A step of trace_follow(), after conn_follow(): find @trace's ICMP errors, which
 * segment each is about, and write their frames' comments. Those about segments that
 * are not on record are left out.
 */
void icmp_follow(struct trace *trace);

#endif

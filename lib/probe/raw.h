/* raw.h - packets of our own making, sent from a node as they stand
 *
 * Two uses. A step of a lab sends a segment that no program would (DO_SEND). And
 * recycling ends a TIME_WAIT where SOCK_DESTROY refuses one (tcp_abort, before
 * Linux 6.1): a RST as if from the peer, in exactly the right place, does, unless
 * tcp_rfc1337 is set: RFC 1337's assassination, put to use. That one travels over
 * the loopback device, which must be up, and is seen nowhere else: what a host
 * sends to itself is not asked whether its source address can be true.
 */
#ifndef TWLAB_RAW_H
#define TWLAB_RAW_H

#include <twlab/packet.h>

#define RAW_MARK 7323	/* on the packets (SO_MARK), to be told from the kernel's own */
#define RAW_DATA_MAX 1000	/* bytes of payload */

struct raw;

/* Open one in the current namespace (needs CAP_NET_RAW). NULL and @err on failure. */
struct raw *raw_open(struct err *err);
void raw_close(struct raw *raw);

/* Send the packet that @spec describes to where its destination is. If that is
 * this host, TCP has taken it when this returns, if no rule kept it.
 */
int raw_send(struct raw *raw, const struct packet_spec *spec, struct err *err);

#endif

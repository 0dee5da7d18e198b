/* rst.h - a RST as if from a peer, to one of this host's own sockets
 *
 * Before Linux 6.1 SOCK_DESTROY refuses a TIME_WAIT (tcp_abort), but a RST in
 * exactly the right place ends one, unless tcp_rfc1337 is set: RFC 1337's
 * assassination, put to use. It travels over the loopback device, which must be
 * up, and is seen nowhere else: what a host sends to itself is not asked whether its source
 * address can be true.
 */
#ifndef TWLAB_RST_H
#define TWLAB_RST_H

#include "lib/trace.h"

#define RST_MARK 7323	/* on the packets (SO_MARK), to be told from a peer's own */

struct rst;

/* Open one in the current namespace (needs CAP_NET_RAW). NULL and @err on failure. */
struct rst *rst_open(struct err *err);
void rst_close(struct rst *rst);

/* Send @to, an endpoint of this host, a RST from @from with sequence number
 * @seq. TCP has taken it when this returns, if no rule kept it.
 */
int rst_send(struct rst *rst, const struct endpoint *from, const struct endpoint *to, uint32_t seq,
	     struct err *err);

#endif

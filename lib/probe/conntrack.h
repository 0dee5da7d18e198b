/* conntrack.h - what a NAT remembers: its table of TCP connections
 *
 * The one file that knows libnl's ctnetlink. The kernel gives an entry's time
 * that is left in whole seconds, rounded down.
 */
#ifndef TWLAB_CONNTRACK_H
#define TWLAB_CONNTRACK_H

#include <twlab/endpoint.h>
#include <twlab/err.h>

#pragma GCC visibility push(default)	/* public */

struct conntrack;

struct ct_seen {
	struct endpoint from, to;	/* as who opened the connection calls its two ends */
	struct endpoint as;		/* what the other end takes @from for */
	const char *state;		/* "SYN_SENT", "ESTABLISHED", "FIN_WAIT", ... (nf_conntrack_tcp.h); "" = it has none */
	int64_t expires_ms;
	uint32_t id;			/* tells two entries of the same addresses apart */
};

/* Open one in the namespace @ns. NULL and @err on failure: -EOPNOTSUPP and the
 * like where the kernel has no nf_conntrack_netlink.
 */
struct conntrack *conntrack_open(int ns, struct err *err);
void conntrack_close(struct conntrack *conntrack);

/* Every TCP entry of the node's table. *@seen belongs to @conntrack and is good until
 * the next call. Returns how many, or negative.
 */
int conntrack_dump(struct conntrack *conntrack, const struct ct_seen **seen, struct err *err);

#pragma GCC visibility pop

#endif

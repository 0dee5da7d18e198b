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

/* Is @state one that a TCP entry can be in ("SYN_SENT", ...)? */
bool conntrack_has_state(const char *state);

struct ct_seen {
	struct endpoint from, to;	/* as who opened the connection calls its two ends */
	struct endpoint as;		/* what the other end takes @from for */
	const char *state;		/* "SYN_SENT", "ESTABLISHED", "FIN_WAIT", ... (nf_conntrack_tcp.h); "" = it has none */
	struct endpoint target;		/* where what goes to @to is sent: another one where the NAT changes destinations */
	int64_t expires_ms;
	uint32_t id;			/* a hash of its place in memory and its addresses: the next entry may have the same */
};

enum ct_turn { CT_MADE, CT_CHANGED, CT_ENDED };

/* An entry has been made, is in another state, or has ended. */
struct ct_event {
	enum ct_turn turn;
	struct ct_seen seen;		/* as the kernel tells of it then; where it ended, the time left means nothing */
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

/* What has become of the table since the last call, or since it was opened, in the order in which it
 * happened. *@events belongs to @conntrack and is good until the next call; never blocks. Returns how
 * many, or negative: -ENOBUFS when there were more than could be kept. A kernel whose
 * nf_conntrack_events is 0 tells nothing.
 */
int conntrack_events(struct conntrack *conntrack, const struct ct_event **events, struct err *err);

/* Does conntrack_events() have something to tell? */
bool conntrack_waits(const struct conntrack *conntrack);

#pragma GCC visibility pop

#endif

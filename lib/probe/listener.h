/* listener.h - how far a SYN gets: to a listening socket, and past cookies
 *
 * What tcp_conn_request() in 4.9 finds out before it asks whether a peer is
 * proven: `!want_cookie && !isn`.
 */
#ifndef TWLAB_LISTENER_H
#define TWLAB_LISTENER_H

#include <twlab/packet.h>
#include <twlab/sockdiag.h>

struct listener;

/* Open one in the current namespace. NULL and @err on failure. */
struct listener *listener_open(struct err *err);
void listener_close(struct listener *listener);

/* Is tcp_timestamps on? If not, a SYN's timestamp is not even read. */
bool listener_reads_timestamps(const struct listener *listener);

/* Does a listening socket judge @syn? Not if a socket with its four-tuple deals
 * with it, of which a TIME_WAIT is the one that matters; not if nobody listens;
 * not if it gets a cookie, because tcp_syncookies is 2, or 1 and the queue of
 * half-open connections is full. That is counted at most every 10 ms.
 */
bool listener_judges(struct listener *listener, struct sockdiag *diag, const struct packet *syn,
		     int64_t now_ms);

#endif

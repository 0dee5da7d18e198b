/* sockdiag.h - a node's TCP sockets as the kernel reports them (sock_diag(7))
 *
 * The only place where TIME_WAIT can be seen: its socket is a stub that TCP_INFO
 * and tracepoints never show.
 */
#ifndef TWLAB_SOCKDIAG_H
#define TWLAB_SOCKDIAG_H

#include <twlab/endpoint.h>
#include <twlab/err.h>
#include <twlab/tcp_state.h>

#pragma GCC visibility push(default)	/* public */

struct sockdiag;

struct socket_seen {
	struct endpoint local, remote;
	enum tcp_state state;
	const char *timer;	/* "", "retrans", "keepalive", "timewait", "probe" */
	int64_t expires_ms;	/* of the timer; -1 = none */
	uint32_t cookie[2];	/* tells two sockets on one four-tuple apart */
	uint32_t inode;
	uint32_t ifindex;
	uint32_t backlog;	/* of one that listens: what listen(2) was told, within somaxconn */
	uint32_t rto_us;	/* its RTO as it stands, and how often it was doubled: only */
	uint8_t backoff;	/* from sockdiag_find(), and 0 for LISTEN, SYN_RECV, TIME_WAIT */
};

/* Open one in the namespace @ns. NULL and @err on failure. */
struct sockdiag *sockdiag_open(int ns, struct err *err);
void sockdiag_close(struct sockdiag *diag);

/* Every TCP socket of the node, @family AF_INET or AF_INET6. *@sockets belongs
 * to @diag and is good until the next call. Returns how many, or negative.
 */
int sockdiag_dump(struct sockdiag *diag, int family, const struct socket_seen **sockets, struct err *err);

/* The socket that a segment from @remote to @local would meet: one with that
 * four-tuple, else one that listens. Returns 1, 0 if there is none, or negative.
 */
int sockdiag_find(struct sockdiag *diag, const struct endpoint *local, const struct endpoint *remote,
		  struct socket_seen *seen, struct err *err);

/* End a socket as if it had never been (SOCK_DESTROY). For TIME_WAIT the kernel
 * must be 6.1 or later: before, it answers EOPNOTSUPP (tcp_abort).
 */
int sockdiag_destroy(struct sockdiag *diag, const struct socket_seen *socket, struct err *err);

#pragma GCC visibility pop

#endif

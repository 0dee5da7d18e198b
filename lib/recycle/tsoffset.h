/* tsoffset.h - a host whose TCP timestamp clock is ahead of its kernel's
 *
 * Machines booted at different times have different clocks; namespaces of one
 * kernel have the same. This shifts the TSval of what the host sends, and shifts
 * TSecr back in what it receives, so that its own measurements stay right:
 *
 *	kernel --TSval--> + shift --> network --TSecr--> - shift --> kernel
 *
 * It works on every kernel that has NFQUEUE. What has no timestamp option passes
 * untouched and unseen, as does the loopback device. TSecr counts only in a
 * segment with ACK (RFC 7323, 3.2), so that of a SYN is left alone, and so is what
 * raw_send() sends. Everything is modulo 2^32, checksums are corrected by the difference.
 *
 * For a host: what a router forwards would be shifted on its way in as well.
 * The node should have tcp_timestamps=2 where that exists (4.10 and later), or
 * the kernel adds an offset of its own to each pair of hosts or connection.
 */
#ifndef TWLAB_TSOFFSET_H
#define TWLAB_TSOFFSET_H

#include <twlab/err.h>

#include <poll.h>

#pragma GCC visibility push(default)	/* public */

struct tsoffset;

struct tsoffset_stats {
	uint64_t sent, received;	/* segments that were changed */
	uint64_t missed;		/* dropped: more came than could be held (TCP sends them again) */
};

/* Give the network namespace @ns a clock that is @shift_ticks ahead. Makes the
 * table `inet twlab_uptime` and takes packet queue UPTIME_QUEUE there. NULL and
 * @err on failure, with nothing left behind.
 */
#define UPTIME_QUEUE 7322
struct tsoffset *tsoffset_open(int ns, uint32_t shift_ticks, struct err *err);

/* From now on the clock is @ticks less ahead for each number of the local port, modulo
 * 2^32: every connection has a clock of its own, as on kernels that draw an offset for each.
 */
void tsoffset_scatter(struct tsoffset *tsoffset, uint32_t ticks);

/* What to poll: fills in at most @max of @fds, returns how many. */
int tsoffset_fds(const struct tsoffset *tsoffset, struct pollfd *fds, int max);

/* Handle what waits, a bounded number of packets; never blocks. Returns 0, or
 * negative errno when the clock is lost.
 */
int tsoffset_handle(struct tsoffset *tsoffset, struct err *err);

const struct tsoffset_stats *tsoffset_stats(struct tsoffset *tsoffset);

/* The clock falls back to the kernel's: connections that are open will find
 * their peers' PAWS in the way. NULL is fine. Its rules go if @forget; who takes
 * the namespace away need not wait for that. Where they stay, or the process is
 * killed, they let everything pass.
 */
void tsoffset_close(struct tsoffset *tsoffset, bool forget);

/* The change itself, on the IP packet at @ip: exported to be tested. True if
 * it changed something.
 */
bool tsoffset_shift(uint8_t *ip, size_t len, bool out, uint32_t shift_ticks);

#pragma GCC visibility pop

#endif

/* recycle.h - tcp_tw_recycle for kernels that no longer have it
 *
 * Gives one network namespace what net.ipv4.tcp_tw_recycle=1 gave a host up to
 * Linux 4.11. recycle_rule.h says what that is; this brings it about from
 * outside the kernel:
 *
 *	incoming SYNs ──> queue ──> rule ──> dropped without an answer, or on to TCP
 *	segments of connections that this host closes first, both ways ──> queue
 *		──> rule: what to remember, when TIME_WAIT is to end ──> SOCK_DESTROY
 *
 * A set in the kernel names the four-tuples that sent a FIN, so that open
 * connections run at full speed. Which state a socket is in, and its RTO, is
 * asked of sock_diag before and after each of its segments.
 *
 * What is not the same as in a kernel that has it:
 *  - before Linux 6.1 a TIME_WAIT is ended by a RST over the loopback device
 *    (raw.h), which tcp_rfc1337=1 prevents (stats.not_ended counts);
 *  - the kernel's own timer decides about a TIME_WAIT of 60 s, with the granule
 *    of this kernel's HZ; an early end has that of HZ=1000 (recycle_rule_timer_ms);
 *  - RTO is that of this kernel, in ticks of its own HZ (with 250: up to 4 ms more);
 *  - when more packets wait than fit, the others pass unseen (stats.missed): a
 *    SYN that the rule would have dropped is answered, never the other way round;
 *  - the second of a stamp is that of the FIN that this host sent, until the
 *    peer's next segment comes;
 *  - source routes (accept_source_route) are not looked at, nor is what
 *    connect() made of the stamps: a TSecr in its SYN that nobody reads.
 */
#ifndef TWLAB_RECYCLE_H
#define TWLAB_RECYCLE_H

#include <twlab/recycle_rule.h>
#include <twlab/trace.h>

#include <poll.h>

#pragma GCC visibility push(default)	/* public */

#define RECYCLE_QUEUE 7321

struct recycle;

struct recycle_stats {
	uint64_t paws_passive;	/* SYNs left without an answer; each counts under ListenDrops too */
	uint64_t syns;		/* SYNs that were judged */
	uint64_t closes;	/* connections that this host closed first */
	uint64_t ended;		/* TIME_WAITs ended after 3.5 RTO */
	uint64_t rearmed;	/* ... that a segment had set to 60 s before */
	uint64_t not_ended;	/* ... that the kernel refused to end */
	uint64_t unfollowed;	/* closes for which there was no room: 60 s, nothing remembered */
	uint64_t missed;	/* packets that passed unseen, because too many waited */
};

/* A SYN that was left without an answer. */
struct recycle_reject {
	struct endpoint from, to;
	enum recycle_verdict verdict;	/* RECYCLE_OLDER or RECYCLE_NO_TS */
	bool has_ts;
	uint32_t tsval;
	struct recycle_stamp stamp;	/* that spoke against it */
	uint32_t now_s;
};

typedef void recycle_reject_fn(const struct recycle_reject *reject, void *arg);

/* Give the namespace @ns tcp_tw_recycle. Makes the table `inet twlab_recycle`
 * (a leftover of a killed process is replaced) and takes packet queue
 * RECYCLE_QUEUE there: EBUSY if somebody has it. NULL and @err on failure, with
 * nothing left behind. If the process is killed the rules stay, and let
 * everything pass.
 */
struct recycle *recycle_open(int ns, struct err *err);

/* Have @fn called for every rejected SYN (NULL: no more). */
void recycle_on_reject(struct recycle *recycle, recycle_reject_fn *fn, void *arg);

/* What to poll: fills in at most @max of @fds, returns how many. */
int recycle_fds(const struct recycle *recycle, struct pollfd *fds, int max);

/* Handle what waits, a bounded number of packets; never blocks. Returns 0, or
 * negative errno when the namespace is no longer looked after.
 */
int recycle_handle(struct recycle *recycle, struct err *err);

/* When recycle_tick() wants to be called next, CLOCK_MONOTONIC; -1 = not at all.
 * Good until the next recycle_handle().
 */
int64_t recycle_next_deadline_ns(const struct recycle *recycle);

/* End what is due at @now_ns, CLOCK_MONOTONIC. Returns as recycle_handle(). */
int recycle_tick(struct recycle *recycle, int64_t now_ns, struct err *err);

const struct recycle_stats *recycle_stats(struct recycle *recycle);

/* One sentence on why a SYN was left without an answer; the caller frees it. */
char *recycle_reason(const struct recycle_reject *reject);

/* Forget the stamps, and with @forget the rules: as tsoffset_close(). What is in
 * TIME_WAIT lives on as the kernel would have it. NULL is fine.
 */
void recycle_close(struct recycle *recycle, bool forget);

#pragma GCC visibility pop

#endif

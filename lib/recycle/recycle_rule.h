/* recycle_rule.h - what a kernel with net.ipv4.tcp_tw_recycle=1 decides
 *
 * Linux had it up to 4.11. The rule is read from 4.9 (tcp_metrics.c,
 * tcp_minisocks.c, tcp_input.c) and says three things:
 *
 *  1. Who closes first remembers, for each pair of addresses and whatever the
 *     ports, the newest TSval that the other address sent and the second in
 *     which it came.
 *  2. It then keeps TIME_WAIT for 3.5 RTO instead of 60 s.
 *  3. For the 60 s after that second it leaves a SYN from that address without
 *     an answer if the SYN's TSval is older by more than one tick, or absent.
 *
 * Behind a NAT several clocks share one address, so 3 hits the wrong host.
 *
 * Nothing here reads a clock or a socket: time, segments and RTO are handed in.
 * Seconds are whole seconds of the wall clock (4.9 takes get_seconds() here, so
 * setting the clock ends the 60 s), ticks are the peer's, as they stand on the
 * wire, and both count modulo 2^32 as the kernel's do.
 */
#ifndef TWLAB_RECYCLE_RULE_H
#define TWLAB_RECYCLE_RULE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(default)	/* public */

#define RECYCLE_MSL_S	60	/* TCP_PAWS_MSL: how long a stamp speaks against a SYN */
#define RECYCLE_WINDOW	1	/* TCP_PAWS_WINDOW: ticks by which a SYN may be older */
#define RECYCLE_TIME_WAIT_MS 60000	/* TCP_TIMEWAIT_LEN */

/* Two addresses, IPv4 as ::ffff:a.b.c.d. Ports play no part. */
struct recycle_pair {
	struct in6_addr local, remote;
};

/* The newest timestamp of a pair: tcpm_ts and tcpm_ts_stamp. */
struct recycle_stamp {
	struct recycle_pair pair;
	uint32_t ts;		/* TSval, ticks of the peer */
	uint32_t at_s;		/* wall-clock second in which it came; 0 in an empty slot */
	int64_t used_ms;	/* when it was written last: the oldest gives way */
};

/* The stamps of one namespace, at most 8192 chains of 6, like 4.9 on a machine
 * with less than 512 MB (tcp_metrics_hash, TCP_METRICS_RECLAIM_DEPTH): a 7th
 * pair in a chain takes the place of the one written longest ago. Which
 * addresses share a chain differs from boot to boot there, and is fixed here.
 */
struct recycle_stamps;
struct recycle_stamps *recycle_rule_new(void);
void recycle_rule_free(struct recycle_stamps *stamps);

/* --- 3. a SYN (tcp_peer_is_proven) --- */

enum recycle_verdict {
	RECYCLE_PROVEN,		/* nothing speaks against it */
	RECYCLE_OLDER,		/* its TSval is older than the stamp by more than one tick */
	RECYCLE_NO_TS,		/* it has no timestamp, and there is a fresh stamp */
	RECYCLE_VERDICTS
};

/* Judge a SYN for a listening socket that meets no socket with its four-tuple:
 * a live TIME_WAIT, or any other, deals with it first, and a SYN that gets a
 * cookie is not judged at all. @has_ts: it has a timestamp and the host's
 * tcp_timestamps is not 0. @found, if not NULL, gets the stamp that spoke
 * against it (untouched for RECYCLE_PROVEN).
 */
enum recycle_verdict recycle_rule_syn(const struct recycle_stamps *stamps,
				      const struct recycle_pair *pair, bool has_ts,
				      uint32_t tsval, uint32_t now_s,
				      struct recycle_stamp *found);

/* --- 1. and 2. a connection that this host closes first --- */

/* What arrived, as far as the rule looks at it. */
struct recycle_segment {
	uint32_t seq, end_seq;	/* end_seq counts data, SYN and FIN */
	bool syn, ack, rst;
	bool has_ts;
	uint32_t tsval;
};

struct recycle_close {
	struct recycle_pair pair;
	bool has_ts;		/* the connection uses timestamps */
	uint32_t ts_recent;	/* the newest TSval that counts (RFC 7323, 4.3) */
	uint32_t ts_recent_s;	/* second in which it came */
	uint32_t acked;		/* what we acknowledged last: rcv_wup, in TIME_WAIT tw_rcv_nxt */
	int64_t timeout_ms;	/* how long TIME_WAIT is to last */
};

struct recycle_now {
	uint32_t wall_s;	/* CLOCK_REALTIME */
	int64_t ms;		/* CLOCK_MONOTONIC */
};

/* A segment for a connection that is not yet in TIME_WAIT, nor in the FIN_WAIT2
 * of a socket that nobody holds any more: does its TSval become ts_recent?
 */
void recycle_rule_recent(struct recycle_close *conn, const struct recycle_segment *segment,
			 uint32_t now_s);

/* The socket gives way to a TIME_WAIT minisocket (tcp_time_wait), in state
 * TIME_WAIT or, if nobody holds it, in FIN_WAIT2: remember its ts_recent and
 * settle how long TIME_WAIT will last. @rto_ms is the socket's at that moment.
 */
void recycle_rule_time_wait(struct recycle_close *conn, struct recycle_stamps *stamps,
			    int64_t rto_ms, const struct recycle_now *now);

/* The FIN that ends a minisocket's FIN_WAIT2 (tcp_timewait_state_process):
 * remember its TSval. TIME_WAIT lasts timeout_ms from now.
 */
void recycle_rule_fin(struct recycle_close *conn, struct recycle_stamps *stamps,
		      const struct recycle_segment *fin, const struct recycle_now *now);

/* Does @segment set a TIME_WAIT's timer anew, to the full 60 s? So does the FIN
 * again, an old acknowledgement, or a SYN with an older timestamp.
 */
bool recycle_rule_rearms(const struct recycle_close *conn, const struct recycle_segment *segment);

/* When a kernel timer set at @from_ms for @after_ms runs out: the timer wheel
 * (since 4.8) rounds up to a granule that grows with @after_ms. This is the
 * wheel of a kernel with HZ=1000, whose jiffies begin at minus 300 s.
 */
int64_t recycle_rule_timer_ms(int64_t from_ms, int64_t after_ms);

#pragma GCC visibility pop

#endif

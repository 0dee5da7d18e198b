/* recycle.c - tcp_tw_recycle for kernels that no longer have it
 *
 * A segment of a connection that is being closed is seen three times: by
 * sock_diag's word on the socket before it, by itself, and by sock_diag's word
 * after it, because the kernel takes it through TCP while nfqueue_accept() runs.
 * So what the kernel did need not be guessed; what it does not tell, the newest
 * TSval that it took (ts_recent), is followed from the segments.
 */
#include <twlab/recycle.h>

#include <twlab/clock.h>
#include <twlab/closing.h>
#include <twlab/nftables.h>
#include <twlab/listener.h>
#include <twlab/ns.h>
#include <twlab/packet.h>
#include <twlab/nfqueue.h>
#include <twlab/raw.h>
#include <twlab/sockdiag.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <time.h>

#define STRINGIFY(x) #x
#define NUMBER(x) STRINGIFY(x)

#define SET_S 20	/* how long a four-tuple stays in the kernel's set */
#define IDLE_MS 30000	/* how often to see whether a closing connection is still there */

struct recycle {
	int ns;
	struct nfqueue *nfqueue;
	struct listener *listener;
	struct raw *raw;
	struct sockdiag *diag;
	struct recycle_stamps *stamps;
	struct closing_table *closings;
	recycle_reject_fn *on_reject;
	void *arg;
	struct recycle_stats stats;
};

/* Adding a table that is there already is no error, deleting one that is not
 * is: so add, delete, add, and one that a killed process left is gone.
 *
 * Segments wait in prerouting, not in input: between the two the kernel already
 * looks the socket up (early demux), and a FIN that waited there behind the ACK
 * that makes a stub of the socket would then go to the dead socket, and be lost.
 *
 * A four-tuple leaves the set SET_S after the last FIN that was sent, or there
 * would be no room under load, and who receives for long after shutdown() would
 * do so slowly. What counts later than that is the peer's FIN; every FIN waits.
 */
#define FORGET "table inet twlab_recycle {}; delete table inet twlab_recycle;"
#define QUEUE "queue flags bypass to " NUMBER(RECYCLE_QUEUE) "; "
#define SET "flags dynamic,timeout; timeout " NUMBER(SET_S) "s; size " NUMBER(CLOSING_MAX) ";"

static const char rules[] = FORGET
	"table inet twlab_recycle {"
	" set closing4 { type ipv4_addr . inet_service . ipv4_addr . inet_service; " SET " };"
	" set closing6 { type ipv6_addr . inet_service . ipv6_addr . inet_service; " SET " };"
	" chain out { type filter hook output priority 400;"
	"  tcp flags & fin == fin update @closing4 { ip saddr . tcp sport . ip daddr . tcp dport };"
	"  tcp flags & fin == fin update @closing6 { ip6 saddr . tcp sport . ip6 daddr . tcp dport };"
	"  ip saddr . tcp sport . ip daddr . tcp dport @closing4 " QUEUE
	"  ip6 saddr . tcp sport . ip6 daddr . tcp dport @closing6 " QUEUE
	" };"
	" chain in { type filter hook prerouting priority 400;"
	"  meta mark " NUMBER(RAW_MARK) " accept;"
	"  tcp flags & (fin | syn | rst | ack) == syn " QUEUE
	"  tcp flags & fin == fin " QUEUE
	"  ip daddr . tcp dport . ip saddr . tcp sport @closing4 " QUEUE
	"  ip6 daddr . tcp dport . ip6 saddr . tcp sport @closing6 " QUEUE
	" };"
	"}";

static struct recycle_now now(void)
{
	return (struct recycle_now){
		.wall_s = (uint32_t)(clock_ns(CLOCK_REALTIME) / NS_PER_S),
		.ms = clock_ns(CLOCK_MONOTONIC) / NS_PER_MS,
	};
}

/* --- the socket behind a flow --- */

/* What the kernel says of it now. A flow whose socket is gone, or whose
 * four-tuple has another one, is forgotten: then false.
 */
static bool look(struct recycle *recycle, struct closing *closing, struct socket_seen *seen)
{
	struct err err = { 0 };

	if (sockdiag_find(recycle->diag, &closing->local, &closing->remote, seen, &err) == 1 &&
	    !memcmp(seen->cookie, closing->cookie, sizeof(closing->cookie)))
		return true;
	closing_forget(recycle->closings, closing);
	return false;
}

static enum closing_stage stage_of(const struct socket_seen *seen)
{
	if (strcmp(seen->timer, "timewait"))
		return CLOSING_FULL;
	return seen->state == STATE_FIN_WAIT2 ? CLOSING_STUB : CLOSING_TIME_WAIT;
}

/* The RTO with which it will go: an acknowledgement of the FIN, which it needs
 * first, ends the doubling (tcp_ack_update_rtt).
 */
static void note_rto(struct closing *closing, const struct socket_seen *seen)
{
	if (stage_of(seen) == CLOSING_FULL)
		closing->rto_us = seen->rto_us >> (seen->state == STATE_FIN_WAIT2 ? 0 : seen->backoff);
}

/* Has the kernel taken the flow a stage further? @by is the segment that it has
 * just been given, NULL if it was none. False if the flow was forgotten: to end
 * a TIME_WAIT of 60 s is the kernel's own business.
 */
static bool advance(struct recycle *recycle, struct closing *closing, const struct socket_seen *seen,
		    const struct recycle_segment *by, const struct recycle_now *at)
{
	enum closing_stage stage = stage_of(seen);

	note_rto(closing, seen);
	closing_set_half_closed(recycle->closings, closing, stage == CLOSING_FULL && seen->state == STATE_FIN_WAIT2);
	if (stage == closing->stage)
		return true;
	if (closing->stage == CLOSING_FULL)
		recycle_rule_time_wait(&closing->conn, recycle->stamps, closing->rto_us / 1000, at);
	else if (by)
		recycle_rule_fin(&closing->conn, recycle->stamps, by, at);
	closing->stage = stage;
	if (stage != CLOSING_TIME_WAIT)
		return true;
	if (closing->conn.timeout_ms >= RECYCLE_TIME_WAIT_MS) {
		closing_forget(recycle->closings, closing);
		return false;
	}
	if (by)
		closing->conn.acked = by->end_seq;
	closing->since_ms = at->ms;
	closing_look_at(recycle->closings, closing, recycle_rule_timer_ms(at->ms, closing->conn.timeout_ms));
	return true;
}

/* --- a SYN --- */

/* A program that has shut its side down and closes later leaves a stub, and a
 * stamp, without any segment: look before judging.
 */
static void catch_up(struct recycle *recycle, const struct packet *syn, const struct recycle_now *at)
{
	struct closing *closing, *next;
	struct socket_seen seen;

	for (closing = LIST_FIRST(closing_half_closed(recycle->closings)); closing; closing = next) {
		next = LIST_NEXT(closing, in_half);
		if (memcmp(&closing->remote.addr, &syn->src.addr, sizeof(syn->src.addr)) ||
		    memcmp(&closing->local.addr, &syn->dst.addr, sizeof(syn->dst.addr)))
			continue;
		if (look(recycle, closing, &seen))
			advance(recycle, closing, &seen, NULL, at);
	}
}

static bool rejects(struct recycle *recycle, const struct packet *syn, const struct recycle_now *at)
{
	const struct recycle_pair pair = { .local = syn->dst.addr, .remote = syn->src.addr };
	struct recycle_reject reject = {
		.from = syn->src, .to = syn->dst, .now_s = at->wall_s, .has_ts = syn->ts != NULL,
		.tsval = syn->ts ? packet_tsval(syn) : 0,
	};
	bool has_ts = reject.has_ts && listener_reads_timestamps(recycle->listener);

	recycle->stats.syns++;
	catch_up(recycle, syn, at);
	reject.verdict = recycle_rule_syn(recycle->stamps, &pair, has_ts, reject.tsval,
					  at->wall_s, &reject.stamp);
	if (reject.verdict == RECYCLE_PROVEN ||
	    !listener_judges(recycle->listener, recycle->diag, syn, at->ms))
		return false;
	recycle->stats.paws_passive++;
	if (recycle->on_reject)
		recycle->on_reject(&reject, recycle->arg);
	return true;
}

/* --- segments --- */

static struct recycle_segment segment_of(const struct packet *packet)
{
	return (struct recycle_segment){
		.seq = packet->seq, .end_seq = packet->end_seq,
		.syn = packet->flags & TCP_SYN,
		.ack = packet->flags & TCP_ACK,
		.rst = packet->flags & TCP_RST,
		.has_ts = packet->ts != NULL,
		.tsval = packet->ts ? packet_tsval(packet) : 0,
	};
}

/* A segment for a connection that is not yet in TIME_WAIT. */
static void pass(struct recycle *recycle, struct closing *closing, struct nfqueue_packet *waiting,
		 const struct packet *packet, const struct recycle_now *at)
{
	struct recycle_segment segment = segment_of(packet);
	struct socket_seen seen;

	if (!look(recycle, closing, &seen) || !advance(recycle, closing, &seen, NULL, at))
		return;
	if (at->ms - closing->seen_ms > SET_S * 500)	/* our ACKs may have passed unseen */
		closing->conn.acked = segment.seq;
	closing->seen_ms = at->ms;
	if (closing->stage == CLOSING_FULL)
		recycle_rule_recent(&closing->conn, &segment, at->wall_s);
	nfqueue_accept(recycle->nfqueue, waiting);
	if (!look(recycle, closing, &seen))
		return;
	/* TCP puts a segment off while a program is inside a call on the socket. */
	if (closing->stage == CLOSING_FULL && stage_of(&seen) == CLOSING_FULL && packet->flags & TCP_FIN)
		closing_look_at(recycle->closings, closing, at->ms + (closing->patience_ms = 1));
	advance(recycle, closing, &seen, &segment, at);
}

/* One for a TIME_WAIT. Whether it really set the timer anew, and was not dropped
 * on the way, shows in the timer: in the first tick it cannot.
 */
static void pass_time_wait(struct recycle *recycle, struct closing *closing, struct nfqueue_packet *waiting,
			   const struct packet *packet)
{
	struct recycle_segment segment = segment_of(packet);
	struct socket_seen before, after;

	if (!recycle_rule_rearms(&closing->conn, &segment) || !look(recycle, closing, &before))
		return;
	nfqueue_accept(recycle->nfqueue, waiting);
	if (!look(recycle, closing, &after))
		return;
	if (after.expires_ms <= before.expires_ms && before.expires_ms < RECYCLE_TIME_WAIT_MS)
		return;
	recycle->stats.rearmed++;
	closing_forget(recycle->closings, closing);
}

static void incoming(struct recycle *recycle, struct nfqueue_packet *waiting, const struct packet *packet)
{
	const struct recycle_now at = now();
	const uint8_t kind = packet->flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK);
	struct closing *closing;

	if (kind == TCP_SYN && rejects(recycle, packet, &at)) {
		nfqueue_drop(recycle->nfqueue, waiting);
		return;
	}
	closing = closing_find(recycle->closings, &packet->dst, &packet->src);
	if (closing && closing->stage == CLOSING_TIME_WAIT)
		pass_time_wait(recycle, closing, waiting, packet);
	else if (closing)
		pass(recycle, closing, waiting, packet, &at);
}

/* This host sends a FIN: is it the first to close? */
static struct closing *follow(struct recycle *recycle, struct closing *closing, const struct packet *fin)
{
	const struct recycle_now at = now();
	struct socket_seen seen;
	struct err err = { 0 };

	if (closing && look(recycle, closing, &seen))
		return closing;
	if (sockdiag_find(recycle->diag, &fin->src, &fin->dst, &seen, &err) != 1 ||
	    (seen.state != STATE_FIN_WAIT1 && seen.state != STATE_CLOSING))
		return NULL;
	closing = closing_add(recycle->closings, &fin->src, &fin->dst, at.ms + IDLE_MS);
	if (!closing) {
		recycle->stats.unfollowed++;
		return NULL;
	}
	recycle->stats.closes++;
	closing->conn.pair = (struct recycle_pair){ .local = fin->src.addr, .remote = fin->dst.addr };
	memcpy(closing->cookie, seen.cookie, sizeof(closing->cookie));
	note_rto(closing, &seen);
	return closing;
}

/* What this host sends shows its ts_recent, as TSecr, and what it acknowledges. */
static void outgoing(struct recycle *recycle, const struct packet *packet)
{
	struct closing *closing = closing_find(recycle->closings, &packet->src, &packet->dst);

	if (packet->flags & TCP_FIN)
		closing = follow(recycle, closing, packet);
	if (!closing || !(packet->flags & TCP_ACK) || packet->flags & TCP_RST)
		return;
	closing->conn.acked = packet->ack;
	closing->seen_ms = now().ms;
	if (!packet->ts || closing->stage != CLOSING_FULL)
		return;
	if (!closing->conn.has_ts || closing->conn.ts_recent != packet_tsecr(packet))
		closing->conn.ts_recent_s = now().wall_s;
	closing->conn.has_ts = true;
	closing->conn.ts_recent = packet_tsecr(packet);
}

static void handle(struct nfqueue *nfqueue, struct nfqueue_packet *waiting, void *arg)
{
	struct recycle *recycle = arg;
	struct packet packet;

	(void)nfqueue;
	if (!packet_read(waiting->data, waiting->len, &packet))
		return;
	if (waiting->out)
		outgoing(recycle, &packet);
	else
		incoming(recycle, waiting, &packet);
}

/* --- time --- */

/* SOCK_DESTROY, or from before 6.1 on a RST. Is it gone? */
static bool destroy(struct recycle *recycle, const struct closing *closing, const struct socket_seen *seen)
{
	const struct packet_spec rst = {
		.src = closing->remote, .dst = closing->local, .seq = closing->conn.acked, .flags = TCP_RST,
	};
	struct socket_seen after;
	struct err err = { 0 };

	if (!sockdiag_destroy(recycle->diag, seen, &err))
		return true;
	return err.code == EOPNOTSUPP &&
	       !raw_send(recycle->raw, &rst, &err) &&
	       (sockdiag_find(recycle->diag, &closing->local, &closing->remote, &after, &err) != 1 ||
		memcmp(after.cookie, closing->cookie, sizeof(closing->cookie)));
}

/* The end of a TIME_WAIT, unless a segment that passed unseen has set its timer
 * anew: then more of the 60 s is left than can be.
 */
static void end(struct recycle *recycle, struct closing *closing, const struct socket_seen *seen,
		const struct recycle_now *at)
{
	if (seen->expires_ms > RECYCLE_TIME_WAIT_MS - (at->ms - closing->since_ms) + 100)
		recycle->stats.rearmed++;
	else if (destroy(recycle, closing, seen))
		recycle->stats.ended++;
	else
		recycle->stats.not_ended++;
	closing_forget(recycle->closings, closing);
}

static void look_again(struct recycle *recycle, struct closing *closing, const struct recycle_now *at)
{
	struct socket_seen seen;

	if (!look(recycle, closing, &seen))
		return;
	if (closing->stage == CLOSING_TIME_WAIT) {
		end(recycle, closing, &seen, at);
		return;
	}
	closing->patience_ms = closing->patience_ms && closing->patience_ms < 1000 ? 2 * closing->patience_ms : IDLE_MS;
	closing_look_at(recycle->closings, closing, at->ms + closing->patience_ms);
	advance(recycle, closing, &seen, NULL, at);
}

int64_t recycle_next_deadline_ns(const struct recycle *recycle)
{
	const struct closing *closing = closing_first(recycle->closings);

	return closing ? closing->look_ms * NS_PER_MS : -1;
}

int recycle_tick(struct recycle *recycle, int64_t now_ns, struct err *err)
{
	const struct recycle_now at = { .wall_s = now().wall_s, .ms = now_ns / NS_PER_MS };
	struct closing *closing;

	(void)err;
	while ((closing = closing_first(recycle->closings)) && closing->look_ms <= at.ms)
		look_again(recycle, closing, &at);
	return 0;
}

/* --- open and close --- */

/* What stays in the namespace in which it is opened. */
static int open_here(struct recycle *recycle, struct err *err)
{
	/* More may wait than the socket's buffer holds, so that it is the buffer
	 * that overflows: that can be counted.
	 */
	static const struct nfqueue_spec spec = {
		.number = RECYCLE_QUEUE, .max_packets = 1 << 16, .copy_bytes = 160, .fail_open = true,
	};

	recycle->listener = listener_open(err);
	recycle->raw = raw_open(err);
	if (!recycle->listener || !recycle->raw)
		return err_code(err);
	recycle->nfqueue = nfqueue_open(&spec, handle, recycle, err);
	return recycle->nfqueue ? 0 : err_code(err);
}

static int open_all(struct recycle *recycle, int ns, struct err *err)
{
	int home, failed;

	recycle->ns = fcntl(ns, F_DUPFD_CLOEXEC, 0);
	if (recycle->ns < 0)
		return err_set(err, errno, "cannot keep a network namespace");
	home = ns_enter(ns, err);
	if (home < 0)
		return home;
	failed = open_here(recycle, err);
	ns_leave(home);
	if (failed)
		return failed;
	recycle->diag = sockdiag_open(ns, err);
	return recycle->diag ? nfqueue_rules(ns, rules, err) : err_code(err);
}

struct recycle *recycle_open(int ns, struct err *err)
{
	struct recycle *recycle = must_calloc(1, sizeof(*recycle));

	recycle->stamps = recycle_rule_new();
	recycle->closings = closing_table_new();
	if (!open_all(recycle, ns, err))
		return recycle;
	recycle_close(recycle, true);
	return NULL;
}

void recycle_close(struct recycle *recycle, bool forget)
{
	struct err ignored = { 0 };

	if (!recycle)
		return;
	if (recycle->nfqueue && forget)
		nftables_run(recycle->ns, FORGET, &ignored);
	nfqueue_close(recycle->nfqueue);
	listener_close(recycle->listener);
	raw_close(recycle->raw);
	sockdiag_close(recycle->diag);
	closing_table_free(recycle->closings);
	recycle_rule_free(recycle->stamps);
	base_close_(&recycle->ns);
	free(recycle);
}

void recycle_on_reject(struct recycle *recycle, recycle_reject_fn *fn, void *arg)
{
	recycle->on_reject = fn;
	recycle->arg = arg;
}

int recycle_fds(const struct recycle *recycle, struct pollfd *fds, int max)
{
	if (max < 1)
		return 0;
	fds[0] = (struct pollfd){ .fd = nfqueue_fd(recycle->nfqueue), .events = POLLIN };
	return 1;
}

int recycle_handle(struct recycle *recycle, struct err *err)
{
	int more = nfqueue_handle(recycle->nfqueue, err);

	return more < 0 ? more : 0;
}

const struct recycle_stats *recycle_stats(struct recycle *recycle)
{
	recycle->stats.missed = nfqueue_stats(recycle->nfqueue)->missed;
	return &recycle->stats;
}

char *recycle_reason(const struct recycle_reject *reject)
{
	uint32_t age_s = reject->now_s - reject->stamp.at_s;

	if (reject->verdict == RECYCLE_OLDER)
		return must_printf("its timestamp %u is %u ticks older than %u, which this address sent %u s ago",
				   reject->tsval, reject->stamp.ts - reject->tsval, reject->stamp.ts, age_s);
	return must_printf("it has no timestamp%s, and this address sent %u %u s ago",
			   reject->has_ts ? " that counts (tcp_timestamps is 0)" : "",
			   reject->stamp.ts, age_s);
}

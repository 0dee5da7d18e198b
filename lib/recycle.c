/* recycle.c - tcp_tw_recycle for kernels that no longer have it
 *
 * A segment of a connection that is being closed is seen three times: by
 * sock_diag's word on the socket before it, by itself, and by sock_diag's word
 * after it, because the kernel takes it through TCP while queue_accept() runs.
 * So what the kernel did need not be guessed; what it does not tell, the newest
 * TSval that it took (ts_recent), is followed from the segments.
 */
#include "lib/recycle.h"

#include "lib/flow.h"
#include "lib/fw.h"
#include "lib/listener.h"
#include "lib/ns.h"
#include "lib/packet.h"
#include "lib/queue.h"
#include "lib/raw.h"
#include "lib/sockdiag.h"

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
	struct queue *queue;
	struct listener *listener;
	struct raw *raw;
	struct sockdiag *diag;
	struct recycle_stamps *stamps;
	struct flow_table *flows;
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
#define SET "flags dynamic,timeout; timeout " NUMBER(SET_S) "s; size " NUMBER(FLOW_MAX) ";"

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
	struct timespec wall, mono;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	return (struct recycle_now){
		.wall_s = (uint32_t)wall.tv_sec,
		.ms = mono.tv_sec * 1000LL + mono.tv_nsec / NS_PER_MS,
	};
}

/* --- the socket behind a flow --- */

/* What the kernel says of it now. A flow whose socket is gone, or whose
 * four-tuple has another one, is forgotten: then false.
 */
static bool look(struct recycle *recycle, struct flow *flow, struct socket_seen *seen)
{
	struct err err = { 0 };

	if (sockdiag_find(recycle->diag, &flow->local, &flow->remote, seen, &err) == 1 &&
	    !memcmp(seen->cookie, flow->cookie, sizeof(flow->cookie)))
		return true;
	flow_forget(recycle->flows, flow);
	return false;
}

static enum flow_stage stage_of(const struct socket_seen *seen)
{
	if (strcmp(seen->timer, "timewait"))
		return FLOW_FULL;
	return seen->state == STATE_FIN_WAIT2 ? FLOW_STUB : FLOW_TIME_WAIT;
}

/* The RTO with which it will go: an acknowledgement of the FIN, which it needs
 * first, ends the doubling (tcp_ack_update_rtt).
 */
static void note_rto(struct flow *flow, const struct socket_seen *seen)
{
	if (stage_of(seen) == FLOW_FULL)
		flow->rto_us = seen->rto_us >> (seen->state == STATE_FIN_WAIT2 ? 0 : seen->backoff);
}

/* Has the kernel taken the flow a stage further? @by is the segment that it has
 * just been given, NULL if it was none. False if the flow was forgotten: to end
 * a TIME_WAIT of 60 s is the kernel's own business.
 */
static bool advance(struct recycle *recycle, struct flow *flow, const struct socket_seen *seen,
		    const struct recycle_segment *by, const struct recycle_now *at)
{
	enum flow_stage stage = stage_of(seen);

	note_rto(flow, seen);
	flow_set_half_closed(recycle->flows, flow, stage == FLOW_FULL && seen->state == STATE_FIN_WAIT2);
	if (stage == flow->stage)
		return true;
	if (flow->stage == FLOW_FULL)
		recycle_rule_time_wait(&flow->conn, recycle->stamps, flow->rto_us / 1000, at);
	else if (by)
		recycle_rule_fin(&flow->conn, recycle->stamps, by, at);
	flow->stage = stage;
	if (stage != FLOW_TIME_WAIT)
		return true;
	if (flow->conn.timeout_ms >= RECYCLE_TIME_WAIT_MS) {
		flow_forget(recycle->flows, flow);
		return false;
	}
	if (by)
		flow->conn.acked = by->end_seq;
	flow->since_ms = at->ms;
	flow_look_at(recycle->flows, flow, recycle_rule_timer_ms(at->ms, flow->conn.timeout_ms));
	return true;
}

/* --- a SYN --- */

/* A program that has shut its side down and closes later leaves a stub, and a
 * stamp, without any segment: look before judging.
 */
static void catch_up(struct recycle *recycle, const struct packet *syn, const struct recycle_now *at)
{
	struct flow *flow, *next;
	struct socket_seen seen;

	for (flow = LIST_FIRST(flow_half_closed(recycle->flows)); flow; flow = next) {
		next = LIST_NEXT(flow, in_half);
		if (memcmp(&flow->remote.addr, &syn->src.addr, sizeof(syn->src.addr)) ||
		    memcmp(&flow->local.addr, &syn->dst.addr, sizeof(syn->dst.addr)))
			continue;
		if (look(recycle, flow, &seen))
			advance(recycle, flow, &seen, NULL, at);
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
static void pass(struct recycle *recycle, struct flow *flow, struct queue_packet *waiting,
		 const struct packet *packet, const struct recycle_now *at)
{
	struct recycle_segment segment = segment_of(packet);
	struct socket_seen seen;

	if (!look(recycle, flow, &seen) || !advance(recycle, flow, &seen, NULL, at))
		return;
	if (at->ms - flow->seen_ms > SET_S * 500)	/* our ACKs may have passed unseen */
		flow->conn.acked = segment.seq;
	flow->seen_ms = at->ms;
	if (flow->stage == FLOW_FULL)
		recycle_rule_recent(&flow->conn, &segment, at->wall_s);
	queue_accept(recycle->queue, waiting);
	if (!look(recycle, flow, &seen))
		return;
	/* TCP puts a segment off while a program is inside a call on the socket. */
	if (flow->stage == FLOW_FULL && stage_of(&seen) == FLOW_FULL && packet->flags & TCP_FIN)
		flow_look_at(recycle->flows, flow, at->ms + (flow->patience_ms = 1));
	advance(recycle, flow, &seen, &segment, at);
}

/* One for a TIME_WAIT. Whether it really set the timer anew, and was not dropped
 * on the way, shows in the timer: in the first tick it cannot.
 */
static void pass_time_wait(struct recycle *recycle, struct flow *flow, struct queue_packet *waiting,
			   const struct packet *packet)
{
	struct recycle_segment segment = segment_of(packet);
	struct socket_seen before, after;

	if (!recycle_rule_rearms(&flow->conn, &segment) || !look(recycle, flow, &before))
		return;
	queue_accept(recycle->queue, waiting);
	if (!look(recycle, flow, &after))
		return;
	if (after.expires_ms <= before.expires_ms && before.expires_ms < RECYCLE_TIME_WAIT_MS)
		return;
	recycle->stats.rearmed++;
	flow_forget(recycle->flows, flow);
}

static void incoming(struct recycle *recycle, struct queue_packet *waiting, const struct packet *packet)
{
	const struct recycle_now at = now();
	const uint8_t kind = packet->flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK);
	struct flow *flow;

	if (kind == TCP_SYN && rejects(recycle, packet, &at)) {
		queue_drop(recycle->queue, waiting);
		return;
	}
	flow = flow_find(recycle->flows, &packet->dst, &packet->src);
	if (flow && flow->stage == FLOW_TIME_WAIT)
		pass_time_wait(recycle, flow, waiting, packet);
	else if (flow)
		pass(recycle, flow, waiting, packet, &at);
}

/* This host sends a FIN: is it the first to close? */
static struct flow *follow(struct recycle *recycle, struct flow *flow, const struct packet *fin)
{
	const struct recycle_now at = now();
	struct socket_seen seen;
	struct err err = { 0 };

	if (flow && look(recycle, flow, &seen))
		return flow;
	if (sockdiag_find(recycle->diag, &fin->src, &fin->dst, &seen, &err) != 1 ||
	    (seen.state != STATE_FIN_WAIT1 && seen.state != STATE_CLOSING))
		return NULL;
	flow = flow_add(recycle->flows, &fin->src, &fin->dst, at.ms + IDLE_MS);
	if (!flow) {
		recycle->stats.unfollowed++;
		return NULL;
	}
	recycle->stats.closes++;
	flow->conn.pair = (struct recycle_pair){ .local = fin->src.addr, .remote = fin->dst.addr };
	memcpy(flow->cookie, seen.cookie, sizeof(flow->cookie));
	note_rto(flow, &seen);
	return flow;
}

/* What this host sends shows its ts_recent, as TSecr, and what it acknowledges. */
static void outgoing(struct recycle *recycle, const struct packet *packet)
{
	struct flow *flow = flow_find(recycle->flows, &packet->src, &packet->dst);

	if (packet->flags & TCP_FIN)
		flow = follow(recycle, flow, packet);
	if (!flow || !(packet->flags & TCP_ACK) || packet->flags & TCP_RST)
		return;
	flow->conn.acked = packet->ack;
	flow->seen_ms = now().ms;
	if (!packet->ts || flow->stage != FLOW_FULL)
		return;
	if (!flow->conn.has_ts || flow->conn.ts_recent != packet_tsecr(packet))
		flow->conn.ts_recent_s = now().wall_s;
	flow->conn.has_ts = true;
	flow->conn.ts_recent = packet_tsecr(packet);
}

static void handle(struct queue *queue, struct queue_packet *waiting, void *arg)
{
	struct recycle *recycle = arg;
	struct packet packet;

	(void)queue;
	if (!packet_read(waiting->data, waiting->len, &packet))
		return;
	if (waiting->out)
		outgoing(recycle, &packet);
	else
		incoming(recycle, waiting, &packet);
}

/* --- time --- */

/* SOCK_DESTROY, or from before 6.1 on a RST. Is it gone? */
static bool destroy(struct recycle *recycle, const struct flow *flow, const struct socket_seen *seen)
{
	const struct packet_spec rst = {
		.src = flow->remote, .dst = flow->local, .seq = flow->conn.acked, .flags = TCP_RST,
	};
	struct socket_seen after;
	struct err err = { 0 };

	if (!sockdiag_destroy(recycle->diag, seen, &err))
		return true;
	return err.code == EOPNOTSUPP &&
	       !raw_send(recycle->raw, &rst, &err) &&
	       (sockdiag_find(recycle->diag, &flow->local, &flow->remote, &after, &err) != 1 ||
		memcmp(after.cookie, flow->cookie, sizeof(flow->cookie)));
}

/* The end of a TIME_WAIT, unless a segment that passed unseen has set its timer
 * anew: then more of the 60 s is left than can be.
 */
static void end(struct recycle *recycle, struct flow *flow, const struct socket_seen *seen,
		const struct recycle_now *at)
{
	if (seen->expires_ms > RECYCLE_TIME_WAIT_MS - (at->ms - flow->since_ms) + 100)
		recycle->stats.rearmed++;
	else if (destroy(recycle, flow, seen))
		recycle->stats.ended++;
	else
		recycle->stats.not_ended++;
	flow_forget(recycle->flows, flow);
}

static void look_again(struct recycle *recycle, struct flow *flow, const struct recycle_now *at)
{
	struct socket_seen seen;

	if (!look(recycle, flow, &seen))
		return;
	if (flow->stage == FLOW_TIME_WAIT) {
		end(recycle, flow, &seen, at);
		return;
	}
	flow->patience_ms = flow->patience_ms && flow->patience_ms < 1000 ? 2 * flow->patience_ms : IDLE_MS;
	flow_look_at(recycle->flows, flow, at->ms + flow->patience_ms);
	advance(recycle, flow, &seen, NULL, at);
}

int64_t recycle_next_deadline_ns(const struct recycle *recycle)
{
	const struct flow *flow = flow_first(recycle->flows);

	return flow ? flow->look_ms * NS_PER_MS : -1;
}

int recycle_tick(struct recycle *recycle, int64_t now_ns, struct err *err)
{
	const struct recycle_now at = { .wall_s = now().wall_s, .ms = now_ns / NS_PER_MS };
	struct flow *flow;

	(void)err;
	while ((flow = flow_first(recycle->flows)) && flow->look_ms <= at.ms)
		look_again(recycle, flow, &at);
	return 0;
}

/* --- open and close --- */

/* What stays in the namespace in which it is opened. */
static int open_here(struct recycle *recycle, struct err *err)
{
	/* More may wait than the socket's buffer holds, so that it is the buffer
	 * that overflows: that can be counted.
	 */
	static const struct queue_spec spec = {
		.number = RECYCLE_QUEUE, .max_packets = 1 << 16, .copy_bytes = 160, .fail_open = true,
	};

	recycle->listener = listener_open(err);
	recycle->raw = raw_open(err);
	if (!recycle->listener || !recycle->raw)
		return -err->code;
	recycle->queue = queue_open(&spec, handle, recycle, err);
	return recycle->queue ? 0 : -err->code;
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
	return recycle->diag ? queue_rules(ns, rules, err) : -err->code;
}

struct recycle *recycle_open(int ns, struct err *err)
{
	struct recycle *recycle = must_calloc(1, sizeof(*recycle));

	recycle->stamps = recycle_rule_new();
	recycle->flows = flow_table_new();
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
	if (recycle->queue && forget)
		fw_run(recycle->ns, FORGET, &ignored);
	queue_close(recycle->queue);
	listener_close(recycle->listener);
	raw_close(recycle->raw);
	sockdiag_close(recycle->diag);
	flow_table_free(recycle->flows);
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
	fds[0] = (struct pollfd){ .fd = queue_fd(recycle->queue), .events = POLLIN };
	return 1;
}

int recycle_handle(struct recycle *recycle, struct err *err)
{
	int more = queue_handle(recycle->queue, err);

	return more < 0 ? more : 0;
}

const struct recycle_stats *recycle_stats(struct recycle *recycle)
{
	recycle->stats.missed = queue_stats(recycle->queue)->missed;
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

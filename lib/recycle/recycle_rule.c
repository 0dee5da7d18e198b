/* recycle_rule.c - what a kernel with net.ipv4.tcp_tw_recycle=1 decides
 *
 * The names in brackets are those of Linux 4.9, whose arithmetic this keeps.
 */
#include <twlab/recycle_rule.h>

#define CHAINS	8192	/* tcp_metrics_hash_log 13 */
#define DEPTH	6	/* TCP_METRICS_RECLAIM_DEPTH + 1 */

#define HOUR_MS 3600000	/* TCP_METRICS_TIMEOUT */
#define DAYS_24_S (24 * 24 * 3600)	/* TCP_PAWS_24DAYS */

struct recycle_stamps {
	struct recycle_stamp chain[CHAINS][DEPTH];
};

struct recycle_stamps *recycle_rule_new(void)
{
	return must_calloc(1, sizeof(struct recycle_stamps));
}

void recycle_rule_free(struct recycle_stamps *stamps)
{
	free(stamps);
}

/* Is @a later than @b, where both count modulo 2^32? (after, time_after32) */
static bool later(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/* --- the stamps --- */

static struct recycle_stamp *chain_of(const struct recycle_stamps *stamps,
				      const struct recycle_pair *pair)
{
	uint32_t word[4], hash = 0;

	memcpy(word, &pair->remote, sizeof(word));	/* the remote address alone */
	for (unsigned int i = 0; i < 4; i++)
		hash = (hash ^ word[i]) * 0x61C88647u;
	return (struct recycle_stamp *)stamps->chain[hash >> 19];
}
static_assert(CHAINS == 1 << (32 - 19), "the hash has as many values as there are chains");

static struct recycle_stamp *find(const struct recycle_stamps *stamps,
				  const struct recycle_pair *pair)
{
	struct recycle_stamp *chain = chain_of(stamps, pair);

	for (unsigned int i = 0; i < DEPTH; i++)
		if (chain[i].at_s && !memcmp(&chain[i].pair, pair, sizeof(*pair)))
			return &chain[i];
	return NULL;
}

/* An empty slot, or the one written longest ago. (tcpm_new) */
static struct recycle_stamp *make(struct recycle_stamps *stamps, const struct recycle_pair *pair)
{
	struct recycle_stamp *chain = chain_of(stamps, pair), *oldest = chain;

	for (unsigned int i = 0; i < DEPTH && oldest->at_s; i++)
		if (!chain[i].at_s || chain[i].used_ms < oldest->used_ms)
			oldest = &chain[i];
	*oldest = (struct recycle_stamp){ .pair = *pair };
	return oldest;
}

/* Keep the connection's ts_recent unless a newer one is known; after 60 s an
 * older one may take its place. (tcp_remember_stamp; tcp_tw_remember_stamp is
 * the same, but @create nothing.) Is there a stamp now?
 */
static bool remember(struct recycle_stamps *stamps, const struct recycle_close *conn,
		     const struct recycle_now *now, bool create)
{
	struct recycle_stamp *stamp = find(stamps, &conn->pair);

	if (!stamp && create)
		stamp = make(stamps, &conn->pair);
	if (!stamp)
		return false;
	if (now->ms - stamp->used_ms > HOUR_MS)
		stamp->ts = stamp->at_s = 0;
	if (!later(stamp->ts, conn->ts_recent) ||
	    (now->wall_s - stamp->at_s > RECYCLE_MSL_S &&
	     stamp->at_s <= conn->ts_recent_s)) {
		stamp->ts = conn->ts_recent;
		stamp->at_s = conn->ts_recent_s;
	}
	stamp->used_ms = now->ms;
	return true;
}

/* --- a SYN --- */

enum recycle_verdict recycle_rule_syn(const struct recycle_stamps *stamps,
				      const struct recycle_pair *pair, bool has_ts,
				      uint32_t tsval, uint32_t now_s,
				      struct recycle_stamp *found)
{
	const struct recycle_stamp *stamp = find(stamps, pair);
	enum recycle_verdict verdict = RECYCLE_PROVEN;

	if (!stamp || now_s - stamp->at_s >= RECYCLE_MSL_S)
		return RECYCLE_PROVEN;
	if (!has_ts)
		verdict = RECYCLE_NO_TS;
	else if ((int32_t)(stamp->ts - tsval) > RECYCLE_WINDOW)
		verdict = RECYCLE_OLDER;
	if (verdict != RECYCLE_PROVEN && found)
		*found = *stamp;
	return verdict;
}

/* --- a connection that this host closes first --- */

/* Is the segment's TSval older than what came already? (tcp_paws_check, window 0) */
static bool outdated(const struct recycle_close *conn, const struct recycle_segment *segment,
		     uint32_t now_s)
{
	return segment->has_ts && conn->has_ts && conn->ts_recent &&
	       later(conn->ts_recent, segment->tsval) &&
	       now_s - conn->ts_recent_s < DAYS_24_S;
}

/* tcp_replace_ts_recent, behind the window check of tcp_sequence: the segment
 * begins at or before what we acknowledged last, and does not end before it.
 */
void recycle_rule_recent(struct recycle_close *conn, const struct recycle_segment *segment,
			 uint32_t now_s)
{
	if (!conn->has_ts || !segment->has_ts || outdated(conn, segment, now_s) ||
	    later(segment->seq, conn->acked) || later(conn->acked, segment->end_seq))
		return;
	conn->ts_recent = segment->tsval;
	conn->ts_recent_s = now_s;
}

void recycle_rule_time_wait(struct recycle_close *conn, struct recycle_stamps *stamps,
			    int64_t rto_ms, const struct recycle_now *now)
{
	bool recycle = conn->has_ts && remember(stamps, conn, now, true);

	conn->timeout_ms = recycle ? (rto_ms << 2) - (rto_ms >> 1) : RECYCLE_TIME_WAIT_MS;
}

void recycle_rule_fin(struct recycle_close *conn, struct recycle_stamps *stamps,
		      const struct recycle_segment *fin, const struct recycle_now *now)
{
	if (conn->has_ts && fin->has_ts) {
		conn->ts_recent = fin->tsval;
		conn->ts_recent_s = now->wall_s;
	}
	if (!conn->has_ts || !remember(stamps, conn, now, false))
		conn->timeout_ms = RECYCLE_TIME_WAIT_MS;
}

/* The end of tcp_timewait_state_process, without what leaves the timer alone or
 * kills the socket: a RST, and a SYN that is surely new.
 */
bool recycle_rule_rearms(const struct recycle_close *conn, const struct recycle_segment *segment)
{
	bool old = outdated(conn, segment, conn->ts_recent_s);

	if (segment->rst)
		return false;
	if (!old && segment->seq == conn->acked && segment->end_seq == segment->seq)
		return true;
	return old || segment->ack;
}

/* calc_wheel_index: level n holds timers up to 63 * 8^n ticks ahead, in granules
 * of 8^n ticks, and a timer goes into the granule after its own.
 */
int64_t recycle_rule_timer_ms(int64_t from_ms, int64_t after_ms)
{
	const int64_t zero_ms = 300000 - (1LL << 24);	/* a whole number of granules before jiffies began */
	int64_t expires = from_ms + after_ms - zero_ms;
	int64_t granule = 1;

	while (after_ms >= 63 * granule && granule < 1 << 18)
		granule *= 8;
	return (expires / granule + 1) * granule + zero_ms;
}

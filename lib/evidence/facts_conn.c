/* facts_conn.c - what one node saw of one connection, as facts */
#include <twlab/facts_conn.h>

#include <stdarg.h>

enum { LISTED = 12 };	/* more places than this are not listed one by one */

/* "packets.pcapng:12,14,...": places in a file. */
struct where {
	const char *file;
	char text[192];
	unsigned int n, last;
};

static void where_add(struct where *where, unsigned int number)
{
	size_t len = strlen(where->text);

	if (!number || (where->n && where->last == number))
		return;
	where->last = number;
	if (where->n < LISTED)
		snprintf(where->text + len, sizeof(where->text) - len, "%s%u",
			 where->n ? "," : where->file, number);
	else if (where->n == LISTED)
		snprintf(where->text + len, sizeof(where->text) - len, ",...");
	where->n++;
}

#define WHERE_PACKETS { .file = "packets.pcapng:" }
#define WHERE_STATES { .file = "states.jsonl:" }

char *facts_ms(int64_t ns, char *text)
{
	int64_t us = (ns + NS_PER_US / 2) / NS_PER_US;

	snprintf(text, 32, "%lld.%03lld", (long long)(us / 1000), (long long)(us % 1000));
	return text;
}

PRINTF(5, 6)
static void add(struct facts *facts, const struct facts_side *side, const char *value,
		const char *where, const char *fmt, ...)
{
	char part[96], name[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(part, sizeof(part), fmt, ap);
	va_end(ap);
	snprintf(name, sizeof(name), "conn%u.%s", side->number, part);
	facts_add(facts, side->node, name, value, where);
}

static void add_number(struct facts *facts, const struct facts_side *side, const char *part,
		       const char *what, int64_t number, const char *where)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)number);
	add(facts, side, text, where, "%s.%s", part, what);
}

static const struct segment *segment_at(const struct facts_side *side, unsigned int i)
{
	return &side->evidence->trace->segments[side->conn->segments[i]];
}

/* What a step made up on this node it sent, if not its kernel. */
static bool sent_by(const struct facts_side *side, const struct segment *segment)
{
	return segment->from_client == side->client && !segment->is_copy && !segment->is_foreign;
}

static bool got_by(const struct facts_side *side, const struct segment *segment)
{
	return segment->from_client != side->client && segment->rcvd_ns >= 0;
}

/* The frame at which a packet was sent, or was seen last. */
static unsigned int first_frame(const struct facts_side *side, const struct segment *segment)
{
	return side->evidence->trace->frames[segment->sightings[0]].number;
}

static unsigned int last_frame(const struct facts_side *side, const struct segment *segment)
{
	return side->evidence->trace->frames[segment->sightings[segment->n_sightings - 1]].number;
}

/* Where @stay begins: the sample that shows it, or the packet that implies it. */
static void where_stay(const struct facts_side *side, const struct state_span *span, struct where *states,
		       struct where *packets)
{
	const struct segment *segment;

	if (span->line) {
		where_add(states, span->line);
	} else if (span->cause >= 0) {
		segment = &side->evidence->trace->segments[span->cause];
		where_add(packets, span->cause_sent ? first_frame(side, segment) :
						      last_frame(side, segment));
	}
}

static char *where_both(const struct where *states, const struct where *packets)
{
	return must_printf("%s%s%s", states->text, *states->text && *packets->text ? " " : "",
			   packets->text);
}

static void path_add(struct facts *facts, const struct facts_side *side)
{
	struct where states = WHERE_STATES, packets = WHERE_PACKETS;
	auto_free char *path = must_strdup(""), *where = NULL;

	for (unsigned int i = 0; side->sock && i < side->sock->n_spans; i++) {
		const struct state_span *span = &side->sock->spans[i];

		must_append(&path, "%s%s", i ? " " : "", span->state ? tcp_state_name(span->state) : "unknown");
		where_stay(side, span, &states, &packets);
	}
	where = where_both(&states, &packets);
	add(facts, side, path, where, "path");
}

static void state_add(struct facts *facts, const struct facts_side *side, enum tcp_state state)
{
	struct where states = WHERE_STATES, packets = WHERE_PACKETS;
	int64_t sum_ns = 0, timer_ms = -1;
	unsigned int rearms = 0;
	auto_free char *where = NULL;
	bool ended = true;
	char text[32];

	for (unsigned int i = 0; i < side->sock->n_spans; i++) {
		const struct state_span *span = &side->sock->spans[i];

		if (span->state != state)
			continue;
		where_stay(side, span, &states, &packets);
		if (i + 1 < side->sock->n_spans)
			where_stay(side, span + 1, &states, &packets);
		ended &= span->to_ns >= 0;
		sum_ns += span->to_ns - span->from_ns;
		rearms += span->rearms;
		if (span->timer_max_ms > timer_ms)
			timer_ms = span->timer_max_ms;
	}
	where = where_both(&states, &packets);
	add(facts, side, ended ? facts_ms(sum_ns, text) : "", where, "%s.ms", tcp_state_name(state));
	if (timer_ms < 0)
		return;
	add_number(facts, side, tcp_state_name(state), "timer_ms", timer_ms, where);
	add_number(facts, side, tcp_state_name(state), "rearmed", rearms, where);
}

static void states_add(struct facts *facts, const struct facts_side *side)
{
	bool told[STATES] = { [STATE_NONE] = true, [STATE_CLOSE] = true };	/* the one is unknown, the other lasts for ever */

	for (unsigned int i = 0; side->sock && i < side->sock->n_spans; i++) {
		enum tcp_state state = side->sock->spans[i].state;

		if (!told[state])
			state_add(facts, side, state);
		told[state] = true;
	}
}

static void counts_add(struct facts *facts, const struct facts_side *side, enum tcp_kind kind)
{
	struct where sent = WHERE_PACKETS, got = WHERE_PACKETS, lost = WHERE_PACKETS, made_up = WHERE_PACKETS;

	for (unsigned int i = 0; i < side->conn->n_segments; i++) {
		const struct segment *segment = segment_at(side, i);

		if (tcp_kind(&segment->tcp) != kind)
			continue;
		if (sent_by(side, segment)) {
			where_add(&sent, first_frame(side, segment));
			if (segment->is_made_up)
				where_add(&made_up, first_frame(side, segment));
			if (segment->rcvd_ns < 0 && !segment->is_under_way)
				where_add(&lost, last_frame(side, segment));
		} else if (got_by(side, segment)) {
			where_add(&got, last_frame(side, segment));
		}
	}
	add_number(facts, side, "sent", tcp_kind_name(kind), sent.n, sent.text);
	add_number(facts, side, "rcvd", tcp_kind_name(kind), got.n, got.text);
	add_number(facts, side, "lost", tcp_kind_name(kind), lost.n, lost.text);
	if (made_up.n)
		add_number(facts, side, "made_up", tcp_kind_name(kind), made_up.n, made_up.text);
}

/* "server": the node that made @segment; "made up at wire" if a step did, there. "" = nobody saw. */
static void by_add(struct facts *facts, const struct facts_side *side, const struct segment *segment,
		   const struct where *where, const char *name, unsigned int n)
{
	const char *node = segment->from < 0 ? "" : side->evidence->trace->nodes[segment->from];
	auto_free char *by = must_printf("%s%s", segment->is_made_up ? "made up at " : "", node);

	add(facts, side, by, where->text, "%s.%u.by", name, n);
}

/* Who made each SYN, SYN-ACK, FIN or RST that came in. */
static void got_add(struct facts *facts, const struct facts_side *side, enum tcp_kind kind)
{
	auto_free char *name = must_printf("rcvd.%s", tcp_kind_name(kind));
	unsigned int n = 0;

	for (unsigned int i = 0; i < side->conn->n_segments; i++) {
		const struct segment *segment = segment_at(side, i);
		struct where where = WHERE_PACKETS;

		if (tcp_kind(&segment->tcp) != kind || !got_by(side, segment))
			continue;
		where_add(&where, first_frame(side, segment));
		by_add(facts, side, segment, &where, name, ++n);
	}
}

/* "mss=1460 sack ts wscale=7": what a SYN or SYN,ACK offers. */
static void offer_add(struct facts *facts, const struct facts_side *side, const struct tcp_view *tcp,
		      const char *where, const char *name, unsigned int n)
{
	auto_free char *mss = tcp->mss ? must_printf("mss=%u", tcp->mss) : must_strdup("");
	auto_free char *wscale = tcp->wscale != 255 ? must_printf(" wscale=%u", tcp->wscale) : must_strdup("");
	auto_free char *all = must_printf("%s%s%s%s", mss, tcp->sack_ok ? " sack" : "",
					  tcp->has_ts ? " ts" : "", wscale);

	add(facts, side, *all == ' ' ? all + 1 : all, where, "%s.%u.options", name, n);
}

/* Each SYN, SYN-ACK, FIN or RST: when it was sent, and what it was answered with. */
static void each_add(struct facts *facts, const struct facts_side *side, enum tcp_kind kind)
{
	const struct trace *trace = side->evidence->trace;
	int64_t begin_ns = side->client ? side->conn->at_client_ns : side->conn->at_server_ns;
	int64_t before_ns = -1;
	unsigned int n = 0;
	char text[32];

	for (unsigned int i = 0; i < side->conn->n_segments; i++) {
		const struct segment *segment = segment_at(side, i);
		struct where where = WHERE_PACKETS;
		const char *name = tcp_kind_name(kind);
		int answer;

		if (tcp_kind(&segment->tcp) != kind || !sent_by(side, segment))
			continue;
		n++;
		where_add(&where, first_frame(side, segment));
		by_add(facts, side, segment, &where, name, n);
		add(facts, side, facts_ms(segment->sent_ns - begin_ns, text), where.text,
		    "%s.%u.at_ms", name, n);
		if (before_ns >= 0)
			add(facts, side, facts_ms(segment->sent_ns - before_ns, text), where.text,
			    "%s.%u.gap_ms", name, n);
		before_ns = segment->sent_ns;
		if (segment->tcp.flags & TCP_SYN && segment->tcp.has_ts) {
			snprintf(text, sizeof(text), "%u", segment->tcp.tsecr);
			add(facts, side, text, where.text, "%s.%u.tsecr", name, n);
		}
		if (segment->tcp.flags & TCP_SYN)
			offer_add(facts, side, &segment->tcp, where.text, name, n);
		answer = trace_answer(trace, side->conn, i);
		if (answer >= 0)
			where_add(&where, first_frame(side, segment_at(side, (unsigned int)answer)));
		add(facts, side,
		    answer < 0 ? "" : tcp_kind_name(tcp_kind(&segment_at(side, (unsigned int)answer)->tcp)),
		    where.text, "%s.%u.answer", name, n);
	}
}

bool facts_closed_first(const struct trace *trace, const struct conn *conn, bool client,
			unsigned int *fin)
{
	int64_t got_ns = INT64_MAX;

	for (unsigned int i = 0; i < conn->n_segments; i++) {
		const struct segment *segment = &trace->segments[conn->segments[i]];

		if (segment->tcp.flags & TCP_FIN && segment->from_client != client &&
		    segment->rcvd_ns >= 0 && segment->rcvd_ns < got_ns)
			got_ns = segment->rcvd_ns;
	}
	for (unsigned int i = 0; i < conn->n_segments; i++) {
		const struct segment *segment = &trace->segments[conn->segments[i]];

		if (!(segment->tcp.flags & TCP_FIN) || segment->from_client != client ||
		    segment->is_copy || segment->is_foreign || segment->is_made_up)
			continue;
		*fin = conn->segments[i];
		return segment->sent_ns <= got_ns;
	}
	return false;
}

static void ends_add(struct facts *facts, const struct facts_side *side)
{
	struct where fin_where = WHERE_PACKETS, last_where = WHERE_PACKETS;
	const struct segment *last = NULL;
	unsigned int fin;
	bool first = facts_closed_first(side->evidence->trace, side->conn, side->client, &fin);

	if (first)
		where_add(&fin_where, first_frame(side, &side->evidence->trace->segments[fin]));
	add(facts, side, first ? "yes" : "no", fin_where.text, "first_fin");
	for (unsigned int i = 0; i < side->conn->n_segments; i++)
		if (sent_by(side, segment_at(side, i)))
			last = segment_at(side, i);
	if (last)
		where_add(&last_where, first_frame(side, last));
	add(facts, side, last ? tcp_kind_name(tcp_kind(&last->tcp)) : "", last_where.text, "last_sent");
}

/* The first SYN or SYN,ACK that this side sent. */
static const struct segment *first_syn(const struct facts_side *side)
{
	for (unsigned int i = 0; i < side->conn->n_segments; i++)
		if (sent_by(side, segment_at(side, i)) && segment_at(side, i)->tcp.flags & TCP_SYN)
			return segment_at(side, i);
	return NULL;
}

/* Its ISN, held against what its kernel had sent on this four-tuple before. */
static void isn_add(struct facts *facts, const struct facts_side *side)
{
	const struct trace *trace = side->evidence->trace;
	const struct conn *conn = side->conn, *earlier;
	const struct endpoint *local = side->client ? &conn->client_local : &conn->server_local;
	uint32_t isn = side->client ? conn->client_isn : conn->server_isn, next = 0;
	const struct segment *last = NULL, *syn = first_syn(side);
	struct where where = WHERE_PACKETS;
	char text[32];

	if (conn->earlier < 0 || !syn)
		return;
	earlier = &trace->conns[conn->earlier];
	for (unsigned int i = 0; i < earlier->n_segments; i++) {
		const struct segment *segment = &trace->segments[earlier->segments[i]];
		uint32_t end = segment->tcp.seq + tcp_seq_len(&segment->tcp);

		if (segment->is_copy || segment->is_foreign || segment->is_made_up || segment->tcp.flags & TCP_RST ||
		    segment->sent_ns > syn->sent_ns || !endpoint_equal(&segment->tcp.src, local) ||
		    (last && !tcp_after(end, next)))
			continue;
		last = segment;
		next = end;
	}
	if (!last)
		return;
	where_add(&where, first_frame(side, last));
	where_add(&where, first_frame(side, syn));
	snprintf(text, sizeof(text), "%d", (int32_t)(isn - next));
	add(facts, side, text, where.text, "isn_step");
}

/* What came in under another four-tuple than its own. */
static void strays_add(struct facts *facts, const struct facts_side *side)
{
	struct where where = WHERE_PACKETS;
	const struct segment *last = NULL;
	char text[64];

	for (unsigned int i = 0; i < side->conn->n_segments; i++) {
		if (!got_by(side, segment_at(side, i)) || !segment_at(side, i)->is_stray)
			continue;
		last = segment_at(side, i);
		where_add(&where, last_frame(side, last));
	}
	if (!last)
		return;
	add_number(facts, side, "stray", "segments", where.n, where.text);
	add(facts, side, endpoint_text(&last->tcp_rcvd.src, text), where.text, "stray.from");
}

static void served_add(struct facts *facts, const struct facts_side *side)
{
	struct where states = WHERE_STATES, packets = WHERE_PACKETS;
	const struct segment *syn = NULL;
	const struct state_span *span = NULL;
	auto_free char *where = NULL;
	char text[32];

	for (unsigned int i = 0; i < side->conn->n_segments && !syn; i++)
		if (sent_by(side, segment_at(side, i)) &&
		    tcp_kind(&segment_at(side, i)->tcp) == KIND_SYN)
			syn = segment_at(side, i);
	for (unsigned int i = 0; side->sock && i < side->sock->n_spans && !span; i++)
		if (side->sock->spans[i].state == STATE_ESTABLISHED)
			span = &side->sock->spans[i];
	if (syn)
		where_add(&packets, first_frame(side, syn));
	if (span)
		where_stay(side, span, &states, &packets);
	where = where_both(&states, &packets);
	add(facts, side, syn && span ? facts_ms(span->from_ns - syn->sent_ns, text) : "", where,
	    "served_ms");
}

void facts_conn(struct facts *facts, const struct facts_side *side)
{
	static const enum tcp_kind kinds[] = {
		KIND_SYN, KIND_SYN_ACK, KIND_FIN, KIND_RST, KIND_ACK, KIND_DATA,
	};

	path_add(facts, side);
	states_add(facts, side);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		counts_add(facts, side, kinds[i]);
	ends_add(facts, side);
	for (size_t i = 0; i < 4; i++)	/* not ACK and DATA: too many, and nothing answers them */
		each_add(facts, side, kinds[i]);
	for (size_t i = 0; i < 4; i++)
		got_add(facts, side, kinds[i]);
	isn_add(facts, side);
	strays_add(facts, side);
	if (side->client)
		served_add(facts, side);
}

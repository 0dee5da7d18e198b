/* notes.c - put into words what matters about a packet
 *
 * Most packets need none. Those that do: opening and closing a connection, what
 * is sent again, lost, duplicated or late, and RST.
 */
#include <twlab/notes.h>

#include <twlab/icmp.h>

struct comparison {			/* what one side has sent so far */
	bool finished;		/* sent a FIN */
	bool first;		/* ... before it got one */
	bool crossed;		/* ... but so had the other side */
	uint32_t fin_end;	/* sequence number after the FIN */
	unsigned int n_fins;
	bool acked;		/* sent an ACK of the other side's FIN */
	int64_t last_ns[TCP_KINDS];	/* when it sent the latest of each kind */
};

/* A note being written: short for a ladder, long for a comment. */
struct words {
	char note[64];
	char detail[160];	/* after the note, in comments only */
};

static void ms_text(char *text, size_t size, int64_t ns)
{
	int64_t us = ns / NS_PER_US;

	snprintf(text, size, us % 1000 ? "%lld.%03lld ms" : "%lld ms",
		 (long long)(us / 1000), (long long)(us % 1000));
}

static void duration_text(char *text, size_t size, int64_t ns)
{
	if (ns < NS_PER_MS)
		snprintf(text, size, "%lld us", (long long)(ns / NS_PER_US));
	else
		ms_text(text, size, ns);
}

static void report(struct words *words, const char *note, const char *detail)
{
	snprintf(words->note, sizeof(words->note), "%s", note);
	snprintf(words->detail, sizeof(words->detail), "%s", detail);
}

static void note_again(struct words *words, const char *what, int64_t since_ns)
{
	char ms[32], detail[96];

	ms_text(ms, sizeof(ms), since_ns);
	snprintf(detail, sizeof(detail), " (retransmission, %s after the one before)", ms);
	report(words, what, detail);
}

static void fin_words(const struct segment *segment, const struct comparison *side,
		      const struct comparison *other, struct words *words)
{
	if (segment->is_retransmission && side->finished)
		note_again(words, "FIN again", segment->sent_ns - side->last_ns[KIND_FIN]);
	else if (!other->finished)
		report(words, "first FIN", "");
	else if (!tcp_after(other->fin_end, segment->tcp.ack))
		report(words, "second FIN", "");
	else
		report(words, "second FIN", ": the first had not come in yet");
}

static void ack_words(const struct conn *conn, const struct segment *segment,
		      const struct comparison *side, const struct comparison *other, struct words *words)
{
	bool knows_isn = segment->from_client ? conn->has_client_isn : conn->has_server_isn;

	if (!knows_isn && conn->earlier >= 0)
		report(words, "ACK, not SYN,ACK", ": from before this SYN, on the same four-tuple");
	else if (!other->finished || segment->tcp.ack != other->fin_end)
		return;
	else if (segment->is_dup_ack && side->first && other->n_fins > 1)
		report(words, "ACK again", ": TIME_WAIT answers the repeated FIN");
	else if (segment->is_dup_ack || side->acked)
		report(words, "ACK again", "");
	else if (!side->finished)
		report(words, "ACK of the first FIN", "");
	else if (side->crossed || other->crossed)
		report(words, "ACK of the other FIN", ": both closed at once");
	else if (side->first)
		report(words, "final ACK", "");
}

/* The latest packet that the sender of @conn's @i-th segment had got by then. */
static const struct segment *last_got(const struct trace *trace, const struct conn *conn,
				      unsigned int i)
{
	const struct segment *now = &trace->segments[conn->segments[i]], *last = NULL;

	for (unsigned int k = i; k > 0; k--) {
		const struct segment *one = &trace->segments[conn->segments[k - 1]];

		if (one->from_client == now->from_client || one->rcvd_ns < 0 ||
		    one->rcvd_ns > now->sent_ns)
			continue;
		if (!last || one->rcvd_ns > last->rcvd_ns)
			last = one;
		if (i - k > 64)
			break;
	}
	return last;
}

/* The latest packet of @conn that came into the node that made its @i-th segment, and when. */
static const struct segment *last_came(const struct trace *trace, const struct conn *conn, unsigned int i,
				       int64_t *came_ns)
{
	const struct segment *made = &trace->segments[conn->segments[i]], *last = NULL;

	for (unsigned int k = i; k > 0 && i - k <= 64; k--) {
		const struct segment *one = &trace->segments[conn->segments[k - 1]];

		for (unsigned int s = 0; s < one->n_sightings; s++) {
			const struct trace_frame *frame = &trace->frames[one->sightings[s]];

			if (frame->out || trace->ifaces[frame->iface].node_index != made->from ||
			    frame->at_ns > made->sent_ns || (last && frame->at_ns <= *came_ns))
				continue;
			last = one;
			*came_ns = frame->at_ns;
		}
	}
	return last;
}

/* "RST made by nat", ", 10 us after FIN,ACK came into nat" */
static void foreign_words(const struct trace *trace, const struct conn *conn, unsigned int i,
			  struct words *words)
{
	const struct segment *segment = &trace->segments[conn->segments[i]];
	const char *node = trace->nodes[segment->from];
	const struct segment *came;
	char flags[40], ms[32], detail[160] = "";
	int64_t came_ns = 0;

	came = last_came(trace, conn, i, &came_ns);
	if (came) {
		duration_text(ms, sizeof(ms), segment->sent_ns - came_ns);
		snprintf(detail, sizeof(detail), ", %s after %s came into %s", ms,
			 tcp_flags_text(came->tcp.flags, flags), node);
	}
	tcp_flags_text(segment->tcp.flags, flags);
	auto_free char *note = must_printf("%s made by %s", segment->tcp.flags & TCP_RST ? "RST" : flags, node);

	report(words, note, detail);
}

/* "SYN made up at client", ": it gets no answer" */
static void made_up_words(const struct trace *trace, const struct conn *conn, unsigned int i,
			  struct words *words)
{
	const struct segment *segment = &trace->segments[conn->segments[i]];
	bool silent = tcp_kind(&segment->tcp) == KIND_SYN && segment->rcvd_ns >= 0 && trace_answer(trace, conn, i) < 0;
	char flags[40];
	auto_free char *note = must_printf("%s made up at %s", tcp_flags_text(segment->tcp.flags, flags),
					   trace->nodes[segment->from]);

	report(words, note, silent ? ": it gets no answer" : segment->is_retransmission ? ": these numbers were sent before" : "");
}

static void rst_words(const struct trace *trace, const struct conn *conn, unsigned int i,
		      struct words *words)
{
	const struct segment *segment = &trace->segments[conn->segments[i]];
	const struct segment *got = last_got(trace, conn, i);
	char flags[40], ms[32], detail[96] = "";

	if (got) {
		ms_text(ms, sizeof(ms), segment->sent_ns - got->rcvd_ns);
		snprintf(detail, sizeof(detail), ", %s after %s came in", ms,
			 tcp_flags_text(got->tcp.flags, flags));
	}
	report(words, "RST", detail);
}

static void syn_words(const struct trace *trace, const struct conn *conn, unsigned int i,
		      const struct comparison *side, struct words *words)
{
	const struct segment *segment = &trace->segments[conn->segments[i]];

	bool silent = segment->rcvd_ns >= 0 && !segment->icmp && trace_answer(trace, conn, i) < 0;

	if (segment->is_retransmission)
		note_again(words, silent ? "SYN again, no answer" : "SYN again",
			  segment->sent_ns - side->last_ns[KIND_SYN]);
	else if (silent)
		report(words, "SYN, no answer", "");
}

static void segment_words(const struct trace *trace, const struct conn *conn, unsigned int i,
			  const struct comparison sides[2], struct words *words)
{
	const struct segment *segment = &trace->segments[conn->segments[i]];
	const struct comparison *side = &sides[segment->from_client], *other = &sides[!segment->from_client];
	enum tcp_kind kind = tcp_kind(&segment->tcp);

	report(words, "", "");
	if (segment->is_copy) {
		report(words, "copy", " made on the way");
		return;
	}
	if (segment->is_made_up || segment->is_foreign) {
		(segment->is_made_up ? made_up_words : foreign_words)(trace, conn, i, words);
		return;
	}
	switch (kind) {
	case KIND_SYN:
		syn_words(trace, conn, i, side, words);
		break;
	case KIND_SYN_ACK:
		if (segment->is_retransmission)
			note_again(words, "SYN,ACK again", segment->sent_ns - side->last_ns[kind]);
		break;
	case KIND_FIN:
		fin_words(segment, side, other, words);
		break;
	case KIND_ACK:
		ack_words(conn, segment, side, other, words);
		break;
	case KIND_RST:
		rst_words(trace, conn, i, words);
		break;
	case KIND_DATA:
		if (segment->is_retransmission)
			report(words, "data again", "");
		break;
	case TCP_KINDS:
		break;
	}
}

static void compare_sent(const struct segment *segment, struct comparison *side, struct comparison *other)
{
	const struct tcp_view *tcp = &segment->tcp;

	if (segment->is_made_up)
		side->n_fins += side->finished && tcp->flags & TCP_FIN;
	if (segment->is_copy || segment->is_foreign || segment->is_made_up)
		return;
	side->last_ns[tcp_kind(tcp)] = segment->sent_ns;
	if (other->finished && tcp->flags & TCP_ACK && !tcp_after(other->fin_end, tcp->ack))
		side->acked = true;
	if (!(tcp->flags & TCP_FIN))
		return;
	if (!side->finished) {
		side->first = !side->acked;
		side->crossed = side->first && other->finished;
		side->fin_end = tcp->seq + tcp_seq_len(tcp);
	}
	side->finished = true;
	side->n_fins++;
}

static void comment_add(struct trace_frame *frame, char *text)
{
	free(frame->comment);
	frame->comment = text;
}

/* Does it come out of the net when the four-tuple is connection @next already? */
static bool is_late(const struct trace *trace, const struct segment *segment, int next)
{
	int64_t met_ns;

	if (next < 0 || segment->rcvd_ns < 0)
		return false;
	met_ns = segment->from_client ? trace->conns[next].at_server_ns :
					trace->conns[next].at_client_ns;
	return met_ns >= 0 && segment->rcvd_ns > met_ns;
}

static void words_write(struct trace *trace, struct segment *segment, struct words *words,
			bool late)
{
	struct trace_frame *first = &trace->frames[segment->sightings[0]];
	struct trace_frame *last = &trace->frames[segment->sightings[segment->n_sightings - 1]];
	char flags[40], from[64];
	bool lost = segment->rcvd_ns < 0 && segment->lost_node >= 0 && !segment->is_under_way;
	const char *what, *fate;

	if (*words->note)
		comment_add(first, must_printf("%s%s", words->note, words->detail));
	what = *words->note ? words->note : tcp_flags_text(segment->tcp.flags, flags);
	if (segment->icmp) {
		auto_free char *icmp = icmp_text(trace, &trace->icmps[segment->icmp - 1]);

		comment_add(last, must_printf(lost ? "%s: goes no further, answered with %s" : "%s: answered with %s", what, icmp));
	} else if (lost)
		comment_add(last, must_printf(last->out ? "%s: last seen leaving %s; it never arrived" :
						"%s: last seen coming into %s; it never left it",
					      what, trace->nodes[segment->lost_node]));
	else if (segment->is_under_way)
		comment_add(last, must_printf("%s: under way when the record ends", what));
	else if (segment->is_stray)
		comment_add(last, must_printf("%s: comes from %s, for nobody rewrote it: it is of no connection here",
					      what, endpoint_text(&segment->tcp_rcvd.src, from)));
	else if (late)
		comment_add(last, must_printf("%s: sent in an earlier connection of this four-tuple",
					      what));
	fate = segment->icmp ? "rejected" : lost ? "lost" : segment->is_under_way ? "under way" : segment->is_stray ? "untranslated" : late ? "from before" : "";
	if (*words->note || *fate)
		segment->note = must_printf("%s%s%s", words->note, *words->note && *fate ? ", " : "", fate);
}

/* A SYN that a step made up, and that was not let in: what was there before it goes on. */
static bool came_to_nothing(const struct conn *conn)
{
	return conn->is_made_up && !conn->has_server_isn;
}

void notes_write(struct trace *trace)
{
	auto_free int *next = must_calloc(trace->n_conns, sizeof(*next));
	struct words words;

	for (unsigned int c = trace->n_conns; c > 0; c--) {
		int earlier = trace->conns[c - 1].earlier;

		next[c - 1] = next[c - 1] ? next[c - 1] : -1;
		if (came_to_nothing(&trace->conns[c - 1]))
			continue;
		while (earlier >= 0 && came_to_nothing(&trace->conns[earlier]))
			earlier = trace->conns[earlier].earlier;
		if (earlier >= 0)
			next[earlier] = (int)c - 1;
	}
	for (unsigned int c = 0; c < trace->n_conns; c++) {
		const struct conn *conn = &trace->conns[c];
		struct comparison sides[2] = { 0 };

		for (unsigned int i = 0; i < conn->n_segments; i++) {
			struct segment *segment = &trace->segments[conn->segments[i]];
			bool client = segment->from_client;

			segment_words(trace, conn, i, sides, &words);
			words_write(trace, segment, &words, is_late(trace, segment, next[c]));
			compare_sent(segment, &sides[client], &sides[!client]);
		}
	}
}

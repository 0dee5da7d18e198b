/* test_recycle.c - tcp_tw_recycle in a namespace: sequences and endings
 *
 * What test_oracle.c does not play: several clocks behind one address, closes
 * of all kinds, settings that change, what sets TIME_WAIT to 60 s again.
 */
#include "tests/helpers/conversation.h"

#include <twlab/sockdiag.h>
#include "tests/helpers/main_in_guest.h"

#define TALKS 4

static struct recycle_reject last;	/* what was rejected last */
static unsigned int rejects;

static void note_reject(const struct recycle_reject *reject, void *arg)
{
	(void)arg;
	last = *reject;
	rejects++;
}

/* Sockets of the host in TIME_WAIT. */
static unsigned int time_waits(struct stub *stub)
{
	const struct socket_seen *seen;
	struct err err = { 0 };
	struct sockdiag *diag = sockdiag_open(stub->ns, &err);
	unsigned int count = 0;
	int n;

	assert_non_null(diag);
	for (int family = AF_INET; family; family = family == AF_INET ? AF_INET6 : 0) {
		n = sockdiag_dump(diag, family, &seen, &err);
		stub_must(n, &err);
		for (int i = 0; i < n; i++)
			count += seen[i].state == STATE_TIME_WAIT;
	}
	sockdiag_close(diag);
	return count;
}

/* --- sequences --- */

enum act { OPEN, HOST_CLOSES, PEER_CLOSES, SYN, SYN_WITHOUT, REST_MS, SET, FLOOD, CLOCK_S };

struct move {
	enum act act;
	unsigned int conversation;	/* which connection; with REST_MS how long, with FLOOD how many, with CLOCK_S how far */
	uint32_t ts;
	bool yes;		/* a SYN is answered */
	const char *key, *value;
};

static const struct sequence {
	const char *what;
	struct move moves[24];
} sequences[] = {
	{ "two clocks behind one address", {
		{ OPEN, 0, 1000000 }, { HOST_CLOSES, 0 },
		{ SYN, 1, 500000, false }, { SYN, 1, 2000000, true }, { SYN, 1, 1000000, true },
		{ SYN, 1, 999999, true }, { SYN, 1, 999998, false }, { SYN_WITHOUT, 1, 0, false } } },
	{ "who is closed by the peer is not remembered", {
		{ OPEN, 0, 2000000 }, { PEER_CLOSES, 0 }, { SYN, 1, 500000, true }, { SYN_WITHOUT, 1, 0, true } } },
	{ "mixed closers: the host's close counts, not the newer one of the peer", {
		{ OPEN, 0, 1000000 }, { HOST_CLOSES, 0 }, { OPEN, 1, 3000000 }, { PEER_CLOSES, 1 },
		{ SYN, 2, 1500000, true }, { SYN, 2, 900000, false } } },
	{ "a newer stamp replaces, and renews the 60 s", {
		{ OPEN, 0, 1000000 }, { HOST_CLOSES, 0 }, { REST_MS, 40000 },
		{ OPEN, 1, 2000000 }, { HOST_CLOSES, 1 }, { REST_MS, 30000 },
		{ SYN, 2, 1500000, false }, { REST_MS, 31000 }, { SYN, 2, 1500000, true } } },
	{ "a lower stamp does not replace a fresh one", {
		{ OPEN, 0, 500000 }, { OPEN, 1, 1000000 }, { HOST_CLOSES, 1 }, { HOST_CLOSES, 0 },
		{ SYN, 2, 700000, false }, { REST_MS, 50000 }, { SYN, 2, 700000, false },
		{ REST_MS, 11000 }, { SYN, 2, 700000, true } } },
	{ "nor renew its 60 s; after them it does replace it", {
		{ OPEN, 0, 500000 }, { OPEN, 1, 1000000 }, { OPEN, 2, 400000 }, { HOST_CLOSES, 1 },
		{ REST_MS, 45000 }, { HOST_CLOSES, 0 }, { REST_MS, 17000 }, { SYN, 3, 1, true },
		{ HOST_CLOSES, 2 }, { SYN, 3, 399000, false }, { SYN, 3, 400000, true } } },
	{ "three clocks behind one address, closed from the slowest to the fastest", {
		{ OPEN, 0, 100000 }, { OPEN, 1, 200000 }, { OPEN, 2, 300000 },
		{ HOST_CLOSES, 0 }, { SYN, 3, 150000, true }, { HOST_CLOSES, 1 }, { SYN, 3, 150000, false },
		{ SYN, 3, 250000, true }, { HOST_CLOSES, 2 }, { SYN, 3, 250000, false }, { SYN, 3, 300000, true } } },
	{ "and from the fastest to the slowest", {
		{ OPEN, 0, 100000 }, { OPEN, 1, 200000 }, { OPEN, 2, 300000 },
		{ HOST_CLOSES, 2 }, { SYN, 3, 250000, false }, { HOST_CLOSES, 1 }, { HOST_CLOSES, 0 },
		{ SYN, 3, 250000, false }, { SYN, 3, 299999, true }, { REST_MS, 61000 }, { SYN, 3, 1, true } } },
	{ "the fastest is closed by its peer: the others are let in", {
		{ OPEN, 0, 100000 }, { OPEN, 1, 200000 }, { OPEN, 2, 300000 },
		{ PEER_CLOSES, 2 }, { HOST_CLOSES, 0 }, { PEER_CLOSES, 1 },
		{ SYN, 3, 150000, true }, { SYN, 3, 99000, false } } },
	{ "mixed timestamps: one without neither writes nor renews", {
		{ OPEN, 0, 1000000 }, { OPEN, 1, 0, .key = "without" }, { OPEN, 2, 0, .key = "without" },
		{ HOST_CLOSES, 0 }, { REST_MS, 40000 }, { HOST_CLOSES, 1 }, { SYN_WITHOUT, 3, 0, false },
		{ SYN, 3, 500000, false }, { REST_MS, 21000 }, { SYN_WITHOUT, 3, 0, true }, { HOST_CLOSES, 2 },
		{ SYN_WITHOUT, 3, 0, true }, { SYN, 3, 500000, true } } },
	{ "a clock that goes round", {
		{ OPEN, 0, 0xfffffff0 }, { HOST_CLOSES, 0 }, { SYN, 1, 0x10, true },
		{ OPEN, 1, 0x20 }, { HOST_CLOSES, 1 }, { SYN, 2, 0xfffffff0, false }, { SYN, 2, 0x20, true } } },
	{ "a connection without timestamps leaves none", {
		{ OPEN, 0, 0, .key = "without" }, { HOST_CLOSES, 0 }, { SYN, 1, 5, true }, { SYN_WITHOUT, 1, 0, true } } },
	{ "timestamps turned off: for 60 s nobody gets in", {
		{ OPEN, 0, 1000000 }, { HOST_CLOSES, 0 }, { SET, .key = "net.ipv4.tcp_timestamps", .value = "0" },
		{ SYN, 1, 2000000, false }, { REST_MS, 61000 }, { SYN, 1, 2000000, true } } },
	{ "timestamps off from the beginning: nothing is remembered", {
		{ SET, .key = "net.ipv4.tcp_timestamps", .value = "0" },
		{ OPEN, 0, 1000000 }, { HOST_CLOSES, 0 }, { SYN, 1, 5, true }, { SYN_WITHOUT, 1, 0, true } } },
	{ "the wall clock set ahead by 61 s: the 60 s are over", {
		{ OPEN, 0, 1000000 }, { HOST_CLOSES, 0 }, { SYN, 1, 500000, false },
		/* 58 and not 59: by then a second may have begun since the close */
		{ CLOCK_S, 58 }, { SYN, 1, 500000, false }, { CLOCK_S, 3 }, { SYN, 1, 500000, true } } },
	{ "who gets a cookie is not judged", {
		{ OPEN, 0, 1000000 }, { HOST_CLOSES, 0 }, { SYN, 1, 500000, false },
		{ SET, .key = "net.ipv4.tcp_syncookies", .value = "2" }, { SYN, 1, 500000, true },
		{ SET, .key = "net.ipv4.tcp_syncookies", .value = "1" }, { SYN, 1, 500000, false } } },
	{ "nor when cookies begin because half-open connections fill the queue", {
		{ SET, .key = "net.ipv4.tcp_synack_retries", .value = "0" },
		{ OPEN, 0, 1000000 }, { HOST_CLOSES, 0 }, { FLOOD, 5000 }, { SYN, 1, 500000, false },
		{ SET, .key = "net.ipv4.tcp_syncookies", .value = "1" }, { SYN, 1, 500000, true } } },
};

/* SYNs from other addresses, with which nothing goes on. */
static void flood(struct stub *stub, unsigned int n)
{
	struct packet packet;

	for (unsigned int i = 0; i < n; i++) {
		struct conversation conversation = conversation_of(30000, true, 1);

		conversation.peer = stub_peer(1000 + i, 30000);
		report(stub, &conversation, TCP_SYN);
		while (i % 50 == 0 && work(stub, NS_PER_MS, &packet))
			;
	}
	while (work(stub, 10 * NS_PER_MS, &packet))
		;
}

static void make(struct stub *stub, struct conversation *talks, const struct move *move, unsigned int *expected)
{
	/* A port is used once: what is asked about is the address. */
	static uint16_t port = 20000;
	bool has_ts = move->act != SYN_WITHOUT && !move->key;
	struct timespec wall;

	switch (move->act) {
	case OPEN:
		talks[move->conversation] = conversation_of(port++, has_ts, move->ts);
		open_talk(stub, &talks[move->conversation]);
		break;
	case HOST_CLOSES:
		host_closes(stub, &talks[move->conversation]);
		break;
	case PEER_CLOSES:
		peer_closes(stub, &talks[move->conversation]);
		break;
	case SYN:
	case SYN_WITHOUT:
		assert_int_equal(answered(stub, conversation_of(port++, has_ts, move->ts)), move->yes);
		*expected += !move->yes;
		assert_int_equal(rejects, *expected);
		break;
	case REST_MS:
		rest(stub, move->conversation);
		break;
	case CLOCK_S:
		clock_gettime(CLOCK_REALTIME, &wall);
		wall.tv_sec += move->conversation;
		assert_false(clock_settime(CLOCK_REALTIME, &wall));
		break;
	case FLOOD:
		flood(stub, move->conversation);
		break;
	case SET:
		stub_set(stub, move->key, move->value);
		break;
	}
}

static void sequences_follow_the_rule(void **state)
{
	(void)state;
	if (!guest_inside())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(sequences); i++) {
		struct conversation talks[TALKS];
		unsigned int expected = 0;
		struct stub stub = { 0 };

		print_message("%s\n", sequences[i].what);
		rejects = 0;
		stub_up(&stub);
		stub_recycle(&stub, note_reject, NULL);
		for (const struct move *move = sequences[i].moves; move->act || move->ts || move->key; move++)
			make(&stub, talks, move, &expected);
		assert_int_equal(recycle_stats(stub.recycle)->paws_passive, expected);
		stub_down(&stub);
	}
}

/* The rule once more, in other words than lib/recycle/recycle_rule.c has it: for sequences that
 * nobody thought of.
 */
struct remembered {
	bool any;
	uint32_t ts;
	time_t at_s;
};

static void host_closed(struct remembered *is, uint32_t ts, time_t now_s)
{
	if (!is->any || (int32_t)(ts - is->ts) >= 0 || now_s - is->at_s > 60)
		*is = (struct remembered){ true, ts, now_s };
}

static bool lets_in(const struct remembered *is, bool has_ts, uint32_t ts, time_t now_s)
{
	return !is->any || now_s - is->at_s >= 60 || (has_ts && (int32_t)(ts - is->ts) >= -1);
}

static time_t wall_s(void)
{
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	return wall.tv_sec;
}

/* At the edges of the 60 s it would take the very second of each segment. */
static void leave_the_edge(struct stub *stub, const struct remembered *is)
{
	while (is->any && wall_s() - is->at_s >= 57 && wall_s() - is->at_s <= 62)
		rest(stub, 3000);
}

static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

/* Hosts behind one address, with these clocks, the last of which goes round. */
static const uint32_t clocks[] = { 1000000, 1030000, 500000000, 0u - 40000 };

static unsigned int play_any(struct stub *stub, uint32_t seed, unsigned int *open_for)
{
	static uint16_t port = 30000;
	struct remembered is = { 0 };
	int64_t begin_ns = stub_now();
	unsigned int refused = 0;

	for (int move = 0; move < 24; move++) {
		uint32_t clock = draw(&seed, ARRAY_SIZE(clocks) + 1);
		bool has_ts = clock < ARRAY_SIZE(clocks), yes;
		uint32_t ts = has_ts ? clocks[clock] + (uint32_t)((stub_now() - begin_ns) / NS_PER_MS) : 0;
		struct conversation conversation = conversation_of(port++, has_ts, ts);
		uint32_t what = draw(&seed, 4);

		leave_the_edge(stub, &is);
		yes = lets_in(&is, has_ts, ts, wall_s());
		if (what == 0) {
			rest(stub, 1000 + (int64_t)draw(&seed, 40) * 1000);
		} else if (!yes || what == 1) {
			if (answered(stub, conversation) != yes)
				fail_msg("seed %u, move %d: %s", seed, move, yes ? "not let in" : "let in");
			refused += !yes;
		} else {
			open_talk(stub, &conversation);
			(what == 2 ? host_closes : peer_closes)(stub, &conversation);
			if (what == 2 && has_ts)
				host_closed(&is, ts, wall_s());
			++*open_for;
		}
	}
	return refused;
}

static void any_sequence_follows_the_rule(void **state)
{
	unsigned int refused = 0, opened = 0;

	(void)state;
	if (!guest_inside())
		skip();
	for (uint32_t seed = 1; seed <= 20; seed++) {
		struct stub stub = { 0 };
		unsigned int here;

		stub_up(&stub);
		stub_recycle(&stub, note_reject, NULL);
		here = play_any(&stub, seed, &opened);
		assert_int_equal(recycle_stats(stub.recycle)->paws_passive, here);
		refused += here;
		stub_down(&stub);
	}
	print_message("%u connections, %u SYNs refused\n", opened, refused);
	assert_true(refused > 40 && opened > 100);
}

/* --- TIME_WAIT --- */

enum ending { BOTH_CLOSE, FIN_AGAIN, FIN_WITH_ACK, FIN_LATE, DATA_LATE, CROSSED, SHUT_THEN_CLOSE, HALF_CLOSED, WITHOUT_TS, SIX };

/* Each ends in a TIME_WAIT of the host that lasts 3.5 RTO, or 60 s. */
static void end_talk(struct stub *stub, struct conversation *conversation, enum ending ending)
{
	struct packet packet;

	switch (ending) {
	case BOTH_CLOSE:
	case WITHOUT_TS:
	case SIX:
		host_closes(stub, conversation);
		break;
	case FIN_AGAIN:		/* the last ACK was lost */
		host_closes(stub, conversation);
		rest(stub, 300);
		conversation->seq--;
		report(stub, conversation, TCP_FIN | TCP_ACK);
		collect(stub, conversation, TCP_ACK);
		break;
	case FIN_WITH_ACK:
		close(conversation->fd);
		collect(stub, conversation, TCP_FIN | TCP_ACK);
		report(stub, conversation, TCP_FIN | TCP_ACK);
		collect(stub, conversation, TCP_ACK);
		break;
	case FIN_LATE:		/* half closed for longer than the kernel's set remembers */
		assert_false(shutdown(conversation->fd, SHUT_WR));
		collect(stub, conversation, TCP_FIN | TCP_ACK);
		report(stub, conversation, TCP_ACK);
		rest(stub, 200000);
		conversation->ts += 200000;
		report(stub, conversation, TCP_FIN | TCP_ACK);
		collect(stub, conversation, TCP_ACK);
		close(conversation->fd);
		break;
	case DATA_LATE:		/* the same, and the peer has sent meanwhile */
		assert_false(shutdown(conversation->fd, SHUT_WR));
		collect(stub, conversation, TCP_FIN | TCP_ACK);
		report(stub, conversation, TCP_ACK);
		for (int i = 0; i < 5; i++) {
			rest(stub, 10000);
			conversation->ts += 10000;
			report(stub, conversation, TCP_PSH | TCP_ACK);
			collect(stub, conversation, TCP_ACK);
		}
		rest(stub, 1000);
		conversation->ts += 1000;
		report(stub, conversation, TCP_FIN | TCP_ACK);
		collect(stub, conversation, TCP_ACK);
		close(conversation->fd);
		break;
	case CROSSED:		/* both FINs are on their way at once */
		close(conversation->fd);
		work(stub, NS_PER_S, &packet);
		conversation->ack = packet.end_seq - 1;
		report(stub, conversation, TCP_FIN | TCP_ACK);
		collect(stub, conversation, TCP_ACK);
		report(stub, conversation, TCP_ACK);
		work(stub, NS_PER_MS, &packet);
		break;
	case SHUT_THEN_CLOSE:	/* a stub comes about without a segment */
		assert_false(shutdown(conversation->fd, SHUT_WR));
		collect(stub, conversation, TCP_FIN | TCP_ACK);
		report(stub, conversation, TCP_ACK);
		rest(stub, 500);
		close(conversation->fd);
		report(stub, conversation, TCP_FIN | TCP_ACK);
		collect(stub, conversation, TCP_ACK);
		break;
	case HALF_CLOSED:
		assert_false(shutdown(conversation->fd, SHUT_WR));
		collect(stub, conversation, TCP_FIN | TCP_ACK);
		report(stub, conversation, TCP_ACK);
		rest(stub, 500);
		report(stub, conversation, TCP_FIN | TCP_ACK);
		collect(stub, conversation, TCP_ACK);
		close(conversation->fd);
		break;
	}
}

/* What is remembered is the timestamp of the peer's last segment. */
static void check_stamp(struct stub *stub, struct conversation conversation)
{
	const uint32_t ts = conversation.ts;

	if (!conversation.has_ts)
		return;
	conversation.peer.port++;
	conversation.ts = ts - 2;
	assert_false(answered(stub, conversation));
	assert_int_equal(last.stamp.ts, ts);
	conversation.peer.port++;
	conversation.ts = ts - 1;
	assert_true(answered(stub, conversation));
}

static void time_wait_ends_after_three_and_a_half_rto(void **state)
{
	static const struct {
		const char *what;
		enum ending ending;
		bool early;
	} rows[] = {
		{ "the host closes, then the peer", BOTH_CLOSE, true },
		{ "... and the peer's FIN comes again", FIN_AGAIN, false },
		{ "the peer answers with FIN and ACK in one", FIN_WITH_ACK, true },
		{ "the peer's FIN comes after 200 s", FIN_LATE, true },
		{ "... and data before it", DATA_LATE, true },
		{ "both at once", CROSSED, true },
		{ "shutdown(), and later close()", SHUT_THEN_CLOSE, true },
		{ "shutdown(), and close() when it is over", HALF_CLOSED, true },
		{ "without timestamps", WITHOUT_TS, false },
		{ "over IPv6", SIX, true },
	};

	(void)state;
	if (!guest_inside())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct conversation conversation = conversation_of(40000, rows[i].ending != WITHOUT_TS, 1000000);
		struct stub stub = { 0 };

		print_message("%s\n", rows[i].what);
		stub_up(&stub);
		stub_recycle(&stub, note_reject, NULL);
		if (rows[i].ending == SIX) {
			conversation.peer = (struct endpoint){ AF_INET6, { .s6_addr = { 0x20, 1, 0xd, 0xb8, [15] = 9 } }, 40000 };
			conversation.host = (struct endpoint){ AF_INET6, { .s6_addr = { 0x20, 1, 0xd, 0xb8, [15] = 1 } }, STUB_PORT };
			rest(&stub, 3000);	/* duplicate address detection */
		}
		open_talk(&stub, &conversation);
		end_talk(&stub, &conversation, rows[i].ending);
		assert_int_equal(time_waits(&stub), 1);
		rest(&stub, 650);
		assert_int_equal(time_waits(&stub), 1);
		rest(&stub, 200);
		assert_int_equal(time_waits(&stub), rows[i].early ? 0 : 1);
		assert_int_equal(recycle_stats(stub.recycle)->ended, rows[i].early);
		check_stamp(&stub, conversation);
		rest(&stub, 57000);
		assert_int_equal(time_waits(&stub), rows[i].early ? 0 : 1);
		rest(&stub, 7000);
		assert_int_equal(time_waits(&stub), 0);
		assert_int_equal(recycle_stats(stub.recycle)->rearmed, rows[i].ending == FIN_AGAIN);
		assert_int_equal(recycle_stats(stub.recycle)->closes, 1);
		stub_down(&stub);
	}
}

/* The stamp is there as soon as the host's FIN is acknowledged and nobody holds
 * the socket, long before the peer's FIN.
 */
static void a_stub_is_remembered(void **state)
{
	struct conversation conversation = conversation_of(40000, true, 1000000);
	struct stub stub = { 0 };

	(void)state;
	if (!guest_inside())
		skip();
	stub_up(&stub);
	stub_recycle(&stub, note_reject, NULL);
	open_talk(&stub, &conversation);
	assert_false(shutdown(conversation.fd, SHUT_WR));
	collect(&stub, &conversation, TCP_FIN | TCP_ACK);
	assert_true(answered(&stub, conversation_of(40001, true, 5)));
	report(&stub, &conversation, TCP_ACK);
	rest(&stub, 10);
	assert_true(answered(&stub, conversation_of(40002, true, 5)));
	close(conversation.fd);
	assert_false(answered(&stub, conversation_of(40003, true, 5)));
	assert_int_equal(last.stamp.ts, 1000000);
	stub_down(&stub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequences_follow_the_rule),
		cmocka_unit_test(any_sequence_follows_the_rule),
		cmocka_unit_test(time_wait_ends_after_three_and_a_half_rto),
		cmocka_unit_test(a_stub_is_remembered),
	};

	return in_guest_tests(tests, ARRAY_SIZE(tests), NULL);
}

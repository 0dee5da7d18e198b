/* test_recycle_rule.c - the rule of tcp_tw_recycle, row by row */
#include <twlab/recycle_rule.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define WALL 1700000000u	/* some second of the wall clock */
#define TS 0x40000000u		/* some TSval */

static struct recycle_pair pair_of(uint32_t local, uint32_t remote)
{
	struct recycle_pair pair = { 0 };

	memcpy(&pair.local.s6_addr[12], &local, sizeof(local));
	memcpy(&pair.remote.s6_addr[12], &remote, sizeof(remote));
	return pair;
}

/* A connection between @pair that was closed here in second WALL + @at_s. */
static struct recycle_close closed(struct recycle_stamps *stamps, struct recycle_pair pair,
				   uint32_t ts, int at_s)
{
	struct recycle_now now = { .wall_s = WALL + at_s, .ms = at_s * 1000 };
	struct recycle_close conn = {
		.pair = pair, .has_ts = true, .ts_recent = ts, .ts_recent_s = now.wall_s,
	};

	recycle_rule_time_wait(&conn, stamps, 200, &now);
	return conn;
}

static void a_syn_is_held_against_the_stamp(void **state)
{
	static const struct {
		const char *what;
		int after_s;
		bool has_ts;
		uint32_t tsval;
		enum recycle_verdict verdict;
	} rows[] = {
		{ "the same tick", 0, true, TS, RECYCLE_PROVEN },
		{ "one tick older is within the window", 0, true, TS - 1, RECYCLE_PROVEN },
		{ "two ticks older is not", 0, true, TS - 2, RECYCLE_OLDER },
		{ "newer", 0, true, TS + 1, RECYCLE_PROVEN },
		{ "as much newer as can be", 0, true, TS + 0x7fffffff, RECYCLE_PROVEN },
		{ "as much older as can be", 0, true, TS - 0x7fffffff, RECYCLE_OLDER },
		{ "half way round counts as newer", 0, true, TS + 0x80000000, RECYCLE_PROVEN },
		{ "no timestamp", 0, false, 0, RECYCLE_NO_TS },
		{ "no timestamp, whatever stands there", 0, false, TS, RECYCLE_NO_TS },
		{ "older, in the last second", 59, true, TS - 2, RECYCLE_OLDER },
		{ "no timestamp, in the last second", 59, false, 0, RECYCLE_NO_TS },
		{ "older, when the 60 s are over", 60, true, TS - 2, RECYCLE_PROVEN },
		{ "no timestamp, when they are over", 60, false, 0, RECYCLE_PROVEN },
		{ "the clock was set back", -1, true, TS - 2, RECYCLE_PROVEN },
	};
	struct recycle_pair pair = pair_of(1, 2);
	struct recycle_stamps *stamps = recycle_rule_new();
	struct recycle_stamp found = { 0 };

	(void)state;
	closed(stamps, pair, TS, 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		print_message("%s\n", rows[i].what);
		assert_int_equal(recycle_rule_syn(stamps, &pair, rows[i].has_ts, rows[i].tsval,
						  WALL + rows[i].after_s, &found), rows[i].verdict);
	}
	assert_int_equal(found.ts, TS);
	assert_int_equal(found.at_s, WALL);
	recycle_rule_free(stamps);
}

static void a_stamp_is_of_two_addresses(void **state)
{
	static const struct {
		const char *what;
		uint32_t local, remote;
		enum recycle_verdict verdict;
	} rows[] = {
		{ "the same two", 1, 2, RECYCLE_NO_TS },
		{ "another peer", 1, 3, RECYCLE_PROVEN },
		{ "another address of ours", 4, 2, RECYCLE_PROVEN },
		{ "the two the other way round", 2, 1, RECYCLE_PROVEN },
	};
	struct recycle_stamps *stamps = recycle_rule_new();

	(void)state;
	closed(stamps, pair_of(1, 2), TS, 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct recycle_pair pair = pair_of(rows[i].local, rows[i].remote);

		print_message("%s\n", rows[i].what);
		assert_int_equal(recycle_rule_syn(stamps, &pair, false, 0, WALL, NULL),
				 rows[i].verdict);
	}
	recycle_rule_free(stamps);
}

/* A second close from the same address: which stamp is there afterwards? */
static void a_lower_stamp_waits_for_the_higher_one(void **state)
{
	static const struct {
		const char *what;
		int at_s;
		uint32_t ts;
		uint32_t stamp_ts;
		int stamp_s;
	} rows[] = {
		{ "a newer one is written", 10, TS + 5, TS + 5, 10 },
		{ "the same one renews the second", 10, TS, TS, 10 },
		{ "an older one is not", 10, TS - 1, TS, 0 },
		{ "an older one is not, after 60 s", 60, TS - 1, TS, 0 },
		{ "an older one is, after 61 s", 61, TS - 1, TS - 1, 61 },
		{ "a far older one is, after 61 s", 61, TS - 0x7fffffff, TS - 0x7fffffff, 61 },
		{ "an older one is, after an hour", 3601, TS - 1, TS - 1, 3601 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct recycle_stamps *stamps = recycle_rule_new();
		struct recycle_pair pair = pair_of(1, 2);
		struct recycle_stamp found = { 0 };

		print_message("%s\n", rows[i].what);
		closed(stamps, pair, TS, 0);
		closed(stamps, pair, rows[i].ts, rows[i].at_s);
		recycle_rule_syn(stamps, &pair, false, 0, WALL + rows[i].stamp_s, &found);
		assert_int_equal(found.ts, rows[i].stamp_ts);
		assert_int_equal(found.at_s, WALL + rows[i].stamp_s);
		recycle_rule_free(stamps);
	}
}

/* ... by the clock that nobody sets: here the other one was set back by as much. */
static void a_stamp_is_forgotten_after_an_hour(void **state)
{
	static const struct { int64_t after_ms; bool taken; } rows[] = {
		{ 3599999, false }, { 3600000, false }, { 3600001, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct recycle_stamps *stamps = recycle_rule_new();
		struct recycle_now now = { .wall_s = WALL + 10, .ms = rows[i].after_ms };
		struct recycle_close conn = {
			.pair = pair_of(1, 2), .has_ts = true, .ts_recent = TS - 1, .ts_recent_s = WALL + 10,
		};
		struct recycle_stamp found = { 0 };

		closed(stamps, conn.pair, TS, 0);
		recycle_rule_time_wait(&conn, stamps, 200, &now);
		recycle_rule_syn(stamps, &conn.pair, false, 0, WALL + 10, &found);
		assert_int_equal(found.ts, rows[i].taken ? TS - 1 : TS);
		recycle_rule_free(stamps);
	}
}

/* TSvals of so long ago say nothing (TCP_PAWS_24DAYS). */
static void after_24_days_an_older_stamp_is_taken(void **state)
{
	static const struct { uint32_t after_s; bool taken; } rows[] = {
		{ 0, false }, { 24 * 86400 - 1, false }, { 24 * 86400, true },
	};
	const struct recycle_segment older = { 1000, 1001, .has_ts = true, .tsval = TS - 1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct recycle_close conn = {
			.has_ts = true, .ts_recent = TS, .ts_recent_s = WALL, .acked = 1000,
		};

		recycle_rule_recent(&conn, &older, WALL + rows[i].after_s);
		assert_int_equal(conn.ts_recent, rows[i].taken ? TS - 1 : TS);
	}
}

static void who_closes_without_timestamps_remembers_nothing(void **state)
{
	struct recycle_stamps *stamps = recycle_rule_new();
	struct recycle_pair pair = pair_of(1, 2);
	struct recycle_now now = { .wall_s = WALL };
	struct recycle_close conn = { .pair = pair, .ts_recent = TS, .ts_recent_s = WALL };

	(void)state;
	recycle_rule_time_wait(&conn, stamps, 200, &now);
	assert_int_equal(conn.timeout_ms, 60000);
	assert_int_equal(recycle_rule_syn(stamps, &pair, false, 0, WALL, NULL), RECYCLE_PROVEN);

	conn = closed(stamps, pair, TS, 0);
	assert_int_equal(conn.timeout_ms, 700);
	assert_int_equal(recycle_rule_syn(stamps, &pair, false, 0, WALL, NULL), RECYCLE_NO_TS);
	recycle_rule_free(stamps);
}

static void the_fin_after_fin_wait2_brings_its_own_stamp(void **state)
{
	struct recycle_stamps *stamps = recycle_rule_new();
	struct recycle_pair pair = pair_of(1, 2);
	struct recycle_now later = { .wall_s = WALL + 30, .ms = 30000 };
	struct recycle_segment fin = { .ack = true, .has_ts = true, .tsval = TS + 30000 };
	struct recycle_close conn = closed(stamps, pair, TS, 0);
	struct recycle_stamp found = { 0 };

	(void)state;
	recycle_rule_fin(&conn, stamps, &fin, &later);
	assert_int_equal(conn.timeout_ms, 700);
	recycle_rule_syn(stamps, &pair, true, TS, WALL + 80, &found);
	assert_int_equal(found.ts, TS + 30000);
	assert_int_equal(found.at_s, WALL + 30);
	recycle_rule_free(stamps);

	/* A stamp that went meanwhile is not made again, and TIME_WAIT lasts 60 s. */
	stamps = recycle_rule_new();
	recycle_rule_fin(&conn, stamps, &fin, &later);
	assert_int_equal(conn.timeout_ms, 60000);
	assert_int_equal(recycle_rule_syn(stamps, &pair, false, 0, WALL + 30, NULL), RECYCLE_PROVEN);
	recycle_rule_free(stamps);
}

static void which_segment_moves_ts_recent(void **state)
{
	static const struct {
		const char *what;
		struct recycle_segment segment;
		bool moves;
	} rows[] = {
		{ "in order and newer", { 1000, 1000, .has_ts = true, .tsval = TS + 9 }, true },
		{ "in order, the same tick", { 1000, 1001, .has_ts = true, .tsval = TS }, true },
		{ "in order but older", { 1000, 1001, .has_ts = true, .tsval = TS - 1 }, false },
		{ "without a timestamp", { 1000, 1001 }, false },
		{ "beyond what was acknowledged", { 1001, 1002, .has_ts = true, .tsval = TS + 9 }, false },
		{ "overlapping what was acknowledged", { 900, 1100, .has_ts = true, .tsval = TS + 9 }, true },
		{ "all of it before", { 900, 999, .has_ts = true, .tsval = TS + 9 }, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct recycle_close conn = {
			.has_ts = true, .ts_recent = TS, .ts_recent_s = WALL, .acked = 1000,
		};

		print_message("%s\n", rows[i].what);
		recycle_rule_recent(&conn, &rows[i].segment, WALL + 1);
		assert_int_equal(conn.ts_recent_s, WALL + rows[i].moves);
		assert_int_equal(conn.ts_recent, rows[i].moves ? rows[i].segment.tsval : TS);
	}
}

static void what_sets_time_wait_to_60_s_again(void **state)
{
	static const struct {
		const char *what;
		struct recycle_segment segment;
		bool rearms;
	} rows[] = {
		{ "the FIN again", { 999, 1000, .ack = true, .has_ts = true, .tsval = TS }, true },
		{ "the FIN again, later", { 999, 1000, .ack = true, .has_ts = true, .tsval = TS + 400 }, true },
		{ "data", { 1000, 1010, .ack = true, .has_ts = true, .tsval = TS }, true },
		{ "an empty acknowledgement", { 1000, 1000, .ack = true, .has_ts = true, .tsval = TS }, true },
		{ "an old acknowledgement", { 900, 900, .ack = true, .has_ts = true, .tsval = TS }, true },
		{ "one with an older timestamp", { 1000, 1000, .ack = true, .has_ts = true, .tsval = TS - 1 }, true },
		{ "a RST", { 1000, 1000, .rst = true }, false },
		{ "a RST with ACK", { 1000, 1000, .rst = true, .ack = true }, false },
		{ "a SYN with an older timestamp", { 5000, 5001, .syn = true, .has_ts = true, .tsval = TS - 1 }, true },
		{ "a SYN with a newer one", { 500, 501, .syn = true, .has_ts = true, .tsval = TS + 1 }, false },
		{ "a SYN without one, beyond", { 5000, 5001, .syn = true }, false },
		{ "a SYN without one, before", { 500, 501, .syn = true }, false },
		{ "a SYN of the same tick, before", { 500, 501, .syn = true, .has_ts = true, .tsval = TS }, false },
		{ "a SYN with ACK", { 500, 501, .syn = true, .ack = true, .has_ts = true, .tsval = TS }, true },
	};
	const struct recycle_close conn = {
		.has_ts = true, .ts_recent = TS, .ts_recent_s = WALL, .acked = 1000,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		print_message("%s\n", rows[i].what);
		assert_int_equal(recycle_rule_rearms(&conn, &rows[i].segment), rows[i].rearms);
	}
}

/* Jiffies begin at -300 s, so with HZ=1000 a granule of 64 ends at 32, 96, ... ms. */
static void a_timer_runs_out_at_the_end_of_its_granule(void **state)
{
	static const struct {
		const char *what;
		int64_t from_ms, after_ms, at_ms;
	} rows[] = {
		{ "one tick later", 0, 10, 11 },
		{ "granules of 8", 0, 63, 64 },
		{ "granules of 8, just missed", 0, 64, 72 },
		{ "granules of 64", 0, 700, 736 },
		{ "granules of 64, the last of one", 35, 700, 736 },
		{ "granules of 64, the first of the next", 36, 700, 800 },
		{ "granules of 4096", 0, 60000, 62432 },
		{ "granules of 4096, the next", 2432, 60000, 66528 },
		{ "granules of 2^18", 0, 16515072, 16552928 },
		{ "there are none above", 0, 20000000, 20222944 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		print_message("%s\n", rows[i].what);
		assert_int_equal(recycle_rule_timer_ms(rows[i].from_ms, rows[i].after_ms),
				 rows[i].at_ms);
	}
}

static void there_is_room_for_so_many_and_the_oldest_gives_way(void **state)
{
	enum { MANY = 200000, ROOM = 8192 * 6 };
	struct recycle_stamps *stamps = recycle_rule_new();
	unsigned int early = 0, late = 0;
	struct recycle_pair pair;

	(void)state;
	for (int i = 0; i < MANY; i++)
		closed(stamps, pair_of(1, i + 10), TS, i / 10000);
	for (int i = 0; i < MANY; i++) {
		pair = pair_of(1, i + 10);
		if (recycle_rule_syn(stamps, &pair, false, 0, WALL + 21, NULL) == RECYCLE_PROVEN)
			continue;
		early += i < MANY / 2;
		late += i >= MANY / 2;
	}
	print_message("%u of the first half, %u of the second half kept\n", early, late);
	assert_true(early + late <= ROOM);
	assert_true(early + late > ROOM / 2);
	assert_true(early < late / 10);
	recycle_rule_free(stamps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_syn_is_held_against_the_stamp),
		cmocka_unit_test(a_stamp_is_of_two_addresses),
		cmocka_unit_test(a_lower_stamp_waits_for_the_higher_one),
		cmocka_unit_test(a_stamp_is_forgotten_after_an_hour),
		cmocka_unit_test(after_24_days_an_older_stamp_is_taken),
		cmocka_unit_test(who_closes_without_timestamps_remembers_nothing),
		cmocka_unit_test(the_fin_after_fin_wait2_brings_its_own_stamp),
		cmocka_unit_test(which_segment_moves_ts_recent),
		cmocka_unit_test(what_sets_time_wait_to_60_s_again),
		cmocka_unit_test(a_timer_runs_out_at_the_end_of_its_granule),
		cmocka_unit_test(there_is_room_for_so_many_and_the_oldest_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

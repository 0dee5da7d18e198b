/* test_rungs.c - moments keep their order and the room they need */
#include "diagrams/rungs.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MS NS_PER_MS

static void time_runs_downwards(void **state)
{
	struct rungs *rungs = rungs_new();
	unsigned int late = rungs_add(rungs, 3 * MS, 0, 0), early = rungs_add(rungs, 1 * MS, 0, 0);
	unsigned int same = rungs_add(rungs, 3 * MS, 0, 0);

	(void)state;
	rungs_place(rungs, 100, 0);
	assert_true(rungs_y(rungs, early) == 100);
	assert_true(rungs_y(rungs, early) < rungs_y(rungs, late));
	assert_true(rungs_y(rungs, late) == rungs_y(rungs, same));
	rungs_free(rungs);
}

static void what_is_apart_stays_apart(void **state)
{
	struct rungs *rungs = rungs_new();
	unsigned int a = rungs_add(rungs, 1, 0, 0), b = rungs_add(rungs, 2, 5, 0), c = rungs_add(rungs, 3, 0, 0);

	(void)state;
	rungs_apart(rungs, a, c, 40);
	rungs_apart(rungs, c, a, 1000);	/* the wrong way round: ignored */
	rungs_place(rungs, 0, 0);
	assert_true(rungs_y(rungs, b) >= rungs_y(rungs, a) + 5);
	assert_true(rungs_y(rungs, b) < rungs_y(rungs, a) + 40);
	assert_true(rungs_y(rungs, c) == rungs_y(rungs, a) + 40);
	rungs_free(rungs);
}

/* Whichever way round a distance is told, what comes first stands first. */
static void a_distance_to_what_comes_later_is_ignored(void **state)
{
	struct rungs *rungs = rungs_new(), *without = rungs_new();
	unsigned int id[3];

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		id[i] = rungs_add(rungs, (int64_t)i * MS, 1, 2);
		assert_int_equal(rungs_add(without, (int64_t)i * MS, 1, 2), id[i]);
	}
	rungs_apart(rungs, id[2], id[1], 500);
	rungs_apart(rungs, id[1], id[1], 500);
	rungs_apart(rungs, id[0], id[2], 1);	/* they are further apart anyway */
	assert_true(rungs_place(rungs, 0, 0) == rungs_place(without, 0, 0));
	for (unsigned int i = 0; i < 3; i++) {
		assert_true(rungs_y(rungs, id[i]) == rungs_y(without, id[i]));
		assert_int_equal(rungs_at(rungs, id[i]), (int64_t)i * MS);
	}
	rungs_free(rungs);
	rungs_free(without);
}

/* Room above and below, and a point or three for the time; none for what is at the same time. */
static void time_alone_takes_little_room(void **state)
{
	static const struct { int64_t after_ns; double above, below, distance; } rows[] = {
		{ 0, 0, 0, 0 }, { 0, 5, 0, 5 }, { 0, 0, 7, 7 }, { 0, 5, 7, 12 }, { 1, 0, 0, 1 }, { 99999, 5, 7, 13 }, { 100000, 5, 7, 15 },
		{ RUNGS_GAP_NS - 1, 5, 7, 15 }, { RUNGS_GAP_NS, 5, 7, 44 }, { RUNGS_GAP_NS, 0, 0, 32 },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct rungs *rungs = rungs_new();
		unsigned int a = rungs_add(rungs, 7, 0, rows[r].below), b = rungs_add(rungs, 7 + rows[r].after_ns, rows[r].above, 0);

		rungs_place(rungs, 10, 0);
		assert_true(rungs_y(rungs, a) == 10);
		if (rungs_y(rungs, b) - 10 != rows[r].distance)
			fail_msg("row %zu: %g", r, rungs_y(rungs, b) - 10);
		rungs_free(rungs);
	}
}

static void much_time_is_a_gap(void **state)
{
	struct rungs *rungs = rungs_new();
	const struct rungs_gap *gaps;
	unsigned int n, a, b;

	(void)state;
	rungs_add(rungs, 0, 0, 0);
	a = rungs_add(rungs, RUNGS_GAP_NS - 1, 0, 0);
	b = rungs_add(rungs, RUNGS_GAP_NS - 1 + 60 * NS_PER_S, 0, 0);
	rungs_place(rungs, 0, 0);
	gaps = rungs_gaps(rungs, &n);
	assert_int_equal(n, 1);
	assert_true(gaps[0].ns == 60 * NS_PER_S);
	assert_true(rungs_y(rungs, a) < gaps[0].y && gaps[0].y < rungs_y(rungs, b));
	rungs_free(rungs);
}

static void little_is_spread_but_not_too_far(void **state)
{
	static const struct { double fill, end; } rows[] = {
		{ 50, 200 },	/* too much for the page: stays */
		{ 240, 240 },	/* nearly enough: fills it */
		{ 900, 250 },	/* next to nothing: half as much again */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rungs *rungs = rungs_new();
		unsigned int a = rungs_add(rungs, 1, 0, 0), b = rungs_add(rungs, 2, 0, 0);

		rungs_apart(rungs, a, b, 100);
		assert_true(rungs_place(rungs, 100, rows[i].fill) == rows[i].end);
		assert_true(rungs_y(rungs, a) == 100 && rungs_y(rungs, b) == rows[i].end);
		rungs_free(rungs);
	}
}

static void no_moment_is_no_trouble(void **state)
{
	struct rungs *rungs = rungs_new();

	(void)state;
	assert_true(rungs_place(rungs, 7, 100) == 7);
	rungs_free(rungs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_runs_downwards),
		cmocka_unit_test(what_is_apart_stays_apart),
		cmocka_unit_test(a_distance_to_what_comes_later_is_ignored),
		cmocka_unit_test(time_alone_takes_little_room),
		cmocka_unit_test(much_time_is_a_gap),
		cmocka_unit_test(little_is_spread_but_not_too_far),
		cmocka_unit_test(no_moment_is_no_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

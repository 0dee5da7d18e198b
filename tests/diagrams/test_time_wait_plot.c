/* test_time_wait_plot.c - the picture of how many sockets were in TIME_WAIT */
#include "diagrams/time_wait_plot.h"
#include "tests/helpers/sample.h"
#include "tests/helpers/test.h"


#define CONNS { 0, 1 }, { 0, 1 }, { 0, 1 }, { 0, 1 }, { 0, 1 }, { 0, 1 }, { 0, 1 }
#define WAITS(node, conn, from, to) { node, conn, STATE_TIME_WAIT, from, to, -1 }

static const struct sample crowded = {
	.lab = "crowded", .nodes = { "client", "server" }, .ends = "ee", .conns = { CONNS, { 0, 1 } },
	.spans = {
		WAITS(0, 0, 1000, 61000), WAITS(0, 1, 2000, 62000), WAITS(0, 2, 3000, 63000),
		WAITS(0, 3, 61000, -1),		/* one goes as this comes: they are never both there */
		{ 0, 4, STATE_FIN_WAIT2, 0, -1, -1 },
		{ 0 }
	},
	.events = { { 30000, "tell", "client", "again" }, { 31000, "tell", "server", "elsewhere" }, { 0 } },
};

static const struct sample both = {
	.lab = "both", .nodes = { "client", "server" }, .ends = "ee", .conns = { CONNS, { 0, 1 } },
	.spans = { WAITS(0, 0, 1000, 61000), WAITS(1, 0, 1000, 61000), WAITS(1, 1, 1500, 61000), { 0 } },
};

static const struct sample none = {
	.lab = "none", .nodes = { "client", "server" }, .ends = "ee", .conns = { CONNS, { 0, 1 } },
};

static const struct sample few = {
	.lab = "few", .nodes = { "client", "server" }, .ends = "ee", .conns = { CONNS },
};

static void it_says_how_many_there_were(void **state)
{
	static const struct { const struct sample *sample; const char *text; unsigned int times; } rows[] = {
		{ &crowded, "<B>client</B>   3 at once, the most, 3.00 s after the first SYN; 4 in all", 1 },
		{ &crowded, "<B>server</B>", 0 },
		{ &crowded, ">again<", 1 }, { &crowded, "elsewhere", 0 },
		{ &crowded, "none, at any time", 0 },
		{ &both, "<B>client</B>   1 at once", 1 }, { &both, "<B>server</B>   2 at once", 1 },
		{ &none, "none, at any time", 1 }, { &none, "<B>client</B>", 0 },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *text = NULL;
		struct sampled sampled;
		struct scene scene;

		sample_make(rows[r].sample, &sampled);
		scene_open(&scene, &sampled.evidence, NULL, sampled.sockets, sampled.n_sockets);
		assert_true(time_wait_plot_is_there(&scene));
		text = time_wait_plot_draw(&scene);
		if (test_count(text, rows[r].text) != rows[r].times)
			fail_msg("%s: \"%s\" is there %u times", rows[r].sample->lab, rows[r].text, test_count(text, rows[r].text));
		scene_close(&scene);
		sample_free(&sampled);
	}
}

static void few_are_no_crowd(void **state)
{
	struct sampled sampled;
	struct scene scene;

	(void)state;
	sample_make(&few, &sampled);
	scene_open(&scene, &sampled.evidence, NULL, sampled.sockets, sampled.n_sockets);
	assert_false(time_wait_plot_is_there(&scene));
	scene_close(&scene);
	sample_free(&sampled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_how_many_there_were),
		cmocka_unit_test(few_are_no_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

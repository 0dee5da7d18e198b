/* test_timeline.c - lengths are to scale, and what got no answer is seen */
#include "diagrams/draw.h"
#include "diagrams/ladder.h"
#include "diagrams/timeline.h"
#include "tests/helpers/sample.h"
#include "tests/helpers/test.h"


static const struct sample slow = {
	.lab = "slow", .nodes = { "client", "server" }, .ends = "ee", .conns = { { 0, 1 } },
	.segments = {
		{ 0, true, 0, 10, TCP_SYN, 0, 0 },
		{ 0, true, 30000, 30010, TCP_SYN, 0, 0, .again = true },
		{ 0, false, 30010, 30020, TCP_SYN | TCP_ACK, 0, 1 },
		{ 0, true, 60000, 60010, TCP_ACK, 1, 1 },
		{ 0 }
	},
};

static const struct {
	const char *name;
	const struct sample *sample;
	const char *text;
	unsigned int times;
} rows[] = {
	{ "TIME_WAIT is said, in the whole run and its beginning", &sample_loss, "TIME_WAIT  61.2 s", 2 },
	{ "the beginning is seen closer", &sample_loss, "the first 347 ms, 180 times as large", 1 },
	{ "not where the silence is no longer than the rest", &slow, "times as large", 0 },
	{ "SYNs without an answer, and their legend", &sample_nat, "SYN, no answer", 1 },
	{ "no such SYNs, no legend", &sample_loss, "SYN, no answer", 0 },
	{ "one SYN without an answer, one with, a legend of each", &slow, "shape=invtriangle", 4 },
	{ "a reset, with its legend", &sample_nat, "fillcolor=\"#a3195b\"", 2 },
	{ "nobody remembers where no stamps were sent", &sample_nat, "remembers", 0 },
	{ "a NAT's reset is no end's: it has another mark, with its legend", &sample_foreign, "fillcolor=\"#a3195b\"", 0 },
	{ "and its maker's name", &sample_foreign, ">nat<", 1 },
	{ "an end's reset says no name", &sample_nat, ">nat<", 0 },
	{ "what a step made up is ringed, and the legend's", &sample_foreign, "shape=ellipse", 2 },
	{ "nothing was made up", &sample_nat, "shape=ellipse", 0 },
	{ "a host that was not looked at", &sample_foreign, "unknown", 2 },
	{ "emulation is said", &sample_nat, "tcp_tw_recycle: emulated", 1 },
};

static void the_timeline_says_what_happened(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = sample_drawn(rows[i].sample, timeline_draw);
		unsigned int n = test_count(text, rows[i].text);

		if (n != rows[i].times)
			fail_msg("%s: \"%s\" is there %u times", rows[i].name, rows[i].text, n);
	}
}

static void the_server_remembers_where_stamps_were_sent(void **state)
{
	struct sampled sampled;
	struct scene scene;
	auto_free char *text = NULL;

	(void)state;
	sample_make(&sample_nat, &sampled);
	for (unsigned int i = 0; i < sampled.trace.n_segments; i++)
		sampled.trace.segments[i].tcp.has_ts = true;
	scene_open(&scene, &sampled.evidence, NULL, sampled.sockets, sampled.n_sockets);
	text = timeline_draw(&scene);
	assert_int_equal(test_count(text, "the server remembers the newest timestamp of 10.0.0.1<"), 2);
	scene_close(&scene);
	sample_free(&sampled);
}

static void nothing_can_be_drawn_as_well(void **state)
{
	static const struct sample nothing = { .lab = "none", .nodes = { "client", "server" }, .ends = "ee" };
	struct sampled sampled;
	struct scene scene;
	auto_free char *time = NULL, *ladder = NULL;

	(void)state;
	sample_make(&nothing, &sampled);
	scene_open(&scene, &sampled.evidence, NULL, sampled.sockets, sampled.n_sockets);
	assert_int_equal(scene.n_conns, 0);
	time = timeline_draw(&scene);
	ladder = ladder_draw(&scene);
	assert_int_equal(test_count(time, "arrowhead=normal"), 0);
	assert_int_equal(test_count(ladder, "arrowhead=normal"), 0);
	scene_close(&scene);
	sample_free(&sampled);
}

static const struct {
	const char *name;
	const struct sample *sample;
	unsigned int order[4];
	unsigned int n_shown;
} scenes[] = {
	{ "client, wire, server", &sample_loss, { 0, 1, 2 }, 1 },
	{ "hosts before the server", &sample_nat, { 0, 1, 2, 3 }, 2 },
};

static void nodes_stand_in_the_order_of_the_path(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++) {
		struct sampled sampled;
		struct scene scene;
		unsigned int client = UINT32_MAX, server = 0;

		sample_make(scenes[i].sample, &sampled);
		scene_open(&scene, &sampled.evidence, NULL, sampled.sockets, sampled.n_sockets);
		for (unsigned int k = 0; k < sampled.trace.n_nodes; k++) {
			client = scene.path[k] == 0 ? k : client;
			server = scene.path[k] == sampled.trace.n_nodes - 1 ? k : server;
		}
		if (client >= server || scene.n_conns != scenes[i].n_shown)
			fail_msg("%s", scenes[i].name);
		scene_close(&scene);
		sample_free(&sampled);
	}
}

#define SYN(conn, at) { conn, true, at, at + 10, TCP_SYN, 0, 0 }

/* The second connection goes the other way: each host keeps its side. */
static const struct sample both_ways = {
	.lab = "both ways", .nodes = { "other", "a", "b" }, .ends = "eee", .conns = { { 2, 1 }, { 1, 2 } },
	.segments = { SYN(0, 0), SYN(1, 20), { 0 } },
};

/* Of three that flood the server, and one that wants something from it. */
static const struct sample flooded = {
	.lab = "flooded", .nodes = { "flood", "client", "server" }, .ends = "eee",
	.conns = { { 0, 2 }, { 0, 2 }, { 0, 2 }, { 1, 2 } },
	.segments = { SYN(0, 0), SYN(1, 1), SYN(2, 2), SYN(3, 20), { 0 } },
};

static unsigned int evidence_dir_of(const struct scene *scene, int node)
{
	unsigned int place = 0;

	while (place < scene->trace->n_nodes && scene->path[place] != (unsigned int)node)
		place++;
	return place;
}

static void each_kind_of_client_is_shown(void **state)
{
	static const struct { const struct sample *sample; unsigned int conns[2]; } shown[] = {
		{ &both_ways, { 0, 1 } }, { &flooded, { 0, 3 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		struct sampled sampled;
		struct scene scene;

		sample_make(shown[i].sample, &sampled);
		scene_open(&scene, &sampled.evidence, NULL, sampled.sockets, sampled.n_sockets);
		assert_int_equal(scene.n_conns, 2);
		assert_int_equal(scene.conns[0], shown[i].conns[0]);
		assert_int_equal(scene.conns[1], shown[i].conns[1]);
		assert_true(evidence_dir_of(&scene, scene_conn(&scene, 0)->client) < evidence_dir_of(&scene, scene_conn(&scene, 0)->server));
		scene_close(&scene);
		sample_free(&sampled);
	}
}

static void times_are_said_as_people_say_them(void **state)
{
	static const struct { int64_t ns; const char *text; } times[] = {
		{ 999, "0 µs" }, { 85000, "85 µs" }, { 999999, "999 µs" }, { NS_PER_MS, "1.0 ms" },
		{ 20049999, "20.0 ms" }, { 99949999, "99.9 ms" }, { 100 * NS_PER_MS, "100 ms" },
		{ 999 * NS_PER_MS, "999 ms" }, { NS_PER_S, "1.00 s" }, { 60912 * NS_PER_MS, "60.9 s" },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		assert_string_equal(scene_duration(times[i].ns, text), times[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_timeline_says_what_happened),
		cmocka_unit_test(the_server_remembers_where_stamps_were_sent),
		cmocka_unit_test(nothing_can_be_drawn_as_well),
		cmocka_unit_test(nodes_stand_in_the_order_of_the_path),
		cmocka_unit_test(each_kind_of_client_is_shown),
		cmocka_unit_test(times_are_said_as_people_say_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

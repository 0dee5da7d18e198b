/* test_ladder.c - segments, losses and states stand where they happened */
#include "diagrams/dot.h"
#include "diagrams/ladder.h"
#include "tests/helpers/sample.h"
#include "tests/helpers/test.h"

#include <math.h>

static const struct {
	const char *name;
	const struct sample *sample;
	const char *text;
	unsigned int times;
} rows[] = {
	{ "every segment that arrived is an arrow", &sample_loss, "arrowhead=normal", 12 },
	{ "a lost one is not, and is said", &sample_loss, "ACK, lost", 1 },
	{ "a lost one ends in a cross of two strokes", &sample_loss, "penwidth=2.6", 2 },
	{ "one that came again is dashed", &sample_loss, "style=\"dashed\", penwidth=2.2", 1 },
	{ "and is said", &sample_loss, "FIN,ACK again", 1 },
	{ "the wire stands there where it took something", &sample_loss, ">wire<", 1 },
	{ "nothing was lost, no wire", &sample_both, "wire", 0 },
	{ "a reset is a double line", &sample_nat, "#a3195b:white:#a3195b", 1 },
	{ "no reset, no double line", &sample_loss, ":white:", 0 },
	{ "what the harness did", &sample_loss, "netem on wire: loss 100% toward server", 1 },
	{ "where time passes", &sample_loss, "61.0 s pass", 1 },
	{ "TIME_WAIT's dwell, and that it began anew", &sample_loss, "set anew 1×", 1 },
	{ "no TIME_WAIT on the passive side", &sample_loss, "TIME_WAIT", 1 },
	{ "on both when both close", &sample_both, "TIME_WAIT", 2 },
	{ "emulation is said", &sample_nat, "tcp_tw_recycle: emulated", 1 },
	{ "SYNs sent again", &sample_nat, "SYN again", 2 },
	{ "what a step made up is dotted", &sample_foreign, "style=\"dotted\", penwidth=2.2", 1 },
	{ "and is said", &sample_foreign, "FIN,ACK made up", 1 },
	{ "nothing was made up", &sample_loss, "made up", 0 },
	{ "of a host that was not looked at the states are unknown", &sample_foreign, ">unknown<", 1 },
	{ "of others they are not", &sample_loss, ">unknown<", 0 },
};

static void the_ladder_says_what_happened(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = sample_drawn(rows[i].sample, ladder_draw);
		unsigned int n = test_count(text, rows[i].text);

		if (n != rows[i].times)
			fail_msg("%s: \"%s\" is there %u times", rows[i].name, rows[i].text, n);
	}
}

static void the_same_run_gives_the_same_bytes(void **state)
{
	auto_free char *one = sample_drawn(&sample_nat, ladder_draw), *two = sample_drawn(&sample_nat, ladder_draw);

	(void)state;
	assert_string_equal(one, two);
}

/* Five connections that are all alike, but for who came after whom. */
static const struct {
	const char *name;
	int earlier[5];
	unsigned int n, shown[SCENE_CONNS];
} families[] = {
	{ "no two on one four-tuple: one of each fate, and there is one", { 0 }, 1, { 0 } },
	{ "two on one four-tuple", { 0, 0, 0, 2, 0 }, 2, { 1, 3 } },
	{ "two pairs: the first", { 0, 0, 2, 1, 0 }, 2, { 0, 3 } },
	{ "one after the other, as many as there is room for", { 0, 1, 2, 3, 4 }, 3, { 0, 1, 2 } },
};

static void those_on_one_four_tuple_are_shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		struct sample sample = { .lab = "05-tw-reuse", .nodes = { "client", "server" }, .ends = "ee" };
		struct sampled sampled;
		struct scene scene;

		for (unsigned int c = 0; c < 5; c++) {
			sample.conns[c][1] = 1;
			sample.earlier[c] = families[i].earlier[c];
			sample.segments[2 * c] = (struct sample_segment){ c, true, c, c + 0.1, TCP_SYN };
			sample.segments[2 * c + 1] = (struct sample_segment){ c, false, c + 0.1, c + 0.2, TCP_SYN | TCP_ACK };
		}
		sample_make(&sample, &sampled);
		scene_open(&scene, &sampled.evidence, NULL, sampled.sockets, sampled.n_sockets);
		if (scene.n_conns != families[i].n || scene.n_left_out != 5 - scene.n_conns ||
		    memcmp(scene.conns, families[i].shown, scene.n_conns * sizeof(*scene.conns)))
			fail_msg("%s: %u, first %u, then %u", families[i].name, scene.n_conns, scene.conns[0], scene.conns[1]);
		scene_close(&scene);
		sample_free(&sampled);
	}
}

static const struct sample behind_nat = {
	.lab = "behind", .nodes = { "host", "nat", "server" }, .ends = "e-e", .conns = { { 0, 2 } },
	.segments = {
		{ 0, true, 10, 20, TCP_SYN, 0, 0 }, { 0, false, 20, 30, TCP_SYN | TCP_ACK, 0, 1 }, { 0 }
	},
};

#define ROW(at_ms, end, is, kind) { .at_ns = (at_ms) * NS_PER_MS, .node = (char *)"nat", .from = (char *)end, \
				    .to = (char *)"10.0.0.3:80", .as = (char *)"10.0.0.2:40000", .state = (char *)is, .event = kind }

/* What a NAT remembers of a shown connection, under the names that it has for it there. */
static void what_a_nat_remembers_is_drawn(void **state)
{
	static const struct { const char *from; unsigned int waits, times; } remembered[] = {
		{ "10.0.0.1:40000", 1, 1 }, { "10.0.0.9:40000", 0, 0 },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(remembered); r++) {
		struct nat_row nats[] = {
			ROW(11, remembered[r].from, "SYN_SENT", SEEN_NEW), ROW(40, remembered[r].from, "FIN_WAIT", SEEN_CHANGE),
			ROW(41, remembered[r].from, "FIN_WAIT", SEEN_REARM), ROW(1040, remembered[r].from, "FIN_WAIT", SEEN_GONE),
		};
		auto_free char *text = NULL;
		struct sampled sampled;
		struct scene scene;

		sample_make(&behind_nat, &sampled);
		sampled.evidence.nats = nats;
		sampled.evidence.n_nats = ARRAY_SIZE(nats);
		scene_open(&scene, &sampled.evidence, NULL, sampled.sockets, sampled.n_sockets);
		assert_int_equal(scene.n_nat_lives, remembered[r].waits);
		text = ladder_draw(&scene);
		assert_int_equal(strstr(text, ">FIN_WAIT<") != NULL, remembered[r].waits);
		assert_int_equal(strstr(text, ">1.00 s<") != NULL, remembered[r].times);
		if (remembered[r].waits)
			assert_int_equal(scene.nat_lives[0].spans[1].rearms, 1);
		scene_close(&scene);
		sample_free(&sampled);
	}
}

/* The third segment is on its way when the wire is told two things. */
static const struct sample held = {
	.lab = "held", .nodes = { "client", "server", "wire" }, .ends = "ee-", .conns = { { 0, 1 } },
	.segments = {
		{ 0, true, 0, 10, TCP_SYN, 0, 0, 0 },
		{ 0, false, 10, 20, TCP_SYN | TCP_ACK, 0, 1, 0 },
		{ 0, true, 20, 30, TCP_ACK, 1, 1, 0 },
	},
	.spans = {
		{ 0, 0, STATE_SYN_SENT, 0, 20, 0, true }, { 0, 0, STATE_ESTABLISHED, 20, -1, 1 },
		{ 1, 0, STATE_SYN_RECV, 10, 30, 0 }, { 1, 0, STATE_ESTABLISHED, 30, -1, 2 },
	},
	.events = {
		{ 21, "netem", "wire", "delay 20000ms, and the words of this one reach from one side to the other side" },
		{ 22, "netem", "wire", "delay 10ms" },
	},
};

/* The words of no arrow stand where a note is. */
static void words_keep_clear_of_notes(void **state)
{
	auto_free char *text = sample_drawn(&held, ladder_draw);
	struct { double x, y, reach; } notes[8];
	unsigned int n = 0, words = 0;
	double x, y, width;

	(void)state;
	for (const char *at = text; (at = strstr(at, "[shape=note, pos=\"")); at++, n++)
		assert_int_equal(sscanf(at, "[shape=note, pos=\"%lf,%lf\", width=%lf", &notes[n].x, &notes[n].y, &notes[n].reach), 3);
	assert_int_equal(n, 2);
	for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *at = strstr(line, "[shape=plain, pos=\"");

		if (!at || !strstr(line, "  seq "))
			continue;
		assert_int_equal(sscanf(at, "[shape=plain, pos=\"%lf,%lf", &x, &y), 2);
		words++;
		width = dot_width("ACK  seq 1 ack 1", 11);
		for (unsigned int i = 0; i < n; i++)
			if (fabs(notes[i].y - y) < 14 && fabs(notes[i].x - x) < (notes[i].reach * 72 + width) / 2)
				fail_msg("a note is on \"%s\"", line);
	}
	assert_int_equal(words, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_keep_clear_of_notes),
		cmocka_unit_test(the_ladder_says_what_happened),
		cmocka_unit_test(those_on_one_four_tuple_are_shown),
		cmocka_unit_test(what_a_nat_remembers_is_drawn),
		cmocka_unit_test(the_same_run_gives_the_same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

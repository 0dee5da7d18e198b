/* test_trial.c - segments that are tried on TIME_WAIT: drawn, asked about, written down, counted */
#include "tests/helpers/test.h"

#include <twlab/facts_trial.h>
#include <twlab/trial_text.h>
#include "tests/helpers/dir.h"

#define N 1000

static struct trial trials[N], others[N];

static void the_same_seed_draws_the_same(void **state)
{
	(void)state;
	trial_draw(1, trials, N);
	trial_draw(1, others, N);
	assert_memory_equal(trials, others, sizeof(trials));
	trial_draw(2, others, N);
	assert_memory_not_equal(trials, others, sizeof(trials));
}

/* Each class has as many, and each of what a student may get wrong is in it. */
static void all_that_matters_is_drawn(void **state)
{
	unsigned int on = 0, next = 0, before = 0, wrapped = 0, newer = 0, same = 0, older = 0, unstamped = 0, n[TRIAL_CLASSES] = { 0 };

	(void)state;
	trial_draw(3, trials, N);
	for (unsigned int t = 0; t < N; t++) {
		const struct trial *trial = &trials[t];
		int32_t ahead = (int32_t)(trial->seq - trial->tw.rcv_nxt), late = (int32_t)(trial->ts - trial->tw.ts_recent);
		bool stamped = trial->has_ts && trial->tw.has_ts;

		n[trial->class]++;
		on += ahead == 0;
		next += ahead == 1;
		before += ahead == -1;
		wrapped += (ahead > 0) != (trial->seq > trial->tw.rcv_nxt);
		newer += stamped && late > 0;
		same += stamped && late == 0;
		older += stamped && late < 0;
		unstamped += trial->has_ts && !trial->tw.has_ts;
		if (!strcmp(trial_class(trial->class), "old-stamp") && !(stamped && late < 0))
			fail_msg("segment %u is not old", t);
		if (trial->tw.has_ts && !trial->tw.ts_recent)
			fail_msg("segment %u: 0 is no stamp", t);
	}
	for (unsigned int c = 0; c < TRIAL_CLASSES; c++)
		assert_int_equal(n[c], N / TRIAL_CLASSES);
	const unsigned int drawn[] = { on, next, before, wrapped, newer, same, older, unstamped };

	for (size_t d = 0; d < ARRAY_SIZE(drawn); d++)
		assert_true(drawn[d] > 20);
}

/* What a class may draw: flags, a stamp that is none, newer, the same, older (1, 2, 4, 8). */
static void each_class_is_what_it_says(void **state)
{
	static const struct { const char *name; uint8_t flags[3]; unsigned int n, stamps; bool again, rfc1337; } classes[] = {
		{ "fin-again", { TCP_FIN | TCP_ACK }, 1, 7, true }, { "data", { TCP_PSH | TCP_ACK, TCP_PSH | TCP_FIN | TCP_ACK }, 2, 7 },
		{ "bare-ack", { TCP_ACK }, 1, 7 }, { "syn-number", { TCP_SYN }, 1, 1 }, { "syn-stamp", { TCP_SYN }, 1, 14 },
		{ "syn-ack", { TCP_SYN | TCP_ACK }, 1, 15 }, { "rst", { TCP_RST, TCP_RST | TCP_ACK }, 2, 15 },
		{ "rst-1337", { TCP_RST, TCP_RST | TCP_ACK }, 2, 15, .rfc1337 = true },
		{ "old-stamp", { TCP_ACK, TCP_PSH | TCP_ACK, TCP_FIN | TCP_ACK }, 3, 8 }, { "no-ack-flag", { TCP_FIN, TCP_PSH, 0 }, 3, 7 },
	};

	(void)state;
	trial_draw(4, trials, N);
	for (size_t c = 0; c < ARRAY_SIZE(classes); c++) {
		unsigned int flags = 0, stamps = 0, again = 0, n = 0;

		for (unsigned int t = 0; t < N; t++) {
			const struct trial *trial = &trials[t];
			int32_t late = (int32_t)(trial->ts - trial->tw.ts_recent);
			bool is_one = false;

			if (strcmp(trial_class(trial->class), classes[c].name))
				continue;
			n++;
			for (unsigned int f = 0; f < classes[c].n; f++) {
				is_one |= trial->flags == classes[c].flags[f];
				flags |= (trial->flags == classes[c].flags[f]) << f;
			}
			assert_true(is_one);
			if (trial->tw.has_ts || !trial->has_ts)
				stamps |= !trial->has_ts ? 1 : late > 0 ? 2 : late == 0 ? 4 : 8;
			again += trial->seq == trial->tw.rcv_nxt - 1;
			assert_int_equal(trial->rfc1337, classes[c].rfc1337);
			assert_int_equal(trial->len > 0, !!(trial->flags & TCP_PSH));
			assert_true(trial->has_ts || !trial->ts);
		}
		assert_int_equal(n, N / TRIAL_CLASSES);
		assert_int_equal(flags, (1 << classes[c].n) - 1);
		assert_int_equal(stamps, classes[c].stamps);
		assert_int_equal(again == n, classes[c].again);
	}
}

/* What a seed has drawn once it draws for ever: grades rest on it. */
static void a_seed_s_draw_stays_what_it_was(void **state)
{
	uint64_t digest = 0xcbf29ce484222325;	/* FNV-1a */

	(void)state;
	trial_draw(1, trials, N);
	for (unsigned int t = 0; t < N; t++) {
		auto_free char *question = trial_question(&trials[t], t + 1);

		for (const char *c = question; *c; c++)
			digest = (digest ^ (uint8_t)*c) * 0x100000001b3;
	}
	print_message("0x%016llx\n", (unsigned long long)digest);
	assert_true(digest == 0x1e8d0845b8c40780);
}

static void what_a_program_tells_is_taken_down(void **state)
{
	static const struct { const char *line; bool taken; enum trial_answer answer; enum trial_fate fate; } rows[] = {
		{ "3 ACK restarts", true, TRIAL_ACK, TRIAL_RESTARTS },
		{ "3 SYN-ACK ends", true, TRIAL_SYN_ACK, TRIAL_ENDS },
		{ "3  none\tlives\r\n", true, TRIAL_NONE, TRIAL_LIVES },
		{ "3 RST ends and more", true, TRIAL_RST, TRIAL_ENDS },
		{ "3 ? lives", false }, { "3 ACK", false }, { "3 ack lives", false }, { "0 ACK lives", false },
		{ "6 ACK lives", false }, { "-1 ACK lives", false }, { "ACK lives", false }, { "", false },
		{ "99999999999999999999 ACK lives", false },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct trial five[5] = { 0 };

		if (trial_receive(five, 5, rows[r].line) != rows[r].taken || five[2].told != rows[r].taken)
			fail_msg("%s", rows[r].line);
		assert_int_equal(five[2].said.answer, rows[r].answer);
		assert_int_equal(five[2].said.fate, rows[r].fate);
	}
}

static void read_back(const char *text, struct evidence *evidence, struct err *err)
{
	auto_free char *path = must_printf("%s/t", dir);

	*evidence = (struct evidence){ 0 };
	dir_put_text("t", text);
	trial_read(path, &evidence->trials, &evidence->n_trials, err);
}

static void let_go(struct evidence *evidence)
{
	for (unsigned int t = 0; t < evidence->n_trials; t++)
		free(evidence->trials[t].node);
	free(evidence->trials);
}

static void what_is_written_is_read_and_counted(void **state)
{
	static const struct { const char *name, *value; } rows[] = {
		{ "trial.n", "20" }, { "trial.agreed", "15" }, { "trial.ACK", "19" }, { "trial.RST", "0" }, { "trial.none", "1" },
		{ "trial.lives", "19" }, { "trial.restarts", "1" }, { "trial.fin-again.n", "2" }, { "trial.fin-again.agreed", "100" },
		{ "trial.data.agreed", "50" }, { "trial.rst.agreed", "0" },
	};
	auto_free char *path = must_printf("%s/t", dir);
	struct evidence evidence = { 0 };
	struct facts facts = { 0 };
	struct err err = { 0 };

	(void)state;
	trial_draw(1, trials, 20);
	for (unsigned int t = 0; t < 20; t++) {
		trials[t].kernel = (struct trial_outcome){ TRIAL_ACK, TRIAL_LIVES };
		trials[t].asked = true;
	}
	trials[9].kernel = (struct trial_outcome){ TRIAL_NONE, TRIAL_RESTARTS };
	assert_true(trial_receive(trials, 20, "1 ACK lives") && trial_receive(trials, 20, "11 ACK lives") &&
		    trial_receive(trials, 20, "2 ACK lives") && trial_receive(trials, 20, "12 ACK ends") && trial_receive(trials, 20, "7 none lives"));
	unlink(path);
	assert_int_equal(trial_write(path, "server", trials, 20, &err), 0);
	assert_int_equal(trial_read(path, &evidence.trials, &evidence.n_trials, &err), 0);
	facts_trial(&facts, &evidence);
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		const struct fact *fact = facts_find(&facts, "server", rows[r].name);

		if (!fact || strcmp(fact->value, rows[r].value))
			fail_msg("%s: %s", rows[r].name, fact ? fact->value : "none");
	}
	assert_string_equal(facts_find(&facts, "server", "trial.data.agreed")->where, "trials.tsv:12");
	facts_free(&facts);
	let_go(&evidence);
}

static void a_broken_file_is_refused(void **state)
{
	static const char *const rows[] = {
		"server\tdata\tq\tACK lives\n", "server\tdata\tq\tACK lives\t\t\n", "server\tnothing\tq\tACK lives\t\n",
		"server\tdata\tq\tACK\t\n", "\tdata\tq\tACK lives\t\n", "server\tdata\tq\tACK lives\t",
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *text = must_printf("server\tdata\tq\tACK lives\t?\n%s", rows[r]);
		struct evidence evidence;
		struct err err = { 0 };

		read_back(text, &evidence, &err);
		if (!err.code || !strstr(err.text, "trials.tsv:2"))
			fail_msg("%zu: %s", r, err.text);
		let_go(&evidence);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_draws_the_same),
		cmocka_unit_test(all_that_matters_is_drawn),
		cmocka_unit_test(each_class_is_what_it_says),
		cmocka_unit_test(a_seed_s_draw_stays_what_it_was),
		cmocka_unit_test(what_a_program_tells_is_taken_down),
		cmocka_unit_test(what_is_written_is_read_and_counted),
		cmocka_unit_test(a_broken_file_is_refused),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}

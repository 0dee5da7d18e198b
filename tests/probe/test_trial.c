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
		cmocka_unit_test(what_a_program_tells_is_taken_down),
		cmocka_unit_test(what_is_written_is_read_and_counted),
		cmocka_unit_test(a_broken_file_is_refused),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}

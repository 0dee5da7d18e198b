/* test_grade.c - students' parameters, what they hand in, and what it is held against */
#include "tests/helpers/test.h"

#include "harness/grade/grade.h"
#include "harness/run/student_files.h"
#include "harness/grade/handout.h"
#include "tests/helpers/dir.h"
#include "labs/index.h"

#include <errno.h>
#include <sys/stat.h>

static void predictions_are_found(void **state)
{
	static const struct { const char *text, *name, *want; } rows[] = {
		{ "a = 1\n", "a", "1" },
		{ "a=1", "a", "1" },
		{ "  a =  RST  # why\n", "a", "RST" },
		{ "ab = 2\na = 1\n", "a", "1" },
		{ "a = 1\na = 2\n", "a", "1" },
		{ "a = 1\r\nb = 2\r\n", "a", "1" },
		{ "a =\n", "a", NULL },
		{ "a = # 3\n", "a", NULL },
		{ "# a = 1\n", "a", NULL },
		{ "b = 1\n", "a", NULL },
		{ "", "a", NULL },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *got = grade_predicted(rows[r].text, rows[r].name);

		if (!got != !rows[r].want || (got && strcmp(got, rows[r].want)))
			fail_msg("'%s': %s", rows[r].text, got ? got : "nothing");
	}
}

static void near_is_near_enough(void **state)
{
	static const struct { const char *predicted, *fact, *within; bool near; } rows[] = {
		{ "108", "100", "8%", true }, { "109", "100", "8%", false }, { "92", "100", "8%", true },
		{ "150", "100", "50", true }, { "151", "100", "50", false },
		{ "-108", "-100", "8%", true }, { "-109", "-100", "8%", false }, { "-92", "-100", "8%", true },
		{ "1", "1", NULL, true }, { "1.0", "1", NULL, true }, { "2", "1", NULL, false },
		{ "rst", "RST", NULL, true }, { "ACK", "RST", NULL, false },
		{ "nan", "100", "8%", false }, { "inf", "100", "8%", false }, { "1e999", "100", "8%", false },
		{ "100 or so", "100", "8%", false }, { "", "100", NULL, false },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++)
		if (grade_near(rows[r].predicted, rows[r].fact, rows[r].within) != rows[r].near)
			fail_msg("%s for %s within %s", rows[r].predicted, rows[r].fact, rows[r].within);
}

static void a_share_is_between_nothing_and_all(void **state)
{
	static const struct { const char *percent; int points, earned; } rows[] = {
		{ "0", 10, 0 }, { "50", 10, 5 }, { "99.9", 10, 9 }, { "100", 10, 10 }, { "100.1", 10, 0 }, { "1e9", 10, 0 },
		{ "-1", 10, 0 }, { "-0.5", 100, 0 }, { "nan", 10, 0 }, { "inf", 10, 0 }, { "50 or so", 10, 0 }, { "", 10, 0 },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++)
		if (grade_share(rows[r].points, rows[r].percent) != rows[r].earned)
			fail_msg("%s %%", rows[r].percent);
}

static void settings_are_a_node_s(void **state)
{
	static const struct { const char *line; bool is; } rows[] = {
		{ "net.ipv4.tcp_fin_timeout = 30", true },
		{ "net/ipv4/ip_local_port_range=1024 65000\r", true },
		{ "-net.ipv4.tcp_low_latency = 1", true },
		{ "net.ipv4.tcp_fin_timeout 30", false }, { "kernel.panic = 1", false }, { "net.../../kernel.x = 1", false },
		{ "net.ipv4.a b = 1", false }, { "net.ipv4.A = 1", false },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct err err = { 0 };
		struct sysctl_conf conf;

		sysctl_conf_parse(rows[r].line, &conf);
		assert_int_equal(conf.n, 1);
		if (!student_files_setting(&conf.lines[0], &err) != rows[r].is || !*err.text != rows[r].is)
			fail_msg("'%s': %s", rows[r].line, err.text);
		sysctl_conf_free(&conf);
	}
}

static const struct lab *lab_three(void)
{
	return lab_find("3");
}

static bool same(const struct personal *a, const struct personal *b)
{
	bool is = a->seed == b->seed && a->n_sets == b->n_sets;

	for (unsigned int s = 0; is && s < a->n_sets; s++)
		is = !strcmp(a->sets[s], b->sets[s]);
	return is;
}

static void parameters_follow_from_ids_and_key(void **state)
{
	static const struct { const char *key, *ids[3]; unsigned int n; bool same; } rows[] = {
		{ "k", { "alice", "bob" }, 2, true }, { "k", { "bob", "alice" }, 2, true },
		{ "k", { "bob", "alice", "bob" }, 3, true }, { "k", { "alice" }, 1, false },
		{ "k2", { "alice", "bob" }, 2, false }, { "", { "alice", "bob" }, 2, false },
		{ "k", { "alic", "ebob" }, 2, false }, { "k", { "alicebob" }, 1, false },
	};
	const char *const ids[] = { "alice", "bob" };
	struct personal first, other;

	(void)state;
	personal_make(lab_three(), "k", 1, ids, 2, &first);
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		personal_make(lab_three(), rows[r].key, strlen(rows[r].key), rows[r].ids, rows[r].n, &other);
		if (same(&first, &other) != rows[r].same)
			fail_msg("row %zu", r);
		assert_int_equal(!strcmp(first.key_is, other.key_is), !strcmp(rows[r].key, "k"));
		personal_free(&other);
	}
	personal_free(&first);
}

/* Every value that a student can get is one that the lab takes, and they differ. */
static void parameters_are_in_range_and_vary(void **state)
{
	(void)state;
	for (const struct lab *const *lab = all_labs; *lab; lab++) {
		unsigned int differ = 0;
		struct personal before = { 0 };

		for (int i = 0; (*lab)->tasks && i < 200; i++) {
			auto_free char *id = must_printf("s%d", i);
			struct personal personal;

			personal_make(*lab, "k", 1, (const char *const *)&id, 1, &personal);
			for (const struct variant *variant = (*lab)->variants; variant->name; variant++) {
				struct err err = { 0 };
				unsigned int n;
				auto_free const char **sets = personal_for(&personal, variant, &n);
				struct plan *plan = plan_new(*lab, variant->name, sets, n, &err);

				if (!plan)
					fail_msg("%s for %s: %s", variant->name, id, err.text);
				plan_free(plan);
			}
			differ += i && !same(&personal, &before);
			personal_free(&before);
			before = personal;
		}
		personal_free(&before);
		assert_true(!(*lab)->tasks || differ > 190);
	}
}

/* Marks name tasks and variants that there are, and no two have one name; mutants have
 * their mistake in a file of a task.
 */
static void the_tables_agree(void **state)
{
	(void)state;
	for (const struct lab *const *each = all_labs; *each; each++) {
		const struct lab *lab = *each;

		for (const struct mark *mark = lab->marks; mark && mark->task; mark++) {
			const struct task *task = lab->tasks;
			const struct variant *variant = lab->variants;

			while (task->name && strcmp(task->name, mark->task))
				task++;
			while (variant->name && strcmp(variant->name, mark->variant))
				variant++;
			assert_non_null(task->name);
			assert_non_null(variant->name);
			assert_true(mark->points > 0 && mark->hint);
			assert_true(task->kind == TASK_PREDICT || mark->expect);
			for (const struct mark *before = lab->marks; before < mark; before++)
				assert_string_not_equal(mark->name, before->name);
		}
		for (const struct mutant *mutant = lab->mutants; mutant && mutant->name; mutant++) {
			const struct task *task = lab->tasks;
			struct mutant elsewhere = *mutant;
			struct err err = { 0 };
			auto_free char *wrong = handout_mutated(lab, mutant, &err);

			while (task->name && strcmp(task->file, mutant->file))
				task++;
			assert_non_null(task->name);
			if (!wrong || !strstr(wrong, mutant->to))
				fail_msg("%s/%s: %s", lab->name, mutant->name, err.text);
			elsewhere.from = "what nobody would write";
			assert_null(handout_mutated(lab, &elsewhere, &err));
			assert_int_equal(err.code, ENOENT);
		}
	}
}

static void take_away(const char *name)
{
	auto_free char *path = must_printf("%s/%s", dir, name);

	if (unlink(path))
		rmdir(path);
}

static void what_is_no_file_is_not_read(void **state)
{
	static char big[SUBMISSION_FILE_MAX + 1];
	const struct submission_whose whose = { .lab = lab_three() };
	auto_free char *link = must_printf("%s/predictions.txt", dir);
	struct submission submission;
	struct err err = { 0 };

	(void)state;
	memset(big, 'a', sizeof(big));
	for (int turn = 0; turn < 8; turn++) {
		static const char *const why[] = { "expected are", "plain file", "plain file", "plain file", "plain file",
						   "is empty", "no text", "more than" };

		take_away("predictions.txt");
		switch (turn) {
		case 0: dir_put("prediction.txt", "a = 1\n", 6); break;
		case 1: assert_int_equal(symlink("/etc/passwd", link), 0); break;
		case 2: assert_int_equal(mkdir(link, 0755), 0); break;
		case 3: assert_int_equal(mkfifo(link, 0644), 0); break;
		case 4: assert_int_equal(symlink("../../../../../etc/passwd", link), 0); break;
		case 5: dir_put("predictions.txt", "", 0); break;
		case 6: dir_put("predictions.txt", "a\0b", 3); break;
		case 7: dir_put("predictions.txt", big, sizeof(big)); break;
		}
		assert_int_equal(submission_read(dir, &whose, &submission, &err), 0);
		assert_null(submission.files[0].data);
		if (!strstr(submission.files[0].why, why[turn]))
			fail_msg("%d: %s", turn, submission.files[0].why);
		submission_free(&submission);
	}
	take_away("prediction.txt");
	dir_put("predictions.txt", "a = 1\n", 6);
	assert_int_equal(submission_read(dir, &whose, &submission, &err), 0);
	assert_string_equal(submission.files[0].data, "a = 1\n");
	submission_free(&submission);
	take_away("predictions.txt");
}

static void another_s_parameters_are_refused(void **state)
{
	static const char *const alice[] = { "alice" }, *const bob[] = { "bob" };
	static const struct { const char *key; const char *const *ids; const char *lab; const char *refusal; bool strangers; } rows[] = {
		{ "k", NULL, NULL, NULL }, { NULL, NULL, NULL, NULL }, { "k", alice, "3", NULL },
		{ NULL, NULL, NULL, "made with a key: say --key", true }, { "k", NULL, NULL, NULL, true },
		{ "k", bob, NULL, "not those of bob" }, { "other", NULL, NULL, "not the key" }, { "k", NULL, "6", "handed out for" },
	};
	struct personal personal;

	(void)state;
	personal_make(lab_three(), "k", 1, alice, 1, &personal);
	auto_free char *about = submission_about(lab_three(), &personal);

	dir_put_text(SUBMISSION_ABOUT, about);
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		const struct submission_whose whose = {
			.lab = rows[r].lab ? lab_find(rows[r].lab) : NULL, .ids = rows[r].ids, .n_ids = rows[r].ids ? 1 : 0,
			.key = rows[r].key, .key_len = rows[r].key ? strlen(rows[r].key) : 0,
			.strangers = rows[r].strangers,
		};
		struct submission submission;
		struct err err = { 0 };
		int code = submission_read(dir, &whose, &submission, &err);

		if (!code != !rows[r].refusal || (code && !strstr(err.text, rows[r].refusal)))
			fail_msg("row %zu: %s", r, err.text);
		if (!code)
			assert_true(same(&submission.personal, &personal));
		submission_free(&submission);
	}
	for (int turn = 0; turn < 3; turn++) {
		static const char *const garbage[] = { "", "{}", "{\"lab\":\"3\",\"seed\":1,\"key\":\"\",\"students\":[1],\"parameters\":[]}" };
		struct submission submission;
		struct err err = { 0 };

		dir_put_text(SUBMISSION_ABOUT, garbage[turn]);
		assert_true(submission_read(dir, &(struct submission_whose){ 0 }, &submission, &err) < 0);
		submission_free(&submission);
	}
	take_away(SUBMISSION_ABOUT);
	personal_free(&personal);
}

/* Whatever is changed in twlab.json follows from ids and key no more. */
static void an_edited_handout_is_refused(void **state)
{
	static const char *const changes[][2] = {
		{ "\"delay=", "\"delay=1" }, { "\"seed\": ", "\"seed\": 1" }, { "\"net=", "\"net=1" }, { "\"hello=", "\"hello=x" },
		{ "\"alice\"", "\"bob\"" }, { "\"alice\"", "\"alice\", \"bob\"" }, { "\"key\": \"", "\"key\": \"1" },
	};
	const struct submission_whose whose = { .key = "k", .key_len = 1 };
	const char *id = "alice";
	struct personal personal;

	(void)state;
	personal_make(lab_three(), "k", 1, &id, 1, &personal);
	auto_free char *about = submission_about(lab_three(), &personal);

	for (size_t c = 0; c < ARRAY_SIZE(changes); c++) {
		const char *at = strstr(about, changes[c][0]);
		auto_free char *edited = must_printf("%.*s%s%s", (int)(at - about), about, changes[c][1], at + strlen(changes[c][0]));
		struct submission submission;
		struct err err = { 0 };

		dir_put_text(SUBMISSION_ABOUT, edited);
		if (!submission_read(dir, &whose, &submission, &err))
			fail_msg("%s is taken", changes[c][1]);
		submission_free(&submission);
	}
	take_away(SUBMISSION_ABOUT);
	personal_free(&personal);
}

/* What stands on predictions, and what run lies beside them, tells whose they are. */
static void another_s_predictions_are_refused(void **state)
{
	static const char *const alice[] = { "alice" }, *const bob[] = { "bob" };
	struct personal mine, theirs;
	auto_free char *evidence = must_printf("%s/.evidence", dir);

	(void)state;
	personal_make(lab_three(), "k", 1, alice, 1, &mine);
	personal_make(lab_three(), "k", 1, bob, 1, &theirs);
	for (int turn = 0; turn < 5; turn++) {
		const struct personal *stamp = turn == 1 ? &theirs : &mine, *run = turn == 2 ? &theirs : &mine;
		auto_free char *text = turn == 3 ? must_strdup("a = 1\n") :
			must_printf("%s%s: %s\na = 1\n", SUBMISSION_STAMP, turn == 4 ? "bob" : stamp->ids[0], stamp->tag);
		auto_free char *about = submission_about(lab_three(), &mine);
		auto_free char *json = must_printf("{\"seed\": %llu}", (unsigned long long)run->seed);
		static const char *const why[] = { NULL, "handed out to bob, not to alice", "another's run", NULL, NULL };
		const struct submission_whose whose = { .key = "k", .key_len = 1 };
		struct submission submission;
		struct err err = { 0 };

		dir_put_text("predictions.txt", text);
		dir_put_text(SUBMISSION_ABOUT, about);
		dir_put_text(".evidence/as-is/kept/run.json", json);
		assert_int_equal(submission_read(dir, &whose, &submission, &err), 0);
		if (!submission.files[0].data != !!why[turn] || (why[turn] && !strstr(submission.files[0].why, why[turn])))
			fail_msg("%d: %s", turn, submission.files[0].why ? submission.files[0].why : "it is taken");
		submission_free(&submission);
	}
	take_away("predictions.txt");
	take_away(SUBMISSION_ABOUT);
	fs_remove(evidence);
	personal_free(&mine);
	personal_free(&theirs);
}

/* Nothing of the solution, of a mutant or of the key is in what students get. */
static void a_handout_gives_nothing_away(void **state)
{
	static const char key[] = "the-course-key";

	(void)state;
	for (const struct lab *const *lab = all_labs; *lab; lab++) {
		auto_files struct files files = { 0 };
		const char *id = "alice";
		struct personal personal;
		struct err err = { 0 };

		if (!(*lab)->tasks)
			continue;
		personal_make(*lab, key, strlen(key), &id, 1, &personal);
		assert_int_equal(handout_files(*lab, &personal, &files, &err), 0);
		for (size_t f = 0; f < files.n; f++) {
			const char *text = files.item[f].data;

			assert_null(strstr(text, key));
			assert_null(strstr(files.item[f].path, "mutant"));
			assert_null(strstr(files.item[f].path, "solution"));
			for (const struct mutant *mutant = (*lab)->mutants; mutant->name; mutant++)
				assert_null(strstr(text, mutant->is));
		}
		for (const struct task *task = (*lab)->tasks; task->name; task++) {
			auto_free char *path = must_printf("solution/%s", task->file);
			size_t len;
			auto_free char *solution = handout_read(*lab, path, &len, &err);

			assert_true(files_have(&files, task->file));
			assert_non_null(solution);
			for (size_t f = 0; f < files.n; f++)
				assert_true(files.item[f].len != len || memcmp(files.item[f].data, solution, len));
		}
		personal_free(&personal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(predictions_are_found),
		cmocka_unit_test(near_is_near_enough),
		cmocka_unit_test(a_share_is_between_nothing_and_all),
		cmocka_unit_test(settings_are_a_node_s),
		cmocka_unit_test(parameters_follow_from_ids_and_key),
		cmocka_unit_test(parameters_are_in_range_and_vary),
		cmocka_unit_test(the_tables_agree),
		cmocka_unit_test(what_is_no_file_is_not_read),
		cmocka_unit_test(another_s_parameters_are_refused),
		cmocka_unit_test(an_edited_handout_is_refused),
		cmocka_unit_test(another_s_predictions_are_refused),
		cmocka_unit_test(a_handout_gives_nothing_away),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}

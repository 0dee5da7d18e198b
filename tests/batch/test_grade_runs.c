/* test_grade_runs.c - guests that do not live to their end, and whose fault that is
 *
 * QEMU is a script here that kills it after a while, if the guest's job has a certain
 * word in it: no program that a student may write gets as far as to end a guest.
 */
#include "tests/helpers/cli.h"
#include "tests/helpers/guest.h"

#include <sys/stat.h>

#include "harness/vm/cache.h"
#include "harness/grade/grade.h"
#include "harness/grade/handout.h"
#include "harness/vm/executable.h"
#include "labs/index.h"

static int begin(void **state)
{
	auto_free char *kernels = NULL, *link = NULL;

	if (cli_open(state))
		return -1;
	kernels = cache_path("kernels");
	link = cache_path("kernels/" KERNEL_DEFAULT);
	return fs_mkdir(kernels, NULL) || symlink(own, link);
}

/* A job that has @word in it is the end of its guest: when QEMU has used 0.15 s of processor time, it
 * is killed, in the middle of the runs, which take several times that.
 */
static void deadly(const char *word)
{
	static char *real;
	auto_free char *dir = must_printf("%s/bin", cache), *path = must_printf("%s/qemu-system-x86_64", dir);
	auto_free char *paths = must_printf("%s:%s", dir, getenv("PATH")), *script = NULL, *words = must_printf("%s/word", cache);

	if (!real) {
		real = executable_find("qemu-system-x86_64");
		assert_non_null(real);
		assert_int_equal(setenv("PATH", paths, 1), 0);
		script = must_printf("#!/bin/sh\n"
				     "job=$(expr \"$*\" : '.*opt/twlab/job,file=\\([^ ]*\\)') &&\n"
				     "	[ \"$(cat %s/word)\" ] && grep -qf %s/word \"$job\" && {\n"
				     "	while [ \"$(awk '{ print $14 + $15 }' /proc/$$/stat)\" -lt 15 ]; do sleep 0.01; done\n"
				     "	kill -9 $$; } &\n"
				     "exec %s \"$@\"\n", cache, cache, real);
		assert_int_equal(fs_write_file(path, script, strlen(script), NULL), 0);
		assert_int_equal(chmod(path, 0755), 0);
	}
	assert_int_equal(fs_write_file(words, word, strlen(word), NULL), 0);
}

/* The solution of lab 03, and what becomes of it. */
static void grade_solution(struct grade *result)
{
	const struct lab *lab = lab_find("3");
	auto_free char *out = must_printf("%s/out", cache);
	const struct grade_options options = { .out = out };
	struct submission submission;
	struct personal personal;
	const char *id = "ada";
	struct err err = { 0 };

	personal_make(lab, "k", 1, &id, 1, &personal);
	submission_of(lab, &personal, &submission);
	personal_free(&personal);
	for (unsigned int f = 0; f < submission.n_files; f++) {
		auto_free char *path = must_printf("solution/%s", submission.files[f].task->file);
		size_t len;
		auto_free char *text = handout_read(lab, path, &len, &err);

		assert_non_null(text);
		submission_put(&submission, f, text, len);
	}
	if (grade(&submission, &options, result, &err))
		fail_msg("%s", err.text);
	submission_free(&submission);
	fs_remove(out);
}

static void who_is_to_blame(void **state)
{
	static const struct {
		const char *word;			/* what a job has that kills its guest */
		enum result program, others;	/* the marks of the program, and the others */
		const char *why;			/* of the program's */
	} rows[] = {
		{ "", RESULT_PASS, RESULT_PASS, "" },
		{ "--program=", RESULT_FAIL, RESULT_PASS, "the machine that your program ran in did not survive it, twice" },
		{ "--variant=", RESULT_ERROR, RESULT_ERROR, "twice; and without what was handed in: " },
	};

	(void)state;
	deadly("");
	guest_needed();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct grade result;

		deadly(rows[i].word);
		grade_solution(&result);
		for (unsigned int r = 0; r < result.n; r++) {
			const struct grade_row *row = &result.rows[r];
			bool program = row->task->kind == TASK_PROGRAM;
			bool predicted = row->task->kind == TASK_PREDICT;	/* with braces in it: right only by chance */

			if (predicted && rows[i].others == RESULT_PASS)
				assert_int_not_equal(row->result, RESULT_ERROR);
			else if (row->result != (program ? rows[i].program : rows[i].others) ||
				 (program && !strstr(row->seen, rows[i].why)))
				fail_msg("'%s': %s: %d: %s", rows[i].word, row->name, (int)row->result, row->seen);
		}
		assert_true(result.n > 3);
		grade_free(&result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_to_blame),
	};

	return cmocka_run_group_tests(tests, begin, cli_close);
}

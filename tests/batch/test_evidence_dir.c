/* test_evidence_dir.c - where the evidence of a run goes */
#include "tests/helpers/test.h"

#include <twlab/fs.h>
#include "harness/batch/evidence_dir.h"

#include <sys/stat.h>
#include <sys/wait.h>

static char *top;

static char *in_top(const char *path)
{
	return must_printf("%s/%s", top, path);
}

static void put(const char *path)
{
	auto_free char *full = in_top(path);
	struct err err = { 0 };
	FILE *file;

	assert_int_equal(evidence_dir_make(full, &err), 0);
	file = fopen(full, "we");
	assert_non_null(file);
	fclose(file);
}

static int set_up(void **state)
{
	(void)state;
	top = must_strdup("/tmp/twlab-place.XXXXXX");
	assert_non_null(mkdtemp(top));
	put("old/run.json");
	put("cut/events.jsonl");
	put("thesis/chapter1");
	put("file");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fs_remove(top);
	free(top);
	return 0;
}

static void only_evidence_may_be_replaced(void **state)
{
	static const struct { const char *dir; const char *says; } rows[] = {
		{ "new", NULL }, { "new/lab/variant", NULL }, { "old", NULL }, { "cut", NULL },
		{ "thesis/lab/variant", NULL },		/* beside what is there */
		{ "thesis", "is no evidence folder" }, { "file", "is no evidence folder" },
		{ "file/lab", "cannot write in" },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *dir = in_top(rows[r].dir);
		struct err err = { 0 };

		assert_int_equal(evidence_dir_check(dir, &err) < 0, rows[r].says != NULL);
		if (rows[r].says)
			assert_non_null(strstr(err.text, rows[r].says));
	}
}

static void what_is_replaced_is_gone_and_the_rest_is_left(void **state)
{
	static const struct { const char *to, *lost, *left; } rows[] = {
		{ "old", "old/run.json", "old/fresh" },
		{ "thesis", "thesis/fresh", "thesis/chapter1" },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *from = in_top("tmp"), *to = in_top(rows[r].to);
		auto_free char *lost = in_top(rows[r].lost), *left = in_top(rows[r].left);
		struct err err = { 0 };

		put("tmp/fresh");
		evidence_dir_settle(from, to, &err);
		assert_int_not_equal(access(lost, F_OK), 0);
		assert_int_equal(access(left, F_OK), 0);
	}
}

/* A process that has been and is no more. */
static pid_t dead(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid;
}

static void partial_of_the_dead_go_and_others_stay(void **state)
{
	auto_free char *to = in_top("old"), *mine = evidence_dir_temporary(to), *name = must_strdup(strrchr(mine, '/') + 1), *gone = NULL;
	const struct { char *name; bool goes; } rows[] = {
		{ must_strdup(name), false },				/* it is me */
		{ must_printf("%.*s.%d", (int)(strrchr(name, '.') - name), name, (int)dead()), true },
		{ must_printf(".old.1.%d", (int)dead()), false },	/* of another container */
		{ must_printf(".other.%s.%d", "1", (int)dead()), false },
		{ must_strdup(".old.notes"), false }, { must_strdup(".old.-1.-1"), false }, { must_strdup(".old.1.0"), false },
		{ must_strdup(".old"), false }, { must_strdup(".old.1.99999999999999999999"), false },
	};
	struct err err = { 0 };

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *file = must_printf("%s/events.jsonl", rows[r].name);

		put(file);
	}
	put("tmp/run.json");
	gone = in_top("tmp");
	assert_int_equal(evidence_dir_settle(gone, to, &err), 0);
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *path = in_top(rows[r].name);

		print_message("%s\n", rows[r].name);
		assert_int_equal(access(path, F_OK) != 0, rows[r].goes);
		free(rows[r].name);
	}
}

static void a_folder_without_a_name_is_none(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_true(evidence_dir_make("", &err) < 0 && strstr(err.text, "without a name"));
	assert_true(fs_mkdir("", &err) < 0 && strstr(err.text, "without a name"));
	assert_true(fs_write_file("", "x", 1, NULL) < 0);
	assert_int_equal(evidence_dir_make("/name", &err), 0);
	assert_int_equal(fs_mkdir("/", &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_evidence_may_be_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(partial_of_the_dead_go_and_others_stay, set_up, tear_down),
		cmocka_unit_test(a_folder_without_a_name_is_none),
		cmocka_unit_test_setup_teardown(what_is_replaced_is_gone_and_the_rest_is_left, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

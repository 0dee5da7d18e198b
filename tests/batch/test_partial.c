/* test_partial.c - what is kept of a run that did not come to its end */
#include "tests/helpers/test.h"

#include <twlab/fs.h>
#include "harness/batch/partial.h"
#include "labs/index.h"
#include <twlab/evidence.h>

static char *top;
static struct plan *plan;

static int set_up(void **state)
{
	struct err err = { 0 };

	(void)state;
	top = must_strdup("/tmp/twlab-remains.XXXXXX");
	assert_non_null(mkdtemp(top));
	plan = plan_new(all_labs[0], NULL, NULL, 0, &err);
	assert_non_null(plan);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	plan_free(plan);
	fs_remove(top);
	free(top);
	return 0;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* The folder is never taken for evidence, and says why. */
static void it_says_why(void **state)
{
	static const struct { const char *dir, *left, *why, *console, *says; } rows[] = {
		{ "nothing", NULL, "no end after 60 s", "", "did not finish: no end after 60 s" },
		{ "console", NULL, "a \"quoted\" word", "Kernel panic\n", "did not finish: a \"quoted\" word" },
		{ "marked", "{\"complete\":false,\"failed\":\"waited in vain\"}", "exit 3", "", "did not finish: waited in vain" },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *dir = must_printf("%s/%s", top, rows[r].dir);
		auto_free char *console = must_printf("%s/console.txt", dir);
		auto_free char *run = must_printf("%s/run.json", dir);
		struct err err = { 0 };

		if (rows[r].left) {
			assert_int_equal(fs_mkdir(dir, &err), 0);
			put(run, rows[r].left);
		}
		assert_int_equal(partial_mark(dir, plan, rows[r].why, rows[r].console, &err), 0);
		assert_null(evidence_read(dir, &err));
		if (!strstr(err.text, rows[r].says))
			fail_msg("%s: %s", rows[r].dir, err.text);
		assert_int_equal(access(console, F_OK) == 0, *rows[r].console != '\0');
	}
}

static void where_it_cannot_be_kept_is_named(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_true(partial_mark("/proc/nowhere", plan, "why", "", &err) < 0);
	assert_non_null(strstr(err.text, "/proc/nowhere"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_says_why, set_up, tear_down),
		cmocka_unit_test_setup_teardown(where_it_cannot_be_kept_is_named, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

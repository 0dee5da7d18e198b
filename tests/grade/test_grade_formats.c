/* test_grade_formats.c - each format is what its reader expects
 *
 * One grade with every result and every character that breaks something. TAP is
 * read by prove(1), JUnit by xmllint(1) against tests/data/formats/junit.xsd, JSON
 * by the shapes below. Each of these is shown something wrong, too.
 */
#include "tests/helpers/test.h"

#include "harness/grade/grade_formats.h"
#include "harness/grade/grade_json.h"

#include <jansson.h>
#include <sys/wait.h>

#define NASTY "a # b \\ c <d> & \"e\" \x01 \xff \xc3\xa9\nf, =1+1"

static char nasty[] = NASTY, plain[] = "one", hint[] = "look there", where[] = "as-is/kept/packets.pcapng:1", empty[] = "";
static const struct task predict = { "predict", TASK_PREDICT, "predictions.txt" };
static const struct task program = { "server", TASK_PROGRAM, "server.c" };
static const struct lab lab = { .name = "03-final-ack-loss" };

static struct grade_row rows[] = {
	{ &predict, plain, plain, hint, RESULT_PASS, 3, 3, plain, plain, where },
	{ &predict, nasty, nasty, nasty, RESULT_FAIL, 2, 0, nasty, nasty, empty },
	{ &program, plain, plain, hint, RESULT_ERROR, 5, 0, plain, nasty, empty },
	{ &program, plain, plain, hint, RESULT_SKIP, 1, 0, plain, plain, empty },
};

static struct grade grade_of(unsigned int n)
{
	static char student[] = "=alice,bob";

	return (struct grade){ &lab, student, rows, n, 3, n == 2 ? 5 : 11, 1.5, 1000 };
}

/* What is written of the first @n rows, to be freed; NULL if it is refused. */
static char *written(enum format format, unsigned int n)
{
	struct grade grade = grade_of(n);
	struct err err = { 0 };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int code = grade_print(out, format, &grade, &err);

	fclose(out);
	if (!code)
		return text;
	assert_true(*err.text);
	assert_int_equal(len, 0);	/* not half of it either */
	free(text);
	return NULL;
}

static int status_of(const char *command, const char *text)
{
	char path[] = "/tmp/twlab-format-XXXXXX";
	int fd = mkstemp(path), status;
	auto_free char *line = must_printf(command, path);

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	status = system(line);
	unlink(path);
	return WEXITSTATUS(status);
}

#define PROVE "prove -Q --exec cat %s >/dev/null 2>&1"
#define XMLLINT "xmllint --noout --schema tests/data/formats/junit.xsd %s >/dev/null 2>&1"

static void prove_reads_tap(void **state)
{
	auto_free char *good = written(FORMAT_TAP, 1), *bad = written(FORMAT_TAP, 2), *all = written(FORMAT_TAP, 4);

	(void)state;
	assert_int_equal(status_of(PROVE, good), 0);
	assert_int_equal(status_of(PROVE, bad), 1);
	assert_int_equal(status_of(PROVE, "TAP version 13\n1..2\nok 1\n"), 1);
	assert_non_null(strstr(all, "ok 3 - one: one # SKIP the harness could not tell"));
	assert_non_null(strstr(all, "a \\# b \\\\ c"));
}

static void xmllint_reads_junit(void **state)
{
	auto_free char *all = written(FORMAT_JUNIT, 4);

	(void)state;
	assert_int_equal(status_of(XMLLINT, all), 0);
	assert_non_null(strstr(all, " failures=\"1\" errors=\"1\" skipped=\"1\""));
	assert_non_null(strstr(all, "<error message="));
	memcpy(strstr(all, "<failure"), "<failuer", 8);
	assert_int_not_equal(status_of(XMLLINT, all), 0);
}

#define SCHEMA "python3 -c 'import json, sys, jsonschema; " \
	       "jsonschema.validate(json.load(open(sys.argv[2])), json.load(open(sys.argv[1])))' tests/data/formats/"

static void set_classroom(bool set);

/* Each by a schema after its own specification; what another format's text is, is none. */
static void json_obeys_its_schema(void **state)
{
	static const struct { enum format format; unsigned int n; } cases[] = {
		{ FORMAT_JSON, 4 }, { FORMAT_GRADESCOPE, 2 }, { FORMAT_CLASSROOM50, 2 }, { FORMAT_CHECK50, 4 },
	};

	(void)state;
	set_classroom(true);
	for (size_t r = 0; r < ARRAY_SIZE(cases); r++)
		for (size_t other = 0; other < ARRAY_SIZE(cases); other++) {
			auto_free char *text = written(cases[other].format, cases[other].n);
			auto_free char *command = must_printf(SCHEMA "%s.json %%s 2>/dev/null", format_name[cases[r].format]);

			if (!status_of(command, text) != (r == other))
				fail_msg("%s by the schema of %s: %s", format_name[cases[other].format], format_name[cases[r].format], text);
		}
	set_classroom(false);
}

/* Has @json what @shape says: a key of it, and the key's type? */
struct shape { const char *key; json_type type; };

static bool is_shaped(const json_t *json, const struct shape *shape, size_t n)
{
	for (size_t s = 0; s < n; s++) {
		const json_t *value = json_object_get(json, shape[s].key);
		json_type type = value && json_is_false(value) ? JSON_TRUE : value ? json_typeof(value) : JSON_NULL;

		if (!value || type != shape[s].type)
			return false;
	}
	return json_object_size(json) == n;
}

static const struct shape own[] = {
	{ "lab", JSON_STRING }, { "student", JSON_STRING }, { "earned", JSON_INTEGER }, { "points", JSON_INTEGER },
	{ "status", JSON_INTEGER }, { "seconds", JSON_REAL }, { "guest_rss_kb", JSON_INTEGER }, { "marks", JSON_ARRAY },
}, own_row[] = {
	{ "task", JSON_STRING }, { "name", JSON_STRING }, { "words", JSON_STRING }, { "verdict", JSON_STRING },
	{ "earned", JSON_INTEGER }, { "points", JSON_INTEGER }, { "seen", JSON_STRING }, { "expected", JSON_STRING },
	{ "where", JSON_STRING }, { "hint", JSON_STRING },
}, gradescope[] = {
	{ "score", JSON_INTEGER }, { "execution_time", JSON_REAL }, { "visibility", JSON_STRING }, { "tests", JSON_ARRAY },
}, gradescope_row[] = {
	{ "score", JSON_INTEGER }, { "max_score", JSON_INTEGER }, { "status", JSON_STRING }, { "name", JSON_STRING },
	{ "output", JSON_STRING }, { "output_format", JSON_STRING }, { "tags", JSON_ARRAY }, { "visibility", JSON_STRING },
}, classroom50[] = {	/* no other key is allowed at the top */
	{ "schema", JSON_STRING }, { "classroom", JSON_STRING }, { "assignment", JSON_STRING },
	{ "assignment_type", JSON_STRING }, { "owner", JSON_STRING }, { "submission", JSON_STRING },
	{ "commit", JSON_STRING }, { "release", JSON_STRING }, { "review", JSON_STRING }, { "datetime", JSON_STRING },
	{ "score", JSON_INTEGER }, { "max-score", JSON_INTEGER }, { "tests", JSON_ARRAY },
}, classroom50_row[] = {
	{ "test-name", JSON_STRING }, { "passed", JSON_TRUE }, { "score", JSON_INTEGER }, { "max-score", JSON_INTEGER },
	{ "expected", JSON_STRING }, { "actual", JSON_STRING }, { "hint", JSON_STRING },
}, check50[] = {
	{ "slug", JSON_STRING }, { "results", JSON_ARRAY }, { "version", JSON_STRING },
};

static const struct {
	enum format format;
	const struct shape *top;
	size_t n_top;
	const char *list;
	const struct shape *row;	/* NULL: looked at elsewhere */
	size_t n_row;
} shapes[] = {
	{ FORMAT_JSON, own, ARRAY_SIZE(own), "marks", own_row, ARRAY_SIZE(own_row) },
	{ FORMAT_GRADESCOPE, gradescope, ARRAY_SIZE(gradescope), "tests", gradescope_row, ARRAY_SIZE(gradescope_row) },
	{ FORMAT_CLASSROOM50, classroom50, ARRAY_SIZE(classroom50), "tests", classroom50_row, ARRAY_SIZE(classroom50_row) },
	{ FORMAT_CHECK50, check50, ARRAY_SIZE(check50), "results", NULL, 0 },
};

static void set_classroom(bool set)
{
	static const char *const names[] = { "CLASSROOM", "ASSIGNMENT", "ASSIGNMENT_TYPE", "OWNER", "SUBMISSION_TAG",
					     "COMMIT_URL", "RELEASE_URL", "REVIEW_URL" };

	for (size_t n = 0; n < ARRAY_SIZE(names); n++)
		set ? setenv(names[n], "submit/x", 1) : unsetenv(names[n]);
}

static void json_has_its_shape(void **state)
{
	(void)state;
	set_classroom(true);
	for (size_t s = 0; s < ARRAY_SIZE(shapes); s++) {
		auto_free char *text = written(shapes[s].format, 2);
		json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *row;
		size_t i;

		assert_non_null(json);
		if (!is_shaped(json, shapes[s].top, shapes[s].n_top))
			fail_msg("%s: %s", format_name[shapes[s].format], text);
		assert_int_equal(json_array_size(json_object_get(json, shapes[s].list)), 2);
		json_array_foreach(json_object_get(json, shapes[s].list), i, row)
			if (shapes[s].row && !is_shaped(row, shapes[s].row, shapes[s].n_row))
				fail_msg("%s: row %zu: %s", format_name[shapes[s].format], i, text);
		assert_false(is_shaped(json, shapes[(s + 1) % ARRAY_SIZE(shapes)].top, shapes[(s + 1) % ARRAY_SIZE(shapes)].n_top));
		json_decref(json);
	}
	set_classroom(false);
	assert_null(written(FORMAT_CLASSROOM50, 2));	/* whose is it? */
}

/* To an end that takes nothing, and says so at once. */
static void json_ends_its_line_or_is_refused(void **state)
{
	static const struct {
		enum format format;
		int (*print)(FILE *out, const struct grade *grade, struct err *err);
	} printers[] = {
		{ FORMAT_JSON, grade_json_own }, { FORMAT_GRADESCOPE, grade_json_gradescope },
		{ FORMAT_CLASSROOM50, grade_json_classroom50 }, { FORMAT_CHECK50, grade_json_check50 },
	};
	struct grade grade = grade_of(2);

	(void)state;
	set_classroom(true);
	for (size_t r = 0; r < ARRAY_SIZE(printers); r++) {
		auto_free char *text = written(printers[r].format, 2);
		FILE *full = fopen("/dev/full", "w");
		struct err err = { 0 };

		assert_string_equal(text + strlen(text) - 2, "}\n");
		setvbuf(full, NULL, _IONBF, 0);
		assert_true(printers[r].print(full, &grade, &err) < 0);
		assert_string_equal(err.text, "cannot write the grade: No space left on device");
		fclose(full);
	}
	set_classroom(false);
}

static void classroom_is_told_what_passed(void **state)
{
	auto_free char *text = NULL;
	json_t *json, *tests;

	(void)state;
	set_classroom(true);
	text = written(FORMAT_CLASSROOM50, 2);
	set_classroom(false);
	json = json_loads(text, 0, NULL);
	tests = json_object_get(json, "tests");
	assert_true(json_is_true(json_object_get(json_array_get(tests, 0), "passed")));
	assert_int_equal(json_integer_value(json_object_get(json_array_get(tests, 0), "score")), 3);
	assert_string_equal(json_string_value(json_object_get(json_array_get(tests, 0), "hint")), "");
	assert_true(json_is_false(json_object_get(json_array_get(tests, 1), "passed")));
	assert_int_equal(json_integer_value(json_object_get(json_array_get(tests, 1), "score")), 0);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(tests, 1), "max-score")), 2);
	assert_string_not_equal(json_string_value(json_object_get(json_array_get(tests, 1), "hint")), "");
	json_decref(json);
}

static void check50_knows_three_answers(void **state)
{
	auto_free char *text = written(FORMAT_CHECK50, 4);
	json_t *json = json_loads(text, 0, NULL), *results = json_object_get(json, "results");

	(void)state;
	assert_true(json_is_true(json_object_get(json_array_get(results, 0), "passed")));
	assert_true(json_is_null(json_object_get(json_array_get(results, 0), "cause")));
	assert_true(json_is_false(json_object_get(json_array_get(results, 1), "passed")));
	assert_true(json_is_null(json_object_get(json_array_get(results, 2), "passed")));
	assert_true(json_is_null(json_object_get(json_array_get(results, 3), "passed")));
	json_decref(json);
}

static void our_trouble_is_no_wrong_answer(void **state)
{
	auto_free char *csv = written(FORMAT_CSV, 4);

	(void)state;
	set_classroom(true);
	assert_null(written(FORMAT_GRADESCOPE, 4));
	assert_null(written(FORMAT_CLASSROOM50, 4));
	assert_non_null(strstr(csv, "\"'=alice,bob\",,11,"));	/* no score, and no formula */
	set_classroom(false);
}

static void csv_and_text(void **state)
{
	auto_free char *csv = written(FORMAT_CSV, 2), *text = written(FORMAT_TEXT, 2);

	(void)state;
	assert_ptr_equal(strstr(csv, "user,score,max,comment\n\"'=alice,bob\",3,5,\""), csv);
	assert_non_null(strstr(csv, "\"\"e\"\""));
	assert_non_null(strstr(text, "3 of 5 points"));
	assert_int_equal(test_count(text, "hint: "), 1);	/* of what failed alone */
	assert_non_null(strstr(text, "  pass   3/3   one\n"));
	assert_int_equal(format_named("csv"), FORMAT_CSV);
	assert_int_equal(format_named("xls"), FORMATS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prove_reads_tap),
		cmocka_unit_test(xmllint_reads_junit),
		cmocka_unit_test(json_obeys_its_schema),
		cmocka_unit_test(json_has_its_shape),
		cmocka_unit_test(json_ends_its_line_or_is_refused),
		cmocka_unit_test(classroom_is_told_what_passed),
		cmocka_unit_test(check50_knows_three_answers),
		cmocka_unit_test(our_trouble_is_no_wrong_answer),
		cmocka_unit_test(csv_and_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

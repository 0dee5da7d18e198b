/* test_sheet.c - the picture of a table tells what differs */
#include "diagrams/sheet.h"
#include "tests/helpers/test.h"

static const char *const two[] = { "5.10", "<new>" };
static struct sheet_cell same[] = { { SHEET_PASS, "1" }, { SHEET_PASS, "1" } };
static struct sheet_cell near[] = { { SHEET_PASS, "60001" }, { SHEET_PASS, "60002" } };
static struct sheet_cell apart[] = { { SHEET_PASS, "60000" }, { SHEET_FAIL, "10" } };
static struct sheet_cell skipped[] = { { SHEET_SKIP, "-" }, { SHEET_PASS, "1" } };
static struct sheet_cell facts[] = { { SHEET_NONE, "a & b" }, { SHEET_NONE, "-" } };
static struct sheet_cell lengthy[] = {
	{ SHEET_PASS, "LISTEN SYN_RECV ESTABLISHED CLOSE_WAIT LAST_ACK CLOSE" }, { SHEET_PASS, "LISTEN" },
};

static char *draw(const char *words, struct sheet_cell *cells, bool differs, const char *rest)
{
	struct sheet_row row = { words, (char *)"client fact", cells, differs };
	struct sheet sheet = { "a title", "a caption", two, 2, &row, 1, rest };

	return sheet_draw(&sheet);
}

static const struct {
	const char *name, *words;
	struct sheet_cell *cells;
	bool differs;
	const char *text;
	unsigned int times;
} rows[] = {
	{ "the columns are named, and escaped", "it holds", same, false, "&lt;new&gt;", 1 },
	{ "what is the same is told once", "it holds", same, false, "pass  1<", 1 },
	{ "and not marked", "it holds", same, false, "≠", 0 },
	{ "what is nearly the same is told twice", "it holds", near, false, "pass  6000", 2 },
	{ "and not marked", "it holds", near, false, "≠", 0 },
	{ "what differs is marked", "it holds", apart, true, "≠", 1 },
	{ "and told for each", "it holds", apart, true, "pass  60000", 1 },
	{ "a failure is bold", "it holds", apart, true, "<B>FAIL</B>  10", 1 },
	{ "what was skipped hides nobody's result", "it holds", skipped, false, "pass  1", 1 },
	{ "and says so", "it holds", skipped, false, "skip  -", 1 },
	{ "a fact has no verdict", NULL, facts, true, "pass", 0 },
	{ "its values are escaped", NULL, facts, true, "a &amp; b", 1 },
	{ "facts have a head of their own", NULL, facts, true, "other facts that differ", 1 },
	{ "which claims have not", "it holds", same, false, "other facts that differ", 0 },
	{ "long values are folded", "it holds", lengthy, true, "ESTABLISHED<BR/>CLOSE_WAIT", 1 },
};

static void a_table_tells_what_differs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = draw(rows[i].words, rows[i].cells, rows[i].differs, NULL);

		if (test_count(text, rows[i].text) != rows[i].times)
			fail_msg("%s: \"%s\" is there %u times in\n%s", rows[i].name, rows[i].text,
				 test_count(text, rows[i].text), text);
	}
}

/* The page's height, from its white ground. */
static double height(const char *dot)
{
	return strtod(strstr(dot, "height=") + 7, NULL);
}

static void the_page_grows_with_the_table(void **state)
{
	auto_free char *all = must_calloc(4000, 1), *few = NULL, *many = NULL;
	struct sheet_row row[40];
	struct sheet sheet = { "a title", "a caption", two, 2, row, 40, NULL };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		row[i] = (struct sheet_row){ "it holds", (char *)"client fact", same, false };
	many = sheet_draw(&sheet);
	sheet.n_rows = 2;
	few = sheet_draw(&sheet);
	assert_true(height(few) * 72 > DOT_SLIDE_HEIGHT - 1 && height(few) * 72 < DOT_SLIDE_HEIGHT + 1);
	assert_true(height(many) > 2 * height(few));
	memset(all, 'x', 3999);		/* one word without an end */
	free(few);
	few = draw(all, same, false, "one\ntwo");
	assert_non_null(strstr(few, "one<BR/>two"));
	assert_non_null(strstr(few, "x …"));
}

static void the_same_table_gives_the_same_bytes(void **state)
{
	auto_free char *one = draw("it holds", apart, true, NULL), *two_of = draw("it holds", apart, true, NULL);

	(void)state;
	assert_string_equal(one, two_of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_tells_what_differs),
		cmocka_unit_test(the_page_grows_with_the_table),
		cmocka_unit_test(the_same_table_gives_the_same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_class_report.c - the table and the page of a class, from results that lie there */
#include "tests/helpers/test.h"

#include "harness/grade/class_report.h"
#include "labs/index.h"
#include "tests/helpers/dir.h"

#define MARK(task, name, verdict, seen) \
	"{\"task\":\"" task "\",\"name\":\"" name "\",\"words\":\"words of <" name ">\",\"verdict\":\"" verdict "\",\"seen\":\"" seen "\"}"
#define RESULT(student, status, earned, marks) \
	"{\"student\":\"" student "\",\"status\":" status ",\"earned\":" earned ",\"points\":10,\"marks\":[" marks "]}"

/* By name of the folder, as submissions_list() has them. */
static const struct { const char *who, *result; } all[] = {
	{ "ada", RESULT("ada", "0", "10", MARK("predict", "one", "pass", "1") "," MARK("server", "two", "pass", "2")) },
	{ "bob+dan", RESULT("bob,dan", "1", "5", MARK("predict", "one", "pass", "1") "," MARK("server", "two", "fail", "9")) },
	{ "cy", NULL },
	{ "dan", RESULT("dan", "1", "0", MARK("predict", "one", "fail", "no \\\"file\\\"") "," MARK("server", "two", "fail", "no \\\"file\\\"")) },
	{ "eve", RESULT("eve", "3", "0", MARK("predict", "one", "error", "no guest") "," MARK("server", "two", "error", "no guest")) },
	{ "fay", RESULT("", "1", "4", MARK("predict", "one", "fail", "3") "," MARK("server", "two", "fail", "4") "," MARK("server", "three", "fail", "4")) },
};

static char *told(const char *name)
{
	auto_free char *path = must_printf("%s/out/%s", dir, name);
	void *text = NULL;
	struct err err = { 0 };
	size_t len;

	if (fs_read(path, &text, &len, &err))
		fail_msg("%s", err.text);
	return text;
}

static int print_all(void **state)
{
	struct submission_entry handed[ARRAY_SIZE(all)] = { 0 };
	auto_free char *out = NULL;
	struct err err = { 0 };

	if (*state || dir_make(state))
		return -1;
	out = must_printf("%s/out", dir);
	for (size_t h = 0; h < ARRAY_SIZE(all); h++) {
		auto_free char *path = must_printf("out/%s/result.json", all[h].who);

		handed[h].who = (char *)(uintptr_t)all[h].who;
		if (all[h].result)
			dir_put_text(path, all[h].result);
	}
	return class_report(lab_find("3"), handed, ARRAY_SIZE(all), out, &err);
}

static void each_student_has_a_row(void **state)
{
	auto_free char *csv = told("grades.csv");

	(void)state;
	assert_string_equal(csv,
		"user,score,max,comment\n"
		"\"ada\",10,10,\"\"\n"
		"\"bob\",5,10,\"two: 9\"\n"
		"\"dan\",5,10,\"handed in twice: also dan; two: 9\"\n"
		"\"cy\",,10,\"grading it was not finished\"\n"
		"\"dan\",0,10,\"handed in twice: also bob+dan; no \"\"file\"\"\"\n"
		"\"eve\",,10,\"no guest\"\n"
		"\"fay\",4,10,\"one: 3; two: 4\"\n");
}

static void the_page_counts(void **state)
{
	static const char *const rows[] = {
		"<h1>03-final-ack-loss, 6 submissions</h1>\n<p>4 graded, of at most 10 points each; <span class=\"error\">2 could not be told</span>",
		/* one of 0, of 4, of 5 and of 10 points; the longest bar is whole */
		"<tr><td>10<td style=\"width:50%\"><div style=\"background:#4a78b5;height:1.1em;width:100%\"></div><td>1</tr>\n<tr><td>9<td",
		"<tr><td>5<td style=\"width:50%\"><div style=\"background:#4a78b5;height:1.1em;width:100%\"></div><td>1</tr>\n<tr><td>4<td style=\"width:50%\"><div style=\"background:#4a78b5;height:1.1em;width:100%\"></div><td>1</tr>\n<tr><td>3<td",
		"<tr><td>0<td style=\"width:50%\"><div style=\"background:#4a78b5;height:1.1em;width:100%\"></div><td>1</tr>\n</table>",
		"<tr><td>7<td style=\"width:50%\"><div style=\"background:#4a78b5;height:1.1em;width:0%\"></div><td>0</tr>\n",
		/* two was lost by three of five, one by two of them, three by the one who was asked */
		("<h2>What was lost most often</h2>\n<table>\n<tr><td>server</td><td>words of &lt;two&gt;</td><td><span class=\"error\">could not always be told</span>"
		"<td style=\"width:50%\"><div style=\"background:#4a78b5;height:1.1em;width:60%\"></div><td>3</tr>\n<tr><td>predict</td><td>words of &lt;one&gt;</td>"),
		"height:1.1em;width:40%\"></div><td>2</tr>\n<tr><td>server</td><td>words of &lt;three&gt;</td><td><td",
		"height:1.1em;width:100%\"></div><td>1</tr>\n</table>\n<h2>Each</h2>",
		"<a href=\"ada/report.html\">ada</a><td>10<td><small></small></tr>",
		"<a href=\"cy/report.html\">cy</a><td><span class=\"error\">error</span><td><small>grading it was not finished</small></tr>",
		"<a href=\"eve/report.html\">eve</a><td><span class=\"error\">error</span><td><small>no guest</small></tr>",
		"<a href=\"dan/report.html\">dan</a><td>0<td><small>handed in twice: also bob+dan; no &quot;file&quot;</small></tr>",
	};
	auto_free char *page = told("index.html");

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++)
		if (test_count(page, rows[r]) != 1)
			fail_msg("%s is not in %s", rows[r], page);
}

static void where_it_cannot_be_written_is_said(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_true(class_report(lab_find("3"), NULL, 0, "/proc/nowhere", &err) < 0);
	assert_non_null(strstr(err.text, "/proc/nowhere"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_student_has_a_row),
		cmocka_unit_test(the_page_counts),
		cmocka_unit_test(where_it_cannot_be_written_is_said),
	};

	return cmocka_run_group_tests(tests, print_all, dir_remove);
}

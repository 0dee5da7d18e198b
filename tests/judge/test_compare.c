/* test_compare.c - one run on several kernels, side by side */
#include "tests/helpers/test.h"

#include <twlab/fs.h>
#include "harness/judge/compare.h"
#include "harness/judge/compare_draw.h"
#include "labs/index.h"

#include <jansson.h>

static void what_differs_is_a_matter_of_kind(void **state)
{
	static const struct {
		const char *name, *a, *b;
		bool differs;
	} rows[] = {
		{ "conn1.sent.SYN", "7", "7", false },
		{ "conn1.sent.SYN", "7", "11", true },
		{ "conn1.path", "LISTEN", "LISTEN CLOSE", true },
		{ "conn1.TIME_WAIT.ms", "60572.0", "60582.1", false },
		{ "conn1.TIME_WAIT.ms", "60000", "64200", true },
		{ "conn1.TIME_WAIT.ms", "804.9", "825.2", false },
		{ "conn1.SYN_SENT.ms", "0.1", "0.3", false },	/* far apart, but in no time */
		{ "conn1.SYN_SENT.ms", "1", "20", true },
		{ "conn1.TIME_WAIT.ms", "60000", "-", true },	/* there is none */
		{ "conn1.TIME_WAIT.ms", "-", "60000", true },
		{ "conn1.TIME_WAIT.ms", "0", "", true }, { "conn1.TIME_WAIT.ms", "", "0", true },	/* it has not ended */
		{ "conn1.TIME_WAIT.ms", "60000", "60000 or so", true }, { "conn1.TIME_WAIT.ms", "60000 or so", "60000", true },
		{ "conn1.TIME_WAIT.ms", "100", "108", false }, { "conn1.TIME_WAIT.ms", "108.1", "100", true },	/* by more than 8 */
		{ "conn1.TIME_WAIT.ms", "1000", "950", false }, { "conn1.TIME_WAIT.ms", "1000", "949", true },	/* ... and than 5 % */
		{ "mib.TW", "100", "101", true },		/* no time */
		{ "nat1.from", "10.1.0.1:4000", "10.1.0.1:5000", false },
		{ "nat1.from", "10.1.0.1:4000", "10.1.0.2:4000", true },
		{ "nat1.from", "10.1.0.1:4000", "-", true },
		{ "conn2.isn_step", "79203865", "79211591", false },
		{ "conn2.isn_step", "79203865", "65537", true },
		{ "conn1.SYN_RECV.timer_ms", "-", "1000", false },	/* one look came earlier */
		{ "conn1.SYN_RECV.timer_ms", "3000", "1000", true },
		{ "conn1.TIME_WAIT.rearmed", "-", "1", false },
		{ "conn1.TIME_WAIT.rearmed", "0", "1", true },
		{ "prog.wait_ms", "nan", "5", true },		/* a program may print anything */
		{ "prog.wait_ms", "0x10", "16", true },
		{ "prog.wait_ms", "inf", "-inf", true },
		{ "prog.wait_ms", "5", "5.5", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		print_message("%s %s %s\n", rows[i].name, rows[i].a, rows[i].b);
		assert_int_equal(compare_differs(rows[i].name, rows[i].a, rows[i].b), rows[i].differs);
	}
}

/* Lab 1 as three kernels left it: the second has one fact more and one claim that
 * fails, the third could not run.
 */
static void make(struct outcome *outcomes)
{
	static struct evidence evidence;
	static struct verdict rows[2][2] = {
		{ { NULL, RESULT_PASS, NULL, (char *)"3", NULL }, { NULL, RESULT_PASS, NULL, (char *)"60001", NULL } },
		{ { NULL, RESULT_PASS, NULL, (char *)"3", NULL }, { NULL, RESULT_FAIL, NULL, (char *)"10", NULL } },
	};
	static struct verdict none[2] = {
		{ NULL, RESULT_SKIP, NULL, (char *)"nothing", NULL }, { NULL, RESULT_SKIP, NULL, (char *)"nothing", NULL },
	};
	static struct claim claims[2] = {
		{ NULL, "it sends three", "client", "conn1.sent.ACK", "= 3" },
		{ NULL, "it waits", "client", "conn1.TIME_WAIT.ms", ">= 60000" },
	};

	for (int k = 0; k < 3; k++) {
		struct verdict *mine = k < 2 ? rows[k] : none;

		mine[0].claim = &claims[0];
		mine[1].claim = &claims[1];
		outcomes[k] = (struct outcome){ .plan = plan_new(lab_find("1"), NULL, NULL, 0, NULL),
						.verdicts = { mine, 2 } };
		if (k == 2) {
			outcomes[k].failed = (char *)"this kernel lacks veth";
			continue;
		}
		outcomes[k].evidence = &evidence;
		facts_add(&outcomes[k].facts, "client", "conn1.sent.ACK", "3", "x");
		facts_add(&outcomes[k].facts, "client", "conn1.TIME_WAIT.ms", k ? "10" : "60001", "x");
		facts_add(&outcomes[k].facts, "client", "mib.TW", "1", "x");
		if (k)
			facts_add(&outcomes[k].facts, "server", "mib.OutTransmits", "5", "x");
	}
}

static void unmake(struct outcome *outcomes)
{
	for (int k = 0; k < 3; k++) {
		facts_free(&outcomes[k].facts);
		plan_free(outcomes[k].plan);
	}
}

static void claims_come_first_then_what_differs(void **state)
{
	struct outcome outcomes[3];
	struct comparison comparison;

	(void)state;
	make(outcomes);
	compare_outcomes(outcomes, 3, &comparison);
	assert_int_equal(comparison.n, 3);
	assert_false(comparison.rows[0].differs);	/* the third has nothing to say */
	assert_true(comparison.rows[1].differs);
	assert_string_equal(comparison.rows[1].verdict[0], "pass");
	assert_string_equal(comparison.rows[1].verdict[1], "FAIL");
	assert_string_equal(comparison.rows[1].verdict[2], "skip");
	assert_string_equal(comparison.rows[1].value[2], "-");
	assert_null(comparison.rows[2].claim);
	assert_string_equal(comparison.rows[2].name, "mib.OutTransmits");
	assert_string_equal(comparison.rows[2].value[0], "-");
	assert_string_equal(comparison.rows[2].value[1], "5");
	compare_free(&comparison);
	unmake(outcomes);
}

static struct comparison_row row_of(const char *node, const char *name, const char *a, const char *b)
{
	struct comparison_row row = { .node = node, .name = name, .differs = true, .times = 1 };

	row.verdict = must_calloc(2, sizeof(char *));
	row.value = must_calloc(2, sizeof(char *));
	row.value[0] = must_strdup(a);
	row.value[1] = must_strdup(b);
	return row;
}

static void alike_facts_become_one_row(void **state)
{
	static const struct claim claim = { NULL, "it does", "client", "conn1.SYN.1.options" };
	struct comparison comparison = { .n_kernels = 2 };

	(void)state;
	comparison.rows = must_calloc(6, sizeof(*comparison.rows));
	comparison.rows[comparison.n++] = row_of("client", "conn1.SYN.1.options", "6", "7");
	comparison.rows[0].claim = &claim;
	comparison.rows[comparison.n++] = row_of("client", "conn1.SYN.1.options", "6", "7");
	comparison.rows[comparison.n++] = row_of("client", "conn12.SYN.1.options", "6", "7");
	comparison.rows[comparison.n++] = row_of("client", "conn13.SYN.1.options", "6", "8");	/* another value */
	comparison.rows[comparison.n++] = row_of("server", "conn1.SYN.1.options", "6", "7");	/* another node */
	comparison.rows[comparison.n++] = row_of("client", "conn3.SYN.20.options", "6", "7");
	compare_fold(&comparison);
	assert_int_equal(comparison.n, 4);
	assert_ptr_equal(comparison.rows[0].claim, &claim);	/* a claim stays by itself */
	assert_int_equal(comparison.rows[0].times, 1);
	assert_int_equal(comparison.rows[1].times, 3);
	assert_string_equal(comparison.rows[1].pattern, "conn*.SYN.*.options");
	assert_int_equal(comparison.rows[2].times, 1);
	assert_null(comparison.rows[2].pattern);
	assert_string_equal(comparison.rows[2].value[1], "8");
	assert_string_equal(comparison.rows[3].node, "server");
	compare_free(&comparison);
}

/* Each connection's number is chance: what they are all together is not. */
static void what_differs_by_chance_becomes_a_range(void **state)
{
	static const struct {
		const char *node, *name, *a, *b;
	} rows[] = {
		{ "client", "conn1.isn_step", "5315", "9999" }, { "client", "conn2.isn_step", "9900", "5316" },
		{ "client", "conn3.isn_step", "-", "7000" }, { "client", "conn4.isn_step", "8000", "-" },
		{ "server", "conn1.isn_step", "5315", "65537" }, { "server", "conn2.isn_step", "9900", "65537" },
		{ "server", "conn3.isn_step", "-", "65537" }, { "server", "conn4.isn_step", "8000", "65537" },
		{ "wire", "conn1.path", "A", "B" }, { "wire", "conn2.path", "B", "C" },
		{ "wire", "conn3.path", "C", "A" }, { "wire", "conn4.path", "D", "E" },
		{ "nat", "nat1.ms", "1", "100" }, { "nat", "nat2.ms", "2", "200" }, { "nat", "nat3.ms", "3", "300" },
	};
	struct comparison comparison = { .n_kernels = 2 };

	(void)state;
	comparison.rows = must_calloc(16, sizeof(*comparison.rows));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		comparison.rows[comparison.n++] = row_of(rows[i].node, rows[i].name, rows[i].a, rows[i].b);
	compare_fold(&comparison);
	assert_int_equal(comparison.n, 1 + 4 + 3);	/* the client's are chance; three are told one by one */
	assert_string_equal(comparison.rows[0].node, "server");
	assert_string_equal(comparison.rows[0].pattern, "conn*.isn_step");
	assert_int_equal(comparison.rows[0].times, 4);
	assert_string_equal(comparison.rows[0].value[0], "5315..9900");
	assert_string_equal(comparison.rows[0].value[1], "65537");
	assert_string_equal(comparison.rows[1].name, "conn1.path");
	assert_string_equal(comparison.rows[1].value[0], "A");
	assert_int_equal(comparison.rows[7].times, 1);
	compare_free(&comparison);
}

/* There may be nothing to fold, or nothing but what becomes one range. */
static void the_smallest_comparisons_fold(void **state)
{
	static const struct { const char *name, *value; } rows[] = {
		{ "conn1.isn_step", "7000" }, { "conn2.isn_step", "5000" }, { "conn3.isn_step", "9000" }, { "conn4.isn_step", "6000" },
	};
	struct comparison comparison = { .n_kernels = 2 };

	(void)state;
	compare_fold(&comparison);
	assert_int_equal(comparison.n, 0);
	comparison.rows = must_calloc(ARRAY_SIZE(rows), sizeof(*comparison.rows));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		comparison.rows[comparison.n++] = row_of("client", rows[i].name, rows[i].value, "65537");
	compare_fold(&comparison);
	assert_int_equal(comparison.n, 1);
	assert_int_equal(comparison.rows[0].times, 4);
	assert_string_equal(comparison.rows[0].value[0], "5000..9000");
	compare_free(&comparison);
}

static void it_is_drawn(void **state)
{
	static const char *const kernels[] = { "old", "new", "none" };
	static const char *const endings[] = { "dot", "svg", "png" };
	char dir[] = "/tmp/test_side.XXXXXX";
	struct outcome outcomes[3];
	struct err err = { 0 };
	auto_free char *text = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	make(outcomes);
	if (compare_draw(kernels, 3, outcomes, dir, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		auto_free char *path = must_printf("%s/kernels.%s", dir, endings[i]);
		size_t len;

		free(text);
		text = NULL;
		assert_int_equal(fs_read(path, (void **)&text, &len, &err), 0);
		assert_true(len > 1000);
		if (i)
			continue;
		assert_non_null(strstr(text, "<B>FAIL</B>  10"));
		assert_non_null(strstr(text, "none: this kernel lacks veth"));
		assert_non_null(strstr(text, "server mib.OutTransmits"));
		assert_null(strstr(text, "mib.TW"));
	}
	assert_true(compare_draw(kernels, 3, outcomes, "/nonexistent", &err) < 0);
	unmake(outcomes);
	fs_remove(dir);
}

/* What is told; with @long_ones, facts that are wider than a column, too. */
static char *told_with(enum print_format how, bool long_ones)
{
	static const char *const kernels[] = { "old", "new", "none" };
	struct outcome outcomes[3];
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	make(outcomes);
	for (int k = 0; k < 2 && long_ones; k++) {
		facts_add(&outcomes[k].facts, "client", "conn1.path", k ? "SYN_SENT ESTABLISHED CLOSE" : "SYN_SENT CLOSE", "x");
		facts_add(&outcomes[k].facts, "client", "conn2.path", k ? "exactly_18_letters" : "SYN_SENT CLOSE", "x");
	}
	if (long_ones)		/* on one kernel alone */
		facts_add(&outcomes[0].facts, "client", "conn3.path", "SYN_SENT ESTABLISHED CLOSE", "x");
	compare_print(out, how, kernels, 3, outcomes, 1);
	fclose(out);
	unmake(outcomes);
	return text;
}

static char *told(enum print_format how)
{
	return told_with(how, false);
}

/* A column is as wide as a cell, wider by a verdict where there are some; what is wider stands below. */
static void columns_stand_below_each_other(void **state)
{
	auto_free char *text = told_with(PRINT_TEXT, true);

	(void)state;
	assert_string_equal(text,
		"01-four-way-close/client-first\n"
		"  none: this kernel lacks veth\n"
		"    old                    new                    none                  \n"
		"    pass 3                 pass 3                 skip -                 client conn1.sent.ACK\n"
		"  * pass 60001             FAIL 10                skip -                 client conn1.TIME_WAIT.ms\n"
		"  other facts that differ\n"
		"    old                new                none              \n"
		"  * below              below              below              client conn1.path\n"
		"      old: SYN_SENT CLOSE\n"
		"      new: SYN_SENT ESTABLISHED CLOSE\n"
		"      none: -\n"
		"  * SYN_SENT CLOSE     exactly_18_letters -                  client conn2.path\n"
		"  * below              below              below              client conn3.path\n"
		"      old: SYN_SENT ESTABLISHED CLOSE\n"
		"      new, none: -\n"
		"  * -                  5                  -                  server mib.OutTransmits\n"
		"\n"
		"old          2 claims hold, 0 fail, 0 could not be told, 0 skipped\n"
		"new          1 claims hold, 1 fail, 0 could not be told, 0 skipped\n"
		"none         0 claims hold, 0 fail, 0 could not be told, 2 skipped\n");
}

static void it_is_told_three_ways(void **state)
{
	static const struct {
		enum print_format how;
		const char *has, *has_not;
	} rows[] = {
		{ PRINT_TEXT, "  * pass 60001", "mib.TW" },
		{ PRINT_TEXT, "  none: this kernel lacks veth", "  * pass 3" },
		{ PRINT_TEXT, "new          1 claims hold, 1 fail, 0 could not be told, 0 skipped", "pass -" },
		{ PRINT_TSV, "lab\tvariant\tkind\tdiffers\tnode\tfact\told\tnew\tnone\n", "mib.TW" },
		{ PRINT_TSV, "\tclaim\tdiffers\tclient\tconn1.TIME_WAIT.ms\tpass 60001\tFAIL 10\tskip -\n", "*" },
		{ PRINT_TSV, "\tfact\tdiffers\tserver\tmib.OutTransmits\t-\t5\t-\n", "*" },
		{ PRINT_JSON, "\"new\": \"FAIL\"", "mib.TW" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = told(rows[i].how);

		if (!strstr(text, rows[i].has) || strstr(text, rows[i].has_not))
			fail_msg("row %zu:\n%s", i, text);
	}
}

static long json_held;		/* what jansson has taken and not given back */

static void *json_take(size_t size)
{
	json_held++;
	return malloc(size);
}

static void json_give(void *ptr)
{
	json_held -= !!ptr;
	free(ptr);
}

static void nothing_of_it_is_kept(void **state)
{
	static const enum print_format ways[] = { PRINT_TEXT, PRINT_TSV, PRINT_JSON };

	(void)state;
	json_set_alloc_funcs(json_take, json_give);
	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		auto_free char *text = told(ways[w]);

		assert_true(*text);
		assert_int_equal(json_held, 0);
	}
	json_set_alloc_funcs(malloc, free);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_differs_is_a_matter_of_kind),
		cmocka_unit_test(claims_come_first_then_what_differs),
		cmocka_unit_test(alike_facts_become_one_row),
		cmocka_unit_test(what_differs_by_chance_becomes_a_range),
		cmocka_unit_test(the_smallest_comparisons_fold),
		cmocka_unit_test(columns_stand_below_each_other),
		cmocka_unit_test(it_is_told_three_ways),
		cmocka_unit_test(nothing_of_it_is_kept),
		cmocka_unit_test(it_is_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_judge.c - claims held against facts */
#include "tests/helpers/test.h"

#include "harness/judge/judge.h"

static void an_expectation_can_be_met_and_missed(void **state)
{
	static const struct { const char *expect, *met, *missed; } rows[] = {
		{ "= 1", "1", "2" }, { "= 1", "1.000", "" }, { "= ACK", "ACK", "ACK " }, { "= SYN_SENT CLOSE", "SYN_SENT CLOSE", "SYN_SENT" },
		{ "!= 0", "1", "0" }, { "!= RST", "ACK", "RST" }, { ">= 3", "3", "2.999" }, { "> 3", "3.001", "3" },
		{ "<= 3", "3", "3.1" }, { "< 3", "-1", "3" }, { "60000..64200", "60000", "59999.999" },
		{ "60000..64200", "64200.000", "64200.001" }, { "0..1", "0.5", "nothing" }, { "5..5", "5", "5.001" }, { "~ SYN", "RST SYN", "RST" },
		{ ">= 3", "4", "many" }, { "= 0", "0", "nothing" },
		/* what strtod(3) reads besides is text here */
		{ "= 111", "111", "nan" }, { ">= 3", "3", "nan" }, { "<= 3", "3", "-nan" }, { "> 3", "4", "inf" },
		{ "= 16", "16.0", "0x10" }, { "0..9", "6e0", "nan(7)" }, { "= nan", "nan", "1" }, { "!= 5", "nan", "5" },
		{ "< 9", "8", "-infinity" }, { "= 9007199254740993", "9007199254740993", "9007199254740992" },
		{ "= 5", "+5", " 5" }, { "= 5", "5.", "5 " },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct err err = { 0 };

		assert_int_equal(judge_expect(rows[r].expect, rows[r].met, &err), 1);
		assert_int_equal(judge_expect(rows[r].expect, rows[r].missed, &err), 0);
		assert_int_equal(err.code, 0);
	}
}

static void what_is_no_expectation_is_told(void **state)
{
	static const char *const rows[] = { "", "1", "=1", "a..b", "5..1", "around 3", "nan..nan", "0..inf", "0x1..0x9" };

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct err err = { 0 };

		assert_true(judge_expect(rows[r], "1", &err) < 0);
		assert_non_null(strstr(err.text, "is no"));
	}
}

/* Bytes that are no text are told apart, and told in ASCII. */
static void a_byte_that_is_no_text_is_judged_and_told(void **state)
{
	static const struct claim claims[] = {
		{ "A1", "the same", "client", "n", "= caf\xe9", "" }, { NULL, "another", "client", "n", "= caf\xe8", "" },
		{ NULL, "a part", "client", "n", "~ \xe9", "" }, { 0 }
	};
	static const enum result want[] = { RESULT_PASS, RESULT_FAIL, RESULT_PASS };
	const struct plan plan = { .claims = claims };
	struct facts facts = { 0 };
	struct verdicts verdicts;

	(void)state;
	facts_add(&facts, "client", "n", "caf\xe9", "programs/\xff.out:1");
	judge(&plan, &facts, &verdicts);
	assert_int_equal(verdicts.n, ARRAY_SIZE(want));
	for (size_t v = 0; v < ARRAY_SIZE(want); v++) {
		assert_int_equal(verdicts.rows[v].result, want[v]);
		assert_string_equal(verdicts.rows[v].seen, "caf\\xe9");
		assert_string_equal(verdicts.rows[v].where, "programs/\\xff.out:1");
	}
	assert_string_equal(verdicts.rows[1].expected, "= caf\\xe8");
	verdicts_free(&verdicts);
	facts_free(&facts);
}

static void each_claim_gets_a_verdict_with_its_evidence(void **state)
{
	static const struct claim claims[] = {
		{ "A1", "it is one", "client", "n", "= 1", "RFC 9293" },
		{ NULL, "it is two", "client", "n", "= 2", "RFC 9293" },
		{ NULL, "as many as there", "client", "n", "= @server:n", "RFC 9293" },
		{ NULL, "as many as the other", "client", "n", "= @m", "RFC 9293" },
		{ NULL, "not there", "client", "p", "= 0", "RFC 9293" },
		{ NULL, "compared with what is not there", "client", "n", "!= @p", "RFC 9293" },
		{ NULL, "a mistake in the table", "client", "n", "one", "RFC 9293" },
		{ 0 }
	};
	static const enum result want[] = { RESULT_PASS, RESULT_FAIL, RESULT_PASS, RESULT_FAIL, RESULT_FAIL, RESULT_FAIL, RESULT_ERROR };
	struct facts facts = { 0 };
	const struct plan plan = { .claims = claims };
	struct verdicts verdicts;

	(void)state;
	facts_add(&facts, "client", "n", "1", "packets.pcapng:7");
	facts_add(&facts, "client", "m", "3", "");
	facts_add(&facts, "server", "n", "1", "");
	judge(&plan, &facts, &verdicts);
	assert_int_equal(verdicts.n, ARRAY_SIZE(want));
	for (size_t v = 0; v < ARRAY_SIZE(want); v++)
		assert_int_equal(verdicts.rows[v].result, want[v]);
	assert_string_equal(verdicts.rows[0].where, "packets.pcapng:7");
	assert_string_equal(verdicts.rows[2].expected, "= 1");
	assert_string_equal(verdicts.rows[4].seen, "nothing");
	assert_int_equal(verdicts_count(&verdicts, RESULT_PASS), 2);
	verdicts_free(&verdicts);
	facts_free(&facts);
}

static void a_run_that_failed_decides_nothing(void **state)
{
	static const struct claim claims[] = { { "A1", "it is one", "client", "n", "= 1", "" }, { 0 } };
	const struct plan plan = { .claims = claims };
	struct verdicts verdicts;

	(void)state;
	judge_nothing(&plan, RESULT_SKIP, "no netem here", &verdicts);
	assert_int_equal(verdicts_count(&verdicts, RESULT_SKIP), 1);
	assert_string_equal(verdicts.rows[0].seen, "no netem here");
	verdicts_free(&verdicts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_expectation_can_be_met_and_missed),
		cmocka_unit_test(what_is_no_expectation_is_told),
		cmocka_unit_test(each_claim_gets_a_verdict_with_its_evidence),
		cmocka_unit_test(a_byte_that_is_no_text_is_judged_and_told),
		cmocka_unit_test(a_run_that_failed_decides_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

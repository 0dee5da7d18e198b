/* test_expr.c - the small sums of a lab's tables */
#include "tests/helpers/test.h"

#include <twlab/expr.h>

static const char *look(const void *names, const char *name)
{
	static const char *const known[][2] = {
		{ "closer", "server" }, { "hosts", "200" }, { "port", "8080" }, { "off", "0" }, { "i", "3" },
		{ "scene", "slow-start" }, { "two-way", "on" }, { "late", "5" }, { "empty", "" },
		{ "ts", "+5000" }, { "back", "-700" }, { "least", "-9223372036854775808" }, { "says", "two words" },
	};

	(void)names;
	for (size_t k = 0; k < ARRAY_SIZE(known); k++)
		if (!strcmp(known[k][0], name))
			return known[k][1];
	return NULL;
}

static void a_sum_has_its_value(void **state)
{
	static const struct { const char *text, *value; } rows[] = {
		{ "1 + 2 * 3", "7" }, { "(1 + 2) * 3", "9" }, { "10 - 4 - 3", "3" }, { "7 / 2", "3" }, { "7 % 4", "3" },
		{ "-3 + 5", "2" }, { "!0", "1" }, { "!hosts", "0" },
		{ "closer == server", "1" }, { "closer == client", "0" }, { "closer != client", "1" },
		{ "hosts >= 200 && closer == server", "1" }, { "hosts < 200 || port == 8080", "1" },
		{ "hosts < 200 && port == 8080", "0" }, { "i == 3 ? 7 : 8", "7" }, { "i == 4 ? 7 : i * 2", "6" },
		{ "1 == 2 != 0", "0" }, { "1 != 2 == 0", "0" }, { "5 - 2 + 1", "4" }, { "8 / 2 * 3", "12" }, { "8 * 3 % 5", "4" }, { "7 % 4 * 2", "6" },
		{ "1 + 2 < 4", "1" }, { "4 > 1 + 2", "1" }, { "2 * 3 >= 7 - 1", "1" }, { "6 <= 2 * 3", "1" }, { "3 < 3", "0" }, { "3 > 3", "0" },
		{ "3 == 1 + 2", "1" }, { "2 < 3 == 1", "1" }, { "1 == 3 > 2", "1" }, { "0 || 1 && 0", "0" }, { "1 || 1 && 0", "1" }, { "0 && 1 || 1", "1" },
		{ "1 || 0 == 0", "1" }, { "0 && 0 == 0", "0" }, { "1 <= 0 >= 0", "1" }, { "-7 / 2", "-3" }, { "-7 % 4", "-3" }, { "--3", "3" }, { "!!3", "1" },
		{ "word", "word" }, { "no-such-word", "no-such-word" },
		{ "scene == slow-start", "1" }, { "scene == slow-stop", "0" }, { "scene != slow-start", "0" },
		{ "i-1", "2" }, { "i - 1", "2" }, { "hosts-i-1", "196" }, { "7-3", "4" }, { "port-i", "8077" },
		{ "two-way == on", "1" }, { "two-way == on-line", "0" }, { "closer == half-server", "0" },
		{ "closer != half-server", "1" }, { "i == 3 ? sha-256 : none", "sha-256" }, { "9223372036854775807 - 1", "9223372036854775806" },
		{ "ts == +5000", "1" }, { "ts == 5000", "1" }, { "ts == -5000", "0" }, { "ts != +5000", "0" }, { "back == -700", "1" },
		{ "back == +700", "0" }, { "+3 - -3", "6" }, { "+ts", "5000" }, { "-ts", "-5000" }, { "-back", "700" },
		{ "ts == '+5000'", "1" }, { "says == 'two words'", "1" }, { "says == \"two words\"", "1" }, { "says == 'two'", "0" },
		{ "says == ''", "0" }, { "i == 3 ? 'a b' : c", "a b" }, { "least", "-9223372036854775808" }, { "least + 1", "-9223372036854775807" },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct err err = { 0 };
		auto_free char *value = expr_value(rows[r].text, look, NULL, &err);

		assert_string_equal(err.text, "");
		assert_string_equal(value, rows[r].value);
	}
}

static void a_mistake_is_told(void **state)
{
	static const struct { const char *text, *says; } rows[] = {
		{ "colser == server", "no such name on the left" }, { "1 / 0", "division by zero" }, { "1 % 0", "division by zero" }, { "1 / -1", "division by -1" }, { "1 % (0 - 1)", "division by -1" },
		{ "-9223372036854775807 - 1 - 1", "number too large" }, { "9223372036854775807 * 2", "number too large" },
		{ "1 +", "missing" }, { "(1", "')' is missing" }, { "1 ? 2", "':' is missing" }, { "1 2", "left over" },
		{ "word + 1", "no number" }, { "", "missing" }, { "-word", "sign" },
		{ "scene == late-fin", "no number" },	/* late is a name */
		{ "no-name == 1", "no such name on the left" }, { "word-", "missing" }, { "word--word", "sign" },
		{ "((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1", "nesting" },
		{ "-least", "number too large" }, { "+word", "sign" }, { "says == 'two", "end of a quoted text" }, { "'two' == says", "no such name" },
		{ "ts ==", "missing" }, { "ts == +", "missing" },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct err err = { 0 };
		auto_free char *value = expr_value(rows[r].text, look, NULL, &err);

		assert_null(value);
		assert_non_null(strstr(err.text, rows[r].says));
	}
}

/* However long the text is, the stack is not. */
static void nesting_is_bounded(void **state)
{
	static const struct { const char *again, *last; unsigned int times; bool good; } rows[] = {
		{ "1?1:", "1", 60, true }, { "1?1:", "1", 40000, false }, { "1?", "1", 40000, false },
		{ "(", "1", 40000, false }, { "-", "1", 60, true }, { "-", "1", 40000, false }, { "+", "1", 40000, false },
		{ "1+", "1", 40000, true },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		size_t len = strlen(rows[r].again);
		auto_free char *text = must_calloc(rows[r].times * len + strlen(rows[r].last) + 1, 1);
		auto_free char *value = NULL;
		struct err err = { 0 };

		for (unsigned int t = 0; t < rows[r].times; t++)
			memcpy(text + t * len, rows[r].again, len);
		strcpy(text + rows[r].times * len, rows[r].last);
		value = expr_value(text, look, NULL, &err);
		assert_int_equal(value != NULL, rows[r].good);
		if (!rows[r].good)
			assert_non_null(strstr(err.text, "too much nesting"));
	}
}

/* Nesting is bounded, length is not. */
static void a_sum_may_be_long(void **state)
{
	auto_free char *sum = must_strdup("1"), *value = NULL;
	struct err err = { 0 };

	(void)state;
	for (int i = 0; i < 200; i++)
		must_append(&sum, " + (1)");
	value = expr_value(sum, look, NULL, &err);
	assert_string_equal(value ? value : err.text, "201");
}

static void no_and_off_do_not_hold(void **state)
{
	static const struct { const char *text; int holds; } rows[] = {
		{ "1", 1 }, { "yes", 1 }, { "0", 0 }, { "no", 0 }, { "off", 0 }, { "empty", 0 }, { "!empty", 1 }, { "hosts > 199", 1 }, { "hosts > 200", 0 },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++)
		assert_int_equal(expr_holds(rows[r].text, look, NULL, NULL), rows[r].holds);
}

static void braces_are_filled_in(void **state)
{
	static const struct { const char *text, *filled; } rows[] = {
		{ "10.1.0.{i}/32", "10.1.0.3/32" }, { "{port} {hosts - 1}", "8080 199" }, { "plain", "plain" }, { "", "" },
		{ "{(i + 1) * 1000}..9000", "4000..9000" },
		{ "table t { chain c { type nat; } }", "table t { chain c { type nat; } }" },	/* nft's own */
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *filled = expr_fill(rows[r].text, look, NULL, NULL);

		assert_string_equal(filled, rows[r].filled);
	}
	assert_null(expr_fill("{hosts", look, NULL, NULL));
	assert_null(expr_fill("{hosts +}", look, NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sum_has_its_value),
		cmocka_unit_test(a_mistake_is_told),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(a_sum_may_be_long),
		cmocka_unit_test(no_and_off_do_not_hold),
		cmocka_unit_test(braces_are_filled_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

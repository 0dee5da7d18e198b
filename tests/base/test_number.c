/* test_number.c - numbers that a program or a person wrote */
#include "tests/helpers/test.h"

#include <twlab/number.h>

static void a_decimal_number_is_one_and_nothing_else_is(void **state)
{
	static const struct { const char *text; bool is; long double n; } rows[] = {
		{ "0", true, 0 }, { "-7", true, -7 }, { "+7", true, 7 }, { "1.5", true, 1.5L }, { ".5", true, 0.5L },
		{ "5.", true, 5 }, { "6e4", true, 60000 }, { "6E-1", true, 0.6L }, { "007", true, 7 },
		{ "18446744073709551615", true, 18446744073709551615.0L },
		{ "", false }, { "nan", false }, { "-nan", false }, { "NAN(1)", false }, { "inf", false }, { "infinity", false },
		{ "0x10", false }, { "0x1p3", false }, { " 1", false }, { "1 ", false }, { "1e", false }, { "e1", false },
		{ "1,5", false }, { ".", false }, { "-", false }, { "--1", false }, { "1.2.3", false }, { "1e99999", false },
		{ "1\n", false }, { "\xd9\xa1", false },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		long double n;

		print_message("'%s'\n", rows[r].text);
		assert_int_equal(number_decimal(rows[r].text, &n), rows[r].is);
		if (rows[r].is && (n < rows[r].n || n > rows[r].n))
			fail_msg("%Lf, not %Lf", n, rows[r].n);
	}
}

static void a_whole_number_has_64_bits(void **state)
{
	static const struct { const char *text; bool is, is_unsigned; } rows[] = {
		{ "0", true, true }, { "010", true, true }, { "-1", true, false }, { "+1", true, false },
		{ "9223372036854775807", true, true }, { "-9223372036854775808", true, false },
		{ "9223372036854775808", false, true }, { "18446744073709551615", false, true },
		{ "18446744073709551616", false, false }, { "", false, false }, { "-", false, false },
		{ " 1", false, false }, { "1 ", false, false }, { "0x10", false, false }, { "1.0", false, false }, { "1e3", false, false },
	};
	long long n;
	uint64_t u;

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		print_message("'%s'\n", rows[r].text);
		assert_int_equal(number_integer(rows[r].text, &n), rows[r].is);
		assert_int_equal(number_unsigned(rows[r].text, &u), rows[r].is_unsigned);
	}
	assert_true(number_unsigned("010", &u) && u == 10);
	assert_true(number_integer("-9223372036854775808", &n) && n == INT64_MIN);
}

static void a_number_ends_where_its_unit_begins(void **state)
{
	static const struct { const char *text; size_t len; } rows[] = {
		{ "1.5%", 3 }, { "20ms", 2 }, { "1e3ms", 3 }, { "1em", 1 }, { "1e+", 1 }, { "nan%", 0 }, { "%", 0 },
		{ "-.5x", 3 }, { "0x1", 1 },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++)
		assert_int_equal(number_span(rows[r].text), rows[r].len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_decimal_number_is_one_and_nothing_else_is),
		cmocka_unit_test(a_whole_number_has_64_bits),
		cmocka_unit_test(a_number_ends_where_its_unit_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

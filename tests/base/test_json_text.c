/* test_json_text.c - text that may hold any bytes, as UTF-8 and as JSON */
#include "tests/helpers/test.h"

#include <twlab/json_text.h>
#include <twlab/utf8.h>

static const struct { const char *text, *clean; } rows[] = {
	{ "", "" }, { "plain", "plain" }, { "\xc3\xa4\xe2\x82\xac\xf0\x9f\x99\x82", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x99\x82" },
	{ "caf\xe9", "caf\\xe9" }, { "\xff", "\\xff" }, { "\x80", "\\x80" }, { "\xc3", "\\xc3" }, { "\xc3(", "\\xc3(" },
	{ "\xc0\x80", "\\xc0\\x80" }, { "\xe0\x80\x80", "\\xe0\\x80\\x80" },	/* too long for what they are */
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, { "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },	/* a surrogate; beyond U+10FFFF */
	{ "\xe2\x82", "\\xe2\\x82" }, { "a\x01\"\\\n", "a\x01\"\\\n" },
};

static void each_text_becomes_utf8(void **state)
{
	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *clean = utf8_text(rows[r].text);

		assert_string_equal(clean, rows[r].clean);
		assert_int_equal(utf8_is(rows[r].text), !strcmp(rows[r].text, rows[r].clean));
		assert_true(utf8_is(clean));
	}
}

/* As a value and as a member's name, read again by jansson. */
static void each_text_becomes_json(void **state)
{
	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		json_t *object = json_object(), *again, *quoted;
		auto_free char *text = NULL, *in_quotes = json_text_quoted(rows[r].text);

		json_text_set(object, rows[r].text, json_text(rows[r].text));
		text = json_dumps(object, 0);
		again = json_loads(text, 0, NULL);
		assert_string_equal(json_string_value(json_object_get(again, rows[r].clean)), rows[r].clean);
		quoted = json_loads(in_quotes, JSON_DECODE_ANY, NULL);
		assert_string_equal(json_string_value(quoted), rows[r].clean);
		json_decref(quoted);
		json_decref(again);
		json_decref(object);
	}
	assert_true(json_is_null(json_text(NULL)));
}

/* Any bytes at all: 20,000 texts of them, the same each time. */
static void any_bytes_come_back(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int t = 0; t < 20000; t++) {
		char bytes[24] = "";
		auto_free char *dumped = NULL, *back = NULL;
		json_t *json, *again, *text;

		for (size_t b = 0; b < (size_t)t % sizeof(bytes); b++) {
			seed = seed * 1664525 + 1013904223;
			bytes[b] = (char)(1 + seed % 255);
		}
		json = json_bytes(bytes);
		dumped = json_dumps(json, JSON_ENCODE_ANY);
		again = json_loads(dumped, JSON_DECODE_ANY, NULL);
		back = json_bytes_value(again);
		assert_string_equal(back, bytes);
		text = json_text(bytes);
		assert_non_null(json_string_value(text));
		json_decref(text);
		json_decref(again);
		json_decref(json);
	}
}

static void what_is_no_bytes_is_refused(void **state)
{
	static const char *const no[] = { "1", "null", "[]", "\"\\u20ac\"", "\"a\\u0100\"" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		json_t *json = json_loads(no[i], JSON_DECODE_ANY, NULL);

		assert_non_null(json);
		assert_null(json_bytes_value(json));
		json_decref(json);
	}
	assert_null(json_bytes_value(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_text_becomes_utf8),
		cmocka_unit_test(each_text_becomes_json),
		cmocka_unit_test(any_bytes_come_back),
		cmocka_unit_test(what_is_no_bytes_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

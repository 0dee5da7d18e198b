/* test_dot.c - text that cannot break a picture, widths, colours that read */
#include "diagrams/dot.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/helpers/test.h"

static const struct {
	const char *name, *text, *escaped, *quoted;
} texts[] = {
	{ "plain text stays", "FIN, ACK", "FIN, ACK", "\"FIN, ACK\"" },
	{ "UTF-8 stays", "60 µs · ×2 ●", "60 µs · ×2 ●", "\"60 µs · ×2 ●\"" },
	{ "markup is only text", "<B>&\"", "&lt;B&gt;&amp;&quot;", "\"<B>&amp;\\\"\"" },
	{ "an escape of DOT is only text", "\\N\\", "\\N\\", "\"\\\\N\\\\\"" },
	{ "an entity is only text", "&lt;", "&amp;lt;", "\"&amp;lt;\"" },
	{ "lines are kept", "a\nb", "a<BR/>b", "\"a\\nb\"" },
	{ "control characters are none", "a\x01\x7f", "a\ufffd\ufffd", "\"a\ufffd\ufffd\"" },
	{ "a lone continuation byte is none", "\x80z", "\ufffdz", "\"\ufffdz\"" },
	{ "a cut sequence is none", "\xe2\x97", "\ufffd\ufffd", "\"\ufffd\ufffd\"" },
	{ "an overlong slash is none", "\xc0\xaf", "\ufffd\ufffd", "\"\ufffd\ufffd\"" },
	{ "a surrogate is none", "\xed\xa0\x80", "\ufffd\ufffd\ufffd", "\"\ufffd\ufffd\ufffd\"" },
	{ "beyond U+10FFFF is none", "\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd", "\"\ufffd\ufffd\ufffd\ufffd\"" },
};

static void text_cannot_break_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		auto_free char *escaped = dot_escape(texts[i].text);
		auto_free char *quoted = dot_quote(texts[i].text);

		if (strcmp(escaped, texts[i].escaped) || strcmp(quoted, texts[i].quoted))
			fail_msg("%s: %s and %s", texts[i].name, escaped, quoted);
	}
}

static void an_estimate_is_rather_too_wide(void **state)
{
	/* As Pango measures DejaVu Sans at 10 points. */
	static const struct { const char *text; double width; } measured[] = {
		{ "ESTABLISHED", 67 }, { "seq 1 ack 10 len 6", 89 }, { "iiii", 13 }, { "MMMM", 37 },
		{ "a\nESTABLISHED\nb", 67 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(measured); i++) {
		double width = dot_width(measured[i].text, 10);

		assert_true(width >= measured[i].width);
		assert_true(width <= measured[i].width * 1.3);
	}
}

static char *a_picture(const char *title)
{
	struct dot *dot = dot_new(100, 50, title, "caption");

	dot_box(dot, &(struct dot_box){ 50, 20, 30, 10, .look = palette_look(LOOK_NOTE), .plain = "box" });
	dot_line(dot, &(struct dot_line){ palette_look(LOOK_CLIENT), .arrow = ARROW_END },
		 (struct dot_point){ 10, 40 }, (struct dot_point){ 60, 40 });
	return dot_end(dot);
}

/* In a box a line ends between bold and plain, where there are both. */
static void bold_stands_above_plain(void **state)
{
	static const struct { const char *bold, *plain; unsigned int breaks; } rows[] = {
		{ "b", NULL, 0 }, { "b", "", 0 }, { NULL, "p", 0 }, { "b", "p", 1 },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct dot *dot = dot_new(100, 100, "t", "c");
		auto_free char *text = NULL;

		dot_box(dot, &(struct dot_box){ 50, 50, 40, 40, .look = palette_look(LOOK_INK), .bold = rows[r].bold, .plain = rows[r].plain });
		text = dot_end(dot);
		assert_int_equal(test_count(text, "<BR/>"), rows[r].breaks);
	}
}

static void the_same_calls_give_the_same_bytes(void **state)
{
	auto_free char *one = a_picture("title"), *two = a_picture("title"), *other = a_picture("titel");

	(void)state;
	assert_string_equal(one, two);
	assert_string_not_equal(one, other);
}

static void things_stand_where_they_are_put(void **state)
{
	auto_free char *text = a_picture("t");

	(void)state;
	assert_non_null(strstr(text, "pos=\"50.0,-20.0\", width=0.4167, height=0.1389"));
	/* The line ends where its arrow's head, 9 points long, begins. */
	assert_non_null(strstr(text, "pos=\"e,60.0,-40.0 10.0,-40.0 26.7,-40.0 43.3,-40.0 51.0,-40.0\""));
}

/* WCAG 2.2, relative luminance: what is left of a colour in grey. */
static double linear(long channel)
{
	double c = (double)channel / 255, base = (c + 0.055) / 1.055, root = 1, power = 1;

	if (c <= 0.04045)
		return c / 12.92;
	for (int i = 0; i < 60; i++)	/* Newton: the fifth root */
		root -= (root * root * root * root * root - base) / (5 * root * root * root * root);
	for (int i = 0; i < 12; i++)
		power *= root;
	return power;			/* base to the power of 2.4 */
}

static double light(const char *colour)
{
	long rgb = strtol(colour + 1, NULL, 16);

	return 0.2126 * linear(rgb >> 16 & 0xff) + 0.7152 * linear(rgb >> 8 & 0xff) +
	       0.0722 * linear(rgb & 0xff);
}

static double contrast(const char *a, const char *b)
{
	double x = light(a), y = light(b);

	return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

static void colours_are_weighed_as_the_eye_does(void **state)
{
	(void)state;
	assert_true(contrast("#000000", "#ffffff") > 20.99);
	assert_true(contrast("#777777", "#777777") < 1.01);
	assert_true(light("#bcbcbc") > 0.502 && light("#bcbcbc") < 0.503);	/* 188/255: 0.5029 */
	assert_true(light("#00ff00") > light("#ff0000"));
	assert_true(light("#ff0000") > light("#0000ff"));
}

static void every_text_reads_on_its_ground(void **state)
{
	(void)state;	/* WCAG 2.2, 1.4.3: at least 4.5 */
	for (int i = 0; i < LOOKS; i++) {
		const struct look *look = palette_look((enum role)i);

		assert_true(contrast(look->text, "#ffffff") >= 4.5);
		if (i != LOOK_CLIENT && i != LOOK_RST && *look->fill)
			assert_true(contrast(look->text, look->fill) >= 4.4);
	}
	for (int i = STATE_NONE + 1; i < STATES; i++) {
		const struct look *look = palette_state((enum tcp_state)i);

		assert_true(contrast(look->text, look->fill) >= 4.5);
	}
}

static void what_must_differ_differs_in_grey(void **state)
{
	/* Neighbours on a life line, and the two sides. */
	static const enum tcp_state next[][2] = {
		{ STATE_ESTABLISHED, STATE_FIN_WAIT1 }, { STATE_FIN_WAIT1, STATE_FIN_WAIT2 },
		{ STATE_FIN_WAIT2, STATE_TIME_WAIT }, { STATE_FIN_WAIT1, STATE_CLOSING },
		{ STATE_CLOSING, STATE_TIME_WAIT }, { STATE_ESTABLISHED, STATE_CLOSE_WAIT },
		{ STATE_CLOSE_WAIT, STATE_LAST_ACK }, { STATE_SYN_RECV, STATE_ESTABLISHED },
		{ STATE_FIN_WAIT1, STATE_TIME_WAIT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(next); i++)
		if (contrast(palette_state(next[i][0])->fill, palette_state(next[i][1])->fill) < 1.1)
			fail_msg("%d and %d look alike in grey", next[i][0], next[i][1]);
	assert_true(contrast(palette_look(LOOK_CLIENT)->line, palette_look(LOOK_SERVER)->line) >= 1.7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_cannot_break_out),
		cmocka_unit_test(an_estimate_is_rather_too_wide),
		cmocka_unit_test(bold_stands_above_plain),
		cmocka_unit_test(the_same_calls_give_the_same_bytes),
		cmocka_unit_test(things_stand_where_they_are_put),
		cmocka_unit_test(colours_are_weighed_as_the_eye_does),
		cmocka_unit_test(every_text_reads_on_its_ground),
		cmocka_unit_test(what_must_differ_differs_in_grey),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

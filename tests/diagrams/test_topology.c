/* test_topology.c - the picture of a lab is that of its tables */
#include "diagrams/topology.h"
#include "tests/helpers/test.h"
#include "labs/index.h"

static char *draw(const char *lab, const char *variant, const char *set)
{
	struct err err = { 0 };
	struct plan *plan = plan_new(lab_find(lab), variant, &set, set ? 1 : 0, &err);
	char *text;

	if (!plan)
		fail_msg("%s", err.text);
	text = topology_draw(plan, "a <caption>");
	plan_free(plan);
	return text;
}

static const struct {
	const char *name, *lab, *variant, *set, *text;
	unsigned int times;
} rows[] = {
	{ "addresses", "four-way-close", NULL, NULL, "10.0.0.1/24", 1 },
	{ "the subnet of a link", "four-way-close", NULL, NULL, "10.0.0.0/24", 1 },
	{ "what a wire takes, and in which direction", "final-ack-loss", "kept", NULL, "toward server: delay 10ms loss 100%", 1 },
	{ "and what it does without", "final-ack-loss", "kept", NULL, "delay 10ms each way", 1 },
	{ "what the parameter says, not what the link says", "four-way-close", NULL, "delay=70", "delay 70ms each way", 1 },
	{ "a wire takes nothing", "tw-recycle-nat", NULL, NULL, "loss", 0 },
	{ "a sysctl", "final-ack-loss", "no-buckets", NULL, "tcp_max_tw_buckets = 0", 1 },
	{ "no sysctl", "final-ack-loss", "kept", NULL, "tcp_max_tw_buckets", 0 },
	{ "recycling", "tw-recycle-nat", "recycling", NULL, "tcp_tw_recycle = 1", 1 },
	{ "no recycling", "tw-recycle-nat", "recycling-off", NULL, "tcp_tw_recycle = 1", 0 },
	{ "one address", "tw-recycle-nat", "recycling", NULL, "all behind one address", 1 },
	{ "an address each", "tw-recycle-nat", "pool", NULL, "an address for each host", 1 },
	{ "no NAT rule", "tw-recycle-nat", "no-nat", NULL, "address", 0 },
	{ "five hosts are all drawn", "tw-recycle-nat", NULL, "hosts=5", "clock", 5 },
	{ "and nothing is left out", "tw-recycle-nat", NULL, "hosts=5", "more", 0 },
	{ "of two hundred, three", "tw-recycle-nat", NULL, "hosts=200", "clock", 3 },
	{ "and how many are not", "tw-recycle-nat", NULL, "hosts=200", "197 more: host", 1 },
	{ "the last is among them", "tw-recycle-nat", NULL, "hosts=200", "\"host200\"", 2 },
	{ "the one ahead as well", "tw-recycle-nat", NULL, "ahead=1", "clock ahead", 1 },
	{ "text is escaped", "four-way-close", NULL, NULL, "a &lt;caption&gt;", 1 },
};

static void a_lab_is_drawn_from_its_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = draw(rows[i].lab, rows[i].variant, rows[i].set);
		unsigned int n = test_count(text, rows[i].text);

		if (n != rows[i].times)
			fail_msg("%s: \"%s\" is there %u times", rows[i].name, rows[i].text, n);
	}
}

static void the_host_that_is_ahead_is_never_left_out(void **state)
{
	const char *sets[] = { "hosts=100", "ahead=57" };
	struct plan *plan = plan_new(lab_find("tw-recycle-nat"), NULL, sets, 2, NULL);
	auto_free char *text = topology_draw(plan, "");

	(void)state;
	assert_int_equal(test_count(text, "host57"), 3);	/* its node, its name, its line */
	assert_int_equal(test_count(text, "host58"), 0);
	assert_int_equal(test_count(text, "96 more: host"), 1);
	plan_free(plan);
}

static void the_same_lab_gives_the_same_bytes(void **state)
{
	auto_free char *one = draw("tw-recycle-nat", NULL, NULL), *two = draw("tw-recycle-nat", NULL, NULL);

	(void)state;
	assert_string_equal(one, two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lab_is_drawn_from_its_tables),
		cmocka_unit_test(the_host_that_is_ahead_is_never_left_out),
		cmocka_unit_test(the_same_lab_gives_the_same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

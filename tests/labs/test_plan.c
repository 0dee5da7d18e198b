/* test_plan.c - a lab with its parameters filled in */
#include "tests/helpers/test.h"

#include "labs/index.h"
#include "labs/plan/plan.h"

static unsigned int count_nodes(const struct plan *plan)
{
	unsigned int n = 0;

	while (plan->topo.nodes[n].name)
		n++;
	return n;
}

static struct plan *plan_with(const char *variant, const char *set, struct err *err)
{
	return plan_new(lab_find("tw-recycle-nat"), variant, &set, set ? 1 : 0, err);
}

static void a_lab_has_several_names(void **state)
{
	(void)state;
	assert_ptr_equal(lab_find("01-four-way-close"), lab_find("1"));
	assert_ptr_equal(lab_find("four-way-close"), lab_find("01"));
	assert_non_null(lab_find("1"));
	assert_null(lab_find("0"));
	assert_null(lab_find("four"));
	assert_null(lab_find("1x"));
	assert_null(lab_find(""));
}

static void many_nodes_are_written_out(void **state)
{
	static const struct { const char *set; unsigned int nodes; } rows[] = {
		{ "hosts=1", 3 }, { "hosts=2", 4 }, { "hosts=200", 202 },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct err err = { 0 };
		struct plan *plan = plan_with(NULL, rows[r].set, &err);

		assert_non_null(plan);
		assert_int_equal(count_nodes(plan), rows[r].nodes);
		assert_string_equal(plan->topo.nodes[0].name, "host1");
		assert_string_equal(plan->topo.nodes[0].uptime_s, "2000000");
		assert_string_equal(plan->topo.links[0].a.addr, "10.1.0.1/32");
		assert_string_equal(plan->topo.links[0].b.dev, "lan1");
		assert_string_equal(plan->programs[1].name, "client1");
		assert_string_equal(plan->programs[1].node, "host1");
		plan_free(plan);
	}
}

static void what_is_no_number_or_no_text_is_refused(void **state)
{
	static const struct node nodes[] = { { "host", .many = "some" }, { 0 } };
	struct lab lab = { .name = "13-odd", .variants = (const struct variant[]){ { "v" }, { 0 } }, .topo = { .nodes = nodes } };
	struct err err = { 0 };

	(void)state;
	assert_null(plan_new(&lab, NULL, NULL, 0, &err));
	assert_non_null(strstr(err.text, "'some' is no number of nodes"));
	assert_null(plan_with(NULL, "hosts=\xff", &err));
	assert_non_null(strstr(err.text, "no UTF-8"));
	assert_null(plan_with(NULL, "hosts= 2", &err));
	assert_null(plan_with(NULL, "hosts=0x2", &err));
}

static void rows_that_do_not_apply_are_left_out(void **state)
{
	struct err err = { 0 };
	struct plan *masked = plan_with("recycling", NULL, &err), *open = plan_with("no-nat", NULL, &err);

	(void)state;
	assert_non_null(masked->topo.rulesets[0].node);
	assert_null(open->topo.rulesets[0].node);
	assert_string_equal(open->topo.nodes[3].recycle, "1");
	plan_free(masked);
	plan_free(open);
}

static void a_wrong_set_is_refused_with_what_is_allowed(void **state)
{
	static const struct { const char *variant, *set, *says; } rows[] = {
		{ NULL, "hosts=0", "must be in 1..200" }, { NULL, "hosts=201", "must be in 1..200" },
		{ NULL, "hosts=two", "must be in 1..200" }, { NULL, "hosts=", "must be in 1..200" },
		{ NULL, "hosts=99999999999999999999", "must be in" }, { NULL, "hosts", "needs a value" },
		{ NULL, "host=2", "it has: hosts, ahead" }, { NULL, "nat=on", "must be in one|pool|no" },
		{ NULL, "nat=o", "must be in one|pool|no" }, { "nonsense", NULL, "it has: recycling, catching-up" },
		{ NULL, "", "has no parameter ''" }, { NULL, "ahead=3", "ahead=3: it must be in 1..hosts" },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct err err = { 0 };

		assert_null(plan_with(rows[r].variant, rows[r].set, &err));
		assert_non_null(strstr(err.text, rows[r].says));
	}
}

/* Every lab's every variant can be filled in: no misspelt name in any table. */
static void every_variant_of_every_lab_is_whole(void **state)
{
	(void)state;
	for (const struct lab *const *lab = all_labs; *lab; lab++)
		for (const struct variant *variant = (*lab)->variants; variant->name; variant++) {
			struct err err = { 0 };
			struct plan *plan = plan_new(*lab, variant->name, NULL, 0, &err);

			assert_string_equal(err.text, "");
			assert_non_null(plan->steps[0].on);
			assert_non_null(plan->claims[0].words);
			plan_free(plan);
		}
}

static void a_star_names_the_numbered(void **state)
{
	static const struct { const char *pattern, *name; bool names; } rows[] = {
		{ "host*", "host1", true }, { "host*", "host200", true }, { "host*", "host", false },
		{ "host*", "hostess", false }, { "host*", "ghost1", false }, { "host1", "host1", true }, { "host1", "host11", false },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++)
		assert_int_equal(plan_names(rows[r].pattern, rows[r].name), rows[r].names);
}

/* The same hosts in another network: every address of 10.0 to 10.3 and no other moves. */
static void a_plan_can_have_another_network(void **state)
{
	static const struct { const char *set, *text, *want; } rows[] = {
		{ "net=1", "10.0.0.1/24 10.3.0.2", "10.4.0.1/24 10.7.0.2" },
		{ "net=60", "{ 10.1.0.0/24 : 198.51.100.0/24 }", "{ 10.241.0.0/24 : 198.51.100.0/24 }" },
		{ "net=2", "110.0.0.1 1.10.0.0.1 10.4.0.1 10.0 x10.0.0.1", "110.0.0.1 1.10.0.0.1 10.4.0.1 10.0 x10.8.0.1" },
		{ "net=0", "10.0.0.1", "10.0.0.1" },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct err err = { 0 };
		struct plan *plan = plan_new(lab_find("3"), NULL, &rows[r].set, 1, &err);
		auto_free char *got = plan ? plan_address(plan, rows[r].text) : NULL;

		if (!got || strcmp(got, rows[r].want))
			fail_msg("%s: %s", rows[r].set, got ? got : err.text);
		plan_free(plan);
	}
}

/* What a variant gives, and not what the lab gives without it, is the variant's usual. */
static void what_is_usual_is_what_a_variant_alone_gives(void **state)
{
	static const struct { const char *variant, *param; bool usual; } rows[] = {
		{ "kept", "timewait=kept", true }, { "kept", "timewait=destroyed", false }, { "kept", "holds=yes", true },
		{ "nobody-holds", "holds=no", true }, { "nobody-holds", "holds=yes", false }, { "nobody-holds", "timewait=kept", false },
		{ "nobody-holds", "delay=10", true }, { "nobody-holds", "delay=100", false }, { "nobody-holds", "delay=1", false },
		{ "kept", "ip=6", false }, { "kept", "net=3", false }, { "kept", "delay", false },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct plan *plan = plan_new(lab_find("3"), rows[r].variant, NULL, 0, NULL);

		assert_non_null(plan);
		for (unsigned int p = 0; p < plan->n_params; p++)
			assert_true(plan_is_usual(plan, plan->params[p]));
		if (plan_is_usual(plan, rows[r].param) != rows[r].usual)
			fail_msg("%s: %s", rows[r].variant, rows[r].param);
		plan_free(plan);
	}
}

static void what_every_lab_has_follows_everywhere(void **state)
{
	const char *const sets[] = { "hello=abcde", "net=5", "mac=7" };
	struct err err = { 0 };
	struct plan *plan = plan_new(lab_find("3"), NULL, sets, 3, &err);

	(void)state;
	assert_non_null(plan);
	assert_string_equal(plan->topo.links[0].a.addr, "10.20.0.1/24");
	assert_non_null(strstr(plan->programs[1].args, "10.20.0.2 "));
	assert_int_equal(plan->topo.macs, 7 << 16);
	assert_string_equal(plan_param(plan, "hello"), "abcde");
	assert_string_equal(plan->params[plan->n_params - 1], "hello=abcde");	/* however they were given */
	assert_string_equal(plan->params[plan->n_params - 3], "net=5");
	plan_free(plan);
}

static void what_every_lab_has_is_in_its_range(void **state)
{
	static const char *const good[] = { "net=60", "net=0", "mac=255", "mac=0", "hello=a", "hello=abcdefghijkl" };
	static const char *const sets[] = { "net=61", "net=-1", "net=1x", "net=", "mac=256", "hello=", "hello=Abc", "hello=abcdefghijklm" };

	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(sets); s++) {
		struct err err = { 0 };

		if (plan_new(lab_find("3"), NULL, &sets[s], 1, &err) || !strstr(err.text, "must be"))
			fail_msg("%s: %s", sets[s], err.text);
	}
	for (size_t s = 0; s < ARRAY_SIZE(good); s++) {
		struct err err = { 0 };
		struct plan *plan = plan_new(lab_find("3"), NULL, &good[s], 1, &err);

		if (!plan)
			fail_msg("%s: %s", good[s], err.text);
		plan_free(plan);
	}
}

/* A variant's sets stand behind each other; what only begins like one that every lab has is none. */
static void what_every_lab_has_may_stand_in_a_variant(void **state)
{
	static const struct variant variants[] = { { "with", "net=5 hello=abc mac=9 delay=7" }, { 0 } };
	static const char *const others[] = { "netx=5", "hello.=a", "ma=1", "=1", "nets" };
	struct lab lab = *lab_find("3");
	struct err err = { 0 };
	struct plan *plan;

	(void)state;
	lab.variants = variants;
	plan = plan_new(&lab, "with", NULL, 0, &err);
	assert_string_equal(err.text, "");
	assert_string_equal(plan_param(plan, "net"), "5");
	assert_string_equal(plan_param(plan, "hello"), "abc");
	assert_string_equal(plan_param(plan, "mac"), "9");
	assert_string_equal(plan_param(plan, "delay"), "7");
	plan_free(plan);
	for (size_t o = 0; o < ARRAY_SIZE(others); o++) {
		assert_null(plan_new(&lab, "with", &others[o], 1, &err));
		if (!strstr(err.text, "has no parameter"))
			fail_msg("%s: %s", others[o], err.text);
	}
}

/* A lab, or a variant of it, that cannot be run over IPv6 says why; over IPv4 there is nothing to say. */
static void what_is_ipv4_only_says_why(void **state)
{
	static const struct variant variants[] = { { "any", "" }, { "one", "", .ipv4_only = "the variant" }, { 0 } };
	static const struct { const char *lab, *variant, *ip, *why; } rows[] = {
		{ NULL, "any", "ip=6", NULL }, { NULL, "one", "ip=6", "the variant" }, { "the lab", "any", "ip=6", "the lab" },
		{ "the lab", "one", "ip=6", "the lab" }, { "the lab", "one", "ip=4", NULL },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct lab lab = *lab_find("3");
		struct err err = { 0 };
		struct plan *plan;

		lab.variants = variants;
		lab.ipv4_only = rows[r].lab;
		plan = plan_new(&lab, rows[r].variant, &rows[r].ip, 1, &err);
		assert_string_equal(err.text, "");
		assert_string_equal(plan->ipv4_only ? plan->ipv4_only : "nothing", rows[r].why ? rows[r].why : "nothing");
		plan_free(plan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lab_has_several_names),
		cmocka_unit_test(many_nodes_are_written_out),
		cmocka_unit_test(what_is_no_number_or_no_text_is_refused),
		cmocka_unit_test(rows_that_do_not_apply_are_left_out),
		cmocka_unit_test(a_wrong_set_is_refused_with_what_is_allowed),
		cmocka_unit_test(every_variant_of_every_lab_is_whole),
		cmocka_unit_test(a_star_names_the_numbered),
		cmocka_unit_test(a_plan_can_have_another_network),
		cmocka_unit_test(what_every_lab_has_follows_everywhere),
		cmocka_unit_test(what_is_usual_is_what_a_variant_alone_gives),
		cmocka_unit_test(what_every_lab_has_is_in_its_range),
		cmocka_unit_test(what_every_lab_has_may_stand_in_a_variant),
		cmocka_unit_test(what_is_ipv4_only_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

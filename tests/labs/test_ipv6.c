/* test_ipv6.c - labs over IPv6: what becomes of the tables, and what is on the wire then */
#include "tests/helpers/test.h"

#include "harness/judge/judge.h"
#include "harness/run/requirements.h"
#include "labs/index.h"
#include <twlab/tcp.h>

#include <sys/wait.h>

static const char *const ip6[] = { "ip=6" };

static const struct variant variants[] = {
	{ "usual", "", "what holds anywhere" },
	{ "narrow", "", "what does not", .ipv4_only = "it is about fragments on the way" },
	{ 0 }
};
static const struct node nodes[] = { { "a" }, { "b" }, { 0 } };
static const struct link links[] = {
	{ { "a", "eth0", "10.0.0.1/24 10.0.1.1/24" }, { "b", "eth0", "10.0.0.2/24" } }, { 0 }
};
static const struct route routes[] = { { "a", "192.0.2.0/24", "10.0.0.2" }, { 0 } };
static const struct ruleset rulesets[] = { { "b", "table ip t { chain c { ip saddr 10.0.0.1 drop; }; }" }, { 0 } };
static const struct program programs[] = { { "p", "a", "p", "10.0.0.2 {ip == 6 ? 1440 : 1460}" }, { 0 } };
static const struct step steps[] = { { DO_SEND, "a", "SYN from=10.0.0.1:1 to=10.0.0.2:2" }, { 0 } };
static const struct claim claims[] = {
	{ NULL, "anywhere", "a", "conns", "= 1", "RFC 9293, 3.10.7.4" },
	{ NULL, "not there", "a", "conns", "= 2", "RFC 791, 3.2", .ipv4_only = "a router does not fragment" },
	{ 0 }
};
static const struct lab lab = {
	"made-up", "What?", "That.", NULL, variants, { nodes, links, routes, NULL, rulesets }, programs, steps, claims
};

static void addresses_and_rules_become_ipv6(void **state)
{
	struct plan *plan = plan_new(&lab, NULL, ip6, 1, NULL);

	(void)state;
	assert_string_equal(plan->topo.links[0].a.addr, "fd00::10:0:0:1/112 fd00::10:0:1:1/112");
	assert_string_equal(plan->topo.routes[0].to, "fd00::192:0:2:0/112");
	assert_string_equal(plan->topo.routes[0].via, "fd00::10:0:0:2");
	assert_string_equal(plan->topo.rulesets[0].nft, "table ip6 t { chain c { ip6 saddr fd00::10:0:0:1 drop; }; }");
	assert_string_equal(plan->programs[0].args, "fd00::10:0:0:2 1440");
	assert_string_equal(plan->steps[0].what, "SYN from=[fd00::10:0:0:1]:1 to=[fd00::10:0:0:2]:2");
	assert_string_equal(plan->claims[0].source, "RFC 9293, 3.10.7.4");
	assert_string_equal(plan->params[plan->n_params - 1], "ip=6");
	assert_true(topo_has_ipv6(&plan->topo));
	plan_free(plan);
}

static void without_it_nothing_changes(void **state)
{
	static const char *const four[] = { "ip=4" }, *const seven[] = { "ip=7" };
	struct plan *plan = plan_new(&lab, NULL, four, 1, NULL);
	struct err err = { 0 };

	(void)state;
	assert_string_equal(plan->topo.links[0].b.addr, "10.0.0.2/24");
	assert_string_equal(plan->programs[0].args, "10.0.0.2 1460");
	assert_int_equal(plan->n_params, 0);
	assert_false(topo_has_ipv6(&plan->topo));
	plan_free(plan);
	assert_null(plan_new(&lab, NULL, seven, 1, &err));
}

/* In evidence too: its params are what a plan is made with again. */
static void every_lab_can_be_said_of_ipv6(void **state)
{
	(void)state;
	for (const struct lab *const *each = all_labs; *each; each++)
		for (const struct variant *variant = (*each)->variants; variant->name; variant++) {
			struct err err = { 0 };
			struct plan *plan = plan_new(*each, variant->name, ip6, 1, &err), *again;

			if (!plan)
				fail_msg("%s", err.text);
			again = plan_new(*each, variant->name, (const char *const *)plan->params, plan->n_params, NULL);
			assert_string_equal(again->topo.links[0].a.addr, plan->topo.links[0].a.addr);
			plan_free(again);
			plan_free(plan);
		}
}

static void what_is_ipv4_only_is_skipped_with_its_reason(void **state)
{
	static const struct { bool six; enum result second; } rows[] = { { false, RESULT_FAIL }, { true, RESULT_SKIP } };
	struct facts facts = { 0 };

	(void)state;
	facts_add(&facts, "a", "conns", "1", "");
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct plan *plan = plan_new(&lab, NULL, ip6, rows[r].six, NULL);
		struct verdicts verdicts;

		judge(plan, &facts, &verdicts);
		assert_int_equal(verdicts.rows[0].result, RESULT_PASS);
		assert_int_equal(verdicts.rows[1].result, rows[r].second);
		if (rows[r].six)
			assert_string_equal(verdicts.rows[1].seen, "IPv4 only: a router does not fragment");
		verdicts_free(&verdicts);
		plan_free(plan);
	}
	facts_free(&facts);
}

static void a_variant_that_is_ipv4_only_is_not_run(void **state)
{
	static const struct { const char *variant; bool six; const char *why; } rows[] = {
		{ "narrow", true, "it is about fragments on the way" }, { "narrow", false, NULL }, { "usual", true, NULL },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct plan *plan = plan_new(&lab, rows[r].variant, ip6, rows[r].six, NULL);
		struct err err = { 0 };

		if (rows[r].why) {
			assert_int_equal(requirements_met(plan, &err), 0);
			assert_string_equal(err.text, "IPv4 only: it is about fragments on the way");
		} else {
			assert_null(plan->ipv4_only);
		}
		plan_free(plan);
	}
}

static void on_the_wire_is_nothing_but_tcp_over_ipv6(void **state)
{
	char folder[] = "/tmp/twlab-ipv6-XXXXXX";
	auto_free char *run = NULL, *dir = NULL, *clean = NULL;
	struct evidence *evidence;
	struct err err = { 0 };
	int status;

	(void)state;
	assert_non_null(mkdtemp(folder));
	/* with a NAT, clocks and recycling */
	run = must_printf("exec ./twlab run 6 --variant recycling --ipv6 --no-draw -o %s >/dev/null", folder);
	dir = must_printf("%s/06-tw-recycle-nat/recycling", folder);
	clean = must_printf("rm -rf %s", folder);
	status = system(run);
	if (WEXITSTATUS(status) == 4) {
		assert_int_equal(system(clean), 0);
		skip();
	}
	assert_int_equal(status, 0);
	evidence = evidence_read(dir, &err);
	if (!evidence)
		fail_msg("%s", err.text);
	assert_true(evidence->trace->n_frames > 20);
	for (unsigned int f = 0; f < evidence->trace->n_frames; f++) {
		const struct trace_frame *frame = &evidence->trace->frames[f];
		struct tcp_view tcp;

		assert_true(tcp_read(frame->data, frame->len, &tcp));
		assert_int_equal(tcp.src.family, AF_INET6);
	}
	evidence_free(evidence);
	assert_int_equal(system(clean), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_and_rules_become_ipv6),
		cmocka_unit_test(without_it_nothing_changes),
		cmocka_unit_test(every_lab_can_be_said_of_ipv6),
		cmocka_unit_test(what_is_ipv4_only_is_skipped_with_its_reason),
		cmocka_unit_test(a_variant_that_is_ipv4_only_is_not_run),
		cmocka_unit_test(on_the_wire_is_nothing_but_tcp_over_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

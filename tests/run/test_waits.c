/* test_waits.c - what a step says when what it waits for does not come, or cannot */
#include "tests/helpers/played.h"

#include "harness/run/waits.h"
#include <twlab/rtnetlink.h>

static const struct step no_steps[] = { { 0 } };
static const struct lab talks = LAB(two, cable, NULL, NULL, on_two, no_steps);
static const struct lab shared = LAB(shared_nodes, shared_links, shared_routes, shared_rules, on_shared, no_steps);

/* Each kind of wait, with and without words, and what there was instead. */
static void a_wait_in_vain_is_told_in_a_sentence(void **state)
{
	static const struct { struct step step; const char *says; } rows[] = {
		{ { DO_SAYS, "client", "what" }, "waited 0.5 s for client to print a line that begins with 'what'; it printed 'reply=6' last" },
		{ { DO_SAYS, "server", "" }, "waited 0.5 s for server to print a line; it printed nothing" },
		{ { DO_SAYS, "late", "x" }, "waited 0.5 s for late to print a line that begins with 'x'; it was never started" },
		{ { DO_EXIT, "server" }, "waited 0.5 s for server to end; it did not end" },
		{ { DO_EXIT, "other*" }, "waited 0.5 s for other* to end; other1 and 1 more were never started" },
		{ { DO_STATE, "client", "TIME_WAIT" }, "waited 0.5 s for client to be in TIME_WAIT; it had 1 in ESTABLISHED" },
		{ { DO_STATE, "server", "CLOSING" }, "waited 0.5 s for server to be in CLOSING; it had 1 in ESTABLISHED, 1 in LISTEN" },
		{ { DO_GONE, "client", "" }, "waited 0.5 s for client to have no socket other than in LISTEN; it had 1 in ESTABLISHED" },
		{ { DO_SEGMENT, "wire/client", "FIN" }, "waited 0.5 s for FIN to come in at wire/client; what came was 1 DATA" },
		{ { DO_SEGMENT, "wire/clinet", "FIN" }, "there is no device 'wire/clinet'" },
		{ { DO_SEGMENT, "wire/client", "SYN,ACK" }, "there is no kind of segment 'SYN,ACK'" },
		{ { DO_STATE, "client", "OPEN" }, "there is no state 'OPEN'" },
		{ { DO_KILL, "nobody", "ESTABLISHED" }, "there is no node 'nobody'" },
		{ { DO_KILL, "client", "OPEN" }, "there is no state 'OPEN'" },
		{ { DO_KILL, "client", "TIME_WAIT" }, "client has no socket in TIME_WAIT to destroy" },
		{ { DO_SYSCTL, "client", "net.ipv4.tcp_sack" }, "client: 'net.ipv4.tcp_sack' is no sysctl as key=value" },
		{ { DO_ASK, "nobody" }, "there is no program 'nobody'" },
		{ { DO_ASK, "late" }, "late has not been started" },
		{ { DO_NETEM, "wire/server", "loss 5%" }, "'loss 5%' would leave it to chance" },
		{ { DO_NETEM, "wire/server", "delay 1.9ms" }, "netem: 'delay' wants whole milliseconds up to an hour (10ms), not '1.9ms'" },
		{ { DO_NETEM, "wire/server", "delay 3ms loss 100%" }, "" },
	};
	static const struct program with_late[] = {
		{ "server", "server", "server", "8080 2 told" }, { "client", "client", "client", "10.0.0.2 8080 40000 told" },
		{ "late", "client", "client" }, { "other1", "client", "client" }, { "other2", "client", "client" }, { 0 }
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct step steps[] = {
			SERVES, { DO_START, "client" }, { DO_SEGMENT, "wire/client", "ACK" }, rows[r].step, { 0 }
		};
		static struct lab lab;	/* lab_add() keeps it */
		struct err err = { 0 };
		struct played played;

		steps[4].ms = steps[4].act == DO_NETEM ? 0 : 500;
		lab = talks;
		lab.programs = with_late;
		assert_int_equal(execute_it(&lab, steps, &played, &err) != 0, *rows[r].says != 0);
		if (!strstr(err.text, rows[r].says))
			fail_msg("it says '%s', not '%s'", err.text, rows[r].says);
		print_message("%s\n", err.text);
		close_played(&played);
	}
}

/* A NAT's states are conntrack's: what it has not is no reason to wait. */
static void a_nat_is_waited_for_in_its_own_words(void **state)
{
	static const struct { struct step step; const char *says; } rows[] = {
		{ { DO_STATE, "nat", "FIN_WAIT2" }, "there is no state of conntrack's 'FIN_WAIT2'" },
		{ { DO_STATE, "nat", "LAST_ACK", 300 }, "waited 0.3 s for nat to have an entry in LAST_ACK; it had 1 in TIME_WAIT" },
		{ { DO_GONE, "nat", "", 300 }, "waited 0.3 s for nat to have no entry; it had 1 in TIME_WAIT" },
		{ { DO_GONE, "nat", "TIME_WAIT", 300 }, "waited 0.3 s for nat to have no entry in TIME_WAIT; it had 1 in TIME_WAIT" },
		{ { DO_STATE, "nat", "TIME_WAIT", 300 }, "" },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct step steps[] = { SERVES, { DO_START, "client1" }, { DO_EXIT, "client1" }, rows[r].step, { 0 } };
		struct err err = { 0 };
		struct played played;

		assert_int_equal(execute_it(&shared, steps, &played, &err) != 0, *rows[r].says != 0);
		if (!strstr(err.text, rows[r].says))
			fail_msg("it says '%s', not '%s'", err.text, rows[r].says);
		close_played(&played);
	}
}

/* Every wait has its words, also those of a NAT. */
static void every_wait_has_words(void **state)
{
	static const struct { struct wait wait; const char *until, *failed; } rows[] = {
		{ { DO_SAYS, "client", "ok", .ms = 1000, .found = "" }, "until client prints 'ok'",
		  "waited 1 s for client to print a line that begins with 'ok'" },
		{ { DO_SAYS, "client", NULL, .ms = 1500, .found = "it printed nothing" }, "until client prints a line",
		  "waited 1.5 s for client to print a line; it printed nothing" },
		{ { DO_EXIT, "client", "", .ms = 600000, .found = "" }, "until client has ended", "waited 600 s for client to end" },
		{ { DO_EXIT, "client", "not asked for", .ms = 600000, .found = "" }, "until client has ended", "waited 600 s for client to end" },
		{ { DO_CRASH, "client", "", .ms = 600000, .found = "" }, "until client is dead", "waited 600 s for client to end after SIGKILL" },
		{ { DO_STATE, "dut", "TIME_WAIT", .ms = 600000, .found = "it had 1 in ESTABLISHED" }, "until dut is in TIME_WAIT",
		  "waited 600 s for dut to be in TIME_WAIT; it had 1 in ESTABLISHED" },
		{ { DO_STATE, "dut", "", .ms = 1000, .found = "" }, "until dut has a connection", "waited 1 s for dut to have a socket other than in LISTEN" },
		{ { DO_STATE, "nat", "LAST_ACK", true, 1000, "it had no entry" }, "until nat has an entry in LAST_ACK",
		  "waited 1 s for nat to have an entry in LAST_ACK; it had no entry" },
		{ { DO_STATE, "nat", "", true, 1000, "" }, "until nat has an entry", "waited 1 s for nat to have an entry" },
		{ { DO_GONE, "dut", "TIME_WAIT", .ms = 1000, .found = "" }, "until dut has nothing in TIME_WAIT", "waited 1 s for dut to have no socket in TIME_WAIT" },
		{ { DO_GONE, "dut", NULL, .ms = 1000, .found = "" }, "until dut has no connection", "waited 1 s for dut to have no socket other than in LISTEN" },
		{ { DO_GONE, "nat", "CLOSE", true, 1000, "" }, "until nat has no entry in CLOSE", "waited 1 s for nat to have no entry in CLOSE" },
		{ { DO_GONE, "nat", "", true, 1000, "" }, "until nat has no entry", "waited 1 s for nat to have no entry" },
		{ { DO_SEGMENT, "wire/client", "SYN", .ms = 1000, .found = "no segment came" }, "until SYN comes in at wire/client",
		  "waited 1 s for SYN to come in at wire/client; no segment came" },
		{ { DO_ASK, "judge", "", .ms = 1000, .found = "it told of 3 of 9" }, "until judge has told all",
		  "waited 1 s for judge to tell what becomes of each segment; it told of 3 of 9" },
		{ { DO_SLEEP, NULL, NULL, .ms = 250 }, "0.25 s", NULL },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *until = wait_words(&rows[r].wait);
		auto_free char *failed = rows[r].failed ? wait_failed(&rows[r].wait) : NULL;

		assert_string_equal(until, rows[r].until);
		if (failed)
			assert_string_equal(failed, rows[r].failed);
	}
}

static void netem_takes_exact_words_only(void **state)
{
	static const struct { const char *words; int delay_ms; double loss, duplicate; bool good; } rows[] = {
		{ "delay 10ms", 10, 0, 0, true }, { "loss 100%", 0, 100, 0, true }, { "delay 3ms loss 5% duplicate 0.5%", 3, 5, 0.5, true },
		{ "", 0, 0, 0, true }, { "delay 3600000ms", 3600000, 0, 0, true }, { "loss 0%", 0, 0, 0, true },
		{ "loss nan%", .good = false }, { "loss inf%", .good = false }, { "loss 0x10%", .good = false }, { "loss 1e1%", .good = false },
		{ "loss -1%", .good = false }, { "loss +1%", .good = false }, { "loss 101%", .good = false }, { "loss 5", .good = false },
		{ "loss", .good = false }, { "loss .%", .good = false }, { "loss 5.%", .good = false }, { "delay 1.9ms", .good = false },
		{ "delay nanms", .good = false }, { "delay 10", .good = false }, { "delay 10us", .good = false }, { "delay 3600001ms", .good = false },
		{ "delay 99999999999999999999ms", .good = false }, { "jitter 5ms", .good = false },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct netem netem = { 0 };
		struct err err = { 0 };
		int code = netem_parse(rows[r].words, &netem, &err);

		if (!code != rows[r].good || (!code && (netem.delay_ms != rows[r].delay_ms || netem.loss_percent != rows[r].loss ||
							netem.duplicate_percent != rows[r].duplicate)))
			fail_msg("'%s': %s", rows[r].words, err.text);
		assert_int_equal(!*err.text, rows[r].good);
	}
}

int main(void)
{
	static const char *const files[] = { PROGRAMS "/client", PROGRAMS "/server", NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_wait_has_words),
		cmocka_unit_test(netem_takes_exact_words_only),
		cmocka_unit_test(a_wait_in_vain_is_told_in_a_sentence),
		cmocka_unit_test(a_nat_is_waited_for_in_its_own_words),
	};

	return in_guest_tests(tests, ARRAY_SIZE(tests), files);
}

/* test_origin.c - who made a segment, and what that means for the end whose address it bears */
#include "tests/helpers/ladder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FROM_CLIENT "from=10.0.0.2:40000 to=192.0.2.9:80"
#define FROM_SERVER "from=192.0.2.9:80 to=10.0.0.2:40000"

/* The last of some segments: who made it? */
static const struct origin {
	const char *name;
	bool flat;
	struct rung rungs[16];
	struct trace_send send;		/* a step's; .what NULL = none */
	const char *by;			/* "" = unknown */
	bool foreign, made_up;
	const char *comment;		/* on its first frame; NULL = any */
	const char *note;		/* NULL = any */
	unsigned int n_conns;
} origins[] = {
	{ "a NAT's RST in the server's name", false,
	  { HELLO(0), { 1000, false, "FA", 1001, 5001, .fate = KEPT_OUT }, { 1010, true, "R", 5001, 0, .fate = MADE } },
	  .by = "nat", .foreign = true, .comment = "RST made by nat, 7 us after FIN,ACK came into nat", .n_conns = 1 },
	{ "the server's own RST, which the NAT translates", false,
	  { HELLO(0), { 1000, false, "FA", 1001, 5001 }, { 1010, true, "R", 5001, 0 } },
	  .by = "server", .comment = "RST, 0.005 ms after FIN,ACK came in", .n_conns = 1 },
	{ "a NAT's RST in the client's name", false,
	  { HELLO(0), { 1000, true, "PA", 5001, 1001, 9, .fate = KEPT_OUT }, { 1010, false, "R", 1001, 0, .fate = MADE } },
	  .by = "nat", .foreign = true, .comment = "RST made by nat, 9 us after PSH,ACK came into nat", .n_conns = 1 },
	{ "... is doubled on the wire behind it: the copy is no other's", true,
	  { HELLO(0), { 1000, true, "R", 5001, 0, .fate = DOUBLED } }, .by = "server", .n_conns = 1 },
	{ "a NAT's RST in the name of a host that is not there", false,
	  { { 0, false, "S", 1000, 0, .fate = KEPT_OUT }, { 10, true, "RA", 0, 1001, .fate = MADE } },
	  .by = "nat", .foreign = true, .n_conns = 1 },
	{ "what a NAT rewrites is its sender's", false,
	  { HELLO(0), { 1000, false, "PA", 1001, 5001, 9, .tsval = 7, .fate = REWRITTEN } }, .by = "client", .n_conns = 1 },
	{ "the record began when it was on the wire: a wire makes nothing", false,
	  { HELLO(0), { 1000, true, "PA", 5001, 1001, 9, .fate = UNDER_WAY } }, .by = "", .n_conns = 1 },
	{ "nothing had come into the NAT: it makes nothing of its own accord", false,
	  { { 0, true, "R", 5001, 0, .fate = MADE } }, .by = "", .n_conns = 1 },

	{ "a step makes a FIN up on the client", true, { HELLO(0), { 1000, false, "FA", 1001, 5001 } },
	  { 1000000, (char *)"client", (char *)"FIN " FROM_CLIENT " ack=+9998" }, .by = "client", .made_up = true,
	  .comment = "FIN,ACK made up at client", .n_conns = 1 },
	{ "the client sent it before the step did", true, { HELLO(0), { 1000, false, "FA", 1001, 5001 } },
	  { 1000001, (char *)"client", (char *)"FIN " FROM_CLIENT }, .by = "client", .comment = "first FIN", .n_conns = 1 },
	{ "... long after the step, whose segment never left", true, { HELLO(0), { 200000, false, "FA", 1001, 5001 } },
	  { 1000000, (char *)"client", (char *)"FIN " FROM_CLIENT }, .by = "client", .comment = "first FIN", .n_conns = 1 },
	{ "the step's was a RST", true, { HELLO(0), { 1000, false, "FA", 1001, 5001 } },
	  { 1000000, (char *)"client", (char *)"RST " FROM_CLIENT }, .by = "client", .comment = "first FIN", .n_conns = 1 },
	{ "the step's was on the server", true, { HELLO(0), { 1000, false, "FA", 1001, 5001 } },
	  { 1000000, (char *)"server", (char *)"FIN " FROM_SERVER }, .by = "client", .comment = "first FIN", .n_conns = 1 },
	{ "the step's had data", true, { HELLO(0), { 1000, false, "FA", 1001, 5001 } },
	  { 1000000, (char *)"client", (char *)"FIN " FROM_CLIENT " data=x" }, .by = "client", .comment = "first FIN", .n_conns = 1 },
	{ "a step makes a RST up on the NAT, in the server's name", false,
	  { HELLO(0), { 1000, true, "R", 5001, 0, .fate = MADE } },
	  { 1000000, (char *)"nat", (char *)"RST " FROM_SERVER }, .by = "nat", .foreign = true, .made_up = true,
	  .comment = "RST made up at nat", .n_conns = 1 },
	{ "... where nothing had come in", false, { { 0, true, "R", 5001, 0, .fate = MADE } },
	  { 0, (char *)"nat", (char *)"RST " FROM_SERVER }, .by = "nat", .foreign = true, .made_up = true, .n_conns = 1 },
	{ "a SYN that is made up ends no connection: the client goes on with it", true,
	  { HELLO(0), { 1000, false, "S", 999000, 0 }, { 1100, true, "A", 5001, 1001 }, { 2000, false, "PA", 1001, 5001, 9 },
	    { 2100, true, "A", 5001, 1010 }, { 3000, false, "FA", 1010, 5001 } },
	  { 1000000, (char *)"client", (char *)"SYN " FROM_CLIENT " seq=+100" }, .by = "client", .comment = "first FIN",
	  .note = "first FIN", .n_conns = 2 },
	{ "... unless it was let in", true,
	  { HELLO(0), { 1000, false, "S", 999000, 0 }, { 1100, true, "SA", 7000, 999001 }, { 3000, false, "A", 999001, 7001 } },
	  { 1000000, (char *)"client", (char *)"SYN " FROM_CLIENT " seq=+100" }, .by = "client", .n_conns = 2 },
};

static struct trace *trace_make(const struct origin *origin)
{
	struct ladder ladder = { .flat = origin->flat };

	ladder_open(&ladder, 1);
	for (const struct rung *rung = origin->rungs; rung->flags; rung++)
		ladder_send(&ladder, rung);
	if (origin->send.what)
		trace_add_send(ladder.trace, origin->send.at_ns, origin->send.node, origin->send.what);
	return ladder_close(&ladder);
}

static bool is_as_wanted(const struct trace *trace, const struct origin *origin)
{
	const struct segment *last = &trace->segments[trace->n_segments - 1];
	const char *by = last->from < 0 ? "" : trace->nodes[last->from];
	const char *comment = trace->frames[last->sightings[0]].comment;

	return !strcmp(by, origin->by) && last->is_foreign == origin->foreign && last->is_made_up == origin->made_up &&
	       (!origin->note || (last->note && !strcmp(last->note, origin->note))) &&
	       trace->n_conns == origin->n_conns && (!origin->comment || (comment && !strcmp(comment, origin->comment)));
}

static void a_segment_is_the_nodes_that_it_is_first_seen_leaving(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(origins); i++) {
		struct trace *trace = trace_make(&origins[i]);
		const struct segment *last = &trace->segments[trace->n_segments - 1];
		const char *comment = trace->frames[last->sightings[0]].comment;

		if (!is_as_wanted(trace, &origins[i]))
			fail_msg("%s: by %d%s%s, %u connections: %s", origins[i].name, last->from, last->is_foreign ? " foreign" : "",
				 last->is_made_up ? " made up" : "", trace->n_conns, comment ? comment : "");
		trace_free(trace);
	}
}

/* Which connection each segment of the two last rows is of. */
static void a_connection_goes_on_after_a_syn_that_was_made_up(void **state)
{
	static const unsigned int conns[2][8] = { { 0, 0, 0, 1, 1, 0, 0, 0 }, { 0, 0, 0, 1, 1, 1 } };

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct trace *trace = trace_make(&origins[ARRAY_SIZE(origins) - 2 + i]);

		assert_int_equal(trace->n_segments, i ? 6 : 8);
		for (unsigned int k = 0; k < trace->n_segments; k++)
			assert_int_equal(trace->segments[k].conn, conns[i][k]);
		trace_free(trace);
	}
}

/* A SYN that was made up and came to nothing was no connection, also where none was before it: it is of nothing
 * earlier when it comes in after the SYN that opens one.
 */
static void a_syn_that_came_to_nothing_is_not_from_before(void **state)
{
	static const struct rung rungs[] = { { 0, false, "S", 999000, 0, .delay_us = 5000 }, HELLO(1000) };

	(void)state;
	for (int sent = 0; sent < 2; sent++) {
		struct ladder ladder = { .flat = true };
		struct trace *trace;

		ladder_open(&ladder, 1);
		for (size_t i = 0; i < ARRAY_SIZE(rungs); i++)
			ladder_send(&ladder, &rungs[i]);
		if (sent)
			trace_add_send(ladder.trace, 0, "client", "SYN " FROM_CLIENT);
		trace = ladder_close(&ladder);
		assert_int_equal(trace->n_conns, 2);
		assert_int_equal(trace->conns[1].earlier, 0);
		assert_string_equal(trace->segments[0].note, sent ? "SYN made up at client" : "SYN, no answer, from before");
		trace_free(trace);
	}
}

/* What a step sent with numbers far ahead does not make the kernel's next ones old. */
static void what_is_made_up_does_not_make_data_old(void **state)
{
	static const struct rung rungs[] = {
		HELLO(0), { 1000, false, "FA", 9001, 5001 }, { 2000, false, "PA", 1001, 5001, 100 }, { 3000, false, "PA", 1001, 5001, 100, .ip_id = 1 }, { 0 }
	};

	(void)state;
	for (int sent = 0; sent < 2; sent++) {
		struct ladder ladder = { .flat = true };
		struct trace *trace;

		ladder_open(&ladder, 1);
		for (const struct rung *rung = rungs; rung->flags; rung++)
			ladder_send(&ladder, rung);
		if (sent)
			trace_add_send(ladder.trace, 1000000, "client", "FIN " FROM_CLIENT " seq=+8000");
		trace = ladder_close(&ladder);
		assert_int_equal(trace->segments[4].is_retransmission, !sent);
		assert_true(trace->segments[5].is_retransmission);
		trace_free(trace);
	}
}

/* The host in whose name a NAT speaks has met nothing of the connection. */
static void a_host_does_not_meet_what_others_do_in_its_name(void **state)
{
	struct trace *trace = ladder_trace(1, false, (struct rung[]){
		{ 0, false, "S", 1000, 0, .fate = KEPT_OUT }, { 10, true, "RA", 0, 1001, .fate = MADE }, { 0 } });

	(void)state;
	assert_int_equal(trace->n_conns, 1);
	assert_string_equal(trace->nodes[trace->conns[0].client], "client");
	assert_int_equal(trace->conns[0].n_at_server, 0);
	assert_true(trace->conns[0].server < 0);
	assert_int_equal(trace_answer(trace, &trace->conns[0], 0), -1);
	trace_free(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_segment_is_the_nodes_that_it_is_first_seen_leaving),
		cmocka_unit_test(a_connection_goes_on_after_a_syn_that_was_made_up),
		cmocka_unit_test(a_syn_that_came_to_nothing_is_not_from_before),
		cmocka_unit_test(what_is_made_up_does_not_make_data_old),
		cmocka_unit_test(a_host_does_not_meet_what_others_do_in_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_trace.c - packets, connections and notes out of frames */
#include "tests/helpers/ladder.h"
#include <twlab/trace_follow.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* What a row of a ladder must have become. */
struct want {
	unsigned int conn;	/* from 0 */
	bool from_client;
	unsigned int sightings;
	bool arrived;
	const char *note;	/* NULL = none */
};

struct example {
	const char *name;
	unsigned int n_clients;
	bool flat;
	struct rung rungs[24];
	struct want wants[24];	/* by time of sending; one with 0 sightings ends them */
	unsigned int n_conns;
};

enum { FOUR_WAY, FINAL_ACK_LOST };

static const struct example examples[] = {
	[FOUR_WAY] = { "a four-way close through a NAT", 1, false,
	  { HELLO(0), GOODBYE(1000), { 1300, false, "A", 1002, 5002 } },
	  { { 0, true, 6, true }, { 0, false, 6, true }, { 0, true, 6, true },
	    { 0, true, 6, true, "first FIN" }, { 0, false, 6, true, "ACK of the first FIN" },
	    { 0, false, 6, true, "second FIN" }, { 0, true, 6, true, "final ACK" } }, 1 },

	[FINAL_ACK_LOST] = { "the final ACK is lost, the FIN comes again, with equal bytes", 1, true,
	  { HELLO(0), GOODBYE(1000), { 1300, false, "A", 1002, 5002, .fate = LOST },
	    { 201200, true, "FA", 5001, 1002 }, { 201300, false, "A", 1002, 5002 } },
	  { { 0, true, 4, true }, { 0, false, 4, true }, { 0, true, 4, true },
	    { 0, true, 4, true, "first FIN" }, { 0, false, 4, true, "ACK of the first FIN" },
	    { 0, false, 4, true, "second FIN" }, { 0, true, 2, false, "final ACK, lost" },
	    { 0, false, 4, true, "FIN again" }, { 0, true, 4, true, "ACK again" } }, 1 },

	{ "both close at once", 1, true,
	  { HELLO(0), { 1000, false, "FA", 1001, 5001 }, { 1001, true, "FA", 5001, 1001 },
	    { 1100, false, "A", 1002, 5002 }, { 1101, true, "A", 5002, 1002 } },
	  { { 0, true, 4, true }, { 0, false, 4, true }, { 0, true, 4, true },
	    { 0, true, 4, true, "first FIN" }, { 0, false, 4, true, "second FIN" },
	    { 0, true, 4, true, "ACK of the other FIN" },
	    { 0, false, 4, true, "ACK of the other FIN" } }, 1 },

	{ "both open at once, and one has to say it again", 1, true,
	  { { 0, false, "S", 1000, 0, .delay_us = 100 }, { 50, true, "S", 5000, 0, .delay_us = 100 },
	    { 101, true, "SA", 5000, 1001 }, { 151, false, "SA", 1000, 5001, .fate = LOST },
	    { 200, true, "A", 5001, 1001 }, { 1000200, false, "SA", 1000, 5001 } },
	  { { 0, true, 4, true }, { 0, false, 4, true }, { 0, false, 4, true },
	    { 0, true, 2, false, "lost" }, { 0, false, 4, true }, { 0, true, 4, true, "SYN,ACK again" } }, 1 },

	{ "SYNs that nobody answers, then one is lost", 1, false,
	  { { 0, false, "S", 1000, 0 }, { 1000000, false, "S", 1000, 0 },
	    { 3000000, false, "S", 1000, 0, .fate = LOST } },
	  { { 0, true, 6, true, "SYN, no answer" }, { 0, true, 6, true, "SYN again, no answer" },
	    { 0, true, 2, false, "SYN again, lost" } }, 1 },

	{ "a packet is doubled on the wire", 1, true,
	  { HELLO(0), { 1000, false, "PA", 1001, 5001, 10, .fate = DOUBLED },
	    { 1100, true, "A", 5001, 1011 }, { 1101, true, "A", 5001, 1011 } },
	  { { 0, true, 4, true }, { 0, false, 4, true }, { 0, true, 4, true },
	    { 0, true, 4, true }, { 0, true, 2, true, "copy" },
	    { 0, false, 4, true }, { 0, false, 4, true } }, 1 },

	{ "a copy is made before the NAT, of the second of two equal packets", 1, false,
	  { { 0, false, "S", 1000, 0 }, { 1000000, false, "S", 1000, 0, .fate = DOUBLED } },
	  { { 0, true, 6, true, "SYN, no answer" }, { 0, true, 6, true, "SYN again, no answer" },
	    { 0, true, 4, true, "copy" } }, 1 },

	{ "a segment that is late by a minute arrives in the next connection", 1, true,
	  { HELLO(0), { 900, false, "PA", 1001, 5001, 10, .delay_us = 61000000 },
	    { 1000, false, "PA", 1001, 5001, 10, .ip_id = 9 }, { 1100, true, "A", 5001, 1011 },
	    { 1200, false, "RA", 1011, 5001 },
	    { 60000000, false, "S", 9000000, 0 }, { 60000100, true, "SA", 7000000, 9000001 },
	    { 60000200, false, "A", 9000001, 7000001 } },
	  { { 0, true, 4, true }, { 0, false, 4, true }, { 0, true, 4, true },
	    { 0, true, 4, true, "from before" }, { 0, true, 4, true, "data again" },
	    { 0, false, 4, true }, { 0, true, 4, true, "RST" },
	    { 1, true, 4, true }, { 1, false, 4, true }, { 1, true, 4, true } }, 2 },

	{ "another host gets the port from the NAT while the server is in TIME_WAIT", 2, false,
	  { HELLO_AS(0, .nat_port = 777),
	    { 1000, true, "FA", 5001, 1001, .nat_port = 777 },
	    { 1100, false, "FA", 1001, 5002, .nat_port = 777 },
	    { 1200, true, "A", 5002, 1002, .nat_port = 777 },
	    { 2000, false, "S", 300, 0, .client = 1, .nat_port = 777 },
	    { 2100, true, "A", 5002, 1002, .client = 1, .nat_port = 777 },
	    { 2200, false, "R", 1002, 0, .client = 1, .nat_port = 777 } },
	  { { 0, true, 6, true }, { 0, false, 6, true }, { 0, true, 6, true },
	    { 0, false, 6, true, "first FIN" }, { 0, true, 6, true, "second FIN" },
	    { 0, false, 6, true, "final ACK" }, { 1, true, 6, true },
	    { 1, false, 6, true, "ACK, not SYN,ACK" }, { 1, true, 6, true, "RST" } }, 2 },

	{ "the server still repeats its old FIN when the client comes anew", 1, true,
	  { HELLO(0), GOODBYE(1000), { 201000, false, "S", 9000, 0 },
	    { 201200, true, "FA", 5001, 1002 }, { 201300, true, "A", 5002, 1002 },
	    { 201400, false, "R", 1002, 0 } },
	  { { 0, true, 4, true }, { 0, false, 4, true }, { 0, true, 4, true },
	    { 0, true, 4, true, "first FIN" }, { 0, false, 4, true, "ACK of the first FIN" },
	    { 0, false, 4, true, "second FIN" }, { 1, true, 4, true },
	    { 0, false, 4, true, "FIN again, from before" },
	    { 1, false, 4, true, "ACK, not SYN,ACK" }, { 1, true, 4, true, "RST" } }, 2 },

	{ "the NAT has forgotten the connection", 1, false,
	  { HELLO(0), GOODBYE(1000), { 9000000, true, "FA", 5001, 1002 },
	    { 9001000, false, "A", 1002, 5002, .fate = FORGOTTEN } },
	  { { 0, true, 6, true }, { 0, false, 6, true }, { 0, true, 6, true },
	    { 0, true, 6, true, "first FIN" }, { 0, false, 6, true, "ACK of the first FIN" },
	    { 0, false, 6, true, "second FIN" }, { 0, false, 6, true, "FIN again" },
	    { 0, true, 6, true, "final ACK, untranslated" } }, 1 },

	{ "the NAT lets nothing in", 1, false,
	  { { 0, false, "S", 1000, 0 }, { 100, true, "SA", 5000, 1001, .fate = KEPT_OUT } },
	  { { 0, true, 6, true }, { 0, false, 2, false, "lost" } }, 1 },

	{ "two equal packets 30 ms apart on a wire of 50 ms both arrive", 1, true,
	  { { 0, false, "S", 1000, 0, .delay_us = 50000 },
	    { 60000, true, "SA", 5000, 1001, .delay_us = 50000 },
	    { 90000, true, "SA", 5000, 1001, .delay_us = 50000 },
	    { 120000, false, "A", 1001, 5001, .delay_us = 50000 },
	    { 130000, true, "PA", 5001, 1001, 3, .delay_us = 50000 } },
	  { { 0, true, 4, true }, { 0, false, 4, true }, { 0, false, 4, true, "SYN,ACK again" },
	    { 0, true, 4, true }, { 0, false, 4, true } }, 1 },

	{ "... and the first of them is lost", 1, true,
	  { { 0, false, "S", 1000, 0, .delay_us = 50000 },
	    { 60000, true, "SA", 5000, 1001, .delay_us = 50000, .fate = LOST },
	    { 90000, true, "SA", 5000, 1001, .delay_us = 50000 },
	    { 170000, false, "A", 1001, 5001, .delay_us = 50000 },
	    { 180000, true, "PA", 5001, 1001, 3, .delay_us = 50000 } },
	  { { 0, true, 4, true }, { 0, false, 2, false, "lost" },
	    { 0, false, 4, true, "SYN,ACK again" },
	    { 0, true, 4, true }, { 0, false, 4, true } }, 1 },
};

static void print_trace(const struct trace *trace)
{
	char flags[40];

	for (unsigned int i = 0; i < trace->n_segments; i++) {
		const struct segment *s = &trace->segments[i];

		print_message("%u: %u %s %s rel %u %u, seen %u, sent %lld rcvd %lld: %s\n", i, s->conn,
			      s->from_client ? "->" : "<-", tcp_flags_text(s->tcp.flags, flags),
			      s->rel_seq, s->rel_ack, s->n_sightings, (long long)s->sent_ns,
			      (long long)s->rcvd_ns, s->note ? s->note : "");
	}
}

static bool is_as_wanted(const struct segment *got, const struct want *want)
{
	return got->conn == want->conn && got->from_client == want->from_client &&
	       got->n_sightings == want->sightings &&
	       (got->rcvd_ns >= 0) == want->arrived && (got->lost_node < 0) == want->arrived &&
	       !strcmp(got->note ? got->note : "", want->note ? want->note : "");
}

static void rungs_become_segments(void **state)
{
	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(examples); e++) {
		const struct example *example = &examples[e];
		struct trace *trace = ladder_trace(example->n_clients, example->flat, example->rungs);
		unsigned int n = 0;

		while (example->wants[n].sightings && n < trace->n_segments &&
		       is_as_wanted(&trace->segments[n], &example->wants[n]))
			n++;
		if (example->wants[n].sightings || n < trace->n_segments ||
		    trace->n_conns != example->n_conns) {
			print_trace(trace);
			fail_msg("%s: segment %u is not as wanted", example->name, n);
		}
		trace_free(trace);
	}
}

/* The row above would pass if both took each other's place. */
static void equal_packets_keep_their_own_times(void **state)
{
	(void)state;
	for (size_t e = ARRAY_SIZE(examples) - 2; e < ARRAY_SIZE(examples); e++) {
		struct trace *trace = ladder_trace(1, true, examples[e].rungs);

		for (unsigned int i = 0; i < trace->n_segments; i++)
			if (trace->segments[i].rcvd_ns >= 0)
				assert_int_equal(trace->segments[i].rcvd_ns - trace->segments[i].sent_ns,
						 50 * NS_PER_MS + 3 * HOP_NS);
		trace_free(trace);
	}
}

static void what_got_lost_says_where(void **state)
{
	struct trace *trace = ladder_trace(1, true, examples[FINAL_ACK_LOST].rungs);
	const struct segment *ack = &trace->segments[6];

	(void)state;
	assert_string_equal(trace->nodes[ack->lost_node], "wire");
	assert_string_equal(trace->nodes[ack->from], "client");
	assert_string_equal(trace->nodes[ack->to], "server");
	assert_string_equal(trace->frames[ack->sightings[0]].comment, "final ACK");
	assert_string_equal(trace->frames[ack->sightings[1]].comment,
			    "final ACK: last seen coming into wire; it never left it");
	assert_string_equal(trace->frames[trace->segments[7].sightings[0]].comment,
			    "FIN again (retransmission, 200 ms after the one before)");
	assert_string_equal(trace->frames[trace->segments[8].sightings[0]].comment,
			    "ACK again: TIME_WAIT answers the repeated FIN");
	trace_free(trace);
}

/* Both frames leave the wire before the first arrives, as they really do. */
static void a_copy_does_not_overtake(void **state)
{
	const struct rung rung = { 0, false, "PA", 1, 1, 5 };
	struct ladder ladder = { .flat = true };
	uint8_t frame[2000];
	uint32_t len = frame_make(frame, 0x0a000002, 40000, 0xc0000209, 80, 64, &rung);
	struct trace *trace;

	(void)state;
	ladder_open(&ladder, 1);
	trace_add_frame(ladder.trace, ladder.ifaces[0][0], 0, true, frame, len);
	trace_add_frame(ladder.trace, ladder.ifaces[0][1], 7000, false, frame, len);
	trace_add_frame(ladder.trace, ladder.ifaces[0][2], 9000, true, frame, len);
	trace_add_frame(ladder.trace, ladder.ifaces[0][2], 14000, true, frame, len);
	trace_add_frame(ladder.trace, ladder.server, 20000, false, frame, len);
	trace_add_frame(ladder.trace, ladder.server, 25000, false, frame, len);
	trace = ladder_close(&ladder);
	assert_int_equal(trace->n_segments, 2);
	assert_int_equal(trace->segments[0].rcvd_ns, 20000);
	assert_true(trace->segments[1].is_copy);
	assert_int_equal(trace->segments[1].copy_of, trace->segments[0].packet_id);
	assert_int_equal(trace->segments[1].sent_ns, 14000);
	assert_int_equal(trace->segments[1].rcvd_ns, 25000);
	trace_free(trace);
}

static void both_sides_of_a_nat_are_one_connection(void **state)
{
	struct trace *trace = ladder_trace(1, false, (struct rung[]){
		{ 0, false, "S", 1000, 0, .nat_port = 777 },
		{ 100, true, "SA", 5000, 1001, .nat_port = 777 }, { 0 } });
	const struct conn *conn = trace->conns;
	char text[64];

	(void)state;
	assert_string_equal(trace->nodes[conn->client], "client");
	assert_string_equal(trace->nodes[conn->server], "server");
	assert_string_equal(endpoint_text(&conn->client_local, text), "10.0.0.2:40000");
	assert_string_equal(endpoint_text(&conn->client_remote, text), "192.0.2.9:80");
	assert_string_equal(endpoint_text(&conn->server_local, text), "192.0.2.9:80");
	assert_string_equal(endpoint_text(&conn->server_remote, text), "192.0.2.1:777");
	assert_int_equal(conn->n_at_client, 1);
	assert_int_equal(conn->n_at_server, 1);
	assert_int_equal(conn->client_isn, 1000);
	assert_int_equal(conn->server_isn, 5000);
	assert_int_equal(trace_answer(trace, conn, 0), 1);
	assert_int_equal(trace_answer(trace, conn, 1), -1);
	trace_free(trace);
}

/* A masquerade and a target of its own, as in front of a container: neither address goes through. */
static void a_nat_may_change_both_addresses(void **state)
{
	static const uint32_t service = 0x0a0000fe;
	struct trace *trace = ladder_trace(1, false, (struct rung[]){
		{ 0, false, "S", 1000, 0, .nat_port = 777, .service = service },
		{ 100, true, "SA", 5000, 1001, .nat_port = 777, .service = service },
		{ 200, false, "A", 1001, 5001, .nat_port = 777, .service = service },
		{ 300, false, "PA", 1001, 5001, 9, .nat_port = 777, .service = service, .fate = KEPT_OUT },
		{ 310, true, "R", 5001, 0, .nat_port = 777, .service = service, .fate = MADE }, { 0 } });
	const struct conn *conn = trace->conns;
	char text[64];

	(void)state;
	assert_int_equal(trace->n_conns, 1);
	assert_int_equal(trace->n_segments, 5);
	assert_string_equal(endpoint_text(&conn->client_remote, text), "10.0.0.254:80");
	assert_string_equal(endpoint_text(&conn->server_local, text), "192.0.2.9:80");
	assert_string_equal(endpoint_text(&conn->server_remote, text), "192.0.2.1:777");
	assert_int_equal(trace_answer(trace, conn, 0), 1);
	assert_string_equal(trace->nodes[trace->segments[3].lost_node], "nat");
	assert_string_equal(trace->nodes[trace->segments[4].from], "nat");
	trace_free(trace);
}

/* A server does not know of a connection that never reached it. */
static void connections_are_counted_where_they_were_met(void **state)
{
	struct trace *trace = ladder_trace(2, false, (struct rung[]){
		{ 0, false, "S", 1000, 0, .fate = LOST },
		{ 100, false, "S", 1000, 0, .client = 1, .delay_us = 1000 },
		{ 200, false, "S", 3000, 0, .client = 1, .port = 5 }, { 0 } });

	(void)state;
	assert_int_equal(trace->n_conns, 3);
	assert_string_equal(trace->nodes[trace->conns[0].server], "server");
	assert_int_equal(trace->conns[0].n_at_client, 1);
	assert_int_equal(trace->conns[0].n_at_server, 0);
	assert_int_equal(trace->conns[1].n_at_client, 1);
	assert_int_equal(trace->conns[1].n_at_server, 2);
	assert_int_equal(trace->conns[2].n_at_client, 2);
	assert_int_equal(trace->conns[2].n_at_server, 1);
	trace_free(trace);
}

/* 200 hosts behind one NAT, all with the same ISN and IP id. */
static void two_hundred_hosts_stay_apart(void **state)
{
	struct ladder ladder = { 0 };
	struct trace *trace;

	(void)state;
	ladder_open(&ladder, 200);
	for (unsigned int round = 0; round < 5; round++) {
		for (unsigned int i = 0; i < 200; i++) {
			uint16_t port = (uint16_t)(30000 + round * 256);
			int64_t t = round * 100000 + i;
			const struct rung rungs[] = {
				HELLO_AS(t, .client = i, .port = port), GOODBYE_AS(t + 1000, .client = i, .port = port),
				{ t + 1300, false, "A", 1002, 5002, .client = i, .port = port },
			};

			for (size_t k = 0; k < ARRAY_SIZE(rungs); k++)
				ladder_send(&ladder, &rungs[k]);
		}
	}
	trace = ladder_close(&ladder);
	assert_int_equal(trace->n_frames, 5 * 200 * 7 * 6);
	assert_int_equal(trace->n_segments, 5 * 200 * 7);
	assert_int_equal(trace->n_conns, 5 * 200);
	for (unsigned int i = 0; i < trace->n_segments; i++) {
		assert_int_equal(trace->segments[i].n_sightings, 6);
		assert_int_equal(trace->segments[i].rcvd_ns - trace->segments[i].sent_ns, 5 * HOP_NS);
	}
	for (unsigned int i = 0; i < trace->n_conns; i++)
		assert_int_equal(trace->conns[i].n_segments, 7);
	trace_free(trace);
}

/* The wire takes 10 ms, as the segment before shows; the last one is seen coming into it at 20 ms. */
static void what_the_end_cuts_off_is_not_lost(void **state)
{
	static const struct rung rungs[] = {
		HELLO(0), { 1000, false, "FA", 1001, 5001, .delay_us = 10000 },
		{ 20000, false, "A", 1002, 5001, .fate = LOST }, { 0 }
	};
	static const struct {
		int64_t end_ms;
		bool under_way;
		const char *note;
	} rows[] = {
		{ 21, true, "under way" }, { 29, true, "under way" }, { 31, true, "under way" },	/* delays differ a little */
		{ 32, false, "lost" }, { 1000, false, "lost" }, { 0, false, "lost" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ladder ladder = { .flat = true };
		const struct segment *last;

		ladder_open(&ladder, 1);
		for (const struct rung *rung = rungs; rung->flags; rung++)
			ladder_send(&ladder, rung);
		ladder.trace->end_ns = rows[i].end_ms * NS_PER_MS;
		ladder_close(&ladder);
		last = &ladder.trace->segments[ladder.trace->n_segments - 1];
		assert_true(last->rcvd_ns < 0);
		assert_int_equal(last->is_under_way, rows[i].under_way);
		assert_string_equal(last->note, rows[i].note);
		assert_int_equal(strstr(ladder.trace->frames[last->sightings[1]].comment, "ACK: under way when the record ends") != NULL,
				 rows[i].under_way);
		assert_false(ladder.trace->segments[0].is_under_way);
		trace_free(ladder.trace);
	}
}

/* Of the new connection's SYN and a packet of the old one: is what comes in at the same instant late? */
static void what_comes_after_the_new_syn_is_late(void **state)
{
	static const struct { int64_t delay_us; const char *note; } rows[] = {
		{ 59999099, NULL }, { 59999100, NULL }, { 59999101, "from before" },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct trace *trace = ladder_trace(1, true, (struct rung[]){
			HELLO(0), { 900, false, "PA", 1001, 5001, 10, .delay_us = rows[r].delay_us },
			{ 60000000, false, "S", 9000000, 0 }, { 60000100, true, "SA", 7000000, 9000001 }, { 0 } });

		assert_int_equal(trace->n_conns, 2);
		assert_int_equal(trace->segments[3].conn, 0);
		assert_string_equal(trace->segments[3].note ? trace->segments[3].note : "none",
				    rows[r].note ? rows[r].note : "none");
		trace_free(trace);
	}
}

/* client -- r1 -- r2 -- server, plain routers. The second is so slow that it sends a packet
 * on when the next, of equal bytes, is on its first cable: the TTL tells the two apart.
 */
static void a_router_is_told_by_the_ttl(void **state)
{
	static const struct { const char *node, *dev; bool end, out; uint8_t ttl; int64_t at_ns; } way[] = {
		{ "client", "eth0", true, true, 64, 0 }, { "r1", "a", false, false, 64, 1000 },
		{ "r1", "b", false, true, 63, 2000 }, { "r2", "a", false, false, 63, 3000 },
		{ "r2", "b", false, true, 62, 20500 }, { "server", "eth0", true, false, 62, 21500 },
	};
	const struct rung rung = { 0, false, "S", 1000, 0 };
	struct trace *trace = trace_new();
	uint8_t frame[2000];

	(void)state;
	for (unsigned int w = 0; w < ARRAY_SIZE(way); w++)
		trace_add_iface(trace, way[w].node, way[w].dev, way[w].end);
	for (unsigned int packet = 0; packet < 4; packet++)
		for (unsigned int w = 0; w < ARRAY_SIZE(way); w++) {
			uint32_t len = frame_make(frame, 0x0a000002, 40000, 0xc0000209, 80, way[w].ttl, &rung);

			trace_add_frame(trace, w, way[w].at_ns + packet * 20000, way[w].out, frame, len);
		}
	trace_follow(trace);
	assert_int_equal(trace->n_segments, 4);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(trace->segments[i].n_sightings, ARRAY_SIZE(way));
		assert_int_equal(trace->segments[i].rcvd_ns - trace->segments[i].sent_ns, 21500);
	}
	trace_free(trace);
}

/* A hop takes a microsecond: the SYN comes in at 0. */
static void what_came_in_as_the_record_began_came_in(void **state)
{
	struct trace *trace = ladder_trace(1, true, (struct rung[]){
		{ -3, false, "S", 1000, 0 }, { 100, true, "RA", 0, 1001 }, { 0 } });

	(void)state;
	assert_int_equal(trace->segments[0].rcvd_ns, 0);
	for (unsigned int i = 0; i < trace->n_frames; i++)
		assert_int_equal(trace->frames[i].number, i + 1);
	assert_string_equal(trace->frames[trace->segments[1].sightings[0]].comment, "RST, 0.100 ms after SYN came in");
	trace_free(trace);
}

static void an_empty_trace_is_followed(void **state)
{
	struct trace *trace = trace_new();

	(void)state;
	trace_follow(trace);
	assert_int_equal(trace->n_segments, 0);
	trace_free(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rungs_become_segments),
		cmocka_unit_test(equal_packets_keep_their_own_times),
		cmocka_unit_test(what_got_lost_says_where),
		cmocka_unit_test(what_the_end_cuts_off_is_not_lost),
		cmocka_unit_test(a_copy_does_not_overtake),
		cmocka_unit_test(both_sides_of_a_nat_are_one_connection),
		cmocka_unit_test(a_nat_may_change_both_addresses),
		cmocka_unit_test(connections_are_counted_where_they_were_met),
		cmocka_unit_test(two_hundred_hosts_stay_apart),
		cmocka_unit_test(what_comes_after_the_new_syn_is_late),
		cmocka_unit_test(a_router_is_told_by_the_ttl),
		cmocka_unit_test(what_came_in_as_the_record_began_came_in),
		cmocka_unit_test(an_empty_trace_is_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

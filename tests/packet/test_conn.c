/* test_conn.c - which packets are one connection */
#include "tests/helpers/ladder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *node_name(const struct trace *trace, int node)
{
	return node < 0 ? "nobody" : trace->nodes[node];
}

/* A record that begins in the middle: who is the client? */
static void in_the_middle_the_lower_port_is_the_server_s(void **state)
{
	static const struct {
		const char *what;
		struct rung rung;	/* the server's port is 80 */
		const char *client;
	} rows[] = {
		{ "data of the higher port", { 0, false, "PA", 1, 1, 5 }, "client" },
		{ "data of the lower port", { 0, true, "PA", 1, 1, 5 }, "client" },
		{ "an ACK of the lower port", { 0, false, "A", 1, 1, .port = 79 }, "server" },
		{ "a FIN of the higher port", { 0, true, "FA", 1, 1, .port = 79 }, "server" },
		{ "a RST of the lower port", { 0, true, "R", 1, 0 }, "client" },
		{ "equal ports: who sends first", { 0, false, "PA", 1, 1, 5, .port = 80 }, "client" },
		{ "equal ports: the other one", { 0, true, "PA", 1, 1, 5, .port = 80 }, "server" },
		{ "a SYN of the lower port", { 0, false, "S", 1, 0, .port = 79 }, "client" },
		{ "a SYN,ACK of the higher port", { 0, true, "SA", 1, 1, .port = 79 }, "client" },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct trace *trace = ladder_trace(1, true, (struct rung[]){ rows[r].rung, { 0 } });
		const struct conn *conn = trace->conns;

		assert_int_equal(trace->n_conns, 1);
		if (strcmp(node_name(trace, conn->client), rows[r].client))
			fail_msg("%s: the client is %s", rows[r].what, node_name(trace, conn->client));
		assert_int_equal(trace->segments[0].from_client, trace->segments[0].from == conn->client);
		assert_int_not_equal(conn->client, conn->server);
		trace_free(trace);
	}
}

/* The client's second ACK: the same as its first one, or not? The server's FIN ends at 5002. */
static void an_ack_is_the_same_when_it_says_the_same(void **state)
{
	static const struct {
		const char *what;
		bool finished;		/* the server sends a FIN before */
		struct rung first, second;
		bool same;
	} rows[] = {
		{ "to the byte", false, { 2000, false, "A", 1001, 5001 }, { 2100, false, "A", 1001, 5001, .ip_id = 9 }, true },
		{ "it moved the window", false, { 2000, false, "A", 1001, 5001 }, { 2100, false, "A", 1001, 5001, .window = 9 }, false },
		{ "it acknowledges more", true, { 2000, false, "A", 1001, 5001 }, { 2100, false, "A", 1001, 5002 }, false },
		{ "it stands elsewhere", false, { 2000, false, "A", 1001, 5001 }, { 2100, false, "A", 1000, 5001 }, false },
		{ "both acknowledge the FIN", true, { 2000, false, "A", 1001, 5002 }, { 2100, false, "A", 1001, 5002, .ip_id = 9 }, true },
		{ "... and the window means nothing", true, { 2000, false, "A", 1001, 5002 }, { 2100, false, "A", 1001, 5002, .window = 9 }, true },
		{ "the FIN is not acknowledged yet: it moved the window", true,
		  { 2000, false, "A", 1001, 5001 }, { 2100, false, "A", 1001, 5001, .window = 9 }, false },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct rung fin = { 1500, true, "FA", 5001, 1001 }, data = { 1500, true, "PA", 5001, 1001, 1, .fate = LOST };
		struct trace *trace = ladder_trace(1, true, (struct rung[]){
			HELLO(0), rows[r].finished ? fin : data, rows[r].first, rows[r].second, { 0 } });

		assert_int_equal(trace->n_segments, 6);
		if (trace->segments[5].is_dup_ack != rows[r].same)
			fail_msg("%s", rows[r].what);
		trace_free(trace);
	}
}

static void what_is_sent_again_is_a_retransmission(void **state)
{
	static const struct {
		const char *what;
		struct rung rung;	/* after data up to 1011 */
		bool again;
	} rows[] = {
		{ "the same data", { 2000, false, "PA", 1001, 5001, 10, .ip_id = 9 }, true },
		{ "a part of it", { 2000, false, "PA", 1006, 5001, 5 }, true },
		{ "a part of it, and more", { 2000, false, "PA", 1006, 5001, 50 }, true },
		{ "the next byte", { 2000, false, "PA", 1011, 5001, 1 }, false },
		{ "the FIN behind it", { 2000, false, "FA", 1011, 5001 }, false },
		{ "a FIN with old data", { 2000, false, "FA", 1001, 5001, 10 }, true },
		{ "an empty ACK is never one", { 2000, false, "A", 1001, 5001 }, false },
		{ "nor a RST", { 2000, false, "R", 1001, 0 }, false },
		{ "the other side's first byte", { 2000, true, "PA", 5001, 1011, 1 }, false },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct trace *trace = ladder_trace(1, true, (struct rung[]){
			HELLO(0), { 1000, false, "PA", 1001, 5001, 10 }, rows[r].rung, { 0 } });

		if (trace->segments[4].is_retransmission != rows[r].again)
			fail_msg("%s", rows[r].what);
		assert_false(trace->segments[3].is_retransmission);
		trace_free(trace);
	}
}

/* A SYN,ACK is sent again also when its sender has sent more since; the first after its own SYN is not. */
static void a_second_syn_ack_is_a_retransmission(void **state)
{
	static const struct { const char *what; struct rung before[2]; bool again; } rows[] = {
		{ "a SYN,ACK, then data", { { 100, true, "SA", 5000, 1001 }, { 200, true, "PA", 5001, 1001, 1 } }, true },
		{ "a SYN,ACK, then a SYN", { { 100, true, "SA", 5000, 1001 }, { 200, true, "S", 5000, 0 } }, true },
		{ "a SYN twice", { { 100, true, "S", 5000, 0 }, { 200, true, "S", 5000, 0 } }, false },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct trace *trace = ladder_trace(1, true, (struct rung[]){
			{ 0, false, "S", 1000, 0 }, rows[r].before[0], rows[r].before[1],
			{ 1000, true, "SA", 5000, 1001, .ip_id = 9 }, { 0 } });

		assert_int_equal(trace->n_conns, 1);
		if (trace->segments[3].is_retransmission != rows[r].again)
			fail_msg("%s", rows[r].what);
		trace_free(trace);
	}
}

/* The way through a NAT that gives the server's @port to what the client sends to port 80. */
static void send_to_port(struct ladder *ladder, uint16_t port, const struct rung *rung)
{
	const unsigned int *i = ladder->ifaces[0];
	const struct { unsigned int iface; uint16_t port; } way[] = {
		{ i[0], 80 }, { i[1], 80 }, { i[2], 80 }, { i[3], 80 }, { ladder->wan, port }, { ladder->server, port },
	};
	const unsigned int n = ARRAY_SIZE(way);
	int64_t at_ns = rung->at_us * NS_PER_US;
	uint8_t frame[2000];

	for (unsigned int k = 0; k < n; k++, at_ns += HOP_NS) {
		unsigned int w = rung->server ? n - 1 - k : k;
		uint32_t len = rung->server ? frame_make(frame, 0xc0000209, way[w].port, 0x0a000002, 40000, 64, rung) :
					      frame_make(frame, 0x0a000002, 40000, 0xc0000209, way[w].port, 64, rung);

		trace_add_frame(ladder->trace, way[w].iface, at_ns, k % 2 == 0, frame, len);
	}
}

/* Data from a server that has not answered this SYN is of the connection before, if that had the
 * address that it comes from.
 */
static void data_before_a_syn_ack_is_of_the_connection_before(void **state)
{
	static const struct { const char *what; uint16_t port; struct rung rung; unsigned int conn; } rows[] = {
		{ "a FIN from the old address", 80, { 9100, true, "FA", 5001, 1001 }, 0 },
		{ "data from the old address", 80, { 9100, true, "PA", 5001, 1001, 3 }, 0 },
		{ "a RST says nothing of that", 80, { 9100, true, "RA", 0, 9001 }, 1 },
		{ "nor does an empty ACK", 80, { 9100, true, "A", 5001, 1001 }, 1 },
		{ "the SYN,ACK", 80, { 9100, true, "SA", 8000, 9001 }, 1 },
		{ "a FIN from another address", 81, { 9100, true, "FA", 5001, 1001 }, 1 },
		{ "the SYN,ACK from another address", 81, { 9100, true, "SA", 8000, 9001 }, 1 },
	};
	const struct rung hello[] = { HELLO(0) }, syn = { 9000, false, "S", 9000, 0 };

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct ladder ladder = { 0 };
		struct trace *trace;

		ladder_open(&ladder, 1);
		for (size_t h = 0; h < ARRAY_SIZE(hello); h++)
			send_to_port(&ladder, 80, &hello[h]);
		send_to_port(&ladder, rows[r].port, &syn);
		send_to_port(&ladder, rows[r].port, &rows[r].rung);
		trace = ladder_close(&ladder);
		assert_int_equal(trace->n_conns, 2);
		assert_int_equal(trace->n_segments, 5);
		assert_int_equal(trace->conns[1].earlier, 0);
		if (trace->segments[4].conn != rows[r].conn)
			fail_msg("%s", rows[r].what);
		trace_free(trace);
	}
}

/* A SYN on a four-tuple that was used before: another connection, or the same again? */
static void a_new_isn_begins_a_connection(void **state)
{
	static const struct { const char *what; struct rung rung; unsigned int conns; } rows[] = {
		{ "the same SYN again", { 9000, false, "S", 1000, 0, .ip_id = 9 }, 1 },
		{ "another ISN", { 9000, false, "S", 1001, 0 }, 2 },
		{ "the server's, as if it opened", { 9000, true, "S", 1, 0 }, 2 },
		{ "the server's, with the ISN of its SYN,ACK", { 9000, true, "S", 5000, 0 }, 1 },
		{ "a SYN,ACK begins none", { 9000, true, "SA", 7000, 1001 }, 1 },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct trace *trace = ladder_trace(1, true, (struct rung[]){ HELLO(0), rows[r].rung, { 0 } });

		if (trace->n_conns != rows[r].conns)
			fail_msg("%s: %u", rows[r].what, trace->n_conns);
		assert_int_equal(trace->conns[0].earlier, -1);
		if (trace->n_conns > 1)
			assert_int_equal(trace->conns[1].earlier, 0);
		trace_free(trace);
	}
}

static void numbers_are_relative_to_the_isns(void **state)
{
	static const struct { uint32_t seq, ack; } want[] = { { 0, 0 }, { 0, 1 }, { 1, 1 }, { 1, 1 }, { 1, 11 } };
	struct trace *trace = ladder_trace(1, true, (struct rung[]){
		HELLO(0), { 1000, false, "PA", 1001, 5001, 10 }, { 1100, true, "A", 5001, 1011 }, { 0 } });

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_int_equal(trace->segments[i].rel_seq, want[i].seq);
		assert_int_equal(trace->segments[i].rel_ack, want[i].ack);
	}
	trace_free(trace);
	trace = ladder_trace(1, true, (struct rung[]){ { 0, false, "PA", 1001, 5001, 10 }, { 0 } });
	assert_int_equal(trace->segments[0].rel_seq, 0);	/* the ISNs are not on record */
	assert_int_equal(trace->segments[0].rel_ack, 0);
	trace_free(trace);
}

/* From the first packet to when the last one came in, and when either end met it. */
static void a_connection_knows_its_times(void **state)
{
	struct trace *trace = ladder_trace(1, true, (struct rung[]){
		{ 0, false, "S", 1000, 0, .delay_us = 50 }, { 100, true, "SA", 5000, 1001, .fate = LOST },
		{ 1000100, true, "SA", 5000, 1001, .delay_us = 50 }, { 0 } });
	const struct conn *conn = trace->conns;

	(void)state;
	assert_int_equal(conn->first_ns, 0);
	assert_int_equal(conn->last_ns, 1000150 * NS_PER_US + 3 * HOP_NS);
	assert_int_equal(conn->at_client_ns, 0);
	assert_int_equal(conn->at_server_ns, 50 * NS_PER_US + 3 * HOP_NS);
	trace_free(trace);
	trace = ladder_trace(1, true, (struct rung[]){ { 7, false, "S", 1000, 0, .fate = LOST }, { 0 } });
	assert_int_equal(trace->conns[0].last_ns, 7000);
	assert_int_equal(trace->conns[0].at_client_ns, 7000);
	assert_int_equal(trace->conns[0].at_server_ns, -1);
	trace_free(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_the_middle_the_lower_port_is_the_server_s),
		cmocka_unit_test(an_ack_is_the_same_when_it_says_the_same),
		cmocka_unit_test(what_is_sent_again_is_a_retransmission),
		cmocka_unit_test(a_second_syn_ack_is_a_retransmission),
		cmocka_unit_test(data_before_a_syn_ack_is_of_the_connection_before),
		cmocka_unit_test(a_new_isn_begins_a_connection),
		cmocka_unit_test(numbers_are_relative_to_the_isns),
		cmocka_unit_test(a_connection_knows_its_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

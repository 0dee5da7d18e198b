/* test_tcp_fsm_refused.c - what a kernel refuses moves no state, what it takes does */
#include <twlab/tcp_fsm.h>

#include "tests/helpers/ladder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The client (ISN 1000) has opened, and has sent 10 bytes; the server (ISN 5000) has acknowledged them. Windows
 * are 502 and not scaled. With .stamps the client's newest that counts is 52.
 */
#define OPEN(c, s) \
	{ 0, false, "S", 1000, 0, .tsval = (c), .tsecr = 0 }, { 100, true, "SA", 5000, 1001, .tsval = (s), .tsecr = (c) }, \
	{ 200, false, "A", 1001, 5001, .tsval = (c), .tsecr = (s) }, { 300, false, "PA", 1001, 5001, 10, .tsval = (c) ? (c) + 2 : 0 }, \
	{ 400, true, "A", 5001, 1011, .tsval = (s), .tsecr = (c) }
#define PLAIN OPEN(0, 0)
#define STAMPED OPEN(50, 90)

/* What the server is in after the last segment. */
static const struct {
	const char *name;
	struct rung rungs[12];
	enum tcp_state state;
	bool client;		/* ... or the client */
} walks[] = {
	{ "a FIN in order", { PLAIN, { 1000, false, "FA", 1011, 5001 } }, STATE_CLOSE_WAIT },
	{ "a FIN that acknowledges what was never sent", { PLAIN, { 1000, false, "FA", 1011, 5002 } }, STATE_ESTABLISHED },
	{ "... less than what was sent: an old ACK", { PLAIN, { 1000, false, "FA", 1011, 5000 } }, STATE_CLOSE_WAIT },
	{ "... less than a window could hold", { PLAIN, { 1000, false, "FA", 1011, 4400 } }, STATE_ESTABLISHED },
	{ "a FIN at the window's end", { PLAIN, { 1000, false, "FA", 1513, 5001 }, { 1100, false, "PA", 1011, 5001, 502 } }, STATE_CLOSE_WAIT },
	{ "a FIN behind it", { PLAIN, { 1000, false, "FA", 1514, 5001 }, { 1100, false, "PA", 1011, 5001, 503 } }, STATE_ESTABLISHED },
	{ "a FIN from before", { PLAIN, { 1000, false, "FA", 1005, 5001 } }, STATE_ESTABLISHED },
	{ "a FIN without ACK", { PLAIN, { 1000, false, "F", 1011, 0 } }, STATE_ESTABLISHED },
	{ "a FIN with a stamp that is newer", { STAMPED, { 1000, false, "FA", 1011, 5001, .tsval = 53 } }, STATE_CLOSE_WAIT },
	{ "... older by a tick", { STAMPED, { 1000, false, "FA", 1011, 5001, .tsval = 51 } }, STATE_CLOSE_WAIT },
	{ "... older by two", { STAMPED, { 1000, false, "FA", 1011, 5001, .tsval = 50 } }, STATE_ESTABLISHED },
	{ "... without one", { STAMPED, { 1000, false, "FA", 1011, 5001 } }, STATE_CLOSE_WAIT },
	{ "no stamps were agreed on: none is old", { PLAIN, { 900, false, "PA", 1011, 5001, 1, .tsval = 90 },
	  { 1000, false, "FA", 1012, 5001, .tsval = 50 } }, STATE_CLOSE_WAIT },
	{ "a RST with exactly the number", { PLAIN, { 1000, false, "R", 1011, 0 } }, STATE_CLOSE },
	{ "a RST in the window", { PLAIN, { 1000, false, "R", 1012, 0 } }, STATE_ESTABLISHED },
	{ "a RST with the number before", { PLAIN, { 1000, false, "R", 1010, 0 } }, STATE_ESTABLISHED },
	{ "a RST with an old stamp: it is taken", { STAMPED, { 1000, false, "RA", 1011, 5001, .tsval = 5 } }, STATE_CLOSE },
	{ "a SYN once more", { PLAIN, { 1000, false, "S", 1000, 0 } }, STATE_ESTABLISHED },
	{ "a SYN with the next number", { PLAIN, { 1000, false, "S", 1011, 0 } }, STATE_ESTABLISHED },
	{ "the ACK of our FIN", { PLAIN, { 900, true, "FA", 5001, 1011 }, { 1000, false, "A", 1011, 5002 } }, STATE_FIN_WAIT2 },
	{ "the ACK of more than our FIN", { PLAIN, { 900, true, "FA", 5001, 1011 }, { 1000, false, "A", 1011, 5003 } }, STATE_FIN_WAIT1 },
	{ "the last ACK of the opening", { { 0, false, "S", 1000, 0 }, { 100, true, "SA", 5000, 1001 }, { 200, false, "A", 1001, 5001 } },
	  STATE_ESTABLISHED },
	{ "... of a number that was not sent", { { 0, false, "S", 1000, 0 }, { 100, true, "SA", 5000, 1001 }, { 200, false, "A", 1001, 5002 } },
	  STATE_SYN_RECV },
	{ "the ACKs of a connection before count for nothing in the next", { { 0, false, "S", 1000, 0 }, { 50, true, "A", 4100000000, 77 },
	  { 100, true, "SA", 5000, 1001 }, { 200, false, "A", 1001, 5001 } }, STATE_ESTABLISHED },

	{ "a SYN,ACK", { { 0, false, "S", 1000, 0 }, { 100, true, "SA", 5000, 1001 } }, STATE_ESTABLISHED, true },
	{ "a SYN,ACK of another SYN", { { 0, false, "S", 1000, 0 }, { 100, true, "SA", 5000, 1002 } }, STATE_SYN_SENT, true },
	{ "a SYN,ACK that echoes our stamp", { { 0, false, "S", 1000, 0, .tsval = 7 }, { 100, true, "SA", 5000, 1001, .tsval = 3, .tsecr = 7 } },
	  STATE_ESTABLISHED, true },
	{ "a SYN,ACK that echoes one from before", { { 0, false, "S", 1000, 0, .tsval = 7 },
	  { 100, true, "SA", 5000, 1001, .tsval = 3, .tsecr = 6 } }, STATE_SYN_SENT, true },
	{ "a RST that answers the SYN", { { 0, false, "S", 1000, 0 }, { 100, true, "RA", 0, 1001 } }, STATE_CLOSE, true },
	{ "a RST that answers another one", { { 0, false, "S", 1000, 0 }, { 100, true, "RA", 0, 1002 } }, STATE_SYN_SENT, true },
};

static enum tcp_state state_after(const struct trace *trace, bool client)
{
	struct tcp_fsm walk;
	struct tcp_transition transitions[2];

	tcp_fsm_begin(&walk);
	for (unsigned int i = 0; i < trace->n_segments; i++) {
		const struct segment *segment = &trace->segments[i];
		bool sent = segment->from_client == client;

		tcp_fsm_step(&walk, trace, i, sent, sent ? segment->sent_ns : segment->rcvd_ns, transitions);
	}
	return walk.state;
}

static void what_a_kernel_refuses_moves_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(walks); i++) {
		struct trace *trace = ladder_trace(1, true, walks[i].rungs);
		enum tcp_state is = state_after(trace, walks[i].client);

		trace_free(trace);
		if (is != walks[i].state)
			fail_msg("%s: %s", walks[i].name, tcp_state_name(is));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_kernel_refuses_moves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

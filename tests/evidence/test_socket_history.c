/* test_socket_history.c - samples of a socket and its packets, made into one history */
#include "tests/helpers/folder.h"
#include "tests/helpers/life.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The server closes first, so its socket is the one in TIME_WAIT: that is where the rows look. */
#define CLOSED_BY_SERVER HELLO(0), { 1000, true, "FA", 5001, 1001 }, { 1100, false, "FA", 1001, 5002 }, \
	{ 1200, true, "A", 5002, 1002 }
#define WAITS { 1300, true, "TIME_WAIT", "new", 60000 }

/* What is told of the server's first socket with what stands at @rungs and in @samples. */
struct told {
	const char *what;
	struct rung rungs[10];
	struct sample samples[6];
	const char *events;
	const char *says;	/* the end of its line */
};

static void check(const struct told *rows, size_t n)
{
	for (size_t r = 0; r < n; r++) {
		struct evidence *evidence;
		struct socket_states *sockets, *sock = NULL;
		struct err err = { 0 };
		unsigned int n_sockets;

		folder_make(true, rows[r].rungs, rows[r].samples, rows[r].events);
		evidence = evidence_read(folder, &err);
		if (!evidence)
			fail_msg("%s: %s", rows[r].what, err.text);
		sockets = socket_states_read(evidence, &n_sockets);
		for (unsigned int i = 0; i < n_sockets && !sock; i++)
			if (!strcmp(evidence->trace->nodes[sockets[i].node], "server"))
				sock = &sockets[i];
		assert_non_null(sock);

		auto_free char *text = life_text(evidence->trace, sock);
		size_t len = strlen(text), want = strlen(rows[r].says);

		if (len < want || strcmp(text + len - want, rows[r].says))
			fail_msg("%s: %s", rows[r].what, text);
		socket_states_free(sockets, n_sockets);
		evidence_free(evidence);
	}
}

/* A sample follows a packet within 100 ms: what came in longer before did not end it. */
static void what_came_just_before_ended_time_wait(void **state)
{
	static const struct told rows[] = {
		{ "a RST just before", { CLOSED_BY_SERVER, { 2000000, false, "R", 1002, 0 } },
		  { WAITS, { 2000010, true, "TIME_WAIT", "gone" } }, NULL, "; TIME_WAIT <FIN,ACK; CLOSE <RST" },
		{ "a RST 99 ms before", { CLOSED_BY_SERVER, { 2000000, false, "R", 1002, 0 } },
		  { WAITS, { 2099000, true, "TIME_WAIT", "gone" } }, NULL, "; TIME_WAIT <FIN,ACK; CLOSE <RST" },
		{ "a RST 101 ms before", { CLOSED_BY_SERVER, { 2000000, false, "R", 1002, 0 } },
		  { WAITS, { 2101000, true, "TIME_WAIT", "gone" } }, NULL, "; TIME_WAIT <FIN,ACK; CLOSE -" },
		{ "a RST a minute before, which it ignored (tcp_rfc1337)", { CLOSED_BY_SERVER, { 2000000, false, "R", 1002, 0 } },
		  { WAITS, { 61001300, true, "TIME_WAIT", "gone" } }, NULL, "; TIME_WAIT <FIN,ACK; CLOSE timeout" },
		{ "a SYN just before", { CLOSED_BY_SERVER, { 2000000, false, "S", 99000, 0 }, { 2000100, true, "SA", 88000, 99001 } },
		  { WAITS, { 2000010, true, "TIME_WAIT", "gone" } }, NULL, "; TIME_WAIT <FIN,ACK; CLOSE <SYN" },
		{ "the later of two", { CLOSED_BY_SERVER, { 2000000, false, "R", 1002, 0 }, { 2001000, false, "S", 99000, 0 } },
		  { WAITS, { 2001010, true, "TIME_WAIT", "gone" } }, NULL, "; TIME_WAIT <FIN,ACK; CLOSE <SYN" },
		{ "what came in since does not count", { CLOSED_BY_SERVER, { 2000000, false, "R", 1002, 0 } },
		  { WAITS, { 1999000, true, "TIME_WAIT", "gone" } }, NULL, "; TIME_WAIT <FIN,ACK; CLOSE -" },
		{ "a RST that was lost ends nothing", { CLOSED_BY_SERVER, { 2000000, false, "R", 1002, 0, .fate = LOST } },
		  { WAITS, { 2000010, true, "TIME_WAIT", "gone" } }, NULL, "; TIME_WAIT <FIN,ACK; CLOSE -" },
		{ "an ACK ends nothing", { CLOSED_BY_SERVER, { 2000000, false, "A", 1002, 5002 } },
		  { WAITS, { 2000010, true, "TIME_WAIT", "gone" } }, NULL, "; TIME_WAIT <FIN,ACK; CLOSE -" },
		{ "nor what it sent itself", { CLOSED_BY_SERVER, { 2000000, true, "R", 5002, 0 } },
		  { WAITS, { 2000010, true, "TIME_WAIT", "gone" } }, NULL, "; TIME_WAIT <FIN,ACK; CLOSE -" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

#define KILLED(ms, node) "{\"t_ns\":" ms "000000,\"do\":\"kill\",\"node\":\"" node "\",\"what\":\"TIME_WAIT\",\"why\":\"\"}\n"

/* A timer ends where it said that it would, SOCK_DESTROY within a second of the step. */
static void what_no_packet_ended_has_its_reason(void **state)
{
	static const struct told rows[] = {
		{ "its timer ran out", { CLOSED_BY_SERVER }, { WAITS, { 60001300, true, "TIME_WAIT", "gone" } }, NULL, "CLOSE timeout" },
		{ "... nearly, which is the kernel's granule", { CLOSED_BY_SERVER }, { WAITS, { 59992000, true, "TIME_WAIT", "gone" } }, NULL, "CLOSE timeout" },
		{ "... no, it is 11 ms early", { CLOSED_BY_SERVER }, { WAITS, { 59990000, true, "TIME_WAIT", "gone" } }, NULL, "CLOSE -" },
		{ "the last sample's timer counts", { CLOSED_BY_SERVER },
		  { WAITS, { 30001300, true, "TIME_WAIT", "rearm", 60000 }, { 60001300, true, "TIME_WAIT", "gone" } }, NULL, "CLOSE -" },
		{ "it was destroyed", { CLOSED_BY_SERVER }, { WAITS, { 2000000, true, "TIME_WAIT", "gone" } }, KILLED("1990", "server"), "CLOSE SOCK_DESTROY" },
		{ "on another node", { CLOSED_BY_SERVER }, { WAITS, { 2000000, true, "TIME_WAIT", "gone" } }, KILLED("1990", "client"), "CLOSE -" },
		{ "afterwards", { CLOSED_BY_SERVER }, { WAITS, { 2000000, true, "TIME_WAIT", "gone" } }, KILLED("2001", "server"), "CLOSE -" },
		{ "long before", { CLOSED_BY_SERVER }, { WAITS, { 2000000, true, "TIME_WAIT", "gone" } }, KILLED("1000", "server"), "CLOSE -" },
		{ "something else was done", { CLOSED_BY_SERVER }, { WAITS, { 2000000, true, "TIME_WAIT", "gone" } },
		  "{\"t_ns\":1990000000,\"do\":\"wait\",\"node\":\"server\",\"what\":\"TIME_WAIT\",\"why\":\"\"}\n", "CLOSE -" },
		{ "it gave up saying SYN,ACK", { { 0, false, "S", 1000, 0 }, { 100, true, "SA", 5000, 1001, .fate = LOST } },
		  { { 110, true, "SYN_RECV", "new" }, { 63000000, true, "SYN_RECV", "gone" } }, NULL, "SYN_RECV <SYN; CLOSE timeout" },
		{ "it gave up saying FIN", { HELLO(0), { 1000, true, "FA", 5001, 1001, .fate = LOST } },
		  { { 300, true, "ESTABLISHED", "new" }, { 1100, true, "FIN_WAIT1", "change" }, { 99000000, true, "FIN_WAIT1", "gone" } }, NULL,
		  "FIN_WAIT1 >FIN,ACK; CLOSE timeout" },
		{ "nobody says why an open one went", { HELLO(0) },
		  { { 300, true, "ESTABLISHED", "new" }, { 99000000, true, "ESTABLISHED", "gone" } }, NULL, "ESTABLISHED <ACK; CLOSE -" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_came_just_before_ended_time_wait),
		cmocka_unit_test(what_no_packet_ended_has_its_reason),
	};

	return cmocka_run_group_tests(tests, folder_open, folder_close);
}

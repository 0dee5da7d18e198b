/* test_socket_states.c - which samples and which connections are one socket */
#include "tests/helpers/folder.h"
#include "tests/helpers/life.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct found {
	const char *what;
	struct rung rungs[12];
	struct sample samples[8];
	bool server;		/* whose sockets: the server's or else the client's */
	unsigned int sockets;
	int conns[4];		/* of each; from 1, 0 = none */
};

#define CLOSED HELLO(0), GOODBYE(1000), { 1300, false, "A", 1002, 5002 }
#define AGAIN { 5000000, false, "S", 99000, 0 }, { 5000100, true, "SA", 80000, 99001 }, { 5000200, false, "A", 99001, 80001 }

static const struct found rows[] = {
	{ "never sampled: each connection is a socket", { CLOSED, AGAIN }, { { 0 } }, false, 2, { 1, 2 } },
	{ "sampled (it has counters), and nothing seen: the one that stays open was none", { CLOSED, AGAIN }, { { 0 } }, true, 1, { 1 } },
	{ "one sample, one connection", { HELLO(0) }, { { 300, false, "ESTABLISHED", "new" } }, false, 1, { 1 } },
	{ "its states are one socket's", { CLOSED },
	  { { 10, false, "SYN_SENT", "new" }, { 300, false, "ESTABLISHED", "change" }, { 1010, false, "FIN_WAIT1", "change" },
	    { 1250, false, "TIME_WAIT", "change", 60000 }, { 61001250, false, "TIME_WAIT", "gone" } }, false, 1, { 1 } },
	{ "one that ends, and another", { CLOSED, AGAIN },
	  { { 1250, false, "TIME_WAIT", "new", 60000 }, { 5000005, false, "TIME_WAIT", "gone" }, { 5000005, false, "SYN_SENT", "new" } },
	  false, 2, { 1, 2 } },
	{ "the end of the first is not on record", { CLOSED, AGAIN },
	  { { 1250, false, "TIME_WAIT", "new", 60000 }, { 5000005, false, "SYN_SENT", "new" } }, false, 2, { 1, 2 } },
	{ "left SYN_RECV and accepted at once: the same one", { HELLO(0) },
	  { { 110, true, "SYN_RECV", "new" }, { 250, true, "SYN_RECV", "gone" }, { 250, true, "ESTABLISHED", "new" } }, true, 1, { 1 } },
	{ "left SYN_RECV, and later there is one: another", { HELLO(0) },
	  { { 110, true, "SYN_RECV", "new" }, { 250, true, "SYN_RECV", "gone" }, { 251, true, "ESTABLISHED", "new" } }, true, 2, { 1, 0 } },
	{ "left SYN_RECV, and a new SYN comes at once: another", { HELLO(0) },
	  { { 110, true, "SYN_RECV", "new" }, { 250, true, "SYN_RECV", "gone" }, { 250, true, "SYN_RECV", "new" } }, true, 2, { 1, 0 } },
	{ "left SYN_RECV, and opens itself at once: another", { HELLO(0) },
	  { { 110, true, "SYN_RECV", "new" }, { 250, true, "SYN_RECV", "gone" }, { 250, true, "SYN_SENT", "new" } }, true, 2, { 1, 0 } },
	{ "gone from another state, and at once there is one: another", { HELLO(0) },
	  { { 300, true, "ESTABLISHED", "new" }, { 900, true, "ESTABLISHED", "gone" }, { 900, true, "ESTABLISHED", "new" } }, true, 2, { 1, 0 } },
	{ "two samples of one state are one socket", { HELLO(0) },
	  { { 300, true, "ESTABLISHED", "new" }, { 900, true, "ESTABLISHED", "tick" } }, true, 1, { 1 } },
	{ "where samples are taken, an open one would have been seen", { HELLO(0) },
	  { { 300, true, "LISTEN", "new", .listening = true } }, true, 1, { 0 } },
	{ "... but not one that is over", { CLOSED }, { { 300, true, "LISTEN", "new", .listening = true } }, true, 2, { 1, 0 } },
};

static unsigned int found_check(const struct found *row)
{
	struct evidence *evidence;
	struct socket_states *sockets;
	struct err err = { 0 };
	unsigned int n, seen = 0, wrong = 0;

	folder_make(true, row->rungs, row->samples, NULL);
	evidence = evidence_read(folder, &err);
	if (!evidence)
		fail_msg("%s: %s", row->what, err.text);
	sockets = socket_states_read(evidence, &n);
	for (unsigned int i = 0; i < n; i++) {
		auto_free char *text = life_text(evidence->trace, &sockets[i]);

		if (strcmp(evidence->trace->nodes[sockets[i].node], row->server ? "server" : "client"))
			continue;
		if (seen >= row->sockets || sockets[i].conn != row->conns[seen] - 1) {
			print_error("%s: connection %d, %s\n", row->what, sockets[i].conn + 1, text);
			wrong++;
		}
		seen++;
	}
	if (seen != row->sockets)
		print_error("%s: %u sockets\n", row->what, seen);
	wrong += seen != row->sockets;
	socket_states_free(sockets, n);
	evidence_free(evidence);
	return wrong;
}

static void samples_are_cut_into_sockets(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++)
		wrong += found_check(&rows[r]);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_cut_into_sockets),
	};

	return cmocka_run_group_tests(tests, folder_open, folder_close);
}

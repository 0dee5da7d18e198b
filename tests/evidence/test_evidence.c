/* test_evidence.c - the folder that a run leaves, and the lives of its sockets */
#include "tests/helpers/folder.h"
#include "tests/helpers/life.h"

#include <twlab/socket_states.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct rung four_way[] = {
	HELLO(0), GOODBYE(1000), { 1300, false, "A", 1002, 5002 }, { 0 }
};

static struct evidence *folder_read(void)
{
	struct err err = { 0 };
	struct evidence *evidence = evidence_read(folder, &err);

	if (!evidence)
		fail_msg("%s", err.text);
	return evidence;
}

static void a_folder_is_read(void **state)
{
	static const struct sample samples[] = {
		{ 10, true, "LISTEN", "new", .listening = true }, { 1400, false, "TIME_WAIT", "new", 60000 }, { 0 }
	};
	struct evidence *evidence;

	(void)state;
	folder_make(true, four_way, samples,
		    "{\"t_ns\":5,\"do\":\"start\",\"node\":\"server\",\"what\":\"peer\",\"why\":\"w\"}\n");
	evidence = folder_read();
	assert_string_equal(evidence->lab, "01-test");
	assert_string_equal(evidence->runner, "vm");
	assert_int_equal(evidence->seed, 7);
	assert_int_equal(evidence->hz, 250);
	assert_int_equal(evidence->n_params, 2);
	assert_string_equal(evidence->params[0], "b=2");	/* their order stays */
	assert_int_equal(evidence->trace->n_conns, 1);
	assert_int_equal(evidence->trace->frames[0].at_ns, 0);
	assert_int_equal(evidence->n_states, 2);
	assert_int_equal(evidence->states[0].local.port, 80);
	assert_int_equal(evidence->states[1].state, STATE_TIME_WAIT);
	assert_int_equal(evidence->states[1].event, SEEN_NEW);
	assert_int_equal(evidence->states[1].expires_ms, 60000);
	assert_int_equal(evidence->states[1].line, 2);
	assert_string_equal(evidence->events[0].what_kind, "start");
	assert_int_equal(evidence->n_programs, 1);
	assert_string_equal(evidence->programs[0].status, "exit 0");
	assert_int_equal(evidence->n_counters, 5);
	evidence_free(evidence);
}

#define STATE_ROW(t, node, state, event, expires, local) \
	"{\"t_ns\":" t ",\"node\":\"" node "\",\"local\":\"" local "\",\"remote\":\"10.0.0.2:80\",\"state\":\"" state \
	"\",\"timer\":\"\",\"expires_ms\":" expires ",\"event\":\"" event "\",\"seen\":\"packet\"}\n"
#define GOOD_STATE STATE_ROW("5", "client", "LISTEN", "new", "-1", "10.0.0.1:1")

#define NAT_ROW(t, node, as, event) "{" NAT_REST(t, node, as, event)
#define NAT_REST(t, node, as, event) \
	"\"t_ns\":" t ",\"node\":\"" node "\",\"from\":\"10.0.0.2:4\",\"to\":\"192.0.2.9:80\",\"as\":\"" as \
	"\",\"state\":\"LAST_ACK\",\"expires_ms\":30000,\"event\":\"" event "\",\"seen\":\"packet\"}\n"
#define GOOD_NAT NAT_ROW("5", "wire", "192.0.2.1:4", "new")

/* One file put in the place of a good one, or taken away (no text). */
static const struct { const char *file, *text, *says; } damages[] = {
	{ "run.json", NULL, ": no run.json: no evidence, or a run that did not finish" },
	{ "run.json", "", ": run.json:1: '[' or '{' expected" },
	{ "run.json", "[]", ": run.json is no JSON object" },
	{ "run.json", "{\"complete\":false,\"failed\":\"client: no such file\"}",
	  ": the run did not finish: client: no such file" },
	{ "run.json", "{\"lab\":\"x\"}", ": the run did not finish" },
	{ "run.json", "{\"complete\":true}", ": run.json: no text for 'lab'" },
	{ "run.json", "{\"complete\":true,\"lab\":1}", ": run.json: no text for 'lab'" },
	{ "run.json", "{\"complete\":true,\"bytes\":{\"programs/peer.status\":7}}", ": run.json: no text for 'lab'" },
	{ "run.json", "{\"complete\":true,\"bytes\":{\"programs/peer.status\":8}}",
	  ": programs/peer.status has 7 bytes, not the 8 of when the run ended" },
	{ "run.json", "{\"complete\":true,\"bytes\":{\"programs/peer.status\":6}}",
	  ": programs/peer.status has 7 bytes, not the 6 of when the run ended" },
	{ "run.json", "{\"complete\":true,\"bytes\":{\"nat.jsonl\":7}}", ": cannot read nat.jsonl: No such file or directory" },
	{ "run.json", "{\"complete\":true,\"bytes\":{},\"sha256\":{}}", ": run.json is not as it was when the run ended" },
	{ "run.json", "{\"complete\":true,\"self\":\"0\"}", ": run.json is not as it was when the run ended" },
	{ "packets.pcapng", NULL, "packets.pcapng: No such file or directory" },
	{ "packets.pcapng", "once upon a time", "/packets.pcapng: byte 0: this is no pcapng file" },
	{ "states.jsonl", NULL, ": cannot read states.jsonl: No such file or directory" },
	{ "states.jsonl", GOOD_STATE "{\"t_ns\":1", ": states.jsonl:2: the line is cut short" },
	{ "states.jsonl", GOOD_STATE "{\"t_ns\":1\n", ": states.jsonl:2: " },
	{ "states.jsonl", "7\n", ": states.jsonl:1: " },
	{ "states.jsonl", "[7]\n", ": states.jsonl:1: no JSON object" },
	{ "states.jsonl", STATE_ROW("5.5", "client", "LISTEN", "new", "-1", "10.0.0.1:1"), ": states.jsonl:1: no number for 't_ns'" },
	{ "states.jsonl", STATE_ROW("-5", "client", "LISTEN", "new", "-1", "10.0.0.1:1"), ": states.jsonl:1: out of range: 't_ns'" },
	{ "states.jsonl", STATE_ROW("5", "mallory", "LISTEN", "new", "-1", "10.0.0.1:1"), ": states.jsonl:1: packets.pcapng has no node 'mallory'" },
	{ "states.jsonl", STATE_ROW("5", "client", "LISTENING", "new", "-1", "10.0.0.1:1"), ": states.jsonl:1: no state of TCP: 'LISTENING'" },
	{ "states.jsonl", STATE_ROW("5", "client", "", "new", "-1", "10.0.0.1:1"), ": states.jsonl:1: no state of TCP: ''" },
	{ "states.jsonl", STATE_ROW("5", "client", "LISTEN", "old", "-1", "10.0.0.1:1"), ": states.jsonl:1: no such event: 'old'" },
	{ "states.jsonl", STATE_ROW("5", "client", "LISTEN", "new", "9999999999999", "10.0.0.1:1"), ": states.jsonl:1: out of range: 'expires_ms'" },
	{ "states.jsonl", STATE_ROW("5", "client", "LISTEN", "new", "-1", "10.0.0.1"), ": states.jsonl:1: no address and port: '10.0.0.1'" },
	{ "states.jsonl", STATE_ROW("6", "client", "LISTEN", "new", "-1", "10.0.0.1:1") GOOD_STATE, ": states.jsonl:2: goes back in time: 't_ns'" },
	{ "nat.jsonl", NAT_ROW("5", "mallory", "192.0.2.1:4", "new"), ": nat.jsonl:1: packets.pcapng has no node 'mallory'" },
	{ "nat.jsonl", NAT_ROW("5", "wire", "192.0.2.1", "new"), ": nat.jsonl:1: no address and port: '192.0.2.1'" },
	{ "nat.jsonl", "{\"target\":\"192.0.2.9\"," NAT_REST("5", "wire", "192.0.2.1:4", "new"), ": nat.jsonl:1: no address and port: '192.0.2.9'" },
	{ "nat.jsonl", "{\"target\":9," NAT_REST("5", "wire", "192.0.2.1:4", "new"), ": nat.jsonl:1: no text for 'target'" },
	{ "nat.jsonl", GOOD_NAT NAT_ROW("5", "wire", "192.0.2.1:4", "old"), ": nat.jsonl:2: no such event: 'old'" },
	{ "nat.jsonl", GOOD_NAT NAT_ROW("4", "wire", "192.0.2.1:4", "gone"), ": nat.jsonl:2: goes back in time: 't_ns'" },
	{ "nat.jsonl", GOOD_NAT "{\"t_ns\":6,\"expires_ms\":1}\n", ": nat.jsonl:2: no text for 'node'" },
	{ "events.jsonl", NULL, ": cannot read events.jsonl: No such file or directory" },
	{ "events.jsonl", "{\"t_ns\":5,\"do\":\"start\",\"node\":\"server\",\"why\":\"w\"}\n", ": events.jsonl:1: no text for 'what'" },
	{ "counters.json", NULL, ": cannot read counters.json: No such file or directory" },
	{ "counters.json", "{\"server\":{\"after\":{}}}", ": counters.json: no counters before and after for 'server'" },
	{ "counters.json", "{\"server\":{\"before\":{},\"after\":{\"x\":\"y\"}}}", ": counters.json: no number for 'x'" },
	{ "counters.json", "{\"server\":{\"before\":{\"x\":-9223372036854775807},\"after\":{\"x\":1}}}", ": counters.json: out of range: 'x'" },
	{ "programs/peer.status", NULL, ": cannot read programs/peer.status: No such file or directory" },
};

static void a_damaged_folder_is_refused_in_one_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		struct err err = { 0 };
		struct evidence *evidence;

		folder_make(true, four_way, NULL, NULL);
		if (damages[i].text)
			folder_put(damages[i].file, damages[i].text);
		else
			folder_drop(damages[i].file);
		evidence = evidence_read(folder, &err);
		folder_drop("nat.jsonl");
		if (evidence || !strstr(err.text, damages[i].says) || strchr(err.text, '\n') ||
		    !strstr(err.text, folder))
			fail_msg("%s, %s: says %s", damages[i].file, damages[i].says, err.text);
	}
	folder_make(true, four_way, NULL, NULL);
	folder_put("states.jsonl", GOOD_STATE);
	folder_put("nat.jsonl", GOOD_NAT);
	evidence_free(folder_read());	/* the good rows were good */
	folder_drop("nat.jsonl");
	assert_null(evidence_read("/nonexistent", NULL));
}

static void a_pipe_in_the_folder_is_not_waited_for(void **state)
{
	static const char *const files[] = { "run.json", "packets.pcapng", "states.jsonl", "nat.jsonl", "trials.tsv",
					     "events.jsonl", "counters.json", "programs/peer.out", "programs/peer.status" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_free char *path = must_printf("%s/%s", folder, files[i]);
		struct err err = { 0 };

		folder_make(true, four_way, NULL, NULL);
		unlink(path);
		assert_int_equal(mkfifo(path, 0600), 0);
		assert_null(evidence_read(folder, &err));
		assert_non_null(strstr(err.text, files[i]));
		assert_int_equal(unlink(path), 0);
	}
}

struct story {
	const char *name;
	struct rung rungs[16];
	struct sample samples[16];
	const char *events;
	const char *sockets[4];	/* in order of node, first seen */
};

#define UNKNOWN " -"		/* of a node that was never sampled */
#define OPENED "SYN_SENT? >SYN; ESTABLISHED? <SYN,ACK"
#define ACCEPTED "SYN_RECV? <SYN; ESTABLISHED? <ACK"

static const struct story stories[] = {
	{ "sampled at every step", { HELLO(0), GOODBYE(1000), { 1300, false, "A", 1002, 5002 } },
	  { { 1, true, "LISTEN", "new", .listening = true }, { 10, false, "SYN_SENT", "new" },
	    { 105, true, "SYN_RECV", "new" }, { 150, false, "ESTABLISHED", "change" },
	    { 250, true, "ESTABLISHED", "change" }, { 1010, false, "FIN_WAIT1", "change" },
	    { 1050, true, "CLOSE_WAIT", "change" }, { 1150, false, "FIN_WAIT2", "change" },
	    { 1210, true, "LAST_ACK", "change" }, { 1250, false, "TIME_WAIT", "change", 60000 },
	    { 1350, true, "LAST_ACK", "gone" }, { 60001250, false, "TIME_WAIT", "tick", 0 },
	    { 61001250, false, "TIME_WAIT", "gone" } }, NULL,
	  { "SYN_SENT >SYN; ESTABLISHED <SYN,ACK; FIN_WAIT1 >FIN,ACK; FIN_WAIT2 <ACK; TIME_WAIT <FIN,ACK; CLOSE timeout",
	    "LISTEN listen()",
	    "SYN_RECV <SYN; ESTABLISHED <ACK; CLOSE_WAIT <FIN,ACK; LAST_ACK >FIN,ACK; CLOSE <ACK" } },

	{ "sampled twice only", { HELLO(0), GOODBYE(1000), { 1300, false, "A", 1002, 5002 } },
	  { { 1250, false, "TIME_WAIT", "new", 60000 }, { 60001300, false, "TIME_WAIT", "gone" } }, NULL,
	  { OPENED "; FIN_WAIT1? >FIN,ACK; FIN_WAIT2? <ACK; TIME_WAIT <FIN,ACK; CLOSE timeout",
	    ACCEPTED "; CLOSE_WAIT? <FIN,ACK; LAST_ACK? >FIN,ACK; CLOSE? <ACK" } },

	{ "ACK and FIN in one segment: no FIN_WAIT2",
	  { HELLO(0), { 1000, false, "FA", 1001, 5001 }, { 1100, true, "FA", 5001, 1002 },
	    { 1200, false, "A", 1002, 5002 } },
	  { { 1300, false, "TIME_WAIT", "new", 60000 } }, NULL,
	  { OPENED "; FIN_WAIT1? >FIN,ACK; TIME_WAIT <FIN,ACK",
	    ACCEPTED "; CLOSE_WAIT? <FIN,ACK; LAST_ACK? >FIN,ACK; CLOSE? <ACK" } },

	{ "both close at once",
	  { HELLO(0), { 1000, false, "FA", 1001, 5001 }, { 1001, true, "FA", 5001, 1001 },
	    { 1100, false, "A", 1002, 5002 }, { 1101, true, "A", 5002, 1002 } },
	  { { 1300, false, "TIME_WAIT", "new", 60000 }, { 1301, true, "TIME_WAIT", "new", 60000 } }, NULL,
	  { OPENED "; FIN_WAIT1? >FIN,ACK; CLOSING? <FIN,ACK; TIME_WAIT <ACK",
	    ACCEPTED "; FIN_WAIT1? >FIN,ACK; CLOSING? <FIN,ACK; TIME_WAIT <ACK" } },

	{ "no sample shows TIME_WAIT (tcp_max_tw_buckets = 0): there was none",
	  { HELLO(0), GOODBYE(1000), { 1300, false, "A", 1002, 5002, .fate = LOST },
	    { 201200, true, "FA", 5001, 1002 }, { 201300, false, "R", 1002, 0 } },
	  { { 1150, false, "FIN_WAIT2", "new" }, { 1210, true, "LAST_ACK", "new" }, { 1250, false, "FIN_WAIT2", "gone" },
	    { 201310, true, "LAST_ACK", "gone" } }, NULL,
	  { OPENED "; FIN_WAIT1? >FIN,ACK; FIN_WAIT2 <ACK; CLOSE <FIN,ACK",
	    ACCEPTED "; CLOSE_WAIT? <FIN,ACK; LAST_ACK >FIN,ACK; CLOSE <RST" } },

	{ "TIME_WAIT destroyed", { HELLO(0), GOODBYE(1000), { 1300, false, "A", 1002, 5002 } },
	  { { 1250, false, "TIME_WAIT", "new", 60000 }, { 1500, false, "TIME_WAIT", "gone" } },
	  "{\"t_ns\":1490000,\"do\":\"kill\",\"node\":\"client\",\"what\":\"TIME_WAIT\",\"why\":\"\"}\n",
	  { OPENED "; FIN_WAIT1? >FIN,ACK; FIN_WAIT2? <ACK; TIME_WAIT <FIN,ACK; CLOSE SOCK_DESTROY",
	    ACCEPTED "; CLOSE_WAIT? <FIN,ACK; LAST_ACK? >FIN,ACK; CLOSE? <ACK" } },

	{ "TIME_WAIT gone too early, and nothing says why",
	  { HELLO(0), GOODBYE(1000), { 1300, false, "A", 1002, 5002 } },
	  { { 1250, false, "TIME_WAIT", "new", 60000 }, { 901500, false, "TIME_WAIT", "gone" } }, NULL,
	  { OPENED "; FIN_WAIT1? >FIN,ACK; FIN_WAIT2? <ACK; TIME_WAIT <FIN,ACK; CLOSE -",
	    ACCEPTED "; CLOSE_WAIT? <FIN,ACK; LAST_ACK? >FIN,ACK; CLOSE? <ACK" } },

	{ "a new SYN ends TIME_WAIT",
	  { HELLO(0), GOODBYE(1000), { 1300, false, "A", 1002, 5002 },
	    { 5000000, false, "S", 99000, 0 }, { 5000100, true, "SA", 80000, 99001 } },
	  { { 1250, false, "TIME_WAIT", "new", 60000 }, { 5000005, false, "TIME_WAIT", "gone" },
	    { 5000005, false, "SYN_SENT", "new" }, { 5000105, true, "SYN_RECV", "new" },
	    { 5000110, false, "ESTABLISHED", "change" } }, NULL,
	  { OPENED "; FIN_WAIT1? >FIN,ACK; FIN_WAIT2? <ACK; TIME_WAIT <FIN,ACK; CLOSE -",
	    "SYN_SENT >SYN; ESTABLISHED <SYN,ACK",
	    ACCEPTED "; CLOSE_WAIT? <FIN,ACK; LAST_ACK? >FIN,ACK; CLOSE? <ACK", "SYN_RECV <SYN" } },

	{ "... at the server; a socket that left SYN_RECV is the same one",
	  { HELLO(0), { 1000, true, "FA", 5001, 1001 }, { 1100, false, "FA", 1001, 5002 },
	    { 1200, true, "A", 5002, 1002 },
	    { 5000000, false, "S", 99000, 0 }, { 5000100, true, "SA", 80000, 99001 },
	    { 5000200, false, "A", 99001, 80001 } },
	  { { 1300, true, "TIME_WAIT", "new", 60000 }, { 5000110, true, "TIME_WAIT", "gone" },
	    { 5000110, true, "SYN_RECV", "new" }, { 5000210, true, "SYN_RECV", "gone" },
	    { 5000210, true, "ESTABLISHED", "new" } }, NULL,
	  { UNKNOWN, UNKNOWN,
	    ACCEPTED "; FIN_WAIT1? >FIN,ACK; TIME_WAIT <FIN,ACK; CLOSE <SYN",
	    "SYN_RECV <SYN; ESTABLISHED <ACK" } },

	{ "a SYN that no socket of this node has sent",
	  { HELLO(0), { 1000, true, "FA", 5001, 1001 }, { 1100, false, "FA", 1001, 5002 },
	    { 1200, true, "A", 5002, 1002 },
	    { 5000000, false, "S", 99000, 0 }, { 5000100, true, "SA", 80000, 99001 } },
	  { { 150, false, "ESTABLISHED", "new" }, { 1110, false, "LAST_ACK", "change" },
	    { 1300, false, "LAST_ACK", "gone" }, { 5000105, true, "SYN_RECV", "new" } }, NULL,
	  { "SYN_SENT? >SYN; ESTABLISHED <SYN,ACK; CLOSE_WAIT? <FIN,ACK; LAST_ACK >FIN,ACK; CLOSE <ACK",
	    ACCEPTED "; FIN_WAIT1? >FIN,ACK; CLOSE? <FIN,ACK", "SYN_RECV <SYN" } },

	{ "a SYN that nobody answers",
	  { { 0, false, "S", 1000, 0 }, { 1000000, false, "S", 1000, 0 } },
	  { { 5, false, "SYN_SENT", "new" }, { 3000000, false, "SYN_SENT", "gone" } }, NULL,
	  { "SYN_SENT >SYN; CLOSE -" } },

	{ "refused", { { 0, false, "S", 1000, 0 }, { 100, true, "RA", 0, 1001 } },
	  { { 5, false, "SYN_SENT", "new" }, { 110, false, "SYN_SENT", "gone" } }, NULL,
	  { "SYN_SENT >SYN; CLOSE <RST,ACK" } },

	{ "FIN came before the data ahead of it",
	  { HELLO(0), { 1000, false, "PA", 1001, 5001, 10, .fate = LOST }, { 1001, false, "FA", 1011, 5001 },
	    { 201000, false, "PA", 1001, 5001, 10, .ip_id = 3 } },
	  { { 1100, true, "ESTABLISHED", "new" }, { 201010, true, "CLOSE_WAIT", "change" } }, NULL,
	  { UNKNOWN, "SYN_RECV? <SYN; ESTABLISHED <ACK; CLOSE_WAIT <PSH,ACK" } },

	{ "a packet comes while a sample is being taken",
	  { HELLO(0), { 1000, true, "FA", 5001, 1001 } },
	  { { 300, false, "ESTABLISHED", "new" }, { 900, false, "CLOSE_WAIT", "change" },
	    { 300000, false, "LAST_ACK", "change" } }, NULL,
	  { "SYN_SENT? >SYN; ESTABLISHED <SYN,ACK; CLOSE_WAIT <FIN,ACK; LAST_ACK -" } },

	{ "the kernel does not go where the packets say: it is right",
	  { HELLO(0), { 1000, true, "R", 5001, 0 } },
	  { { 300, false, "ESTABLISHED", "new" }, { 1100, false, "ESTABLISHED", "tick" },
	    { 2100, false, "ESTABLISHED", "tick" } }, NULL,
	  { "SYN_SENT? >SYN; ESTABLISHED <SYN,ACK", ACCEPTED "; CLOSE? >RST" } },

	{ "a FIN came, and until the end no sample shows that it was taken: it was not",
	  { HELLO(0), { 1000, false, "FA", 1001, 5001 } },
	  { { 250, true, "ESTABLISHED", "new" } }, NULL,
	  { UNKNOWN, "SYN_RECV? <SYN; ESTABLISHED <ACK" } },

	{ "... one shows it", { HELLO(0), { 1000, false, "FA", 1001, 5001 } },
	  { { 250, true, "ESTABLISHED", "new" }, { 1050, true, "CLOSE_WAIT", "change" } }, NULL,
	  { UNKNOWN, "SYN_RECV? <SYN; ESTABLISHED <ACK; CLOSE_WAIT <FIN,ACK" } },

	{ "... 50 ms later it is reset: there was no CLOSE_WAIT",
	  { HELLO(0), { 1000, false, "FA", 1001, 5001 }, { 51000, false, "R", 1001, 0 } },
	  { { 250, true, "ESTABLISHED", "new" }, { 51050, true, "ESTABLISHED", "gone" } }, NULL,
	  { UNKNOWN, "SYN_RECV? <SYN; ESTABLISHED <ACK; CLOSE <RST" } },

	{ "... 50 us later: too short to be sampled",
	  { HELLO(0), { 1000, false, "FA", 1001, 5001 }, { 1050, false, "R", 1002, 0 } },
	  { { 250, true, "ESTABLISHED", "new" }, { 1100, true, "ESTABLISHED", "gone" } }, NULL,
	  { UNKNOWN, "SYN_RECV? <SYN; ESTABLISHED <ACK; CLOSE_WAIT? <FIN,ACK; CLOSE <RST" } },

	{ "a FIN came, and the record ends before a sample could show it",
	  { HELLO(98990000), { 98998000, false, "FA", 1001, 5001 } },
	  { { 98990250, true, "ESTABLISHED", "new" } }, NULL,
	  { UNKNOWN, "SYN_RECV? <SYN; ESTABLISHED <ACK; CLOSE_WAIT? <FIN,ACK" } },

	{ "SYN cookies: until the last ACK there is no socket, for however long",
	  { { 0, false, "S", 1000, 0 }, { 100, true, "SA", 5000, 1001 }, { 20000, false, "A", 1001, 5001 } },
	  { { 20050, true, "ESTABLISHED", "new" } }, NULL, { UNKNOWN, "ESTABLISHED <ACK" } },

	{ "a step makes a FIN up: its end does not close, the other does",
	  { HELLO(0), { 1000, false, "FA", 1001, 5001 } },
	  { { 150, false, "ESTABLISHED", "new" }, { 250, true, "ESTABLISHED", "new" }, { 1050, true, "CLOSE_WAIT", "change" } },
	  "{\"t_ns\":999000,\"do\":\"send\",\"node\":\"client\",\"what\":\"FIN from=10.0.0.2:40000 to=192.0.2.9:80\",\"why\":\"\"}\n",
	  { "SYN_SENT? >SYN; ESTABLISHED <SYN,ACK", "SYN_RECV? <SYN; ESTABLISHED <ACK; CLOSE_WAIT <FIN,ACK" } },

	{ "... its kernel sent it", { HELLO(0), { 1000, false, "FA", 1001, 5001 } },
	  { { 150, false, "ESTABLISHED", "new" }, { 250, true, "ESTABLISHED", "new" }, { 1010, false, "FIN_WAIT1", "change" },
	    { 1050, true, "CLOSE_WAIT", "change" } }, NULL,
	  { "SYN_SENT? >SYN; ESTABLISHED <SYN,ACK; FIN_WAIT1 >FIN,ACK",
	    "SYN_RECV? <SYN; ESTABLISHED <ACK; CLOSE_WAIT <FIN,ACK" } },
};

/* How many lives of @story are not as they should be. */
static unsigned int story_check(const struct story *story)
{
	struct evidence *evidence;
	struct socket_states *sockets;
	unsigned int n, wrong = 0;

	folder_make(true, story->rungs, story->samples, story->events);
	evidence = folder_read();
	sockets = socket_states_read(evidence, &n);
	for (unsigned int i = 0; i < n || (i < ARRAY_SIZE(story->sockets) && story->sockets[i]); i++) {
		const char *want = i < ARRAY_SIZE(story->sockets) && story->sockets[i] ? story->sockets[i] : "none";
		auto_free char *text = i < n ? life_text(evidence->trace, &sockets[i]) : must_strdup("none");

		if (!strcmp(text, want))
			continue;
		print_error("%s: %u: %s\n", story->name, i, text);
		wrong++;
	}
	socket_states_free(sockets, n);
	evidence_free(evidence);
	return wrong;
}

static void sockets_go_through_their_states(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(stories); s++)
		wrong += story_check(&stories[s]);
	assert_int_equal(wrong, 0);
}

static void a_stay_knows_its_times_and_its_timer(void **state)
{
	static const struct sample samples[] = {
		{ 1250, false, "TIME_WAIT", "new", 60000 }, { 10001250, false, "TIME_WAIT", "tick", 50000 },
		{ 10001250, false, "TIME_WAIT", "rearm", 60000 }, { 70002000, false, "TIME_WAIT", "gone" }, { 0 }
	};
	struct evidence *evidence;
	struct socket_states *sockets;
	const struct state_span *wait;
	unsigned int n;

	(void)state;
	folder_make(true, four_way, samples, NULL);
	evidence = folder_read();
	sockets = socket_states_read(evidence, &n);
	wait = &sockets[0].spans[4];
	assert_int_equal(wait->state, STATE_TIME_WAIT);
	assert_int_equal(wait->from_ns, 1200 * NS_PER_US + 3 * HOP_NS);	/* when the FIN came, not the sample */
	assert_int_equal(wait->to_ns, 70002000 * NS_PER_US);
	assert_int_equal(wait->timer_max_ms, 60000);
	assert_int_equal(wait->rearms, 1);
	assert_int_equal(wait->line, 1);
	assert_int_equal(sockets[0].spans[5].line, 4);
	assert_string_equal(sockets[0].spans[5].call, "timeout");
	assert_int_equal(sockets[0].conn, 0);
	socket_states_free(sockets, n);
	evidence_free(evidence);
}

static void states_have_names(void **state)
{
	(void)state;
	for (int i = 1; i < STATES; i++)
		assert_int_equal(tcp_state_named(tcp_state_name((enum tcp_state)i)), i);
	assert_int_equal(tcp_state_named("TIME-WAIT"), STATE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_folder_is_read),
		cmocka_unit_test(a_damaged_folder_is_refused_in_one_line),
		cmocka_unit_test(a_pipe_in_the_folder_is_not_waited_for),
		cmocka_unit_test(sockets_go_through_their_states),
		cmocka_unit_test(a_stay_knows_its_times_and_its_timer),
		cmocka_unit_test(states_have_names),
	};

	return cmocka_run_group_tests(tests, folder_open, folder_close);
}

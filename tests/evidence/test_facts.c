/* test_facts.c - what the evidence says, a line each */
#include <twlab/facts.h>

#include "tests/helpers/folder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct wanted {
	const char *node, *name, *value;	/* value NULL = there must be no such fact */
	const char *where;			/* NULL = whatever */
};

struct socket_history {
	const char *name;
	bool flat;
	struct rung rungs[32];
	struct sample samples[12];
	const char *events;
	struct wanted wants[32];
	const char *nats;
};

#define STARTS "{\"t_ns\":5,\"do\":\"start\",\"node\":\"server\",\"what\":\"peer\",\"why\":\"w\"}\n"
#define COUNTS "{\"t_ns\":6,\"do\":\"count\",\"node\":\"client\",\"what\":\"TIME_WAIT.proc=1 TIME_WAIT.sock_diag=2\",\"why\":\"\"}\n"

#define NAT_ROW(ms, port, state, event) \
	"{\"t_ns\":" ms "000000,\"node\":\"nat\",\"from\":\"10.0.0.2:4\",\"to\":\"192.0.2.9:80\"," \
	"\"as\":\"192.0.2.1:" port "\",\"state\":\"" state "\",\"expires_ms\":30000,\"event\":\"" event "\",\"seen\":\"packet\"}\n"

/* A connection that the server closes first, so that it would remember the stamp. */
#define SERVER_CLOSES(t, ts, ...) \
	{ (t), false, "S", 1000, 0, .tsval = (ts), __VA_ARGS__ }, \
	{ (t) + 100, true, "SA", 5000, 1001, .tsval = 7, .tsecr = (ts), __VA_ARGS__ }, \
	{ (t) + 200, false, "A", 1001, 5001, .tsval = (ts) + 1, .tsecr = 7, __VA_ARGS__ }, \
	{ (t) + 300, true, "FA", 5001, 1001, .tsval = 8, .tsecr = (ts) + 1, __VA_ARGS__ }, \
	{ (t) + 400, false, "FA", 1001, 5002, .tsval = (ts) + 2, .tsecr = 8, __VA_ARGS__ }, \
	{ (t) + 500, true, "A", 5002, 1002, .tsval = 9, .tsecr = (ts) + 2, __VA_ARGS__ }

#define SENDS(t_ns, kind, more) "{\"t_ns\":" t_ns ",\"do\":\"send\",\"node\":\"client\",\"what\":\"" kind \
	" from=10.0.0.2:40000 to=192.0.2.9:80" more "\",\"why\":\"\"}\n"
#define OPENS_AND_IS_CLOSED \
	{ 0, false, "S", 1000, 0, .tsval = 5000, .nat_port = 1 }, { 100, true, "SA", 5000, 1001, .tsval = 7, .tsecr = 5000, .nat_port = 1 }, \
	{ 200, false, "A", 1001, 5001, .tsval = 5001, .tsecr = 7, .nat_port = 1 }, { 300, true, "FA", 5001, 1001, .tsval = 8, .tsecr = 5001, .nat_port = 1 }

static const struct socket_history tellings[] = {
	{ "a lost final ACK", true,
	  { HELLO(0), GOODBYE(1000), { 1300, false, "A", 1002, 5002, .fate = LOST },
	    { 201200, true, "FA", 5001, 1002 }, { 201300, false, "A", 1002, 5002 } },
	  { { 1210, true, "LAST_ACK", "new" }, { 1250, false, "TIME_WAIT", "new", 60000 },
	    { 201250, false, "TIME_WAIT", "rearm", 59990 }, { 201310, true, "LAST_ACK", "gone" },
	    { 62001250, false, "TIME_WAIT", "gone" } }, STARTS COUNTS,
	  { { "client", "conns", "1" }, { "client", "TIME_WAIT.max", "1", "states.jsonl:2" },
	    { "server", "TIME_WAIT.max", "0", "" },
	    { "client", "conn1.path", "SYN_SENT ESTABLISHED FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE" },
	    { "server", "conn1.path", "SYN_RECV ESTABLISHED CLOSE_WAIT LAST_ACK CLOSE" },
	    { "client", "conn1.TIME_WAIT.ms", "62000.047", "states.jsonl:2,5" },
	    { "client", "conn1.TIME_WAIT.timer_ms", "60000" }, { "client", "conn1.TIME_WAIT.rearmed", "1" },
	    { "client", "conn1.CLOSE.ms", NULL }, { "client", "conn2.path", NULL },
	    { "client", "conn1.sent.ACK", "3" }, { "client", "conn1.lost.ACK", "1", "packets.pcapng:26" },
	    { "server", "conn1.rcvd.ACK", "2" }, { "server", "conn1.lost.ACK", "0", "" },
	    { "server", "conn1.sent.FIN", "2", "packets.pcapng:21,27" },
	    { "client", "conn1.first_fin", "yes" }, { "server", "conn1.first_fin", "no" },
	    { "client", "conn1.last_sent", "ACK" }, { "server", "conn1.last_sent", "FIN" },
	    { "server", "conn1.FIN.2.gap_ms", "200.000" }, { "server", "conn1.FIN.1.gap_ms", NULL },
	    { "server", "conn1.FIN.2.answer", "ACK" }, { "server", "conn1.FIN.1.answer", "ACK" },
	    { "client", "conn1.FIN.1.at_ms", "1.000" }, { "client", "conn1.FIN.1.answer", "ACK" },
	    { "client", "conn1.served_ms", "0.103" }, { "server", "conn1.served_ms", NULL },
	    { "server", "prog.so_error", "ECONNRESET", "programs/peer.out:3" }, { "server", "prog.1", NULL },
	    { "client", "count.TIME_WAIT.sock_diag", "2", "events.jsonl:2" },
	    { "wire", "netem.b.drops", "1", "counters.json" } } },

	{ "nothing answers", true,
	  { { 0, false, "S", 1000, 0 }, { 1000000, false, "S", 1000, 0 } },
	  { { 10, false, "SYN_SENT", "new" } }, "",
	  { { "client", "conn1.path", "SYN_SENT" }, { "server", "conn1.path", "", "" },
	    { "client", "conn1.SYN_SENT.ms", "" }, { "client", "conn1.served_ms", "" },
	    { "client", "conn1.SYN.2.gap_ms", "1000.000" }, { "client", "conn1.SYN.2.answer", "" },
	    { "server", "syn.first.silent", "2", "packets.pcapng:4,8" }, { "server", "syn.first.answered", "0" },
	    { "client", "syn.first.silent", NULL }, { "server", "conn1.last_sent", "" },
	    { "client", "conn1.first_fin", "no" },
	    { "server", "mib.TW", "2" }, { "server", "mib.New", "5" }, { "server", "mib.InSegs", NULL } } },

	{ "RST answers the second FIN, and the first was lost", true,
	  { HELLO(0), { 1000, false, "FA", 1001, 5001, .fate = LOST }, { 201000, false, "FA", 1001, 5001 },
	    { 201100, true, "R", 5001, 0 } },
	  { { 0 } }, "",
	  { { "client", "conn1.FIN.1.answer", "" }, { "client", "conn1.FIN.2.answer", "RST" },
	    { "server", "conn1.RST.1.at_ms", "201.097" }, { "client", "conn1.lost.FIN", "1" } } },

	{ "both close at once, and a copy is no second FIN", true,
	  { HELLO(0), { 1000, false, "FA", 1001, 5001, .fate = DOUBLED }, { 1001, true, "FA", 5001, 1001 },
	    { 1100, false, "A", 1002, 5002 }, { 1101, true, "A", 5002, 1002 } },
	  { { 0 } }, "",
	  { { "client", "conn1.first_fin", "yes" }, { "server", "conn1.first_fin", "yes" },
	    { "client", "conn1.sent.FIN", "1" }, { "server", "conn1.rcvd.FIN", "2" },
	    { "client", "conn1.FIN.1.answer", "ACK" } } },

	{ "the same four-tuple once more", true,
	  { HELLO(0), GOODBYE(1000), { 1300, false, "A", 1002, 5002 },
	    { 5000000, false, "S", 66539, 0, .tsval = 9, .tsecr = 3 }, { 5000100, true, "SA", 4000, 66540, .tsval = 4, .tsecr = 9 } },
	  { { 0 } }, "",
	  { { "client", "conn2.isn_step", "65537", "packets.pcapng:13,29" }, { "server", "conn2.isn_step", "-1002" },
	    { "client", "conn1.isn_step", NULL }, { "client", "conn2.SYN.1.tsecr", "3" },
	    { "client", "conn2.SYN.1.options", "ts" }, { "client", "conn1.SYN.1.options", "" },
	    { "client", "conn1.FIN.1.options", NULL },
	    { "server", "conn2.SYN-ACK.1.tsecr", "9" }, { "client", "conn1.SYN.1.tsecr", NULL },
	    { "client", "conn2.SYN.1.answer", "SYN-ACK" } } },

	{ "a NAT forgets, and the second FIN comes as it is", false,
	  { HELLO(0), { 1000, true, "FA", 5001, 1001 }, { 1100, false, "A", 1001, 5002 },
	    { 60000000, false, "FA", 1001, 5002, .fate = FORGOTTEN } },
	  { { 1150, true, "FIN_WAIT2", "new", .nat_port = 40000 } }, "",
	  { { "server", "conn1.stray.segments", "1", "packets.pcapng:36" },
	    { "server", "conn1.stray.from", "10.0.0.2:40000" }, { "client", "conn1.stray.from", NULL },
	    { "server", "conn1.path", "SYN_RECV ESTABLISHED FIN_WAIT1 FIN_WAIT2" } } },

	{ "a NAT makes a RST in the server's name: the server goes on", false,
	  { HELLO(0), { 1000, true, "FA", 5001, 1001 }, { 1100, false, "A", 1001, 5002 },
	    { 5000000, false, "FA", 1001, 5002, .fate = KEPT_OUT }, { 5000010, true, "R", 5002, 0, .fate = MADE } },
	  { { 150, false, "ESTABLISHED", "new" }, { 1010, true, "FIN_WAIT1", "new", .nat_port = 40000 },
	    { 1050, false, "CLOSE_WAIT", "change" }, { 1150, true, "FIN_WAIT2", "change", .nat_port = 40000 },
	    { 5000050, false, "CLOSE_WAIT", "gone" } }, "",
	  { { "server", "conn1.sent.RST", "0" }, { "server", "conn1.RST.1.at_ms", NULL }, { "server", "conn1.last_sent", "FIN" },
	    { "server", "conn1.path", "SYN_RECV ESTABLISHED FIN_WAIT1 FIN_WAIT2" },
	    { "client", "conn1.path", "SYN_SENT ESTABLISHED CLOSE_WAIT LAST_ACK CLOSE" },
	    { "client", "conn1.rcvd.RST", "1" }, { "client", "conn1.rcvd.RST.1.by", "nat", "packets.pcapng:35" },
	    { "client", "conn1.rcvd.FIN.1.by", "server" }, { "server", "conn1.FIN.1.by", "server" },
	    { "nat", "sent.RST", "1", "packets.pcapng:35" }, { "nat", "sent.FIN", NULL }, { "wire", "sent.RST", NULL } } },

	{ "... the server's own", false,
	  { HELLO(0), { 1000, false, "PA", 1001, 5001, 5 }, { 1010, true, "R", 5001, 0 } },
	  { { 150, false, "ESTABLISHED", "new" }, { 250, true, "ESTABLISHED", "new", .nat_port = 40000 },
	    { 1015, true, "ESTABLISHED", "gone", .nat_port = 40000 }, { 1050, false, "ESTABLISHED", "gone" } }, "",
	  { { "server", "conn1.sent.RST", "1" }, { "server", "conn1.RST.1.by", "server" },
	    { "client", "conn1.rcvd.RST.1.by", "server" }, { "nat", "sent.RST", "0", "" },
	    { "server", "conn1.path", "SYN_RECV ESTABLISHED CLOSE" } } },

	{ "a step makes a FIN and data up", true,
	  { HELLO(0), { 1000, false, "FA", 1001, 5001 }, { 2000, false, "PA", 1001, 5001, 5 } },
	  { { 150, false, "ESTABLISHED", "new" }, { 250, true, "ESTABLISHED", "new" }, { 1050, true, "CLOSE_WAIT", "change" } },
	  SENDS("1000000", "FIN", "") SENDS("2000000", "DATA", " data=hello"),
	  { { "client", "conn1.sent.FIN", "1" }, { "client", "conn1.made_up.FIN", "1", "packets.pcapng:13" },
	    { "client", "conn1.made_up.DATA", "1" }, { "client", "conn1.first_fin", "no" }, { "client", "conn1.made_up.SYN", NULL },
	    { "client", "conn1.FIN.1.by", "made up at client" }, { "server", "conn1.rcvd.FIN.1.by", "made up at client" },
	    { "server", "conn1.rcvd.SYN.1.by", "client" }, { "client", "conn1.path", "SYN_SENT ESTABLISHED" },
	    { "server", "conn1.path", "SYN_RECV ESTABLISHED CLOSE_WAIT" } } },

	{ "nobody looked at the client's sockets", true, { HELLO(0) }, { { 250, true, "ESTABLISHED", "new" } }, "",
	  { { "client", "conn1.path", "unknown" }, { "client", "TIME_WAIT.max", "" }, { "client", "conn1.served_ms", "" },
	    { "client", "conn1.ESTABLISHED.ms", NULL }, { "client", "conn1.sent.SYN", "1" },
	    { "server", "conn1.path", "SYN_RECV ESTABLISHED" }, { "server", "TIME_WAIT.max", "0" } } },
	{ "a SYN that comes in as the record begins", false, { { -5, false, "S", 1, 0 } }, { { 0 } }, "",
	  { { "server", "syn.first.silent", "1" } } },

	{ "at one instant the order of the frames counts: the SYN came first", false,
	  { OPENS_AND_IS_CLOSED, { 400, false, "S", 1, 0, .tsval = 4000, .nat_port = 2, .port = 2 },
	    { 400, false, "FA", 1001, 5002, .tsval = 5002, .tsecr = 8, .nat_port = 1 } }, { { 0 } }, "",
	  { { "server", "syn.first.answered", "1" }, { "server", "syn.first.silent", "1" }, { "server", "syn.older.silent", "0" } } },

	{ "... the FIN did", false,
	  { OPENS_AND_IS_CLOSED, { 400, false, "FA", 1001, 5002, .tsval = 5002, .tsecr = 8, .nat_port = 1 },
	    { 400, false, "S", 1, 0, .tsval = 4000, .nat_port = 2, .port = 2 } }, { { 0 } }, "",
	  { { "server", "syn.first.answered", "1" }, { "server", "syn.first.silent", "0" }, { "server", "syn.older.silent", "1" } } },

	{ "a lower stamp waits for 60 s, a higher one for nothing", false,
	  { SERVER_CLOSES(0, 5000, .nat_port = 1),
	    SERVER_CLOSES(10000000, 4999, .nat_port = 2, .port = 2),				/* its SYN is older; its stamp, by a tick, is not kept */
	    { 20000000, false, "S", 1, 0, .tsval = 5000, .nat_port = 3, .port = 3 },		/* older by two */
	    SERVER_CLOSES(30000000, 6000, .nat_port = 4, .port = 4),				/* newer, and kept */
	    { 40000000, false, "S", 1, 0, .tsval = 5500, .nat_port = 5, .port = 5 },		/* older */
	    SERVER_CLOSES(91000000, 3000, .nat_port = 6, .port = 6),				/* first, and kept */
	    { 92000000, false, "S", 1, 0, .tsval = 4000, .nat_port = 7, .port = 7 } },		/* newer */
	  { { 0 } }, "",
	  { { "server", "syn.older.answered", "1" }, { "server", "syn.older.silent", "2" },
	    { "server", "syn.newer.answered", "1" }, { "server", "syn.newer.silent", "1" },
	    { "server", "syn.first.answered", "2" }, { "server", "syn.first.silent", "0" } } },

	{ "one TIME_WAIT begins when another ends", false, { HELLO(0) },
	  { { 1000, true, "TIME_WAIT", "new", 60000, .nat_port = 1 }, { 5000, true, "TIME_WAIT", "gone", .nat_port = 1 },
	    { 5000, true, "TIME_WAIT", "new", 60000, .nat_port = 2 } }, "",
	  { { "server", "TIME_WAIT.max", "1", "states.jsonl:1" } } },

	{ "one TIME_WAIT begins before another ends", false, { HELLO(0) },
	  { { 1000, true, "TIME_WAIT", "new", 60000, .nat_port = 1 }, { 4999, true, "TIME_WAIT", "new", 60000, .nat_port = 2 },
	    { 5000, true, "TIME_WAIT", "gone", .nat_port = 1 } }, "",
	  { { "server", "TIME_WAIT.max", "2", "states.jsonl:2" } } },

	{ "what a NAT remembers", false, { HELLO(0) }, { { 0 } }, "",
	  { { "nat", "nats", "3", "nat.jsonl" }, { "nat", "nat1.from", "10.0.0.2:4" }, { "nat", "nat1.as", "192.0.2.1:4" },
	    { "nat", "nat1.to", "192.0.2.9:80" }, { "nat", "nat1.target", "192.0.2.9:80" },
	    { "nat", "nat1.path", "SYN_SENT ESTABLISHED SYN_SENT" }, { "nat", "nat1.SYN_SENT.ms", "25.000", "nat.jsonl:1" },
	    { "nat", "nat1.ESTABLISHED.ms", "10.000" }, { "nat", "nat1.ESTABLISHED.rearmed", "1" },
	    { "nat", "nat1.SYN_SENT.rearmed", "0" }, { "nat", "nat1.ms", "35.000" },
	    { "nat", "nat2.as", "192.0.2.1:7" }, { "nat", "nat2.ms", "" }, { "nat", "nat2.LAST_ACK.ms", "" },
	    { "nat", "nat3.path", "SYN_SENT" }, { "nat", "nat4.path", NULL } },
	  NAT_ROW("5", "4", "SYN_SENT", "new") NAT_ROW("10", "4", "ESTABLISHED", "change")
	  NAT_ROW("12", "7", "LAST_ACK", "new") NAT_ROW("15", "4", "ESTABLISHED", "rearm")
	  NAT_ROW("20", "4", "SYN_SENT", "change") NAT_ROW("40", "4", "SYN_SENT", "gone")
	  NAT_ROW("50", "4", "SYN_SENT", "new") },

	{ "a NAT's entry is made anew, and nobody saw the old one go", false, { HELLO(0) }, { { 0 } }, "",
	  { { "nat", "nats", "2" }, { "nat", "nat1.path", "SYN_SENT ESTABLISHED" }, { "nat", "nat1.ms", "" },
	    { "nat", "nat2.path", "SYN_SENT" }, { "nat", "nat2.ms", "10.000", "nat.jsonl:3" } },
	  NAT_ROW("5", "4", "SYN_SENT", "new") NAT_ROW("10", "4", "ESTABLISHED", "change")
	  NAT_ROW("50", "4", "SYN_SENT", "new") NAT_ROW("60", "4", "SYN_SENT", "gone") },

	{ "stamps of hosts behind one address", false,
	  { SERVER_CLOSES(0, 5000, .nat_port = 1),
	    { 1000000, false, "S", 1, 0, .tsval = 4000, .nat_port = 2, .port = 2 },		/* older */
	    { 2000000, false, "S", 1, 0, .tsval = 5001, .nat_port = 3, .port = 3 },		/* by one tick only */
	    { 2000100, true, "SA", 1, 2, .tsval = 3, .nat_port = 3, .port = 3 },
	    { 3000000, false, "S", 1, 0, .nat_port = 4, .port = 4 },				/* without */
	    { 59900000, false, "S", 1, 0, .tsval = 5000, .nat_port = 5, .port = 5 },		/* still fresh */
	    { 60000399, false, "S", 1, 0, .tsval = 4000, .nat_port = 7, .port = 7 },		/* a microsecond before 60 s */
	    { 60000400, false, "S", 1, 0, .tsval = 4000, .nat_port = 8, .port = 8 },		/* 60 s after the FIN */
	    { 60100000, false, "S", 1, 0, .tsval = 4000, .nat_port = 6, .port = 6 } },		/* not any more */
	  { { 0 } }, "",
	  { { "server", "syn.older.silent", "3" }, { "server", "syn.older.answered", "0" },
	    { "server", "syn.newer.answered", "1" }, { "server", "syn.newer.silent", "0" },
	    { "server", "syn.no_ts.silent", "1" }, { "server", "syn.first.answered", "1" },
	    { "server", "syn.first.silent", "2" }, { "server", "conns", "8" } } },
};

static unsigned int socket_history_check(const struct socket_history *telling)
{
	struct err err = { 0 };
	struct evidence *evidence;
	struct facts facts;
	unsigned int wrong = 0;

	folder_make(telling->flat, telling->rungs, telling->samples, telling->events);
	if (telling->nats)
		folder_put("nat.jsonl", telling->nats);
	evidence = evidence_read(folder, &err);
	folder_drop("nat.jsonl");
	if (!evidence)
		fail_msg("%s: %s", telling->name, err.text);
	facts_collect(evidence, &facts);
	for (const struct wanted *want = telling->wants; want->node; want++) {
		const struct fact *fact = facts_find(&facts, want->node, want->name);
		bool right = fact ? want->value && !strcmp(fact->value, want->value) &&
				    (!want->where || !strcmp(fact->where, want->where)) : !want->value;

		if (right)
			continue;
		print_error("%s: %s %s: %s (%s)\n", telling->name, want->node, want->name,
			    fact ? fact->value : "no such fact", fact ? fact->where : "");
		wrong++;
	}
	facts_free(&facts);
	evidence_free(evidence);
	return wrong;
}

static void evidence_becomes_facts(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tellings); i++)
		wrong += socket_history_check(&tellings[i]);
	assert_int_equal(wrong, 0);
}

/* Longer names, and what is no name, are a program's own business. */
static void a_fact_s_name_has_up_to_64_letters(void **state)
{
	static const struct { const char *name; unsigned int more; bool is; } rows[] = {
		{ "n", 63, true }, { "n", 64, false }, { "n", 0, true }, { "_a.b-c9", 0, true }, { "9", 0, false },
		{ "a b", 0, false }, { "", 0, false }, { "\xc3\xa9", 0, false },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		char name[128];
		auto_free char *text = NULL, *fact = NULL;
		struct evidence *evidence;
		struct facts facts;

		snprintf(name, sizeof(name), "%s%.*s", rows[r].name, (int)rows[r].more,
			 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn");
		text = must_printf("%s=1\n", name);
		fact = must_printf("prog.%s", name);
		folder_make(true, (struct rung[]){ HELLO(0), { 0 } }, NULL, STARTS);
		folder_put("programs/peer.out", text);
		evidence = evidence_read(folder, NULL);
		assert_non_null(evidence);
		facts_collect(evidence, &facts);
		if (!!facts_find(&facts, "server", fact) != rows[r].is)
			fail_msg("%s", name);
		facts_free(&facts);
		evidence_free(evidence);
	}
}

static void facts_are_written_and_read(void **state)
{
	auto_free char *path = must_printf("%s/facts.tsv", folder);
	struct facts facts = { 0 }, read;
	struct err err = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "conn%d.path", i);
		facts_add(&facts, "client", name, i % 2 ? "" : "a\tb\nc", "x:1");
	}
	facts_add(&facts, "client", "conn7.path", "twice", "");
	assert_int_equal(facts.n, 1000);
	assert_int_equal(facts_write(&facts, path, &err), 0);
	assert_int_equal(facts_read(path, &read, &err), 0);
	assert_int_equal(read.n, 1000);
	for (unsigned int i = 0; i < read.n; i++) {
		assert_string_equal(read.rows[i].name, facts.rows[i].name);
		assert_string_equal(read.rows[i].value, facts.rows[i].value);
	}
	assert_string_equal(facts_find(&read, "client", "conn8.path")->value, "a?b?c");
	assert_string_equal(facts_find(&read, "client", "conn7.path")->value, "twice");
	assert_null(facts_find(&read, "client", "conn1000.path"));
	assert_null(facts_find(&read, "server", "conn7.path"));
	facts_free(&read);
	assert_null(facts_find(&read, "client", "conn7.path"));
	assert_true(facts_write(&facts, "/dev/full", &err) < 0);
	assert_true(facts_write(&facts, "/nonexistent/x", &err) < 0);
	facts_free(&facts);
}

static void a_broken_list_is_refused(void **state)
{
	static const struct { const char *text, *says; } rows[] = {
		{ "a\tb\tc\td\n", NULL }, { "", NULL }, { "a\tb\t\t\n", NULL },
		{ "a\tb\tc\td\na\tb\tc\n", "facts.tsv:2: not node, name, value, where" },
		{ "a\tb\tc\td\te\n", "facts.tsv:1: not" }, { "a\tb\tc\td", "facts.tsv:1: not" },
		{ "\tb\tc\td\n", "facts.tsv:1: not" }, { "\n", "facts.tsv:1: not" },
	};
	auto_free char *path = must_printf("%s/facts.tsv", folder);
	struct facts facts;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = { 0 };
		int failed;

		folder_put("facts.tsv", rows[i].text);
		failed = facts_read(path, &facts, &err);
		if (!failed != !rows[i].says || (failed && !strstr(err.text, rows[i].says)))
			fail_msg("%s: %s", rows[i].text, err.text);
		facts_free(&facts);
	}
	assert_true(facts_read("/nonexistent", &facts, NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evidence_becomes_facts),
		cmocka_unit_test(a_fact_s_name_has_up_to_64_letters),
		cmocka_unit_test(facts_are_written_and_read),
		cmocka_unit_test(a_broken_list_is_refused),
	};

	return cmocka_run_group_tests(tests, folder_open, folder_close);
}

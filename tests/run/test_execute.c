/* test_execute.c - what small labs leave behind: what NATs leave on record and how they are drawn, where a run
 * ends, what a stamp counts from
 */
#include "tests/helpers/played.h"

#include "diagrams/ladder.h"
#include "diagrams/topology.h"

static const struct node carrier_nodes[] = { { "host" }, { "home", NODE_NAT }, { "carrier", NODE_NAT }, { "server" }, { 0 } };
static const struct link carrier_links[] = {
	{ { "host", "eth0", "10.1.0.1/24" }, { "home", "lan", "10.1.0.254/24" } },
	{ { "home", "wan", "100.64.0.1/24" }, { "carrier", "lan", "100.64.0.254/24" } },
	{ { "carrier", "wan", "203.0.113.1/24" }, { "server", "eth0", "203.0.113.2/24" }, .wire = "wire", .delay_ms = 10 }, { 0 }
};
static const struct route carrier_routes[] = { { "host", "default", "10.1.0.254" }, { "home", "default", "100.64.0.254" }, { 0 } };
static const struct ruleset carrier_rules[] = { { "home", MASQUERADE }, { "carrier", MASQUERADE }, { 0 } };

static const struct node service_nodes[] = { { "client" }, { "service", NODE_NAT }, { "server" }, { 0 } };
static const struct link service_links[] = {
	{ { "client", "eth0", "203.0.113.9/24" }, { "service", "wan", "203.0.113.1/24" } },
	{ { "service", "lan", "10.2.0.254/24" }, { "server", "eth0", "10.2.0.2/24" }, .wire = "wire", .delay_ms = 10 }, { 0 }
};
static const struct route service_routes[] = { { "server", "default", "10.2.0.254" }, { 0 } };
static const struct ruleset service_rules[] = {
	{ "service", "table ip nat { chain in { type nat hook prerouting priority dstnat; tcp dport 80 dnat to 10.2.0.2:8080; }; }" }, { 0 }
};

static const struct node beside_nodes[] = { { "host", .many = "2" }, { "nat", NODE_NAT, .many = "2" }, { "server" }, { 0 } };
static const struct link beside_links[] = {
	{ { "host1", "eth0", "10.1.0.1/24" }, { "nat1", "lan", "10.1.0.254/24" } },
	{ { "host2", "eth0", "10.1.0.1/24" }, { "nat2", "lan", "10.1.0.254/24" } },	/* as homes are: all alike */
	{ { "nat1", "wan", "203.0.113.1/24" }, { "server", "eth0", "203.0.113.2/24" }, .wire = "wire", .delay_ms = 10 },
	{ { "nat2", "wan", "198.51.100.1/24" }, { "server", "eth1", "198.51.100.2/24" }, .wire = "wire2", .delay_ms = 10 }, { 0 }
};
static const struct route beside_routes[] = { { "host", "default", "10.1.0.254" }, { 0 } };
static const struct ruleset beside_rules[] = { { "nat", MASQUERADE }, { 0 } };

static const struct ruleset refusing_rules[] = {
	{ "server", "table ip guard { chain in { type filter hook input priority filter; tcp dport 8080 reject with tcp reset; }; }" }, { 0 }
};

static const struct program on_host[] = {
	SERVER, { "client", "host", "client", "203.0.113.2 8080 40000 now" }, { "again", "host", "client", "203.0.113.2 8080 40000 now" }, { 0 }
};
static const struct program on_client[] = { SERVER, { "client", "client", "client", "203.0.113.1 80 40000 now" }, { 0 } };
static const struct program on_beside[] = {
	SERVER, { "client1", "host1", "client", "203.0.113.2 8080 40000 now" }, { "client2", "host2", "client", "198.51.100.2 8080 40000 now" }, { 0 }
};
static const struct step once[] = { SERVES, { DO_START, "client" }, { DO_EXIT, "client" }, { 0 } };
static const struct step twice[] = {
	SERVES, { DO_START, "client" }, { DO_EXIT, "client" }, { DO_STATE, "server", "TIME_WAIT" }, { DO_SLEEP, .ms = 2000 },
	{ DO_START, "again", .why = "the same port again" }, { DO_EXIT, "again" }, { 0 }
};
#define SYN(host, port) { DO_SEND, "host" #host, "SYN from=10.1.0." #host ":" #port " to=203.0.113.2:8080 seq=1000" }
static const struct step ipv6_map_syns[] = {
	SERVES, SYN(2, 40002), SYN(1, 40001), SYN(1, 40009), SYN(2, 40005), SYN(1, 40003), SYN(2, 40001), { DO_SLEEP, .ms = 50 }, { 0 }
};
static const struct step first_first[] = { SERVES, { DO_START, "client1" }, { DO_START, "client2" }, { DO_EXIT, "client*" }, { 0 } };
static const struct step left_open[] = {
	SERVES, { DO_START, "client" }, { DO_SAYS, "client", "reply", .why = "both are there" }, { DO_SLEEP, .ms = 100, .why = "and nothing happens" }, { 0 }
};
static const struct step refused[] = { SERVES, { DO_START, "client" }, { DO_SLEEP, .ms = 100 }, { 0 } };
static const struct step sends[] = {
	SERVES, { DO_START, "client" }, { DO_SAYS, "client", "reply" },
	{ DO_SEND, "client", "ACK from=10.0.0.1:40000 to=10.0.0.2:8080 ts=-5000", .when = "ts != +5000" },
	{ DO_SEND, "client", "ACK from=10.0.0.1:40000 to=10.0.0.2:8080 ts={ts}", .when = "ts == +5000" }, { DO_SLEEP, .ms = 100 }, { 0 }
};

static const struct lab carrier = LAB(carrier_nodes, carrier_links, carrier_routes, carrier_rules, on_host, once);
static const struct lab service = LAB(service_nodes, service_links, service_routes, service_rules, on_client, once);
static const struct lab beside = LAB(beside_nodes, beside_links, beside_routes, beside_rules, on_beside, first_first);
static const struct lab again = LAB(carrier_nodes, carrier_links, carrier_routes, carrier_rules, on_host, twice);
static const struct lab crowded = LAB(shared_nodes, shared_links, shared_routes, shared_rules, on_shared, ipv6_map_syns);
static const struct lab open_end = LAB(two, cable, NULL, NULL, on_two, left_open);
static const struct lab refusing = LAB(two, cable, NULL, refusing_rules, on_two, refused);
static const struct lab clocks = LAB(two, cable, NULL, NULL, on_two, sends);

static void open_played(const struct lab *lab, struct played *played)
{
	struct err err = { 0 };

	if (execute_it(lab, NULL, played, &err))
		fail_msg("%s", err.text);
	played->evidence = evidence_read(played->dir, &err);
	if (!played->evidence)
		fail_msg("%s", err.text);
	facts_collect(played->evidence, &played->facts);
}

struct wanted {
	const char *node, *name, *value;	/* NULL: there is no such fact */
};

static void are_facts(const struct played *played, const struct wanted *wanted)
{
	for (; wanted->node; wanted++) {
		const struct fact *fact = facts_find(&played->facts, wanted->node, wanted->name);

		if (!fact != !wanted->value || (fact && strcmp(fact->value, wanted->value)))
			fail_msg("%s %s is '%s', not '%s'", wanted->node, wanted->name, fact ? fact->value : "(none)",
				 wanted->value ? wanted->value : "(none)");
	}
}

static void each_nat_is_named_and_drawn_by_what_it_does(void **state)
{
	static const struct {
		const struct lab *lab;
		const char *drawn[4], *not_drawn[3];
		const char *rules;	/* in the picture of the topology */
		unsigned int sockets;
		struct wanted wanted[10];
	} rows[] = {
		{ &carrier, { "as 100.64.0.1<", "as 203.0.113.1<" }, { "one address each", ">to " }, "all behind one address", 2,
		  { { "home", "nats", "1" }, { "carrier", "nats", "1" }, { "home", "nat1.as", "100.64.0.1:40000" },
		    { "carrier", "nat1.from", "100.64.0.1:40000" }, { "carrier", "nat1.as", "203.0.113.1:40000" },
		    { "home", "nat1.target", "203.0.113.2:8080" } } },
		{ &service, { ">to 10.2.0.2:8080<" }, { ">as " }, "sends calls on to another address", 1,
		  { { "service", "nats", "1" }, { "service", "nat1.to", "203.0.113.1:80" }, { "service", "nat1.target", "10.2.0.2:8080" },
		    { "service", "nat1.as", "203.0.113.9:40000" } } },
		{ &beside, { "as 203.0.113.1<", "as 198.51.100.1<", ">several addresses<" }, { "one address each", ">to " }, "all behind one address", 2,
		  { { "nat1", "nats", "1" }, { "nat2", "nats", "1" }, { "nat1", "nat1.as", "203.0.113.1:40000" },
		    { "nat2", "nat1.as", "198.51.100.1:40000" }, { "nat2", "nat2.as", NULL } } },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *drawn = NULL, *topology = NULL;
		struct socket_states *sockets;
		struct played played;
		struct scene scene;
		unsigned int n;

		open_played(rows[r].lab, &played);
		are_facts(&played, rows[r].wanted);
		sockets = socket_states_read(played.evidence, &n);
		scene_open(&scene, played.evidence, NULL, sockets, n);
		drawn = ladder_draw(&scene);
		topology = topology_draw(played.plan, "");
		assert_non_null(strstr(topology, rows[r].rules));
		assert_int_equal(scene.n_nat_lives, rows[r].sockets);
		if (scene.n_nat_lives > 1)
			assert_int_not_equal(scene.nat_lives[0].node, scene.nat_lives[1].node);
		for (size_t d = 0; d < ARRAY_SIZE(rows[r].drawn) && rows[r].drawn[d]; d++)
			if (!strstr(drawn, rows[r].drawn[d]))
				fail_msg("row %zu: '%s' is not drawn", r, rows[r].drawn[d]);
		for (size_t d = 0; d < ARRAY_SIZE(rows[r].not_drawn) && rows[r].not_drawn[d]; d++)
			if (strstr(drawn, rows[r].not_drawn[d]))
				fail_msg("row %zu: '%s' is drawn", r, rows[r].not_drawn[d]);
		scene_close(&scene);
		socket_states_free(sockets, n);
		close_played(&played);
	}
}

/* Conntrack ends the entry in TIME_WAIT, and makes the next one in its place, by one SYN. */
static void an_entry_that_is_made_anew_is_another_one(void **state)
{
	static const struct wanted wanted[] = {
		{ "home", "nats", "2" }, { "carrier", "nats", "2" }, { "home", "nat2.as", "100.64.0.1:40000" }, { "home", "nat3.as", NULL }, { 0 }
	};
	struct played played;

	(void)state;
	open_played(&again, &played);
	are_facts(&played, wanted);
	for (int k = 1; k <= 2; k++) {
		auto_free char *name = must_printf("nat%d.path", k);
		const struct fact *path = facts_find(&played.facts, "home", name);

		assert_int_equal(strncmp(path->value, "SYN_SENT ", 9), 0);
		assert_null(strstr(path->value + 1, "SYN_SENT"));
	}
	close_played(&played);
}

/* By the order in which their SYNs came, whatever their addresses: between these the table is not looked at. */
static void entries_are_numbered_by_the_packets_that_made_them(void **state)
{
	static const struct wanted wanted[] = {
		{ "nat", "nats", "6" }, { "nat", "nat1.from", "10.1.0.2:40002" }, { "nat", "nat2.from", "10.1.0.1:40001" },
		{ "nat", "nat3.from", "10.1.0.1:40009" }, { "nat", "nat4.from", "10.1.0.2:40005" }, { "nat", "nat5.from", "10.1.0.1:40003" },
		{ "nat", "nat6.from", "10.1.0.2:40001" }, { 0 }
	};
	struct played played;

	(void)state;
	open_played(&crowded, &played);
	are_facts(&played, wanted);
	close_played(&played);
}

static void what_ends_a_run_is_no_part_of_it(void **state)
{
	static const struct wanted wanted[] = {
		{ "client", "conn1.sent.FIN", "0" }, { "server", "conn1.sent.FIN", "0" }, { "client", "conn1.sent.RST", "0" },
		{ "server", "conn1.sent.RST", "0" }, { "client", "conn1.path", "SYN_SENT ESTABLISHED" },
		{ "server", "conn1.path", "SYN_RECV ESTABLISHED" }, { "client", "mib.EstabResets", NULL }, { 0 }
	};
	unsigned int ended = 0, waits = 0;
	struct played played;

	(void)state;
	open_played(&open_end, &played);
	are_facts(&played, wanted);
	for (unsigned int e = 0; e < played.evidence->n_events; e++) {
		const struct event_row *row = &played.evidence->events[e];

		ended += !strcmp(row->what, "ended by the harness");
		if (strcmp(row->what_kind, "wait"))
			continue;
		waits++;
		assert_string_equal(row->what, waits == 1 ? "until client prints 'reply'" : "0.1 s");
		assert_string_equal(row->why, waits == 1 ? "both are there" : "and nothing happens");
		assert_string_equal(row->node, waits == 1 ? "client" : "");
	}
	assert_int_equal(ended, 2);
	assert_int_equal(waits, 2);
	close_played(&played);
}

/* The peer has seen stamps of the node's own clock, and those are what ts= counts from. */
static void a_crafted_stamp_is_relative_to_what_the_peer_saw(void **state)
{
	static const struct { const char *set; int32_t step; } rows[] = { { "ts=+5000", 5000 }, { "ts=-700", -5000 } };

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		static struct variant variant[] = { { "only", NULL, "x" }, { 0 } };
		static struct lab lab;	/* lab_add() keeps it */
		const struct trace *trace;
		uint32_t last = 0, before = 0;
		struct played played;

		variant[0].set = rows[r].set;
		lab = clocks;
		lab.variants = variant;
		open_played(&lab, &played);
		trace = played.evidence->trace;
		for (unsigned int s = 0; s < trace->n_segments; s++)
			if (trace->segments[s].from_client && trace->segments[s].rcvd_ns >= 0) {
				before = last;
				last = trace->segments[s].tcp_rcvd.tsval;
			}
		assert_true(before > 100000000 && before < 101000000);
		if ((int32_t)(last - before) != rows[r].step)
			fail_msg("%s: %u after %u", rows[r].set, last, before);
		close_played(&played);
	}
}

/* Each family has a module of its own for it. */
static void a_rule_refuses_over_ipv6_as_well(void **state)
{
	static const char *const rows[] = { "ip=4", "ip=6" };

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		static struct variant variant[] = { { "only", NULL, "x" }, { 0 } };
		static struct lab lab;	/* lab_add() keeps it */
		struct played played;

		variant[0].set = rows[r];
		lab = refusing;
		lab.variants = variant;
		open_played(&lab, &played);
		are_facts(&played, (struct wanted[]){
			{ "client", "conn1.SYN.1.answer", "RST" }, { "client", "conn1.rcvd.RST.1.by", "server" }, { 0 } });
		close_played(&played);
	}
}

int main(void)
{
	static const char *const files[] = { PROGRAMS "/client", PROGRAMS "/server", NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_nat_is_named_and_drawn_by_what_it_does),
		cmocka_unit_test(an_entry_that_is_made_anew_is_another_one),
		cmocka_unit_test(entries_are_numbered_by_the_packets_that_made_them),
		cmocka_unit_test(what_ends_a_run_is_no_part_of_it),
		cmocka_unit_test(a_crafted_stamp_is_relative_to_what_the_peer_saw),
		cmocka_unit_test(a_rule_refuses_over_ipv6_as_well),
	};

	return in_guest_tests(tests, ARRAY_SIZE(tests), files);
}

/* test_icmp.c - ICMP errors: read, joined with segments through a NAT, told */
#include "tests/helpers/test.h"
#include <twlab/trace_follow.h>

#include "diagrams/ladder.h"
#include <twlab/facts.h>
#include <twlab/icmp.h>
#include <twlab/packet.h>
#include "tests/helpers/sample.h"

#define ETH_LEN 14
#define MOST 512

/*	client/eth0 -- lan/nat/wan -- a/router/b -- eth0/server
 *
 * Over IPv4 and IPv6; the NAT gives the client another address and port.
 */
enum { CLIENT, LAN, WAN, A, B, SERVER, IFACES };
enum { CLIENT_END, NAT_END, SERVER_END, ROUTER_END };

static const struct { const char *node, *dev; bool end; } ifaces[IFACES] = {
	[CLIENT] = { "client", "eth0", true }, [LAN] = { "nat", "lan" }, [WAN] = { "nat", "wan" },
	[A] = { "router", "a" }, [B] = { "router", "b" }, [SERVER] = { "server", "eth0", true },
};

static const char *const ends[2][4] = {
	{ "10.0.0.1:40000", "192.0.2.1:1024", "198.51.100.2:80", "192.0.2.254:0" },
	{ "[fd00::1]:40000", "[2001:db8::1]:1024", "[2001:db8:1::2]:80", "[2001:db8::ff]:0" },
};

static struct endpoint end_of(bool six, int which)
{
	struct endpoint end;

	assert_true(endpoint_parse(ends[six][which], &end));
	return end;
}

struct frame {
	uint8_t data[MOST];
	uint32_t len;
};

static void ether(struct frame *frame, bool six)
{
	memset(frame->data, 0, ETH_LEN);
	frame->data[12] = six ? 0x86 : 0x08;
	frame->data[13] = six ? 0xdd : 0x00;
}

static struct frame syn(bool six, bool translated, uint32_t seq, uint8_t flags)
{
	const struct packet_spec spec = {
		.src = end_of(six, translated ? NAT_END : CLIENT_END), .dst = end_of(six, SERVER_END),
		.seq = seq, .flags = flags,
	};
	struct frame frame;

	ether(&frame, six);
	frame.len = ETH_LEN + (uint32_t)packet_make(&spec, frame.data + ETH_LEN);
	return frame;
}

/* The IP header of an ICMP packet, made of one of a TCP packet. */
static struct frame error(bool six, int from, bool translated, const struct frame *about, uint32_t quoted,
			  uint8_t type, uint8_t code)
{
	const struct packet_spec spec = { .src = end_of(six, from), .dst = end_of(six, translated ? NAT_END : CLIENT_END) };
	uint32_t head = six ? 40 : 20;
	struct frame frame;

	ether(&frame, six);
	packet_make(&spec, frame.data + ETH_LEN);
	frame.data[ETH_LEN + (six ? 5 : 3)] = (uint8_t)((six ? 0 : head) + 8 + quoted);
	frame.data[ETH_LEN + (six ? 6 : 9)] = six ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	memset(frame.data + ETH_LEN + head, 0, 8);
	frame.data[ETH_LEN + head] = type;
	frame.data[ETH_LEN + head + 1] = code;
	memcpy(frame.data + ETH_LEN + head + 8, about->data + ETH_LEN, quoted);
	frame.len = ETH_LEN + head + 8 + quoted;
	return frame;
}

static struct trace *trace_begin(void)
{
	struct trace *trace = trace_new();

	for (unsigned int i = 0; i < IFACES; i++)
		trace_add_iface(trace, ifaces[i].node, ifaces[i].dev, ifaces[i].end);
	return trace;
}

static void seen(struct trace *trace, int iface, int64_t at_us, bool out, const struct frame *frame)
{
	trace_add_frame(trace, (unsigned int)iface, at_us * NS_PER_US, out, frame->data, frame->len);
}

/* The client's SYN goes to the router, or on to the server. */
static void syn_goes(struct trace *trace, bool six, int64_t at_us, uint32_t seq, bool to_server)
{
	struct frame here = syn(six, false, seq, TCP_SYN), there = syn(six, true, seq, TCP_SYN);

	seen(trace, CLIENT, at_us, true, &here);
	seen(trace, LAN, at_us + 1, false, &here);
	seen(trace, WAN, at_us + 2, true, &there);
	seen(trace, A, at_us + 3, false, &there);
	if (!to_server)
		return;
	seen(trace, B, at_us + 4, true, &there);
	seen(trace, SERVER, at_us + 5, false, &there);
}

enum way { TO_CLIENT, LOST_AT_NAT, TWICE };

static void error_goes(struct trace *trace, bool six, int64_t at_us, uint32_t seq, bool by_server, uint32_t quoted,
		       uint8_t type, uint8_t code, enum way way)
{
	struct frame here = syn(six, false, seq, TCP_SYN), there = syn(six, true, seq, TCP_SYN);
	int by = by_server ? SERVER_END : ROUTER_END;
	struct frame out = error(six, by, true, &there, quoted, type, code);
	struct frame in = error(six, by, false, &here, quoted, type, code);

	if (by_server) {
		seen(trace, SERVER, at_us, true, &out);
		seen(trace, B, at_us + 1, false, &out);
	}
	seen(trace, A, at_us + 2, true, &out);
	seen(trace, WAN, at_us + 3, false, &out);
	if (way == LOST_AT_NAT)
		return;
	seen(trace, LAN, at_us + 4, true, &in);
	seen(trace, CLIENT, at_us + 5, false, &in);
	if (way == TWICE) {
		seen(trace, LAN, at_us + 6, true, &in);
		seen(trace, CLIENT, at_us + 7, false, &in);
	}
}

static const char *fact_of(const struct facts *facts, const char *name)
{
	const struct fact *fact = facts_find(facts, "client", name);

	return fact ? fact->value : "(none)";
}

static void an_error_is_about_a_connection_also_through_a_nat(void **state)
{
	static const struct {
		const char *what;
		bool six, by_server;
		uint32_t quoted;
		uint8_t type, code;
		enum way way;
		const char *name, *by, *at_ms;
	} rows[] = {
		{ "a router, all of the SYN", false, false, 44, 3, 1, TO_CLIENT, "host unreachable", "router", "0.015" },
		{ "a router, 8 bytes of TCP", false, false, 28, 3, 13, TO_CLIENT, "admin prohibited", "router", "0.015" },
		{ "the server itself", false, true, 44, 3, 3, TO_CLIENT, "port unreachable", "server", "0.015" },
		{ "it does not arrive", false, false, 44, 3, 0, LOST_AT_NAT, "net unreachable", "router", "" },
		{ "it is doubled on the way", false, false, 44, 3, 1, TWICE, "host unreachable", "router", "0.015" },
		{ "IPv6", true, false, 64, 1, 3, TO_CLIENT, "address unreachable", "router", "0.015" },
		{ "IPv6, by the server, 8 bytes of TCP", true, true, 48, 1, 4, TO_CLIENT, "port unreachable", "server", "0.015" },
		{ "IPv6, it does not arrive", true, false, 64, 1, 0, LOST_AT_NAT, "no route", "router", "" },
		{ "a code that nobody has named", false, false, 44, 3, 99, TO_CLIENT, "destination unreachable", "router", "0.015" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct trace *trace = trace_begin();
		struct evidence evidence = { .trace = trace };
		struct facts facts;
		char text[8];

		print_message("%s\n", rows[i].what);
		syn_goes(trace, rows[i].six, 0, 1000, rows[i].by_server);
		error_goes(trace, rows[i].six, 10, 1000, rows[i].by_server, rows[i].quoted, rows[i].type, rows[i].code, rows[i].way);
		trace_follow(trace);
		facts_collect(&evidence, &facts);
		assert_int_equal(trace->n_conns, 1);
		assert_int_equal(trace->segments[0].icmp, 1);
		snprintf(text, sizeof(text), "%u", rows[i].type);
		assert_string_equal(fact_of(&facts, "conn1.ICMP.1.type"), text);
		snprintf(text, sizeof(text), "%u", rows[i].code);
		assert_string_equal(fact_of(&facts, "conn1.ICMP.1.code"), text);
		assert_string_equal(fact_of(&facts, "conn1.ICMP.1.name"), rows[i].name);
		assert_string_equal(fact_of(&facts, "conn1.ICMP.1.by"), rows[i].by);
		assert_string_equal(fact_of(&facts, "conn1.ICMP.1.about"), "SYN");
		assert_string_equal(fact_of(&facts, "conn1.ICMP.1.at_ms"), rows[i].at_ms);
		assert_string_equal(fact_of(&facts, "conn1.ICMP.2.type"), "(none)");
		assert_null(facts_find(&facts, "server", "conn1.ICMP.1.type"));
		facts_free(&facts);
		trace_free(trace);
	}
}

/* The same bytes again: each belongs to the SYN that was sent last, and has an id of its own. */
static void each_of_several_has_its_segment(void **state)
{
	struct trace *trace = trace_begin();

	(void)state;
	for (int i = 0; i < 3; i++) {
		syn_goes(trace, false, 1000000 * i, 1000, false);
		error_goes(trace, false, 1000000 * i + 10, 1000, false, 44, 3, 1, i == 1 ? LOST_AT_NAT : TO_CLIENT);
	}
	trace_follow(trace);
	assert_int_equal(trace->n_segments, 3);
	assert_int_equal(trace->n_icmps, 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(trace->icmps[i].segment, i);
		assert_int_equal(trace->icmps[i].way.n_sightings, i == 1 ? 2 : 4);
		assert_int_equal(trace->icmps[i].way.rcvd_ns, i == 1 ? -1 : (1000000 * (int64_t)i + 15) * NS_PER_US);
		assert_int_equal(trace->icmps[i].way.packet_id, 4 + i);
	}
	trace_free(trace);
}

/* Two errors of equal bytes: the router is so slow that the first is on the cable behind it when the second leaves the
 * server. The TTL tells the two apart.
 */
static void two_on_the_way_at_once_are_told_by_the_ttl(void **state)
{
	static const struct { int iface; int64_t at_us; bool out; uint8_t ttl; } rows[] = {
		{ SERVER, 200, true, 64 }, { B, 201, false, 64 }, { A, 202, true, 63 },
		{ SERVER, 203, true, 64 },
		{ WAN, 204, false, 63 }, { LAN, 205, true, 62 }, { CLIENT, 206, false, 62 },
		{ B, 210, false, 64 }, { A, 211, true, 63 },
		{ WAN, 212, false, 63 }, { LAN, 213, true, 62 }, { CLIENT, 214, false, 62 },
	};
	static const struct { int64_t sent_us, rcvd_us; } want[] = { { 200, 206 }, { 203, 214 } };
	struct frame here = syn(false, false, 1000, TCP_SYN), there = syn(false, true, 1000, TCP_SYN);
	struct trace *trace = trace_begin();

	(void)state;
	syn_goes(trace, false, 0, 1000, true);
	syn_goes(trace, false, 100, 1000, true);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool inside = rows[i].iface == LAN || rows[i].iface == CLIENT;
		struct frame frame = error(false, SERVER_END, !inside, inside ? &here : &there, 28, 3, 3);

		frame.data[ETH_LEN + 8] = rows[i].ttl;
		seen(trace, rows[i].iface, rows[i].at_us, rows[i].out, &frame);
	}
	trace_follow(trace);
	assert_int_equal(trace->n_icmps, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_int_equal(trace->icmps[i].way.n_sightings, IFACES);
		assert_int_equal(trace->icmps[i].way.sent_ns, want[i].sent_us * NS_PER_US);
		assert_int_equal(trace->icmps[i].way.rcvd_ns, want[i].rcvd_us * NS_PER_US);
	}
	trace_free(trace);
}

static const char *comment_of(const struct trace *trace, int iface, int64_t at_us)
{
	for (unsigned int i = 0; i < trace->n_frames; i++)
		if (trace->frames[i].iface == (unsigned int)iface && trace->frames[i].at_ns == at_us * NS_PER_US)
			return trace->frames[i].comment ? trace->frames[i].comment : "";
	return "(no such frame)";
}

static void comments_say_so(void **state)
{
	struct trace *trace = trace_begin();

	(void)state;
	syn_goes(trace, false, 0, 1000, false);
	error_goes(trace, false, 10, 1000, false, 44, 3, 1, LOST_AT_NAT);
	syn_goes(trace, false, 5000000, 1000, true);
	error_goes(trace, false, 5000010, 1000, true, 44, 3, 10, TO_CLIENT);
	trace_follow(trace);
	assert_string_equal(comment_of(trace, A, 3), "SYN: goes no further, answered with ICMP host unreachable from router");
	assert_string_equal(comment_of(trace, A, 12),
			    "ICMP host unreachable from router (type 3, code 1), about SYN 10.0.0.1:40000 > 198.51.100.2:80");
	assert_string_equal(comment_of(trace, WAN, 13), "ICMP host unreachable from router: it never arrived");
	assert_string_equal(comment_of(trace, SERVER, 5000005), "SYN again: answered with ICMP host prohibited from server");
	assert_string_equal(trace->segments[0].note, "rejected");
	trace_free(trace);
}

/* What is no error about a segment on record changes nothing. */
static void what_is_not_one_is_left_out(void **state)
{
	static const struct {
		const char *what;
		bool six;
		uint32_t at;		/* this byte of the frame ... */
		uint8_t value;		/* ... is this */
		uint32_t seq;
	} rows[] = {
		{ "an echo", false, ETH_LEN + 20, 8, 1000 },
		{ "a neighbour's advertisement", true, ETH_LEN + 40, 136, 1000 },
		{ "about UDP", false, ETH_LEN + 28 + 9, IPPROTO_UDP, 1000 },
		{ "about a later fragment", false, ETH_LEN + 28 + 7, 1, 1000 },
		{ "about a segment that nobody saw", false, ETH_LEN + 20, 3, 77 },
		{ "about other ports", false, ETH_LEN + 28 + 20, 0xff, 1000 },
		{ "of which more fragments come", false, ETH_LEN + 6, 0x20, 1000 },
		{ "that ends before its quote does", false, ETH_LEN + 3, 20 + 8 + 20 + 7, 1000 },
		{ "about a length below its headers", false, ETH_LEN + 28 + 3, 19, 1000 },
		{ "not ICMP", false, ETH_LEN + 9, IPPROTO_UDP, 1000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct frame about = syn(rows[i].six, true, rows[i].seq, TCP_SYN);
		struct frame frame = error(rows[i].six, ROUTER_END, true, &about, 28 + 20u * rows[i].six, 3, 1);
		struct trace *trace = trace_begin();

		print_message("%s\n", rows[i].what);
		frame.data[rows[i].at] = rows[i].value;
		syn_goes(trace, rows[i].six, 0, 1000, false);
		seen(trace, A, 10, true, &frame);
		trace_follow(trace);
		assert_int_equal(trace->n_icmps, 0);
		assert_int_equal(trace->segments[0].icmp, 0);
		assert_string_equal(comment_of(trace, A, 10), "");
		trace_free(trace);
	}
}

static void a_frame_cut_anywhere_is_read_with_care(void **state)
{
	(void)state;
	for (int six = 0; six < 2; six++) {
		struct frame about = syn(six, true, 1000, TCP_SYN);
		struct frame frame = error(six, ROUTER_END, true, &about, about.len - ETH_LEN, six ? 1 : 3, 1);
		uint32_t least = ETH_LEN + 2 * (six ? 40 : 20) + 8 + 8;
		struct icmp_view view;

		for (uint32_t len = 0; len <= frame.len; len++) {
			auto_free uint8_t *copy = must_calloc(1, len);	/* so that a byte too many is found */

			memcpy(copy, frame.data, len);
			assert_int_equal(icmp_read(copy, len, &view), len >= least);
		}
		for (uint32_t i = 0; i < 8 * frame.len; i++) {
			frame.data[i / 8] ^= (uint8_t)(1 << i % 8);
			icmp_read(frame.data, frame.len, &view);
			frame.data[i / 8] ^= (uint8_t)(1 << i % 8);
		}
	}
}

static void the_ladder_has_an_arrow_for_it(void **state)
{
	static const struct sample sample = {
		.lab = "none", .nodes = { "client", "router", "server" }, .ends = "ere", .conns = { { 0, 2 } },
		.segments = { { 0, true, 0, -1, TCP_SYN, 0, 0, .lost = 1 }, { 0, true, 1000, 1010, TCP_SYN, 0, 0, .again = true }, { 0 } },
	};

	(void)state;
	for (int with = 0; with < 2; with++) {
		struct sampled sampled;
		struct icmp_error icmps[] = {
			{ .family = AF_INET, .type = 3, .code = 1, .segment = 0,
			  .way = { .from = 1, .to = 0, .sent_ns = NS_PER_MS, .rcvd_ns = 2 * NS_PER_MS, .lost_node = -1 } },
			{ .family = AF_INET, .type = 3, .code = 13, .segment = 1,
			  .way = { .from = 2, .to = 0, .sent_ns = 1011 * NS_PER_MS, .rcvd_ns = -1, .lost_node = 1 } },
		};
		auto_free char *text = NULL;
		struct scene scene;

		sample_make(&sample, &sampled);
		if (with) {
			sampled.trace.icmps = icmps;
			sampled.trace.n_icmps = 2;
			sampled.trace.segments[0].icmp = 1;
			sampled.trace.segments[1].icmp = 2;
		}
		scene_open(&scene, &sampled.evidence, NULL, NULL, 0);
		text = ladder_draw(&scene);
		assert_int_equal(test_count(text, "host unreachable"), with);
		assert_int_equal(test_count(text, "ICMP, lost"), with);
		assert_int_equal(test_count(text, "style=\"dotted\", penwidth=1.6"), 2 * with);
		assert_int_equal(test_count(text, "SYN, rejected"), with);
		assert_int_equal(test_count(text, "SYN, lost"), !with);
		assert_int_equal(test_count(text, "no answer"), !with);
		scene_close(&scene);
		sample_free(&sampled);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_is_about_a_connection_also_through_a_nat),
		cmocka_unit_test(each_of_several_has_its_segment),
		cmocka_unit_test(two_on_the_way_at_once_are_told_by_the_ttl),
		cmocka_unit_test(comments_say_so),
		cmocka_unit_test(what_is_not_one_is_left_out),
		cmocka_unit_test(a_frame_cut_anywhere_is_read_with_care),
		cmocka_unit_test(the_ladder_has_an_arrow_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

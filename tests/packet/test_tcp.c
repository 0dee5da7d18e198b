/* test_tcp.c - frames read as TCP, and endpoints as text */
#include "tests/helpers/ladder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Change byte @at of a good frame to @to, or cut it to @len. */
struct change {
	const char *name;
	uint32_t at;
	uint8_t to;
	uint32_t len;		/* 0 = as it is */
	bool is_tcp;
};

static const struct change changes[] = {
	{ "as it is", 0, 0, 0, true },
	{ "another MAC address", 3, 7, 0, true },
	{ "ARP", 13, 6, 0, false },
	{ "IP version 5", 14, 0x55, 0, false },
	{ "an IP header of 16 bytes", 14, 0x44, 0, false },
	{ "an IP header longer than the packet", 14, 0x4f, 54, false },
	{ "a total length beyond the frame", 17, 200, 0, false },
	{ "a total length below the headers", 17, 30, 0, false },
	{ "more fragments", 20, 0x20, 0, false },
	{ "not the first fragment", 21, 1, 0, false },
	{ "UDP", 23, 17, 0, false },
	{ "a TCP header of 16 bytes", 46, 0x40, 0, false },
	{ "a TCP header longer than the packet", 46, 0xf0, 0, false },
	{ "an option of length 0", 57, 8, 0, true },
	{ "cut in the TCP header", 0, 0, 40, false },
	{ "cut in the IP header", 0, 0, 20, false },
	{ "cut in the Ethernet header", 0, 0, 10, false },
};

static const struct rung syn = {
	0, false, "S", 0xfffffff0, 7, 5, .tsval = 0x01020304, .tsecr = 9, .ip_id = 0xbeef,
};

static void only_whole_tcp_packets_are_read(void **state)
{
	uint8_t good[2000], *frame;
	uint32_t good_len = frame_make(good, 0x0a000001, 40000, 0x0a000002, 80, 61, &syn);
	struct tcp_view view;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		uint32_t len = changes[i].len ? changes[i].len : good_len;

		frame = must_calloc(1, len);	/* its own, so that a byte too far is noticed */
		memcpy(frame, good, len);
		if (changes[i].at)
			frame[changes[i].at] = changes[i].to;
		if (tcp_read(frame, len, &view) != changes[i].is_tcp)
			fail_msg("%s", changes[i].name);
		free(frame);
	}
	assert_false(tcp_read(NULL, 0, &view));
}

static void what_stands_in_a_packet(void **state)
{
	uint8_t frame[2000];
	uint32_t len = frame_make(frame, 0x0a000001, 40000, 0x0a000002, 80, 61, &syn);
	struct tcp_view view;
	char text[64];

	(void)state;
	memset(frame + len, 0xff, 20);	/* padding is no payload */
	assert_true(tcp_read(frame, len + 20, &view));
	assert_string_equal(endpoint_text(&view.src, text), "10.0.0.1:40000");
	assert_string_equal(endpoint_text(&view.dst, text), "10.0.0.2:80");
	assert_int_equal(view.seq, 0xfffffff0);
	assert_int_equal(view.ack, 7);
	assert_int_equal(view.ttl, 61);
	assert_int_equal(view.ip_id, 0xbeef);
	assert_int_equal(view.flags, TCP_SYN);
	assert_true(view.has_ts);
	assert_int_equal(view.tsval, 0x01020304);
	assert_int_equal(view.tsecr, 9);
	assert_int_equal(view.payload_len, 5);
	assert_int_equal(tcp_seq_len(&view), 6);
	assert_true(tcp_after(view.seq + 100, view.seq));	/* over the wrap */
	assert_false(tcp_after(view.seq, view.seq));
}

/* What Linux sends first: MSS, SACK, timestamps, no operation, window scale. */
static void options_of_a_syn(void **state)
{
	static const uint8_t frame[] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xdd,
		0x60, 0, 0, 0, 0, 48, 0, 64,		/* IPv6, hop-by-hop first */
		0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
		6, 0, 1, 4, 0, 0, 0, 0,
		0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0xa0, 2, 1, 0, 0, 0, 0, 0,
		2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 3, 0, 0, 0, 4, 1, 3, 3, 7,
	};
	struct tcp_view view;
	char text[64];

	(void)state;
	assert_true(tcp_read(frame, sizeof(frame), &view));
	assert_string_equal(endpoint_text(&view.src, text), "[2001:db8::1]:40000");
	assert_int_equal(view.mss, 1460);
	assert_true(view.sack_ok);
	assert_int_equal(view.tsval, 3);
	assert_int_equal(view.wscale, 7);
	assert_int_equal(view.payload_len, 0);
}

/* RFC 9293, 3.2: behind the end of the list there is none; what is broken ends it, too. */
static void a_list_of_options_ends(void **state)
{
	static const struct { const char *what; uint8_t options[12]; unsigned int mss; bool sack_ok; } options[] = {
		{ "both", { 2, 4, 5, 0xb4, 4, 2, 1, 1, 1, 1, 1, 1 }, 1460, true },
		{ "an end between them", { 2, 4, 5, 0xb4, 0, 4, 2, 1, 1, 1, 1, 1 }, 1460, false },
		{ "an end before both", { 0, 2, 4, 5, 0xb4, 4, 2, 1, 1, 1, 1, 1 }, 0, false },
		{ "an MSS of another length", { 2, 3, 5, 4, 2, 1, 1, 1, 1, 1, 1, 1 }, 0, true },
		{ "a length of 1", { 9, 1, 2, 4, 5, 0xb4, 4, 2, 1, 1, 1, 1 }, 0, false },
		{ "a length of 2 holds nothing", { 9, 2, 2, 4, 5, 0xb4, 4, 2, 1, 1, 1, 1 }, 1460, true },
		{ "the last is cut short", { 4, 2, 1, 1, 1, 1, 1, 1, 1, 2, 4, 5 }, 0, true },
		{ "the last has no length", { 4, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2 }, 0, true },
		{ "the last fits", { 4, 2, 1, 1, 1, 1, 1, 1, 2, 4, 1, 0 }, 256, true },
	};

	(void)state;
	for (size_t o = 0; o < ARRAY_SIZE(options); o++) {
		uint8_t frame[2000];
		uint32_t len = frame_make(frame, 0x0a000001, 40000, 0x0a000002, 80, 61, &syn);
		struct tcp_view view;

		memcpy(frame + 54, options[o].options, 12);
		assert_true(tcp_read(frame, len, &view));
		if (view.mss != options[o].mss || view.sack_ok != options[o].sack_ok || view.has_ts)
			fail_msg("%s: mss %u", options[o].what, view.mss);
	}
}

static void flags_and_kinds_have_names(void **state)
{
	static const struct { uint8_t flags; uint32_t len; const char *text, *kind; } rows[] = {
		{ TCP_SYN, 0, "SYN", "SYN" }, { TCP_SYN | TCP_ACK, 0, "SYN,ACK", "SYN-ACK" },
		{ TCP_FIN | TCP_ACK, 3, "FIN,ACK", "FIN" }, { TCP_ACK, 0, "ACK", "ACK" },
		{ TCP_PSH | TCP_ACK, 9, "PSH,ACK", "DATA" }, { TCP_RST | TCP_ACK, 0, "RST,ACK", "RST" },
		{ 0, 0, "none", "ACK" }, { 0xff, 0, "SYN,FIN,RST,PSH,ACK,URG,ECE,CWR", "RST" },
	};
	char text[40];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct tcp_view view = { .flags = rows[i].flags, .payload_len = rows[i].len };

		assert_string_equal(tcp_flags_text(rows[i].flags, text), rows[i].text);
		assert_string_equal(tcp_kind_name(tcp_kind(&view)), rows[i].kind);
	}
}

static void endpoints_as_text_and_back(void **state)
{
	static const struct { const char *text; bool good; } rows[] = {
		{ "10.0.0.1:80", true }, { "[2001:db8::1]:65535", true }, { "0.0.0.0:0", true },
		{ "[::]:0", true }, { "10.0.0.1", false }, { "10.0.0.1:", false }, { "", false },
		{ "10.0.0.1:65536", false }, { "10.0.0.1:-1", false }, { "10.0.0.1: 80", false },
		{ "10.0.0:80", false }, { "2001:db8::1:80", false }, { "[2001:db8::1]80", false },
		{ "[", false }, { "[]:1", false }, { ":80", false }, { "10.0.0.1:80x", false },
	};
	struct endpoint endpoint;
	char text[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (endpoint_parse(rows[i].text, &endpoint) != rows[i].good)
			fail_msg("%s", rows[i].text);
		if (rows[i].good)
			assert_string_equal(endpoint_text(&endpoint, text), rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_whole_tcp_packets_are_read),
		cmocka_unit_test(what_stands_in_a_packet),
		cmocka_unit_test(options_of_a_syn),
		cmocka_unit_test(a_list_of_options_ends),
		cmocka_unit_test(flags_and_kinds_have_names),
		cmocka_unit_test(endpoints_as_text_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_packet.c - a packet in a buffer: made, read, changed */
#include "tests/helpers/test.h"

#include <twlab/packet.h>

static struct endpoint end_of(const char *text)
{
	struct endpoint end;

	assert_true(endpoint_parse(text, &end));
	return end;
}

static struct packet_spec spec_of(bool ip6)
{
	return (struct packet_spec){
		.src = end_of(ip6 ? "[2001:db8::1]:40000" : "10.0.0.1:40000"), .dst = end_of(ip6 ? "[2001:db8::2]:80" : "10.0.0.2:80"),
		.seq = 0xfffffffe, .ack = 77, .flags = TCP_PSH | TCP_ACK, .has_ts = true, .tsval = 0x01020304, .tsecr = 0x05060708,
		.data = "hello", .len = 5,
	};
}

/* What is made is read again, and by the reader of frames, too. */
static void what_is_made_is_read(void **state)
{
	static const uint8_t flags[] = { TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK, TCP_FIN | TCP_ACK, TCP_RST };

	(void)state;
	for (size_t f = 0; f < ARRAY_SIZE(flags) * 4; f++) {
		struct packet_spec spec = spec_of(f & 1);
		_Alignas(8) uint8_t frame[14 + PACKET_MAX + 5 + 2] = { [12] = f & 1 ? 0x86 : 8, [13] = f & 1 ? 0xdd : 0 };
		_Alignas(8) uint8_t ip[PACKET_MAX + 5];
		struct packet packet;
		struct tcp_view view;
		size_t len;

		spec.flags = flags[f / 4];
		spec.has_ts = f & 2;
		spec.window = f & 2 ? 0 : 9;
		len = packet_make(&spec, ip);
		assert_true(packet_read(ip, len, &packet));
		assert_true(packet_sound(ip, len));
		assert_true(endpoint_equal(&packet.src, &spec.src) && endpoint_equal(&packet.dst, &spec.dst));
		assert_int_equal(packet.seq, spec.seq);
		assert_int_equal(packet.ack, spec.ack);
		assert_int_equal(packet.flags, spec.flags);
		assert_int_equal(packet.end_seq, (uint32_t)(spec.seq + 5 + !!(spec.flags & TCP_SYN) + !!(spec.flags & TCP_FIN)));
		assert_int_equal(packet.ts != NULL, spec.has_ts);
		if (packet.ts)
			assert_true(packet_tsval(&packet) == spec.tsval && packet_tsecr(&packet) == spec.tsecr);
		memcpy(frame + 14, ip, len);
		assert_true(tcp_read(frame, (uint32_t)(14 + len), &view));
		assert_int_equal(view.window, spec.window ? spec.window : 65535);
		assert_int_equal(view.mss, spec.flags & TCP_SYN ? 1000 : 0);
		assert_int_equal(view.ttl, 64);
		assert_int_equal(view.payload_len, 5);
		assert_memory_equal(view.payload, "hello", 5);
	}
}

/* Byte @at is @to: is it read still, and does its checksum hold? */
static void what_is_no_segment_is_not_read(void **state)
{
	static const struct { const char *what; bool ip6; unsigned int at; uint8_t to; size_t len; bool read, sound; } rows[] = {
		{ "as it is", false, 0, 0x45, 57, true, true }, { "as it is", true, 0, 0x60, 77, true, true },
		{ "nothing", false, 0, 0x45, 0, false, false }, { "another version", false, 0, 0x55, 57, false, false },
		{ "a header of 16 bytes", false, 0, 0x44, 57, false, false }, { "a fragment", false, 6, 0x20, 57, false, false },
		{ "a later fragment", false, 7, 1, 57, false, false }, { "UDP", false, 9, 17, 57, false, false }, { "UDP", true, 6, 17, 77, false, false },
		{ "shorter than its header", false, 3, 19, 57, false, false }, { "shorter than TCP's", false, 3, 39, 57, false, false },
		{ "shorter than its options", false, 3, 51, 57, false, false }, { "a TCP header of 16 bytes", false, 32, 0x40, 57, false, false },
		{ "cut in IP's header", false, 0, 0x45, 19, false, false }, { "cut in IP's header", true, 0, 0x60, 39, false, false },
		{ "cut in TCP's header", false, 0, 0x45, 39, false, false }, { "cut in the options", false, 0, 0x45, 51, false, false },
		{ "cut behind them", false, 0, 0x45, 52, true, false }, { "cut in the payload", false, 0, 0x45, 56, true, false },
		{ "another byte", false, 56, 'O', 57, true, false }, { "another byte", true, 76, 'O', 77, true, false },
		{ "another address", false, 15, 9, 57, true, false }, { "another address", true, 23, 9, 77, true, false },
		{ "another TTL, which is not TCP's", false, 8, 1, 57, true, true },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct packet_spec spec = spec_of(rows[r].ip6);
		_Alignas(8) uint8_t ip[PACKET_MAX + 5];
		size_t len = packet_make(&spec, ip);
		auto_free uint8_t *own = must_calloc(1, rows[r].len + 1);	/* where a byte too far is noticed */
		struct packet packet;

		assert_int_equal(len, rows[r].ip6 ? 77 : 57);
		ip[rows[r].at] = rows[r].to;
		memcpy(own, ip, rows[r].len);
		if (packet_read(own, rows[r].len, &packet) != rows[r].read || packet_sound(own, rows[r].len) != rows[r].sound)
			fail_msg("%s, IPv%d", rows[r].what, rows[r].ip6 ? 6 : 4);
	}
}

/* Headers of IPv6 that stand before TCP's (RFC 8200, 4.1): each says what comes next. */
static void what_stands_before_tcp_in_ipv6_is_passed_over(void **state)
{
	static const struct { uint8_t kind, words; bool read; } rows[] = {
		{ 0, 0, true }, { 43, 0, true }, { 60, 0, true }, { 60, 1, true }, { 44, 0, false }, { 50, 0, false }, { 0, 255, false },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct packet_spec spec = spec_of(true);
		_Alignas(8) uint8_t ip[PACKET_MAX + 5 + 16];
		size_t len = packet_make(&spec, ip), more = rows[r].words < 2 ? 8 + 8 * rows[r].words : 8;
		struct packet packet;

		memmove(ip + 40 + more, ip + 40, len - 40);
		memset(ip + 40, 0, more);
		ip[40] = IPPROTO_TCP;
		ip[41] = rows[r].words;
		ip[6] = rows[r].kind;
		ip[5] = (uint8_t)(ip[5] + more);
		if (packet_read(ip, len + more, &packet) != rows[r].read)
			fail_msg("header %u", rows[r].kind);
		if (rows[r].read)
			assert_true(packet.tcp == ip + 40 + more && packet.seq == spec.seq && packet_sound(ip, len + more));
		assert_false(packet_read(ip, 40 + 7, &packet));
	}
}

/* A list of options ends at its end, or where it is broken. */
static void a_timestamp_is_found_where_one_is(void **state)
{
	static const struct { const char *what; uint8_t options[12]; int at; } rows[] = {
		{ "as we make it", { 1, 1, 8, 10 }, 4 }, { "first", { 8, 10 }, 2 }, { "behind another", { 4, 2, 8, 10 }, 4 },
		{ "behind the end", { 0, 1, 8, 10 }, -1 }, { "the end has no length", { 0, 2, 8, 10 }, -1 }, { "of another length", { 1, 1, 8, 9, 0 }, -1 }, { "another one", { 1, 1, 9, 10 }, -1 },
		{ "behind a length of 1", { 9, 1, 8, 10 }, -1 }, { "behind a length of 0", { 9, 0, 8, 10 }, -1 },
		{ "cut short", { 1, 1, 1, 8, 10 }, -1 }, { "without a length", { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 8 }, -1 },
		{ "only behind what reaches to the end", { 9, 12, 8, 10 }, -1 },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct packet_spec spec = spec_of(false);
		_Alignas(8) uint8_t ip[PACKET_MAX + 5];
		size_t len = packet_make(&spec, ip);
		struct packet packet;

		memcpy(ip + 40, rows[r].options, 12);
		assert_true(packet_read(ip, len, &packet));
		if ((packet.ts ? packet.ts - (ip + 40) : -1) != rows[r].at)
			fail_msg("%s", rows[r].what);
	}
}

/* RFC 1624: a right checksum stays right, a wrong one wrong, wherever the four bytes begin. */
static void a_change_moves_the_checksum_with_it(void **state)
{
	static const uint32_t values[] = { 0, 1, 0xffffffff, 0x80000000, 0x01020304, 0xfffe0001 };

	(void)state;
	for (size_t v = 0; v < ARRAY_SIZE(values); v++)
		for (unsigned int at = 4; at <= 28; at++) {	/* not the checksum */
			struct packet_spec spec = spec_of(v & 1);
			_Alignas(8) uint8_t ip[PACKET_MAX + 5];
			size_t len = packet_make(&spec, ip);
			struct packet packet;

			if (at > 4 && at < 18)	/* lengths, flags, the checksum itself */
				continue;
			assert_true(packet_read(ip, len, &packet));
			packet_put(&packet, packet.tcp + at, values[v]);
			assert_true(packet_sound(ip, len));
			assert_int_equal(packet.tcp[at], values[v] >> 24);
			assert_int_equal(packet.tcp[at + 3], values[v] & 0xff);
			ip[len - 1]++;
			packet_put(&packet, packet.tcp + at, ~values[v]);
			assert_false(packet_sound(ip, len));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_made_is_read),
		cmocka_unit_test(what_is_no_segment_is_not_read),
		cmocka_unit_test(what_stands_before_tcp_in_ipv6_is_passed_over),
		cmocka_unit_test(a_timestamp_is_found_where_one_is),
		cmocka_unit_test(a_change_moves_the_checksum_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

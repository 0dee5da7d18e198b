/* test_craft.c - a segment from a few words */
#include "tests/helpers/test.h"

#include <twlab/craft.h>

#define ENDS "from=10.0.0.1:40001 to=10.0.0.2:80 "
#define BACK "from=10.0.0.2:80 to=10.0.0.1:40001 "

/* What has passed: an old connection, then one that is over; and another one's. */
static const struct { bool back; uint16_t port; uint8_t flags; uint32_t seq, len, ts; } passed[] = {
	{ false, 40001, TCP_SYN, 0xfffffff0, 0, 0 },
	{ false, 40001, TCP_ACK, 0xfffffff1, 100, 0 },
	{ false, 40001, TCP_SYN, 1000, 0, 70 },
	{ true,  40001, TCP_SYN | TCP_ACK, 5000, 0, 900 },
	{ false, 40001, TCP_ACK, 1001, 6, 71 },
	{ false, 40001, TCP_ACK | TCP_FIN, 1007, 0, 72 },
	{ true,  40001, TCP_ACK | TCP_FIN, 5001, 0, 905 },
	{ false, 40001, TCP_ACK | TCP_FIN, 1007, 0, 73 },	/* again */
	{ true,  40001, TCP_RST, 77777, 0, 0 },
	{ false, 40002, TCP_SYN, 3000, 0, 0 },
};

static const struct row {
	const char *what;
	bool good;
	uint8_t flags;
	uint32_t seq, ack;
	bool has_ts;
	uint32_t tsval, tsecr;
} rows[] = {
	{ "SYN " ENDS "seq=+1 ts=-1", true, TCP_SYN, 1009, 0, true, 72, 0 },
	{ "SYN " ENDS "seq=-1", true, TCP_SYN, 1007 },
	{ "SYN " ENDS "seq=4294967295 ts=5", true, TCP_SYN, 4294967295, 0, true, 5, 0 },
	{ "RST " BACK, true, TCP_RST, 5002 },
	{ "RST " BACK "ack=-3 seq=+2", true, TCP_RST | TCP_ACK, 5004, 1005 },
	{ "ACK " ENDS "ts=+0", true, TCP_ACK, 1008, 5002, true, 73, 905 },
	{ "FIN seq=-1 " ENDS, true, TCP_FIN | TCP_ACK, 1007, 5002 },
	{ "DATA " ENDS "data=old", true, TCP_PSH | TCP_ACK, 1008, 5002 },
	{ "SYN from=10.0.0.1:40002 to=10.0.0.2:80", true, TCP_SYN, 3001 },
	{ "SYN from=10.0.0.1:40002 to=10.0.0.2:80 ts=+1", false },	/* it never sent one */
	{ "ACK from=10.0.0.1:40002 to=10.0.0.2:80", false },		/* nor did the other side */
	{ "SYN from=10.0.0.1:40003 to=10.0.0.2:80 seq=7", true, TCP_SYN, 7 },
	{ "SYN from=10.0.0.1:40003 to=10.0.0.2:80", false },
	{ "", false }, { "SYM " ENDS, false }, { "SYN", false }, { "SYN from=10.0.0.1:1", false },
	{ "SYN from=10.0.0.1 to=10.0.0.2:80", false }, { "SYN from=10.0.0.1:1 to=[::1]:80 seq=1", false },
	{ "SYN " ENDS "seq=", false }, { "SYN " ENDS "seq=1x", false }, { "SYN " ENDS "seq=4294967296", false },
	{ "SYN " ENDS "sack", false }, { "DATA " ENDS, false },
};

static struct tcp_view view_of(size_t p)
{
	struct tcp_view view = {
		.seq = passed[p].seq, .flags = passed[p].flags, .payload_len = passed[p].len,
		.has_ts = passed[p].ts > 0, .tsval = passed[p].ts,
	};
	struct endpoint client, server;

	endpoint_parse("10.0.0.1:0", &client);
	endpoint_parse("10.0.0.2:80", &server);
	client.port = passed[p].port;
	view.src = passed[p].back ? server : client;
	view.dst = passed[p].back ? client : server;
	return view;
}

static bool same(const struct packet_spec *spec, const struct row *row)
{
	return spec->flags == row->flags && spec->seq == row->seq &&
	       (!(row->flags & TCP_ACK) || spec->ack == row->ack) && spec->has_ts == row->has_ts &&
	       (!row->has_ts || (spec->tsval == row->tsval && spec->tsecr == row->tsecr));
}

static void words_become_a_segment(void **state)
{
	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct err err = { 0 };
		struct craft craft;
		int code = craft_read(rows[r].what, &craft, &err);

		for (size_t p = 0; p < ARRAY_SIZE(passed); p++) {
			struct tcp_view view = view_of(p);

			craft_see(&craft, &view);
		}
		if (!code)
			code = craft_finish(&craft, &err);
		if (code ? rows[r].good : !rows[r].good || !same(&craft.spec, &rows[r]))
			fail_msg("%s: %s seq %u ack %u ts %u", rows[r].what, err.text, craft.spec.seq,
				 craft.spec.ack, craft.spec.tsval);
		if (code && !*err.text)
			fail_msg("%s: refused without a word", rows[r].what);
		craft_free(&craft);
	}
}

static void a_payload_is_kept(void **state)
{
	struct err err = { 0 };
	struct craft craft;

	(void)state;
	assert_int_equal(craft_read("DATA data=old seq=1 ack=2 " ENDS, &craft, &err), 0);
	assert_int_equal(craft_finish(&craft, &err), 0);
	assert_int_equal(craft.spec.len, 3);
	assert_memory_equal(craft.spec.data, "old", 3);
	craft_free(&craft);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_become_a_segment),
		cmocka_unit_test(a_payload_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_tsoffset.c - a shifted clock: the change itself, and a host that has one */
#include <twlab/tsoffset.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "tests/helpers/main_in_guest.h"
#include "tests/helpers/stub.h"

/* --- the change, on made-up packets --- */

static void a_segment_is_shifted(void **state)
{
	static const struct {
		const char *what;
		bool out;
		uint8_t flags;
		bool has_ts;
		uint32_t tsval, tsecr, shift;
		uint32_t tsval_then, tsecr_then;
		bool changes;
	} rows[] = {
		{ "a SYN on its way out", true, TCP_SYN, true, 1000, 0, 5000, 6000, 0, true },
		{ "a SYN that comes in is left alone", false, TCP_SYN, true, 1000, 0, 5000, 1000, 0, false },
		{ "so is what stands in its TSecr", false, TCP_SYN, true, 1000, 7, 5000, 1000, 7, false },
		{ "data out", true, TCP_ACK | TCP_PSH, true, 1000, 77, 5000, 6000, 77, true },
		{ "data in", false, TCP_ACK | TCP_PSH, true, 77, 6000, 5000, 77, 1000, true },
		{ "a SYN-ACK in", false, TCP_SYN | TCP_ACK, true, 77, 6000, 5000, 77, 1000, true },
		{ "beyond 2^32", true, TCP_ACK, true, 0xffffff00, 1, 0x200, 0x100, 1, true },
		{ "and back", false, TCP_ACK, true, 1, 0x100, 0x200, 1, 0xffffff00, true },
		{ "exactly to 0", true, TCP_ACK, true, 0xfffffff0, 1, 0x10, 0, 1, true },
		{ "and back from 0", false, TCP_ACK, true, 1, 0, 0x10, 1, 0xfffffff0, true },
		{ "by 2^31", true, TCP_ACK, true, 5, 1, 0x80000000, 0x80000005, 1, true },
		{ "by nothing", true, TCP_ACK, true, 5, 1, 0, 5, 1, true },
		{ "by -1", true, TCP_ACK, true, 5, 1, 0xffffffff, 4, 1, true },
		{ "a SYN without a timestamp", true, TCP_SYN, false, 0, 0, 5000, 0, 0, false },
		{ "data without a timestamp", false, TCP_ACK, false, 0, 0, 5000, 0, 0, false },
	};
	static const int families[] = { AF_INET, AF_INET6 };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		__typeof__(&rows[0]) row = &rows[i / 2];
		_Alignas(8) uint8_t ip[PACKET_MAX + 8], was[PACKET_MAX + 8];
		struct packet_spec spec = {
			.src = { families[i % 2], { .s6_addr = { 0x20, 1, [15] = 1 } }, 1 },
			.dst = { families[i % 2], { .s6_addr = { 0x20, 1, [15] = 2 } }, 2 },
			.seq = 3, .ack = 4, .flags = row->flags, .has_ts = row->has_ts,
			.tsval = row->tsval, .tsecr = row->tsecr, .data = "abcde", .len = 5,
		};
		size_t len = packet_make(&spec, ip);
		struct packet packet;

		print_message("%s, IPv%d\n", row->what, i % 2 ? 6 : 4);
		memcpy(was, ip, len);
		assert_true(packet_sound(ip, len));
		assert_int_equal(tsoffset_shift(ip, len, row->out, row->shift), row->changes);
		assert_true(packet_sound(ip, len));
		assert_true(packet_read(ip, len, &packet));
		if (!row->changes)
			assert_memory_equal(ip, was, len);
		if (!row->has_ts)
			continue;
		assert_int_equal(packet_tsval(&packet), row->tsval_then);
		assert_int_equal(packet_tsecr(&packet), row->tsecr_then);
	}
}

/* Options in an odd place; what is no option; a checksum that was wrong. */
static void odd_packets_are_read_with_care(void **state)
{
	static const struct {
		const char *what;
		uint8_t options[16];
		bool changes, sound;
	} rows[] = {
		{ "at an even place", { 1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0, 0 }, true, true },
		{ "at an odd place", { 1, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0, 0 }, true, true },
		{ "behind another", { 3, 3, 7, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0, 0 }, true, true },
		{ "behind the end", { 0, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0, 0 }, false, true },
		{ "of another length", { 8, 8, 0, 0, 1, 0, 0, 0 }, false, true },
		{ "an option of length 0", { 5, 0, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0 }, false, true },
		{ "one that is too long", { 1, 1, 1, 1, 1, 1, 1, 1, 8, 10, 0, 0, 1, 0, 0, 0 }, false, true },
		{ "a wrong checksum stays wrong", { 1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0, 0 }, true, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_Alignas(8) uint8_t ip[PACKET_MAX] = { 0 };
		struct packet_spec spec = {
			.src = stub_peer(1, 1), .dst = stub_host(), .flags = TCP_ACK,
			.data = rows[i].options, .len = sizeof(rows[i].options),
		};
		size_t len = packet_make(&spec, ip);
		struct packet packet;

		/* The payload becomes options: a longer header, the same sum but for it. */
		print_message("%s\n", rows[i].what);
		assert_true(packet_read(ip, len, &packet));
		packet_put(&packet, packet.tcp + 12, 9u << 28 | TCP_ACK << 16 | 65535);
		packet.tcp[16] ^= !rows[i].sound;
		assert_int_equal(packet_sound(ip, len), rows[i].sound);
		assert_int_equal(tsoffset_shift(ip, len, true, 0x12345678), rows[i].changes);
		assert_int_equal(packet_sound(ip, len), rows[i].sound);
	}
}

static void what_is_cut_short_is_left_alone(void **state)
{
	_Alignas(8) uint8_t ip[PACKET_MAX];
	struct packet_spec spec = {
		.src = stub_peer(1, 1), .dst = stub_host(), .flags = TCP_ACK, .has_ts = true,
	};
	size_t len = packet_make(&spec, ip);

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *part = must_calloc(1, cut + 1);	/* so that a sanitizer sees the end */

		part = must_realloc(part, cut ? cut : 1, 1);
		memcpy(part, ip, cut);
		assert_false(tsoffset_shift(part, cut, true, 1));
		free(part);
	}
	ip[9] = IPPROTO_UDP;
	assert_false(tsoffset_shift(ip, len, true, 1));
	ip[9] = IPPROTO_TCP;
	ip[7] = 1;	/* a fragment that is not the first */
	assert_false(tsoffset_shift(ip, len, true, 1));
	ip[7] = 0;
	assert_true(tsoffset_shift(ip, len, true, 1));
}

/* --- two hosts, one of them shifted --- */

struct pair {
	int ns[2];		/* 0 is shifted */
	int wire;		/* what arrives at 1, as frames */
	struct tsoffset *uptime;
	int listener, client, server;
	size_t sent, got;
	uint64_t frames, retransmitted;
	uint32_t highest, tsval;
	bool any;
	bool without;		/* timestamps are off */
};

static int pair_socket(struct pair *pair, int side, int domain, int type, int protocol)
{
	struct err err = { 0 };
	int home = ns_enter(pair->ns[side], &err), fd;

	stub_must(home, &err);
	fd = socket(domain, type | SOCK_NONBLOCK, protocol);
	assert_true(fd >= 0);
	ns_leave(home);
	return fd;
}

static struct net *pair_net(struct pair *pair, int side)
{
	struct err err = { 0 };
	int home = ns_enter(pair->ns[side], &err);
	struct net *net;

	stub_must(home, &err);
	net = rtnetlink_open(&err);
	assert_non_null(net);
	ns_leave(home);
	return net;
}

static void set_offload(struct pair *pair, int side, bool on)
{
	static const uint32_t what[] = { ETHTOOL_SGSO, ETHTOOL_STSO, ETHTOOL_STXCSUM };
	int fd = pair_socket(pair, side, AF_INET, SOCK_DGRAM, 0);

	for (size_t i = 0; i < ARRAY_SIZE(what); i++) {
		struct ethtool_value value = { .cmd = what[i], .data = on };
		struct ifreq ifr = { .ifr_name = "eth0", .ifr_data = (void *)&value };

		assert_false(ioctl(fd, SIOCETHTOOL, &ifr));
	}
	close(fd);
}

static void pair_up(struct pair *pair, uint32_t shift_ticks, bool offload, const char *netem)
{
	static const char *const addr[] = { "192.0.2.1/24", "192.0.2.2/24" };
	struct netem words = { 0 };
	struct err err = { 0 };
	struct net *net[2];

	for (int i = 0; i < 2; i++) {
		pair->ns[i] = ns_new(&err);
		stub_must(pair->ns[i], &err);
		stub_must(sysctl_set(pair->ns[i], "net.ipv4.tcp_timestamps", "2", &err), &err);
		net[i] = pair_net(pair, i);
	}
	stub_must(rtnetlink_veth(net[0], "eth0", "02:00:00:00:00:01", pair->ns[1], "eth0", "02:00:00:00:00:02", &err), &err);
	for (int i = 0; i < 2; i++) {
		stub_must(rtnetlink_addr(net[i], "eth0", addr[i], &err), &err);
		stub_must(rtnetlink_up(net[i], "eth0", &err), &err);
		set_offload(pair, i, offload);
		if (netem) {
			stub_must(netem_parse(netem, &words, &err), &err);
			stub_must(rtnetlink_netem(net[i], "eth0", &words, &err), &err);
		}
		rtnetlink_close(net[i]);
	}
	pair->wire = pair_socket(pair, 1, AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));
	pair->uptime = tsoffset_open(pair->ns[0], shift_ticks, &err);
	stub_must(pair->uptime ? 0 : -1, &err);
}

static void pair_connect(struct pair *pair)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(80) };

	inet_pton(AF_INET, "192.0.2.2", &addr.sin_addr);
	pair->listener = pair_socket(pair, 1, AF_INET, SOCK_STREAM, 0);
	assert_false(bind(pair->listener, (struct sockaddr *)&addr, sizeof(addr)));
	assert_false(listen(pair->listener, 1));
	pair->server = -1;
	pair->client = pair_socket(pair, 0, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(pair->client, (struct sockaddr *)&addr, sizeof(addr)), -1);
	assert_int_equal(errno, EINPROGRESS);
}

static void pair_down(struct pair *pair)
{
	tsoffset_close(pair->uptime, true);
	close(pair->wire);
	close(pair->client);
	close(pair->server);
	close(pair->listener);
	close(pair->ns[0]);
	close(pair->ns[1]);
}

/* Every frame from the shifted host has a whole checksum, and its clock. */
static void watch(struct pair *pair, uint32_t shift_ticks)
{
	_Alignas(8) uint8_t ip[65536];
	struct sockaddr_ll from;
	socklen_t len = sizeof(from);
	ssize_t got;

	while ((got = recvfrom(pair->wire, ip, sizeof(ip), 0, (struct sockaddr *)&from, &len)) > 0) {
		struct packet packet;
		int32_t late;

		if (from.sll_pkttype == PACKET_OUTGOING || !packet_read(ip, (size_t)got, &packet))
			continue;
		assert_true(packet_sound(ip, (size_t)got));
		pair->frames++;
		assert_int_equal(packet.ts == NULL, pair->without);
		if (pair->without)
			continue;
		/* With tcp_timestamps=2 the kernel's clock counts ms of CLOCK_MONOTONIC, or nearly. */
		late = (int32_t)((uint32_t)(stub_now() / NS_PER_MS) + shift_ticks - packet_tsval(&packet));
		assert_in_range(late + 100, 0, 2000);
		assert_false(pair->any && (int32_t)(packet_tsval(&packet) - pair->tsval) < -1000);
		pair->tsval = packet_tsval(&packet);
		pair->retransmitted += pair->any && packet.end_seq != packet.seq &&
				       (int32_t)(packet.end_seq - pair->highest) <= 0;
		if (!pair->any || (int32_t)(packet.end_seq - pair->highest) > 0)
			pair->highest = packet.end_seq;
		pair->any = true;
	}
}

/* Client to server, @total bytes, some every 10 ms. */
static void pair_talk(struct pair *pair, size_t total, uint32_t shift_ticks)
{
	static uint8_t data[16384], back[16384];
	struct err err = { 0 };
	int64_t give_up_ns = stub_now() + 300 * NS_PER_S;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	while (pair->got < total) {
		struct pollfd fds[4] = {
			{ pair->listener, POLLIN, 0 },
			{ pair->server, POLLIN, 0 },
			{ pair->wire, POLLIN, 0 },
		};
		size_t at = pair->sent % sizeof(data), room = total - pair->sent;
		ssize_t n;

		assert_true(stub_now() < give_up_ns);
		assert_int_equal(tsoffset_fds(pair->uptime, fds + 3, 1), 1);
		poll(fds, 4, 10);
		stub_must(tsoffset_handle(pair->uptime, &err), &err);
		watch(pair, shift_ticks);
		if (pair->server < 0)
			pair->server = accept4(pair->listener, NULL, NULL, SOCK_NONBLOCK);
		n = write(pair->client, data + at, room < sizeof(data) - at ? room : sizeof(data) - at);
		pair->sent += n > 0 ? (size_t)n : 0;
		at = pair->got % sizeof(data);
		n = pair->server < 0 ? -1 : read(pair->server, back, sizeof(back) - at);
		if (n > 0)
			assert_memory_equal(back, data + at, (size_t)n);
		pair->got += n > 0 ? (size_t)n : 0;
	}
}

static void a_host_with_a_shifted_clock_talks(void **state)
{
	static const struct {
		const char *what;
		uint32_t shift;
		bool wraps;		/* ... through 0 half a second from now */
		bool offload;
		const char *netem;
		size_t bytes;
		unsigned int rtt_ms;
	} rows[] = {
		{ "ahead by 25 days", 2160000000u, false, true, "delay 10ms", 1000000, 20 },
		{ "without offload", 2160000000u, false, false, "delay 10ms", 1000000, 20 },
		{ "by 2^31", 0x80000000u, false, true, "delay 10ms", 300000, 20 },
		{ "behind", 0u - 5000u, false, true, "delay 10ms", 300000, 20 },
		{ "through 0", 0, true, true, "delay 50ms", 2000000, 100 },
		{ "with loss", 777777777u, false, true, "delay 5ms loss 3%", 500000, 10 },
	};

	(void)state;
	if (!guest_inside())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pair pair = { 0 };
		uint32_t shift = rows[i].wraps ? 0u - (uint32_t)(stub_now() / NS_PER_MS) - 700 : rows[i].shift;
		struct tcp_info info = { 0 };
		socklen_t len = sizeof(info);

		pair_up(&pair, shift, rows[i].offload, rows[i].netem);
		pair_connect(&pair);
		pair_talk(&pair, rows[i].bytes, shift);
		assert_false(getsockopt(pair.client, IPPROTO_TCP, TCP_INFO, &info, &len));
		print_message("%s: %llu frames, %llu retransmitted, last TSval %u, rtt %u us, rto %u us\n",
			      rows[i].what, (unsigned long long)pair.frames,
			      (unsigned long long)pair.retransmitted, pair.tsval, info.tcpi_rtt, info.tcpi_rto);
		assert_in_range(info.tcpi_rtt, rows[i].rtt_ms * 1000, rows[i].rtt_ms * 1000 + 60000);
		/* each timeout has doubled it */
		assert_in_range(info.tcpi_rto >> info.tcpi_backoff, 200000, 1000000);
		assert_true(info.tcpi_options & TCPI_OPT_TIMESTAMPS);
		assert_true(tsoffset_stats(pair.uptime)->sent >= pair.frames);
		assert_true(tsoffset_stats(pair.uptime)->received > 10);
		assert_int_equal(tsoffset_stats(pair.uptime)->missed, 0);
		assert_true(strstr(rows[i].netem, "loss") ? pair.retransmitted > 0 : true);
		if (rows[i].wraps)
			assert_true(pair.tsval < 60000);
		pair_down(&pair);
	}
}

/* A host that uses no timestamps: its SYNs and all else go as they are. */
static void a_host_without_timestamps_is_left_alone(void **state)
{
	struct pair pair = { 0 };
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	struct err err = { 0 };

	(void)state;
	if (!guest_inside())
		skip();
	pair_up(&pair, 2160000000u, false, "delay 10ms");	/* or nobody has summed up what is not touched */
	stub_must(sysctl_set(pair.ns[0], "net.ipv4.tcp_timestamps", "0", &err), &err);
	pair.without = true;
	pair_connect(&pair);
	pair_talk(&pair, 300000, 2160000000u);
	assert_false(getsockopt(pair.client, IPPROTO_TCP, TCP_INFO, &info, &len));
	assert_false(info.tcpi_options & TCPI_OPT_TIMESTAMPS);
	assert_true(pair.frames > 10);
	assert_int_equal(tsoffset_stats(pair.uptime)->sent, 0);
	assert_int_equal(tsoffset_stats(pair.uptime)->received, 0);
	pair_down(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_segment_is_shifted),
		cmocka_unit_test(odd_packets_are_read_with_care),
		cmocka_unit_test(what_is_cut_short_is_left_alone),
		cmocka_unit_test(a_host_with_a_shifted_clock_talks),
		cmocka_unit_test(a_host_without_timestamps_is_left_alone),
	};

	return in_guest_tests(tests, ARRAY_SIZE(tests), NULL);
}

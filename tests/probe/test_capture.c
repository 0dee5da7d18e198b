/* test_capture.c - what the recorder sees of frames, and what the hosts put on a wire */
#include <twlab/capture.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "tests/helpers/main_in_guest.h"
#include "tests/helpers/stub.h"

#define MTU 1500

/* Two hosts and a cable: 192.0.2.1 and 192.0.2.2 are their eth0. */
struct cable {
	int ns[2];
	int capture;	/* of the second */
};

static void cable_up(struct cable *cable, bool whole)
{
	static const char *const addr[] = { "192.0.2.1/24", "192.0.2.2/24" };
	struct err err = { 0 };
	struct net *net[2];

	for (int i = 0; i < 2; i++) {
		int home;

		stub_must(cable->ns[i] = ns_new(&err), &err);
		stub_must(home = ns_enter(cable->ns[i], &err), &err);
		net[i] = rtnetlink_open(&err);
		ns_leave(home);
		assert_non_null(net[i]);
	}
	stub_must(rtnetlink_veth(net[0], "eth0", "02:00:00:00:00:01", cable->ns[1], "eth0", "02:00:00:00:00:02", &err), &err);
	for (int i = 0; i < 2; i++) {
		stub_must(whole ? rtnetlink_whole(net[i], "eth0", &err) : 0, &err);
		stub_must(rtnetlink_addr(net[i], "eth0", addr[i], &err), &err);
		stub_must(rtnetlink_up(net[i], "eth0", &err), &err);
		rtnetlink_close(net[i]);
	}
	stub_must(cable->capture = capture_open(cable->ns[1], &err), &err);
}

static void cable_down(struct cable *cable)
{
	close(cable->capture);
	close(cable->ns[0]);
	close(cable->ns[1]);
}

static int socket_in(const struct cable *cable, int side, int family, int type, int protocol)
{
	struct err err = { 0 };
	int home = ns_enter(cable->ns[side], &err), fd;

	stub_must(home, &err);
	fd = socket(family, type | SOCK_CLOEXEC, protocol);
	ns_leave(home);
	assert_true(fd >= 0);
	return fd;
}

/* The next frame that came in, within a second. */
static bool next_in(const struct cable *cable, struct capture_frame *frame)
{
	struct pollfd poll_fd = { cable->capture, POLLIN };
	struct err err = { 0 };

	do {
		int more = capture_next(cable->capture, frame, &err);

		stub_must(more, &err);
		if (more && !frame->out)
			return true;
		if (more)
			continue;
	} while (poll(&poll_fd, 1, 1000) > 0);
	return false;
}

static void a_tag_stands_where_it_was(void **state)
{
	static const uint8_t rows[][64] = {
		{ 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5, 1, 2, 3 },
		{ 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x81, 0, 0xa0, 0x07, 0x88, 0xb5, 1, 2, 3 },	/* 802.1Q */
		{ 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xa8, 0, 9, 0x81, 0, 0, 7, 0x88, 0xb5, 1 },/* 802.1ad, two */
	};
	struct cable cable;
	int fd;

	(void)state;
	cable_up(&cable, true);
	fd = socket_in(&cable, 0, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = 2 };
		struct capture_frame frame;

		assert_int_equal(sendto(fd, rows[i], 64, 0, (struct sockaddr *)&to, sizeof(to)), 64);
		assert_true(next_in(&cable, &frame));
		assert_int_equal(frame.len, 64);
		assert_memory_equal(frame.data, rows[i], 64);
	}
	close(fd);
	cable_down(&cable);
}

/* A frame of the greatest MTU that there is, with a tag. */
static void a_long_frame_is_all_there(void **state)
{
	static uint8_t frame[ETH_HLEN + 4 + 65535] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x81, 0, 0, 7, 0x88, 0xb5 };
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = 2 };
	struct ifreq mtu = { .ifr_name = "eth0", .ifr_mtu = 65535 };
	struct capture_frame got;
	struct cable cable;
	int fd, room = 1 << 20;

	(void)state;
	cable_up(&cable, true);
	for (int i = 0; i < 2; i++) {
		fd = socket_in(&cable, i, AF_INET, SOCK_DGRAM, 0);
		assert_int_equal(ioctl(fd, SIOCSIFMTU, &mtu), 0);
		close(fd);
	}
	frame[sizeof(frame) - 1] = 0xee;
	fd = socket_in(&cable, 0, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)), 0);
	assert_int_equal(sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)), sizeof(frame));
	assert_true(next_in(&cable, &got));
	assert_int_equal(got.len, sizeof(frame));
	assert_memory_equal(got.data, frame, sizeof(frame));
	close(fd);
	cable_down(&cable);
}

struct tally {
	unsigned int frames, unsound, too_long;
};

/* 20000 bytes over TCP, as the receiver's device sees them. */
static struct tally bulk(bool whole)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(80) };
	static uint8_t data[20000], ip[MTU];
	struct tally tally = { 0 };
	struct capture_frame frame;
	struct cable cable;
	int listener, client;

	cable_up(&cable, whole);
	inet_pton(AF_INET, "192.0.2.2", &addr.sin_addr);
	listener = socket_in(&cable, 1, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(listener, 1), 0);
	client = socket_in(&cable, 0, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(send(client, data, sizeof(data), 0), sizeof(data));
	while (next_in(&cable, &frame)) {
		if (frame.data[12] != 8 || frame.data[13])	/* ARP */
			continue;
		tally.frames++;
		if (frame.len > ETH_HLEN + MTU) {
			tally.too_long++;
			continue;
		}
		memcpy(ip, frame.data + ETH_HLEN, frame.len - ETH_HLEN);
		tally.unsound += !packet_sound(ip, frame.len - ETH_HLEN);
	}
	close(client);
	close(listener);
	cable_down(&cable);
	return tally;
}

static void hosts_send_whole_frames(void **state)
{
	struct tally tally = bulk(true), left_to_veth = bulk(false);

	(void)state;
	print_message("%u frames; left to the device: %u, of which %u lack a checksum, %u are too long\n",
		      tally.frames, left_to_veth.frames, left_to_veth.unsound, left_to_veth.too_long);
	assert_in_range(tally.frames, 15, 100);
	assert_int_equal(tally.unsound, 0);
	assert_int_equal(tally.too_long, 0);
	assert_true(left_to_veth.unsound > 0);	/* so this can be seen here */
	assert_true(left_to_veth.too_long > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tag_stands_where_it_was),
		cmocka_unit_test(a_long_frame_is_all_there),
		cmocka_unit_test(hosts_send_whole_frames),
	};

	return in_guest_tests(tests, ARRAY_SIZE(tests), NULL);
}

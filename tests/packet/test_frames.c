/* test_frames.c - every frame on record is one that other tools take */
#include "tests/helpers/test.h"
#include <twlab/trace_follow.h>

#include <twlab/packet.h>
#include <twlab/pcapng.h>
#include "tests/helpers/dir.h"
#include "tests/helpers/guest.h"

#define ETH_LEN 14
#define MTU 1500

static unsigned long number_of(char *command)
{
	FILE *pipe = popen(command, "re");
	unsigned long n;

	free(command);
	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%lu", &n), 1);
	assert_int_equal(pclose(pipe), 0);
	return n;
}

/* Two readers that have nothing in common; each counts the frames that it finds wrong. */
#define TSHARK "tshark -n -r '%s' -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE "
#define BAD "ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 || " \
	    "icmp.checksum.status == 0 || icmpv6.checksum.status == 0"
static const char *const readers[] = {
	TSHARK "-Y '" BAD " || _ws.malformed' 2>/dev/null | wc -l",
	"tcpdump -nvvr '%s' 2>/dev/null | grep -ciE 'incorrect|bad cksum|wrong icmp|bad-len|truncated' || true",
};

static unsigned long found_wrong(size_t reader, const char *path)
{
	return number_of(must_printf(readers[reader], path));
}

static unsigned long frames_in(const char *path)
{
	return number_of(must_printf("tcpdump -nr '%s' 2>/dev/null | wc -l", path));
}

/* A frame with a segment in it, of @family; returns its length. */
static uint32_t frame_make(int family, uint8_t frame[ETH_LEN + PACKET_MAX])
{
	bool six = family == AF_INET6;
	const struct packet_spec spec = {
		.src = { family, { .s6_addr = { 0x20, 1, [10] = 0xff, 0xff, 10, 0, 0, 1 } }, 40000 },
		.dst = { family, { .s6_addr = { 0x20, 1, [10] = 0xff, 0xff, 10, 0, 0, 2 } }, 80 },
		.seq = 1, .flags = TCP_SYN, .has_ts = true, .tsval = 7,
	};

	memset(frame, 0, ETH_LEN);
	frame[12] = six ? 0x86 : 0x08;
	frame[13] = six ? 0xdd : 0x00;
	return ETH_LEN + (uint32_t)packet_make(&spec, frame + ETH_LEN);
}

static void a_wrong_checksum_is_found(void **state)
{
	static const struct {
		const char *what;
		int family, at;		/* the byte that is changed, from the frame's end; 0 = none */
	} rows[] = {
		{ "as it was made", AF_INET, 0 },
		{ "as it was made, IPv6", AF_INET6, 0 },
		{ "a bit of the timestamp", AF_INET, 6 },
		{ "a bit of the timestamp, IPv6", AF_INET6, 6 },
		{ "the checksum itself", AF_INET, 19 },
		{ "the time to live, so the IP header's", AF_INET, 36 + 12 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *path = must_printf("%s/made-%zu.pcapng", dir, i);
		uint8_t frame[ETH_LEN + PACKET_MAX];
		uint32_t len = frame_make(rows[i].family, frame);
		struct trace *trace = trace_new();
		struct err err = { 0 };

		trace_add_iface(trace, "client", "eth0", true);
		trace_add_frame(trace, 0, 0, true, frame, len);
		if (rows[i].at)
			frame[len - (uint32_t)rows[i].at] ^= 0x10;
		trace_add_frame(trace, 0, 1000, true, frame, len);
		trace_follow(trace);
		assert_int_equal(pcapng_write(path, trace, &(struct pcapng_about){ "test" }, &err), 0);
		for (size_t r = 0; r < ARRAY_SIZE(readers); r++) {
			print_message("%s, by reader %zu\n", rows[i].what, r);
			assert_int_equal(found_wrong(r, path), rows[i].at ? 1 : 0);
		}
		assert_int_equal(frames_in(path), 2);
		trace_free(trace);
	}
}

static void every_frame_of_a_run_is_sound(void **state)
{
	static const struct {
		const char *lab, *variant, *more, *what;
	} rows[] = {
		{ "01-four-way-close", "client-first", "", "two hosts and a wire" },
		{ "01-four-way-close", "client-first", "--ipv6", "IPv6" },
		{ "03-final-ack-loss", "kept", "", "a loss" },
		{ "04-old-duplicate", "time-wait", "", "a duplicate" },
		{ "06-tw-recycle-nat", "recycling", "", "a NAT, clocks that are ahead, packets that wait for a verdict" },
		{ "06-tw-recycle-nat", "without-stamp", "", "a NAT without them" },
		{ "06-tw-recycle-nat", "recycling", "--ipv6", "a NAT with IPv6" },
		{ "09-syncookies", "cookies", "", "a flood of segments that no kernel made" },
		{ "11-nat-timers", "handed-on", "", "a NAT that forgets" },
		{ "12-rfc1337", "kept-back", "", "segments that no program would send" },
	};

	(void)state;
	guest_needed();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *out = must_printf("%s/run%zu", dir, i);
		auto_free char *run = must_printf("./twlab run %s --variant %s %s --no-draw -o %s >/dev/null",
						  rows[i].lab, rows[i].variant, rows[i].more, out);
		auto_free char *path = must_printf("%s/%s/%s/packets.pcapng", out, rows[i].lab, rows[i].variant);

		print_message("%s\n", rows[i].what);
		assert_int_equal(system(run), 0);
		assert_in_range(frames_in(path), 30, 10000);
		for (size_t r = 0; r < ARRAY_SIZE(readers); r++)
			assert_int_equal(found_wrong(r, path), 0);
		assert_int_equal(number_of(must_printf(TSHARK "-Y 'frame.len > %d' 2>/dev/null | wc -l", path,
						       ETH_LEN + MTU)), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_checksum_is_found),
		cmocka_unit_test(every_frame_of_a_run_is_sound),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}

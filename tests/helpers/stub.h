/* stub.h - a host with a listening socket, and peers played through a TUN device
 *
 *	peers: whoever writes to .tun ──── 10.0.0.1 and 2001:db8::1, port 80
 *
 * For tests inside a guest: it makes a network namespace, and stops the test
 * when something cannot be had.
 */
#ifndef TWLAB_TESTS_STUB_H
#define TWLAB_TESTS_STUB_H

#include <twlab/rtnetlink.h>
#include <twlab/ns.h>
#include <twlab/packet.h>
#include <twlab/recycle.h>
#include <twlab/sysctl.h>
#include <twlab/trial.h>

#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#define STUB_PORT 80

struct stub {
	int ns, tun, listener;
	struct recycle *recycle;	/* NULL: it does not recycle */
};

static inline void stub_must(int ret, const struct err *err)
{
	if (ret < 0)
		fail_msg("%s", err->text);
}

static inline void stub_set(struct stub *stub, const char *key, const char *value)
{
	struct err err = { 0 };

	stub_must(sysctl_set(stub->ns, key, value, &err), &err);
}

static inline int stub_listener(void)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_port = htons(STUB_PORT) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_false(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	assert_false(listen(fd, 4096));
	return fd;
}

static inline void stub_recycle(struct stub *stub, recycle_reject_fn *fn, void *arg)
{
	struct err err = { 0 };

	stub->recycle = recycle_open(stub->ns, &err);
	stub_must(stub->recycle ? 0 : -1, &err);
	recycle_on_reject(stub->recycle, fn, arg);
}

static inline void stub_up(struct stub *stub)
{
	struct err err = { 0 };
	struct net *net;
	int home;

	stub->ns = ns_new(&err);
	stub_must(stub->ns, &err);
	stub_set(stub, "net.ipv4.tcp_syncookies", "0");
	stub_set(stub, "net.ipv4.tcp_max_syn_backlog", "100000");
	stub_set(stub, "net.ipv4.tcp_max_tw_buckets", "100000");
	home = ns_enter(stub->ns, &err);
	stub_must(home, &err);
	stub->tun = trial_tun(&err);
	stub_must(stub->tun, &err);
	net = rtnetlink_open(&err);
	assert_non_null(net);
	stub_must(rtnetlink_addr(net, "tun0", "10.0.0.1/8", &err), &err);
	stub_must(rtnetlink_addr(net, "tun0", "2001:db8::1/64", &err), &err);
	stub_must(rtnetlink_up(net, "tun0", &err), &err);
	stub_must(rtnetlink_up(net, "lo", &err), &err);
	rtnetlink_close(net);
	stub->listener = stub_listener();
	ns_leave(home);
}

static inline void stub_down(struct stub *stub)
{
	recycle_close(stub->recycle, true);
	close(stub->listener);
	close(stub->tun);
	close(stub->ns);
}

/* 10.1.0.0 + @n, and the host itself. */
static inline struct endpoint stub_peer(unsigned int n, uint16_t port)
{
	struct endpoint peer = { AF_INET, IN6ADDR_ANY_INIT, port };

	peer.addr = (struct in6_addr){ .s6_addr = { [10] = 255, [11] = 255, 10, 1 + (uint8_t)(n >> 16),
						    (uint8_t)(n >> 8), (uint8_t)n } };
	return peer;
}

static inline struct endpoint stub_host(void)
{
	struct endpoint host = { AF_INET, IN6ADDR_ANY_INIT, STUB_PORT };

	host.addr = (struct in6_addr){ .s6_addr = { [10] = 255, [11] = 255, 10, 0, 0, 1 } };
	return host;
}

static inline void stub_send(struct stub *stub, const struct packet_spec *spec)
{
	_Alignas(8) uint8_t ip[PACKET_MAX];
	size_t len = packet_make(spec, ip);

	assert_int_equal(write(stub->tun, ip, len), (ssize_t)len);
}

/* The next TCP segment that the host sends; false if there is none. Its
 * checksum holds.
 */
static inline bool stub_read(struct stub *stub, struct packet *packet)
{
	static _Alignas(8) uint8_t ip[2048];
	ssize_t len;

	while ((len = read(stub->tun, ip, sizeof(ip))) > 0) {
		if (!packet_read(ip, (size_t)len, packet))	/* IPv6 looks for neighbours */
			continue;
		assert_true(packet_sound(ip, (size_t)len));
		return true;
	}
	return false;
}

static inline int64_t stub_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static inline int64_t stub_now(void)
{
	return stub_clock(CLOCK_MONOTONIC);
}

#endif

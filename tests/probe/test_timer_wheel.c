/* test_timer_wheel.c - when timers run out: as computed, and as a kernel does it */
#include "tests/helpers/test.h"

#include <twlab/rtnetlink.h>
#include <twlab/ns.h>
#include <twlab/sockdiag.h>
#include <twlab/sysctl.h>
#include <twlab/timer_wheel.h>
#include "tests/helpers/main_in_guest.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/times.h>
#include <time.h>

#define MS NS_PER_MS

/* HZ=250, jiffy 0 began at 0, and that is known to the ns. */
static const struct timer_wheel exact = { .tick_ns = 4 * MS, .after_ns = -1, .by_ns = 0 };

static void a_timer_waits_for_its_bucket(void **state)
{
	static const struct { int64_t due, now, next; } rows[] = {
		/* due in jiffy 15003, give or take one: bucket 15003 or 15004 or 15005 of level 0, ... */
		{ 60012 * MS, 0, 60012 * MS },
		{ 60012 * MS, 60012 * MS, 60016 * MS },
		{ 60012 * MS, 60016 * MS, 60020 * MS },
		{ 60012 * MS, 60020 * MS, 60032 * MS },	/* 15008 = 1876 * 8 */
		{ 60012 * MS, 60032 * MS, 60160 * MS },	/* 15040 = 235 * 64 */
		{ 60012 * MS, 60160 * MS, 61440 * MS },	/* 15360 = 30 * 512 */
		{ 60012 * MS, 61440 * MS, 65536 * MS },	/* 16384 = 4 * 4096 */
		{ 60012 * MS, 65536 * MS, 131072 * MS },	/* 32768 */
		/* due in jiffy 15360 or next to it: the bucket of level 3 may be this one or the next */
		{ 61440 * MS, 61448 * MS, 61472 * MS },
		{ 61440 * MS, 61696 * MS, 63488 * MS },
	};
	const struct timer_wheel unknown = { 0 };

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++)
		assert_int_equal(timer_wheel_next(&exact, rows[r].due, rows[r].now), rows[r].next);
	assert_true(timer_wheel_next(&unknown, MS, 0) == INT64_MAX);
}

static void looks_narrow_it_down(void **state)
{
	struct timer_wheel wheel = { .tick_ns = 4 * MS };

	(void)state;
	/* Jiffy 0 began at 1000 ms: at 1000 + t ms, jiffy t / 4 is on, and t / 4 * 4 / 10 clock ticks are over. */
	for (int64_t t = 5; t < 400; t += 7)
		timer_wheel_look(&wheel, (uint64_t)(t / 4 * 4 / 10), (1000 + t) * MS);
	assert_true(wheel.after_ns < 1000 * MS && wheel.by_ns >= 1000 * MS);
	assert_true(wheel.by_ns - wheel.after_ns < 7 * MS);
	timer_wheel_look(&wheel, 40, 5400 * MS);	/* the clock was set: 4 s later */
	assert_true(wheel.after_ns < 5000 * MS && wheel.by_ns >= 5000 * MS);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void sleep_until(int64_t ns)
{
	const struct timespec at = { ns / NS_PER_S, ns % NS_PER_S };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL))
		continue;
}

/* The socket that waits for nothing but its timer; false when there is none. */
static bool find_waiting(struct sockdiag *diag, struct socket_seen *seen)
{
	const struct socket_seen *all;
	int n = sockdiag_dump(diag, AF_INET, &all, NULL);

	for (int s = 0; s < n; s++)
		if (!strcmp(all[s].timer, "timewait")) {
			*seen = all[s];
			return true;
		}
	assert_true(n >= 0);
	return false;
}

/* On lo: the client closes, the server does so only if @both. */
static int leave_one_waiting(bool both)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), server;

	assert_false(bind(listener, (struct sockaddr *)&addr, len) || listen(listener, 1));
	assert_false(getsockname(listener, (struct sockaddr *)&addr, &len));
	assert_false(connect(client, (struct sockaddr *)&addr, len));
	server = accept(listener, NULL, NULL);
	close(client);
	close(listener);
	if (both) {
		close(server);
		server = -1;
	}
	return server;
}

/* Seen each ms, the timer runs out in the last ms before one of the instants that were foretold. */
static unsigned int watch_it_run_out(struct sockdiag *diag, struct timer_wheel *wheel)
{
	struct socket_seen seen;
	unsigned int looks = 1;
	int64_t due, next, now;

	assert_true(find_waiting(diag, &seen));
	now = now_ns();
	due = now + seen.expires_ms * MS;
	for (next = timer_wheel_next(wheel, due, now); ; now = now_ns()) {
		sleep_until(now < due - 20 * MS ? due - 20 * MS : now + MS);
		if (!find_waiting(diag, &seen))
			break;
		if (now_ns() > next + MS / 2) {
			next = timer_wheel_next(wheel, due, next);
			looks++;
		}
	}
	print_message("foretold at %.3f s, gone at %.3f s, %u looks\n", (double)(next - due) / 1e9, (double)(now_ns() - due) / 1e9, looks);
	assert_in_range(now_ns() - (next - (wheel->by_ns - wheel->after_ns)), 0, wheel->by_ns - wheel->after_ns + 2 * MS);
	return looks;
}

static void a_kernel_keeps_to_it(void **state)
{
	/* FIN_WAIT2 on levels 1 to 3 (with HZ=250), TIME_WAIT on level 3. */
	static const struct { const char *fin_timeout; bool both; } rows[] = {
		{ "1" }, { "2" }, { "3" }, { "7" }, { "16" }, { "17" }, { "40" }, { "60", true },
	};
	struct err err = { 0 };

	(void)state;
	if (!guest_inside())
		skip();
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct timer_wheel wheel = { .tick_ns = timer_wheel_tick_ns() };
		int ns = ns_new(&err), home = ns_enter(ns, &err), server;
		struct sockdiag *diag = sockdiag_open(ns, &err);
		struct net *net = rtnetlink_open(&err);

		assert_true(wheel.tick_ns > 0);
		assert_int_equal(rtnetlink_up(net, "lo", &err), 0);
		assert_int_equal(sysctl_set(ns, "net.ipv4.tcp_fin_timeout", rows[r].fin_timeout, &err), 0);
		for (int look = 0; look < 50; look++) {
			timer_wheel_look(&wheel, (uint64_t)times(NULL), now_ns());
			sleep_until(now_ns() + 1300 * NS_PER_US);
		}
		server = leave_one_waiting(rows[r].both);
		sleep_until(now_ns() + 5 * MS);
		assert_in_range(watch_it_run_out(diag, &wheel), 1, 12);
		if (server >= 0)
			close(server);
		rtnetlink_close(net);
		sockdiag_close(diag);
		ns_leave(home);
		close(ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_timer_waits_for_its_bucket),
		cmocka_unit_test(looks_narrow_it_down),
		cmocka_unit_test(a_kernel_keeps_to_it),
	};

	return in_guest_tests(tests, ARRAY_SIZE(tests), NULL);
}

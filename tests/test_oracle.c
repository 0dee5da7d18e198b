/* test_oracle.c - the emulation decides as a genuine kernel did
 *
 * Each row of tests/data/tw_recycle-4.9.337.tsv is played as it was recorded: a
 * peer behind a TUN device makes a connection, it is closed, and after a while
 * the same address sends a SYN. Rows are peers of their own addresses, which is
 * all that the rule looks at, so they run side by side: four hosts (recycle and
 * timestamps on and off), one process, one loop, virtual time.
 *
 * One thing that decided is not among the columns: a timer runs out at the end
 * of its granule, 4.096 s for a 60 s TIME_WAIT where the rows were recorded, and
 * so at 60.5 and 61.5 s it was still there or not, by where in a granule it had
 * begun. Such rows are told by their twins at 58 and 90 s, which differ. Each is
 * begun in a second that gives its TIME_WAIT the same fate here, and once more
 * in one that gives it the other, where it must get the other twin's verdict.
 */
#include "lib/recycle.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#include "harness/inside.h"
#include "lib/net.h"
#include "lib/ns.h"
#include "lib/packet.h"
#include "lib/sysctl.h"

#define GENUINE "tests/data/tw_recycle-4.9.337.tsv"
#define PLAIN "tests/data/tw_syn-6.1.tsv"

#define SERVER_PORT 80
#define FIRST_TS 0x40000000u
#define FIRST_SEQ 1000000u
#define WINDOW_NS (150 * NS_PER_MS)	/* silent means: nothing within it */
#define PATIENCE_NS (5 * NS_PER_S)	/* with a first connection */
#define SLOTS 40			/* seconds in which rows may begin, */
#define PER_SLOT 150			/* so many in each */
#define MARGIN_MS 150			/* a batch takes a while */

enum verdict { SILENT, SYNACK, CHALLENGE, OTHER, VERDICTS };
static const char *const verdict_name[] = {
	[SILENT] = "silent", [SYNACK] = "synack", [CHALLENGE] = "ack", [OTHER] = "something else",
};
static_assert(ARRAY_SIZE(verdict_name) == VERDICTS, "verdict_name[] lacks one");

enum step { WAITS, CALLED, ESTABLISHED, CLOSING, CLOSED, ASKED, DONE };

struct row {
	/* What the file says. */
	int recycle, timestamps, server_closes, same_port, first_ts;
	double elapsed_s;
	int second_ts;
	int64_t ts_delta, isn_delta;
	enum verdict verdict;
	int paws_passive;
	unsigned int line;
	enum { ANY, ALIVE, DEAD } fate;	/* that its TIME_WAIT must have when the SYN comes */

	/* What happens. */
	enum step step;
	int64_t due_ns;			/* of the next step that time brings; CLOCK_MONOTONIC */
	struct endpoint peer, server;
	uint32_t seq, ack;
	int fd;				/* the server's socket, for a peer that closes first: */
	bool fin_acked;			/* the server closes it when the peer's FIN is there */
	enum verdict got;
	int rejected;
};

struct host {
	int ns, tun, listener;
	struct recycle *recycle;
	struct row **rows;		/* by the last two bytes of the peer's address */
	unsigned int n;
};

struct player {
	struct row *rows;
	unsigned int n, left;
	struct host hosts[2][2];	/* [recycle][timestamps] */
	int64_t next_ns;		/* no row is due before */
};

/* --- rows --- */

static enum verdict verdict_of(const char *name)
{
	enum verdict verdict = 0;

	while (verdict < OTHER && strcmp(name, verdict_name[verdict]))
		verdict++;
	return verdict;
}

static unsigned int read_rows(const char *path, struct row **rows)
{
	auto_fclose FILE *file = fopen(path, "r");
	unsigned int n = 0, line_no = 0;
	char line[256], closer[16], verdict[16];

	assert_non_null(file);
	*rows = NULL;
	while (fgets(line, sizeof(line), file)) {
		struct row *row;

		line_no++;
		if (*line == '#')
			continue;
		row = grow(rows, n++, sizeof(*row));
		assert_int_equal(sscanf(line, "%d %d %15s %d %d %lf %*d %d %" SCNd64 " %" SCNd64 " %15s %d",
					&row->recycle, &row->timestamps, closer, &row->same_port,
					&row->first_ts, &row->elapsed_s, &row->second_ts, &row->ts_delta,
					&row->isn_delta, verdict, &row->paws_passive), 11);
		row->server_closes = !strcmp(closer, "server");
		row->verdict = verdict_of(verdict);
		row->line = line_no;
		assert_int_not_equal(row->verdict, OTHER);
	}
	return n;
}

/* The row that differs from @row in nothing but the time. */
static const struct row *twin(const struct row *rows, unsigned int n, const struct row *row, double elapsed_s)
{
	for (unsigned int i = 0; i < n; i++)
		if (rows[i].recycle == row->recycle && rows[i].timestamps == row->timestamps &&
		    rows[i].server_closes == row->server_closes && rows[i].same_port == row->same_port &&
		    rows[i].first_ts == row->first_ts && rows[i].elapsed_s == elapsed_s &&
		    rows[i].second_ts == row->second_ts && rows[i].ts_delta == row->ts_delta &&
		    rows[i].isn_delta == row->isn_delta)
			return &rows[i];
	fail_msg("line %u has no twin at %g s", row->line, elapsed_s);
	return NULL;
}

/* Does a TIME_WAIT of 60 s decide, and is it the end of its timer's granule that
 * decides about it? (With a stamp the 60 whole seconds decide, not a TIME_WAIT.)
 */
static bool by_granule(const struct row *rows, unsigned int n, const struct row *row,
		       enum verdict *alive, enum verdict *dead)
{
	if (row->elapsed_s < 60 || row->elapsed_s > 65 || !row->same_port || !row->server_closes ||
	    (row->recycle && row->timestamps && row->first_ts))
		return false;
	*alive = twin(rows, n, row, 58)->verdict;
	*dead = twin(rows, n, row, 90)->verdict;
	return *alive != *dead;
}

/* Set the fate of the rows that have one, and add each again with the other
 * fate. Returns how many rows there are now.
 */
static unsigned int add_other_fates(struct row **rows, unsigned int n)
{
	unsigned int all = n;
	enum verdict alive, dead;

	for (unsigned int i = 0; i < n; i++) {
		struct row *other;

		if (!by_granule(*rows, n, &(*rows)[i], &alive, &dead))
			continue;
		assert_true((*rows)[i].verdict == alive || (*rows)[i].verdict == dead);
		(*rows)[i].fate = (*rows)[i].verdict == alive ? ALIVE : DEAD;
		other = grow(rows, all++, sizeof(*other));
		*other = (*rows)[i];
		other->fate = other->fate == ALIVE ? DEAD : ALIVE;
		other->verdict = other->fate == ALIVE ? alive : dead;
	}
	return all;
}

/* --- time --- */

static int64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* How long a TIME_WAIT lasts that begins at @begin_ns: this kernel's jiffies and
 * HZ, and its wheel: 63 * 8^n ticks ahead have granules of 8^n ticks.
 */
static int64_t lifetime_ms(int64_t begin_ns)
{
	static int64_t tick_ns, zero_ns;	/* zero_ns: when jiffies were 0 */
	int64_t granule = 1, begins, ticks;

	if (!tick_ns) {
		auto_fclose FILE *file = fopen("/proc/timer_list", "r");
		struct timespec res;
		int64_t at_ns = -1, jiffies = -1;
		char line[256];

		clock_getres(CLOCK_MONOTONIC_COARSE, &res);
		tick_ns = res.tv_nsec;
		while (file && jiffies < 0 && fgets(line, sizeof(line), file)) {
			sscanf(line, "now at %" SCNd64, &at_ns);
			sscanf(line, " jiffies: %" SCNd64, &jiffies);
		}
		assert_true(jiffies >= 0);
		zero_ns = at_ns - jiffies * tick_ns;
	}
	begins = (begin_ns - zero_ns) / tick_ns;
	ticks = 60 * NS_PER_S / tick_ns;
	while (ticks >= 63 * granule)
		granule *= 8;
	return (((begins + ticks) / granule + 1) * granule - begins) * tick_ns / NS_PER_MS;
}

static bool suits(const struct row *row, int64_t begin_ns)
{
	int64_t left_ms = lifetime_ms(begin_ns) - (int64_t)(row->elapsed_s * 1000);

	return row->fate == ANY || (row->fate == ALIVE ? left_ms > MARGIN_MS : left_ms < -MARGIN_MS);
}

/* Rows begin 0.2 s into a second, as they did. */
static void set_begins(struct player *player)
{
	int64_t wall_ns = now_ns(CLOCK_REALTIME);
	int64_t first_ns = now_ns(CLOCK_MONOTONIC) + NS_PER_S - wall_ns % NS_PER_S + NS_PER_S / 5;
	unsigned int used[SLOTS] = { 0 };

	/* Those that are particular choose first. */
	for (int particular = 1; particular >= 0; particular--) {
		for (unsigned int i = 0; i < player->n; i++) {
			struct row *row = &player->rows[i];
			unsigned int slot = 0;

			if ((row->fate != ANY) != particular)
				continue;
			while (slot < SLOTS && (used[slot] == PER_SLOT ||
						!suits(row, first_ns + slot * NS_PER_S)))
				slot++;
			assert_true(slot < SLOTS);
			used[slot]++;
			row->due_ns = first_ns + slot * NS_PER_S;
		}
	}
	player->next_ns = first_ns;
}

static void set_due(struct player *player, struct row *row, int64_t due_ns)
{
	row->due_ns = due_ns;
	if (due_ns < player->next_ns)
		player->next_ns = due_ns;
}

/* --- what peers send --- */

static struct host *host_of(struct player *player, const struct row *row)
{
	return &player->hosts[row->recycle][row->timestamps];
}

static void send_segment(struct player *player, const struct row *row, uint8_t flags, bool has_ts, uint32_t tsval)
{
	_Alignas(8) uint8_t ip[PACKET_MAX];
	struct packet_spec spec = {
		.src = row->peer, .dst = row->server,
		.seq = row->seq, .ack = flags & TCP_ACK ? row->ack : 0, .flags = flags,
		.has_ts = has_ts, .tsval = tsval,
	};
	size_t len = packet_make(&spec, ip);

	assert_int_equal(write(host_of(player, row)->tun, ip, len), (ssize_t)len);
}

static void send_first(struct player *player, struct row *row, uint8_t flags)
{
	send_segment(player, row, flags, row->first_ts, FIRST_TS);
	row->seq += !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
}

static void send_second_syn(struct player *player, struct row *row)
{
	if (!row->same_port)
		row->peer.port++;
	row->seq += (uint32_t)row->isn_delta;
	row->got = SILENT;
	row->step = ASKED;
	set_due(player, row, now_ns(CLOCK_MONOTONIC) + WINDOW_NS);
	send_segment(player, row, TCP_SYN, row->second_ts, FIRST_TS + (uint32_t)row->ts_delta);
}

static void close_ends(struct player *player, struct row *row)
{
	row->step = CLOSED;
	set_due(player, row, now_ns(CLOCK_MONOTONIC) + (int64_t)(row->elapsed_s * NS_PER_S));
}

/* What time brings. */
static void step_by_time(struct player *player, struct row *row)
{
	switch (row->step) {
	case WAITS:
		row->step = CALLED;
		row->due_ns += PATIENCE_NS;
		send_first(player, row, TCP_SYN);
		break;
	case CLOSED:
		send_second_syn(player, row);
		break;
	case ASKED:
		row->step = DONE;
		player->left--;
		break;
	default:
		fail_msg("line %u: no answer in step %d", row->line, row->step);
	}
}

static void close_server(struct row *row)
{
	if (row->fd < 0 || !row->fin_acked)
		return;
	close(row->fd);
	row->fd = -1;
}

/* What a segment from the server brings. */
static void step_by_segment(struct player *player, struct row *row, const struct packet *packet)
{
	const uint8_t flags = packet->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK);

	if (row->step == ASKED) {
		if (row->peer.port != packet->dst.port || row->got != SILENT)
			return;
		row->got = flags == (TCP_SYN | TCP_ACK) ? SYNACK : flags == TCP_ACK ? CHALLENGE : OTHER;
		if (row->got != SYNACK)
			return;
		row->seq++;
		send_segment(player, row, TCP_RST, false, 0);	/* it would be sent again */
		return;
	}
	row->ack = packet->end_seq;
	if (row->step == CALLED && flags == (TCP_SYN | TCP_ACK)) {
		row->step = ESTABLISHED;
		send_first(player, row, TCP_ACK);
		if (!row->server_closes)
			send_first(player, row, TCP_FIN | TCP_ACK);
	} else if (row->step == ESTABLISHED && packet->flags & TCP_FIN) {
		row->step = CLOSING;
		send_first(player, row, TCP_ACK);
		if (row->server_closes)
			send_first(player, row, TCP_FIN | TCP_ACK);
		else
			close_ends(player, row);
	} else if (row->step == ESTABLISHED && !row->server_closes && packet->ack == row->seq) {
		row->fin_acked = true;
		close_server(row);
	} else if (row->step == CLOSING && packet->ack == row->seq) {
		close_ends(player, row);
	}
}

/* --- hosts --- */

static struct row *row_of(const struct host *host, const struct endpoint *peer)
{
	unsigned int i = peer->addr.s6_addr[14] * 256u + peer->addr.s6_addr[15];

	return i < host->n ? host->rows[i] : NULL;
}

static void rejected(const struct recycle_reject *reject, void *arg)
{
	struct row *row = row_of(arg, &reject->from);

	assert_non_null(row);
	assert_int_equal(row->step, ASKED);
	row->rejected++;
}

static void read_tun(struct player *player, struct host *host)
{
	_Alignas(8) uint8_t ip[2048];
	ssize_t len;

	while ((len = read(host->tun, ip, sizeof(ip))) > 0) {
		struct packet packet;
		struct row *row;

		if (!packet_read(ip, (size_t)len, &packet))	/* IPv6 looks for neighbours */
			continue;
		row = row_of(host, &packet.dst);
		assert_non_null(row);
		assert_true(packet_sound(ip, (size_t)len));
		step_by_segment(player, row, &packet);
	}
}

static void serve(struct host *host)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);

	for (int fd; (fd = accept(host->listener, (struct sockaddr *)&from, &len)) >= 0;) {
		struct endpoint peer = { 0 };
		struct row *row;

		memcpy(&peer.addr.s6_addr[12], &from.sin_addr, 4);
		row = row_of(host, &peer);
		assert_non_null(row);
		row->fd = fd;
		row->fin_acked |= row->server_closes;
		close_server(row);
	}
}

static int open_tun(void)
{
	struct ifreq ifr = { .ifr_name = "tun0", .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_false(ioctl(fd, TUNSETIFF, &ifr));
	return fd;
}

static int open_listener(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(SERVER_PORT) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_false(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	assert_false(listen(fd, 4096));
	return fd;
}

static void must(int ret, const struct err *err)
{
	if (ret < 0)
		fail_msg("%s", err->text);
}

static void host_up(struct host *host, bool recycle, bool timestamps)
{
	struct err err = { 0 };
	struct net *net;
	int home;

	host->ns = ns_new(&err);
	must(host->ns, &err);
	must(sysctl_set(host->ns, "net.ipv4.tcp_syncookies", "0", &err), &err);
	must(sysctl_set(host->ns, "net.ipv4.tcp_max_syn_backlog", "100000", &err), &err);
	must(sysctl_set(host->ns, "net.ipv4.tcp_timestamps", timestamps ? "1" : "0", &err), &err);
	home = ns_enter(host->ns, &err);
	must(home, &err);
	host->tun = open_tun();
	net = net_open(&err);
	assert_non_null(net);
	must(net_addr(net, "tun0", "10.0.0.1/8", &err), &err);
	must(net_up(net, "tun0", &err), &err);
	net_close(net);
	host->listener = open_listener();
	ns_leave(home);
	if (!recycle)
		return;
	host->recycle = recycle_open(host->ns, &err);
	must(host->recycle ? 0 : -1, &err);
	recycle_on_reject(host->recycle, rejected, host);
}

static void host_down(struct host *host)
{
	recycle_close(host->recycle);
	close(host->listener);
	close(host->tun);
	close(host->ns);
	free(host->rows);
}

static void set_addresses(struct player *player)
{
	for (unsigned int i = 0; i < player->n; i++) {
		struct row *row = &player->rows[i];
		struct host *host = host_of(player, row);
		unsigned int at = host->n++;

		*(struct row **)grow(&host->rows, at, sizeof(row)) = row;
		row->fd = -1;
		row->seq = FIRST_SEQ;
		row->server = (struct endpoint){ AF_INET, IN6ADDR_ANY_INIT, SERVER_PORT };
		row->server.addr = (struct in6_addr){ .s6_addr = { [10] = 255, [11] = 255, 10, 0, 0, 1 } };
		row->peer = row->server;
		row->peer.port = 40000;
		row->peer.addr.s6_addr[13] = 1;
		row->peer.addr.s6_addr[14] = (uint8_t)(at >> 8);
		row->peer.addr.s6_addr[15] = (uint8_t)at;
	}
}

/* --- the loop --- */

static void step_all_due(struct player *player)
{
	int64_t now = now_ns(CLOCK_MONOTONIC);

	if (now < player->next_ns)
		return;
	player->next_ns = INT64_MAX;
	for (unsigned int i = 0; i < player->n; i++) {
		struct row *row = &player->rows[i];

		if (row->step == DONE)
			continue;
		if (row->due_ns <= now)
			step_by_time(player, row);
		if (row->step != DONE && row->due_ns < player->next_ns)
			player->next_ns = row->due_ns;
	}
}

static int64_t next_ns(const struct player *player)
{
	int64_t next = player->next_ns;

	for (int i = 0; i < 4; i++) {
		const struct host *host = &player->hosts[i / 2][i % 2];
		int64_t at = host->recycle ? recycle_next_deadline_ns(host->recycle) : -1;

		if (at >= 0 && at < next)
			next = at;
	}
	return next;
}

static void play(struct player *player)
{
	struct err err = { 0 };

	while (player->left) {
		struct pollfd fds[12] = { 0 };
		int64_t wait_ns = next_ns(player) - now_ns(CLOCK_MONOTONIC);
		struct timespec timeout = { 0 };
		int n = 0;

		for (int i = 0; i < 4; i++) {
			struct host *host = &player->hosts[i / 2][i % 2];

			fds[n++] = (struct pollfd){ .fd = host->tun, .events = POLLIN };
			fds[n++] = (struct pollfd){ .fd = host->listener, .events = POLLIN };
			if (host->recycle)
				n += recycle_fds(host->recycle, fds + n, 1);
		}
		if (wait_ns > 0)
			timeout = (struct timespec){ wait_ns / NS_PER_S, wait_ns % NS_PER_S };
		assert_true(ppoll(fds, (nfds_t)n, &timeout, NULL) >= 0);
		for (int i = 0; i < 4; i++) {
			struct host *host = &player->hosts[i / 2][i % 2];

			if (host->recycle) {
				must(recycle_handle(host->recycle, &err), &err);
				must(recycle_tick(host->recycle, now_ns(CLOCK_MONOTONIC), &err), &err);
			}
			read_tun(player, host);
			serve(host);
		}
		step_all_due(player);
	}
}

/* --- tests --- */

static unsigned int report(const struct row *rows, unsigned int n)
{
	unsigned int agree = 0;

	for (unsigned int i = 0; i < n; i++) {
		const struct row *row = &rows[i];

		if (row->got == row->verdict && row->rejected == row->paws_passive) {
			agree++;
			continue;
		}
		print_message("line %u%s: got %s, %d rejected; the kernel %s, %d\n", row->line,
			      row->fate == ALIVE ? " (TIME_WAIT alive)" :
			      row->fate == DEAD ? " (TIME_WAIT over)" : "",
			      verdict_name[row->got], row->rejected, verdict_name[row->verdict],
			      row->paws_passive);
	}
	return agree;
}

static void the_emulation_decides_as_a_4_9_kernel_did(void **state)
{
	struct player player = { 0 };
	unsigned int n, agree, others, paws = 0, rejected = 0;

	(void)state;
	if (!inside())
		skip();
	n = read_rows(GENUINE, &player.rows);
	player.left = player.n = add_other_fates(&player.rows, n);
	set_addresses(&player);
	for (int i = 0; i < 4; i++)
		host_up(&player.hosts[i / 2][i % 2], i / 2, i % 2);
	set_begins(&player);
	play(&player);
	agree = report(player.rows, n);
	others = report(player.rows + n, player.n - n);
	for (unsigned int i = 0; i < n; i++) {
		paws += (unsigned int)player.rows[i].paws_passive;
		rejected += (unsigned int)player.rows[i].rejected;
	}
	print_message("%u of %u rows agree; %u SYNs rejected, by the kernel %u\n", agree, n, rejected, paws);
	print_message("%u of %u rows agree when the timer's granule ends otherwise\n", others, player.n - n);
	for (int i = 0; i < 4; i++)
		host_down(&player.hosts[i / 2][i % 2]);
	assert_int_equal(n, 2760);
	assert_int_equal(agree, n);
	assert_int_equal(others, player.n - n);
	free(player.rows);
}

/* Without recycling 4.9 and 6.1 decide alike, but for how long a granule is
 * (HZ=1000: 4.096 s, HZ=250: 2.048 s) and where in one each row began.
 */
static void plain_kernels_differ_by_the_granule_alone(void **state)
{
	struct row *genuine, *plain;
	unsigned int n = read_rows(GENUINE, &genuine), n_plain = read_rows(PLAIN, &plain);
	unsigned int alike = 0, granule = 0;

	(void)state;
	assert_int_equal(n_plain, 1380);
	for (unsigned int i = 0; i < n_plain; i++) {
		const struct row *row = twin(genuine, n, &plain[i], plain[i].elapsed_s);
		enum verdict alive, dead;

		assert_int_equal(row->recycle, 0);
		if (row->verdict == plain[i].verdict) {
			alike++;
			continue;
		}
		assert_true(by_granule(plain, n_plain, &plain[i], &alive, &dead));
		granule++;
	}
	print_message("%u rows alike, %u differ by the granule\n", alike, granule);
	assert_int_equal(granule, 14);
	free(genuine);
	free(plain);
}

int main(void)
{
	static const char *const paths[] = { GENUINE, PLAIN, NULL };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_kernels_differ_by_the_granule_alone),
		cmocka_unit_test(the_emulation_decides_as_a_4_9_kernel_did),
	};
	struct err err = { 0 };
	int status;

	if (inside())
		return cmocka_run_group_tests(tests, NULL, NULL);
	status = inside_run(NULL, paths, &err);
	if (status >= 0)
		return status;
	print_message("no guest: %s\n", err.text);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

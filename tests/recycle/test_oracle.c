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
#include "tests/helpers/oracle_rows.h"
#include "tests/helpers/stub.h"

#include <twlab/timer_wheel.h>

#include <errno.h>
#include <poll.h>

#include "tests/helpers/main_in_guest.h"

#define FIRST_TS 0x40000000u
#define FIRST_SEQ 1000000u
#define WINDOW_NS (150 * NS_PER_MS)	/* silent means: nothing within it */
#define PATIENCE_NS (5 * NS_PER_S)	/* with a first connection */
#define SLOTS 40			/* seconds in which rows may begin, */
#define PER_SLOT 150			/* so many in each */
#define MARGIN_MS 150			/* a batch takes a while */

struct host {
	struct stub stub;
	struct row **rows;		/* by the last two bytes of the peer's address */
	unsigned int n;
};

struct player {
	struct row *rows;
	unsigned int n, left;
	struct host hosts[2][2];	/* [recycle][timestamps] */
	int64_t next_ns;		/* no row is due before */
};

/* --- time --- */

/* How long a TIME_WAIT lasts that begins at @begin_ns: this kernel's jiffies and
 * HZ, and its wheel: 63 * 8^n ticks ahead have granules of 8^n ticks.
 */
static int64_t lifetime_ms(int64_t begin_ns)
{
	static int64_t tick_ns, zero_ns;	/* zero_ns: when jiffies were 0 */
	int64_t granule = 1, begins, ticks;

	if (!tick_ns) {
		auto_fclose FILE *file = fopen("/proc/timer_list", "r");
		int64_t at_ns = -1, jiffies = -1;
		char line[256];

		tick_ns = timer_wheel_tick_ns();
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
	int64_t wall_ns = stub_clock(CLOCK_REALTIME);
	int64_t first_ns = stub_now() + NS_PER_S - wall_ns % NS_PER_S + NS_PER_S / 5;
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
	struct packet_spec spec = {
		.src = row->peer, .dst = row->server,
		.seq = row->seq, .ack = flags & TCP_ACK ? row->ack : 0, .flags = flags,
		.has_ts = has_ts, .tsval = tsval,
	};

	stub_send(&host_of(player, row)->stub, &spec);
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
	set_due(player, row, stub_now() + WINDOW_NS);
	send_segment(player, row, TCP_SYN, row->second_ts, FIRST_TS + (uint32_t)row->ts_delta);
}

static void close_ends(struct player *player, struct row *row)
{
	row->step = CLOSED;
	set_due(player, row, stub_now() + (int64_t)(row->elapsed_s * NS_PER_S));
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
	struct packet packet;
	struct row *row;

	while (stub_read(&host->stub, &packet)) {
		row = row_of(host, &packet.dst);
		assert_non_null(row);
		step_by_segment(player, row, &packet);
	}
}

static void serve(struct host *host)
{
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);

	for (int fd; (fd = accept(host->stub.listener, (struct sockaddr *)&from, &len)) >= 0;) {
		struct endpoint peer = { .addr = from.sin6_addr };
		struct row *row = row_of(host, &peer);

		assert_non_null(row);
		row->fd = fd;
		row->fin_acked |= row->server_closes;
		close_server(row);
	}
}

static void host_up(struct host *host, bool recycle, bool timestamps)
{
	stub_up(&host->stub);
	stub_set(&host->stub, "net.ipv4.tcp_timestamps", timestamps ? "1" : "0");
	if (recycle)
		stub_recycle(&host->stub, rejected, host);
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
		row->server = stub_host();
		row->peer = stub_peer(at, 40000);
	}
}

/* --- the loop --- */

static void step_all_due(struct player *player)
{
	int64_t now = stub_now();

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
		int64_t at = host->stub.recycle ? recycle_next_deadline_ns(host->stub.recycle) : -1;

		if (at >= 0 && at < next)
			next = at;
	}
	return next;
}

static void execute(struct player *player)
{
	struct err err = { 0 };

	while (player->left) {
		struct pollfd fds[12] = { 0 };
		int64_t wait_ns = next_ns(player) - stub_now();
		struct timespec timeout = { 0 };
		int n = 0;

		for (int i = 0; i < 4; i++) {
			struct host *host = &player->hosts[i / 2][i % 2];

			fds[n++] = (struct pollfd){ .fd = host->stub.tun, .events = POLLIN };
			fds[n++] = (struct pollfd){ .fd = host->stub.listener, .events = POLLIN };
			if (host->stub.recycle)
				n += recycle_fds(host->stub.recycle, fds + n, 1);
		}
		if (wait_ns > 0)
			timeout = (struct timespec){ wait_ns / NS_PER_S, wait_ns % NS_PER_S };
		assert_true(ppoll(fds, (nfds_t)n, &timeout, NULL) >= 0);
		for (int i = 0; i < 4; i++) {
			struct host *host = &player->hosts[i / 2][i % 2];

			if (host->stub.recycle) {
				stub_must(recycle_handle(host->stub.recycle, &err), &err);
				stub_must(recycle_tick(host->stub.recycle, stub_now(), &err), &err);
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
	if (!guest_inside())
		skip();
	n = read_rows(GENUINE, &player.rows);
	player.left = player.n = add_other_fates(&player.rows, n);
	set_addresses(&player);
	for (int i = 0; i < 4; i++)
		host_up(&player.hosts[i / 2][i % 2], i / 2, i % 2);
	set_begins(&player);
	execute(&player);
	agree = report(player.rows, n);
	others = report(player.rows + n, player.n - n);
	for (unsigned int i = 0; i < n; i++) {
		paws += (unsigned int)player.rows[i].paws_passive;
		rejected += (unsigned int)player.rows[i].rejected;
	}
	print_message("%u of %u rows agree; %u SYNs rejected, by the kernel %u\n", agree, n, rejected, paws);
	print_message("%u of %u rows agree when the timer's granule ends otherwise\n", others, player.n - n);
	for (int i = 0; i < 4; i++)
		stub_down(&player.hosts[i / 2][i % 2].stub);
	assert_int_equal(n, 2760);
	assert_int_equal(agree, n);
	assert_int_equal(others, player.n - n);
	for (int i = 0; i < 4; i++)
		free(player.hosts[i / 2][i % 2].rows);
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

	return in_guest_tests(tests, ARRAY_SIZE(tests), paths);
}

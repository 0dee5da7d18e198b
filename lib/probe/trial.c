/* trial.c - segments tried on TIME_WAIT, each on one of its own */
#include <twlab/trial.h>

#include <twlab/clock.h>
#include <twlab/rtnetlink.h>
#include <twlab/ns.h>
#include <twlab/packet.h>
#include <twlab/sockdiag.h>
#include <twlab/sysctl.h>
#include <twlab/topo.h>
#include <twlab/trace.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#define HOST      "198.18.0.1"	/* RFC 2544: for tests of devices */
#define PORT      8080
#define PAUSE_S   5		/* so that a timer that is set anew shows */
#define PATIENCE_MS 1000
#define TIME_WAIT_MS 60000	/* Linux include/net/tcp.h, TCP_TIMEWAIT_LEN */
#define MOST      30000

/* What a TSval is to the last one that came. */
enum stamp { STAMP_NONE = 1, STAMP_NEWER = 2, STAMP_SAME = 4, STAMP_OLDER = 8 };

#define NOT_OLDER (STAMP_NONE | STAMP_NEWER | STAMP_SAME)
#define ANY       (NOT_OLDER | STAMP_OLDER)

static const struct class {
	const char *name, *is;
	uint8_t flags[3];	/* one of them */
	unsigned int n_flags;
	unsigned int stamps;	/* one of them */
	bool again;		/* its number is that of the FIN that has come */
	bool rfc1337;
} classes[TRIAL_CLASSES] = {
	{ "fin-again", "the FIN that has come, once more", { TCP_FIN | TCP_ACK }, 1, NOT_OLDER, .again = true },
	{ "data", "data, old or new", { TCP_PSH | TCP_ACK, TCP_PSH | TCP_FIN | TCP_ACK }, 2, NOT_OLDER },
	{ "bare-ack", "an ACK with nothing else", { TCP_ACK }, 1, NOT_OLDER },
	{ "syn-number", "a SYN without a timestamp", { TCP_SYN }, 1, STAMP_NONE },
	{ "syn-stamp", "a SYN with a timestamp", { TCP_SYN }, 1, STAMP_NEWER | STAMP_SAME | STAMP_OLDER },
	{ "syn-ack", "a SYN with an ACK", { TCP_SYN | TCP_ACK }, 1, ANY },
	{ "rst", "a RST", { TCP_RST, TCP_RST | TCP_ACK }, 2, ANY },
	{ "rst-1337", "a RST where tcp_rfc1337 is 1", { TCP_RST, TCP_RST | TCP_ACK }, 2, ANY, .rfc1337 = true },
	{ "old-stamp", "a segment with a timestamp from before", { TCP_ACK, TCP_PSH | TCP_ACK, TCP_FIN | TCP_ACK }, 3, STAMP_OLDER },
	{ "no-ack-flag", "a segment without the flag ACK", { TCP_FIN, TCP_PSH, 0 }, 3, NOT_OLDER },
};

/* --- drawing --- */

/* SplitMix64: the next of a row of numbers. */
static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint32_t below(uint64_t *state, uint32_t n)
{
	return (uint32_t)(next(state) % n);
}

/* How far a number is from the one expected: as often on it, next to it and anywhere. */
static uint32_t distance(uint64_t *state)
{
	uint32_t far = below(state, 2) ? 2 + below(state, 2000) : 2 + below(state, (1U << 31) - 4);

	switch (below(state, 6)) {
	case 0: case 1: return 0;
	case 2: return 1;
	case 3: return -1U;
	case 4: return far;
	}
	return -far;
}

static uint32_t stamp(uint64_t *state, enum stamp is, uint32_t recent)
{
	uint32_t far = below(state, 2) ? 1 : 1 + below(state, 1U << 30);

	return is == STAMP_NEWER ? recent + far : is == STAMP_OLDER ? recent - far : recent;
}

/* Any number; one in four is so that its neighbours lie beyond the wrap. */
static uint32_t somewhere(uint64_t *state)
{
	return below(state, 4) ? (uint32_t)next(state) : below(state, 4) - 2;
}

static enum stamp one_of(uint64_t *state, unsigned int stamps)
{
	unsigned int is;

	do
		is = 1U << below(state, 4);
	while (!(is & stamps));
	return (enum stamp)is;
}

void trial_draw(uint64_t seed, struct trial *trials, unsigned int n)
{
	for (unsigned int t = 0; t < n; t++) {
		const struct class *class = &classes[t % TRIAL_CLASSES];
		struct trial *trial = &trials[t];
		enum stamp is = one_of(&seed, class->stamps);

		*trial = (struct trial){ .class = t % TRIAL_CLASSES, .rfc1337 = class->rfc1337 };
		trial->flags = class->flags[below(&seed, class->n_flags)];
		trial->tw.rcv_nxt = somewhere(&seed);
		trial->tw.has_ts = class->stamps == STAMP_OLDER || below(&seed, 4);	/* one is older than nothing */
		trial->tw.ts_recent = trial->tw.has_ts ? somewhere(&seed) | 1 : 0;	/* 0 would be no stamp */
		trial->seq = trial->tw.rcv_nxt + (class->again ? -1U : distance(&seed));
		trial->has_ts = is != STAMP_NONE;
		trial->ts = trial->has_ts ? stamp(&seed, is, trial->tw.ts_recent) : 0;
		trial->len = trial->flags & TCP_PSH ? (uint16_t)(1 + below(&seed, 900)) : 0;
	}
}

/* --- the host, and its peers --- */

struct host {
	int ns, tun, listener;
	struct endpoint end;
	struct sockdiag *diag;
	struct trace *trace;	/* what passes the device is put there; NULL = nowhere */
};

struct peer {			/* of one trial */
	struct endpoint end;
	uint32_t seq, ack, tsecr;
	int64_t made_ms, sent_ms;
};

static int64_t now_ms(void)
{
	return clock_ns(CLOCK_MONOTONIC) / NS_PER_MS;
}

int trial_tun(struct err *err)
{
	struct ifreq ifr = { .ifr_name = "tun0", .ifr_flags = IFF_TUN | IFF_NO_PI };
	auto_close int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr))
		return err_set(err, errno, "cannot make a TUN device");
	return steal_fd(&fd);
}

static int open_listener(struct err *err)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	auto_close int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, MOST))
		return err_set(err, errno, "cannot listen");
	return steal_fd(&fd);
}

static int open_devices(struct host *host, struct err *err)
{
	struct net *net = rtnetlink_open(err);

	if (net && !rtnetlink_up(net, "lo", err) && (host->tun = trial_tun(err)) >= 0 &&
	    !rtnetlink_addr(net, "tun0", HOST "/15", err) && !rtnetlink_up(net, "tun0", err))
		host->listener = open_listener(err);
	rtnetlink_close(net);
	return host->listener < 0 ? err_code(err) : 0;
}

/* What the node has, and room for as many as there will be. */
static int set_up(const struct host *host, const struct topo *topo, const char *name, struct err *err)
{
	static const struct { const char *key, *value; } rows[] = {
		{ "net.core.somaxconn", "65535" },
		{ "net.ipv4.tcp_max_syn_backlog", "100000" },
		{ "net.ipv4.tcp_max_tw_buckets", "100000" },
		{ "net.ipv4.tcp_synack_retries", "0" },	/* nobody acknowledges them: once each is enough */
	};
	struct node_up node = { .name = name, .kind = NODE_HOST, .ns = host->ns };

	for (size_t r = 0; r < ARRAY_SIZE(rows); r++)
		if (sysctl_set(host->ns, rows[r].key, rows[r].value, err))
			return err_code(err);
	return topo_set(topo, &node, err);
}

static int host_open(struct host *host, const struct topo *topo, const char *name, struct err *err)
{
	int home;

	*host = (struct host){ .ns = ns_new(err), .tun = -1, .listener = -1 };
	endpoint_parse(HOST ":8080", &host->end);
	if (host->ns < 0 || set_up(host, topo, name, err))
		return err_code(err);
	host->diag = sockdiag_open(host->ns, err);
	home = host->diag ? ns_enter(host->ns, err) : err_code(err);
	if (home < 0)
		return home;
	open_devices(host, err);
	ns_leave(home);
	return host->listener < 0 ? err_code(err) : 0;
}

static void host_close(struct host *host)
{
	sockdiag_close(host->diag);
	base_close_(&host->listener);
	base_close_(&host->tun);
	base_close_(&host->ns);
}

/* An Ethernet header goes before it, since the rest of the kit knows nothing else. */
static void keep(const struct host *host, bool out, const uint8_t *ip, size_t len, const char *comment)
{
	uint8_t frame[14 + 2048] = { [12] = 0x08 };

	if (!host->trace)
		return;
	memcpy(frame + 14, ip, len);
	trace_add_frame(host->trace, 0, clock_ns(CLOCK_REALTIME), out, frame, (uint32_t)(14 + len));
	if (comment)
		host->trace->frames[host->trace->n_frames - 1].comment = must_strdup(comment);
}

static int send_to(const struct host *host, const struct packet_spec *spec, const char *comment, struct err *err)
{
	_Alignas(8) uint8_t ip[PACKET_MAX + 1000];
	size_t len = packet_make(spec, ip);

	keep(host, false, ip, len, comment);
	return write(host->tun, ip, len) == (ssize_t)len ? 0 : err_set(err, errno, "cannot write to a TUN device");
}

/* The next segment that the host sends: 1, or 0 if there is none within @ms. */
static int collect(const struct host *host, int ms, struct packet *packet)
{
	static _Alignas(8) uint8_t ip[2048];
	int64_t until_ms = now_ms() + ms;
	struct pollfd fd = { host->tun, POLLIN, 0 };
	ssize_t len;

	do {
		while ((len = read(host->tun, ip, sizeof(ip))) > 0)
			if (packet_read(ip, (size_t)len, packet)) {
				keep(host, true, ip, (size_t)len, NULL);
				return 1;
			}
	} while (now_ms() < until_ms && poll(&fd, 1, (int)(until_ms - now_ms())) > 0);
	return 0;
}

/* --- a TIME_WAIT for each --- */

/* A segment of @peer's, before TIME_WAIT is there. */
static int report(const struct host *host, const struct trial *trial, struct peer *peer, uint8_t flags, struct err *err)
{
	const struct packet_spec spec = {
		.src = peer->end, .dst = host->end, .seq = peer->seq, .ack = flags & TCP_ACK ? peer->ack : 0, .flags = flags,
		.has_ts = trial->tw.has_ts, .tsval = trial->tw.ts_recent, .tsecr = peer->tsecr,
	};

	peer->seq += !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
	return send_to(host, &spec, NULL, err);
}

static int expect(const struct host *host, struct peer *peer, uint8_t flags, struct err *err)
{
	struct packet packet;
	char text[40];

	while (collect(host, PATIENCE_MS, &packet))
		if (endpoint_equal(&packet.dst, &peer->end) && packet.flags == flags) {
			peer->ack = packet.end_seq;
			peer->tsecr = packet.ts ? packet_tsval(&packet) : 0;
			return 0;
		}
	return err_set(err, 0, "no TIME_WAIT could be made: no %s came", tcp_flags_text(flags, text));
}

/* A connection that the host closes first. */
static int make_time_wait(const struct host *host, const struct trial *trial, unsigned int number, struct peer *peer,
			  struct err *err)
{
	auto_free char *end = must_printf("198.19.%u.%u:%u", number >> 8, number & 255, 1024 + number);
	auto_close int conn = -1;

	*peer = (struct peer){ .seq = trial->tw.rcv_nxt - 2 };	/* a SYN and a FIN before it */
	endpoint_parse(end, &peer->end);
	if (report(host, trial, peer, TCP_SYN, err) || expect(host, peer, TCP_SYN | TCP_ACK, err) ||
	    report(host, trial, peer, TCP_ACK, err))
		return err_code(err);
	conn = accept4(host->listener, NULL, NULL, SOCK_CLOEXEC);
	if (conn < 0)
		return err_set(err, errno, "cannot accept");
	close(steal_fd(&conn));		/* the host's FIN comes first */
	if (expect(host, peer, TCP_FIN | TCP_ACK, err) || report(host, trial, peer, TCP_FIN | TCP_ACK, err) ||
	    expect(host, peer, TCP_ACK, err))
		return err_code(err);
	peer->made_ms = now_ms();
	return 0;
}

/* --- trying --- */

static enum trial_answer finding_of(uint8_t flags)
{
	return flags & TCP_RST ? TRIAL_RST : flags & TCP_SYN ? TRIAL_SYN_ACK : TRIAL_ACK;
}

static int try(const struct host *host, struct trial *trial, unsigned int number, struct peer *peer, struct err *err)
{
	auto_free char *comment = must_printf("%u: %s", number, classes[trial->class].is);
	static const char data[1000];
	const struct packet_spec spec = {
		.src = peer->end, .dst = host->end, .seq = trial->seq, .ack = trial->flags & TCP_ACK ? peer->ack : 0,
		.flags = trial->flags, .has_ts = trial->has_ts, .tsval = trial->ts,
		.tsecr = trial->flags & TCP_SYN ? 0 : peer->tsecr, .data = data, .len = trial->len,
	};
	struct packet packet;

	peer->sent_ms = now_ms();
	if (send_to(host, &spec, comment, err))
		return err_code(err);
	trial->kernel.answer = TRIAL_NONE;
	while (collect(host, 0, &packet))	/* TCP is done with it when write() returns */
		if (endpoint_equal(&packet.dst, &peer->end))
			trial->kernel.answer = finding_of(packet.flags);
	return 0;
}

/* Nearer to when the segment was sent than to when TIME_WAIT began? */
static enum trial_fate fate_of(const struct peer *peer, int64_t began_ms)
{
	return began_ms > (peer->made_ms + peer->sent_ms) / 2 ? TRIAL_RESTARTS : TRIAL_LIVES;
}

static int look(const struct host *host, struct trial *trials, const struct peer *peers, unsigned int n, struct err *err)
{
	const struct socket_seen *sockets;
	int found = sockdiag_dump(host->diag, AF_INET, &sockets, err);
	int64_t now = now_ms();

	if (found < 0)
		return found;
	for (unsigned int t = 0; t < n; t++)
		trials[t].kernel.fate = TRIAL_ENDS;
	for (int s = 0; s < found; s++) {
		unsigned int t = sockets[s].remote.port - 1024U;	/* as make_time_wait() has it */

		if (sockets[s].state == STATE_TIME_WAIT && t < n)
			trials[t].kernel.fate = fate_of(&peers[t], now + sockets[s].expires_ms - TIME_WAIT_MS);
	}
	return 0;
}

static int run(struct host *host, struct trace *trace, struct trial *trials, struct peer *peers, unsigned int n, struct err *err)
{
	for (unsigned int t = 0; t < n; t++)
		if (make_time_wait(host, &trials[t], t, &peers[t], err))
			return err_code(err);
	host->trace = trace;
	nanosleep(&(struct timespec){ PAUSE_S, 0 }, NULL);
	for (int rfc1337 = 0; rfc1337 <= 1; rfc1337++) {
		if (sysctl_set(host->ns, "net.ipv4.tcp_rfc1337", rfc1337 ? "1" : "0", err))
			return err_code(err);
		for (unsigned int t = 0; t < n; t++)
			if (trials[t].rfc1337 == rfc1337 && try(host, &trials[t], t + 1, &peers[t], err))
				return err_code(err);
	}
	return look(host, trials, peers, n, err);
}

int trial_run(const struct topo *topo, const char *name, struct trial *trials, unsigned int n,
	      struct trace *trace, struct err *err)
{
	auto_free struct peer *peers = must_calloc(n + 1, sizeof(*peers));
	struct host host;
	int code;

	if (n > MOST)
		return err_set(err, 0, "cannot try more than %d segments at once", MOST);
	if (trace)
		trace_add_iface(trace, name, "tun0", true);
	code = host_open(&host, topo, name, err);
	if (!code)
		code = run(&host, trace, trials, peers, n, err);
	host_close(&host);
	return code;
}

const char *trial_class(unsigned int class)
{
	return classes[class].name;
}

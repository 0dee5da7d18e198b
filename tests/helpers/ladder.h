/* ladder.h - make a trace out of rows, for tests
 *
 *	clientN/eth0 -- a/wireN/b -- lanN/nat/wan -- eth0/server
 *
 * Client N has 10.0.N.2 and sends from port 40000 to the server's 192.0.2.9:80,
 * which sees 192.0.2.1 and a port that the row may choose. With .flat there is
 * no NAT: the wire leads to the server, which sees the client itself. A hop
 * takes a microsecond. A row's fate is what the way does to the packet.
 */
#ifndef TWLAB_TESTS_LADDER_H
#define TWLAB_TESTS_LADDER_H

#include <twlab/trace.h>
#include <twlab/trace_follow.h>

#define HOP_NS 1000

enum fate {
	ARRIVES,
	LOST,		/* on the wire */
	DOUBLED,	/* on the wire; the copy runs right behind it */
	KEPT_OUT,	/* by the NAT */
	FORGOTTEN,	/* by the NAT, which lets it through as it is */
	MADE,		/* by the NAT, in its sender's name */
	UNDER_WAY,	/* on the wire already when the record begins */
	REWRITTEN,	/* by the NAT: other options, too */
};

struct rung {
	int64_t at_us;
	bool server;			/* sends it; else the client does */
	const char *flags;		/* letters: S F R P A */
	uint32_t seq, ack;
	unsigned int len;
	enum fate fate;
	int64_t delay_us;		/* on the wire */
	uint32_t tsval, tsecr;		/* 0 = no timestamps */
	unsigned int client;		/* 0, 1, ... */
	uint16_t port;			/* the client's; 0 = 40000 */
	uint16_t nat_port;		/* 0 = the client's port + client */
	uint16_t ip_id;
	uint16_t window;		/* 0 = 502 */
	uint32_t service;		/* the address that the client knows, which the NAT translates, too; 0 = the server's */
};

struct ladder {
	struct trace *trace;
	bool flat;
	unsigned int (*ifaces)[4];	/* by client: eth0, a, b, lan */
	unsigned int wan, server;
};

static uint8_t *put_be(uint8_t *at, uint32_t value, int bytes)
{
	while (bytes--)
		*at++ = (uint8_t)(value >> 8 * bytes);
	return at;
}

/* An Ethernet frame with IPv4 and TCP in @out (room for 2000); returns its length. */
static uint32_t frame_make(uint8_t *out, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport,
			   uint8_t ttl, const struct rung *rung)
{
	static const struct { char letter; uint8_t flag; } letters[] = {
		{ 'F', TCP_FIN }, { 'S', TCP_SYN }, { 'R', TCP_RST },
		{ 'P', TCP_PSH }, { 'A', TCP_ACK },
	};
	uint32_t options = rung->tsval ? 12 : 0;
	uint8_t flags = 0, *at = out;

	for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
		if (strchr(rung->flags, letters[i].letter))
			flags |= letters[i].flag;
	memset(at, 0, 12);		/* MAC addresses do not matter */
	at = put_be(at + 12, 0x0800, 2);
	at = put_be(at, 0x4500, 2);
	at = put_be(at, 40 + options + rung->len, 2);
	at = put_be(at, rung->ip_id, 2);
	at = put_be(at, 0x4000, 2);
	at = put_be(at, ttl, 1);
	at = put_be(at, IPPROTO_TCP, 1);
	at = put_be(at, 0, 2);
	at = put_be(at, src, 4);
	at = put_be(at, dst, 4);
	at = put_be(at, sport, 2);
	at = put_be(at, dport, 2);
	at = put_be(at, rung->seq, 4);
	at = put_be(at, rung->ack, 4);
	at = put_be(at, (20 + options) / 4 << 4, 1);
	at = put_be(at, flags, 1);
	at = put_be(at, rung->window ? rung->window : 502, 2);
	at = put_be(at, 0, 4);
	if (options) {
		at = put_be(at, 0x0101080a, 4);
		at = put_be(at, rung->tsval, 4);
		at = put_be(at, rung->tsecr, 4);
	}
	memset(at, 'x', rung->len);
	return (uint32_t)(at - out) + rung->len;
}

static inline void ladder_open(struct ladder *ladder, unsigned int n_clients)
{
	char name[32];

	ladder->trace = trace_new();
	ladder->ifaces = must_calloc(n_clients, sizeof(*ladder->ifaces));
	for (unsigned int i = 0; i < n_clients; i++) {
		snprintf(name, sizeof(name), n_clients > 1 ? "client%u" : "client", i);
		ladder->ifaces[i][0] = trace_add_iface(ladder->trace, name, "eth0", true);
		snprintf(name, sizeof(name), n_clients > 1 ? "wire%u" : "wire", i);
		ladder->ifaces[i][1] = trace_add_iface(ladder->trace, name, "a", false);
		ladder->ifaces[i][2] = trace_add_iface(ladder->trace, name, "b", false);
		snprintf(name, sizeof(name), "lan%u", i);
		if (!ladder->flat)
			ladder->ifaces[i][3] = trace_add_iface(ladder->trace, "nat", name, false);
	}
	if (!ladder->flat)
		ladder->wan = trace_add_iface(ladder->trace, "nat", "wan", false);
	ladder->server = trace_add_iface(ladder->trace, "server", "eth0", true);
}

struct sight {
	unsigned int iface;
	bool out;
	bool outside;		/* of the NAT: its address and port */
	uint8_t ttl;
};

/* Where a packet to the server is seen, in order; back from it, the reverse. */
static unsigned int ladder_way(const struct ladder *ladder, unsigned int client, bool back,
			       struct sight *way)
{
	const unsigned int *i = ladder->ifaces[client];
	const struct sight natted[] = {
		{ i[0], true, false, 64 }, { i[1], false, false, 64 }, { i[2], true, false, 64 },
		{ i[3], false, false, 64 }, { ladder->wan, true, true, 63 },
		{ ladder->server, false, true, 63 },
	};
	const struct sight flat[] = {
		natted[0], natted[1], natted[2], { ladder->server, false, false, 64 },
	};
	const struct sight *there = ladder->flat ? flat : natted;
	unsigned int n = ladder->flat ? ARRAY_SIZE(flat) : ARRAY_SIZE(natted);

	for (unsigned int k = 0; k < n; k++) {
		way[k] = there[back ? n - 1 - k : k];
		if (back) {
			way[k].out = !way[k].out;
			way[k].ttl = ladder->flat || way[k].outside ? 64 : 63;
		}
	}
	return n;
}

static inline void ladder_send(struct ladder *ladder, const struct rung *rung)
{
	uint16_t port = rung->port ? rung->port : 40000;
	uint16_t nat_port = rung->nat_port ? rung->nat_port : (uint16_t)(port + rung->client);
	uint32_t client = 0x0a000002 + (rung->client << 8), server = 0xc0000209;
	unsigned int wire_out = ladder->ifaces[rung->client][rung->server ? 1 : 2];
	int64_t at_ns = rung->at_us * NS_PER_US;
	struct sight way[8];
	unsigned int n = ladder_way(ladder, rung->client, rung->server, way);
	bool doubled = false, seen = rung->fate != MADE && rung->fate != UNDER_WAY;
	struct rung as = *rung;
	uint8_t frame[2000];

	for (unsigned int k = 0; k < n; k++) {
		bool leaves_wire = way[k].iface == wire_out;
		bool outside = way[k].outside && rung->fate != FORGOTTEN;
		uint32_t peer = outside ? 0xc0000201 : client, len;
		uint16_t peer_port = outside ? nat_port : port;
		uint32_t served = outside || !rung->service ? server : rung->service;

		if (rung->fate == LOST && leaves_wire)
			return;
		if (rung->fate == KEPT_OUT && k > 0 && way[k].outside != way[k - 1].outside)
			return;
		doubled |= leaves_wire && rung->fate == DOUBLED;
		seen |= leaves_wire && rung->fate == UNDER_WAY;
		if (k > 0 && way[k].outside != way[k - 1].outside) {	/* leaves the NAT */
			seen |= rung->fate == MADE;
			as.tsval += rung->fate == REWRITTEN;
		}
		if (!seen)
			continue;
		at_ns += leaves_wire ? rung->delay_us * NS_PER_US : 0;
		len = rung->server ?
		      frame_make(frame, served, 80, peer, peer_port, way[k].ttl, &as) :
		      frame_make(frame, peer, peer_port, served, 80, way[k].ttl, &as);
		trace_add_frame(ladder->trace, way[k].iface, at_ns, way[k].out, frame, len);
		if (doubled)
			trace_add_frame(ladder->trace, way[k].iface, at_ns + HOP_NS / 4, way[k].out,
					frame, len);
		at_ns += HOP_NS;
	}
}

/* The trace comes followed; the rest of @ladder goes. */
static inline struct trace *ladder_close(struct ladder *ladder)
{
	free(ladder->ifaces);
	trace_follow(ladder->trace);
	return ladder->trace;
}

/* @rungs ends with a rung without flags. */
static inline struct trace *ladder_trace(unsigned int n_clients, bool flat, const struct rung *rungs)
{
	struct ladder ladder = { .flat = flat };

	ladder_open(&ladder, n_clients);
	for (; rungs->flags; rungs++)
		ladder_send(&ladder, rungs);
	return ladder_close(&ladder);
}

/* A connection opened by the client, at @t us; and closed by it, but for the
 * final ACK. HELLO_AS() has more to say of its rungs.
 */
#define HELLO_AS(t, ...) \
	{ (t), false, "S", 1000, 0, __VA_ARGS__ }, \
	{ (t) + 100, true, "SA", 5000, 1001, __VA_ARGS__ }, \
	{ (t) + 200, false, "A", 1001, 5001, __VA_ARGS__ }
#define GOODBYE_AS(t, ...) \
	{ (t), false, "FA", 1001, 5001, __VA_ARGS__ }, \
	{ (t) + 100, true, "A", 5001, 1002, __VA_ARGS__ }, \
	{ (t) + 200, true, "FA", 5001, 1002, __VA_ARGS__ }
#define HELLO(t) HELLO_AS(t, 0)
#define GOODBYE(t) GOODBYE_AS(t, 0)

#endif

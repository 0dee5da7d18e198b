/* conversation.h - connections between a stub host and its peers, a step at a time */
#ifndef TWLAB_TESTS_TALK_H
#define TWLAB_TESTS_TALK_H

#include "tests/helpers/stub.h"

#include <poll.h>

#define WINDOW_NS (150 * NS_PER_MS)	/* silent means: nothing within it */

/* One peer's connection. */
struct conversation {
	struct endpoint peer, host;
	uint32_t seq, ack, ts;
	bool has_ts;
	int fd;			/* the host's socket */
};

/* Let the host work for @ns, or until it sends a segment: true, and @packet. */
static inline bool work(struct stub *stub, int64_t ns, struct packet *packet)
{
	int64_t until_ns = stub_now() + ns;
	struct err err = { 0 };

	for (;;) {
		struct pollfd fds[2] = { { stub->tun, POLLIN, 0 } };
		int64_t wait_ns = until_ns - stub_now();
		struct timespec timeout;
		int n = 1;

		if (stub_read(stub, packet))
			return true;
		if (wait_ns <= 0)
			return false;
		if (stub->recycle) {
			int64_t at_ns = recycle_next_deadline_ns(stub->recycle);

			n += recycle_fds(stub->recycle, fds + 1, 1);
			if (at_ns >= 0 && at_ns - stub_now() < wait_ns)
				wait_ns = at_ns > stub_now() ? at_ns - stub_now() : 0;
		}
		timeout = (struct timespec){ wait_ns / NS_PER_S, wait_ns % NS_PER_S };
		assert_true(ppoll(fds, (nfds_t)n, &timeout, NULL) >= 0);
		if (!stub->recycle)
			continue;
		stub_must(recycle_handle(stub->recycle, &err), &err);
		stub_must(recycle_tick(stub->recycle, stub_now(), &err), &err);
	}
}

static inline void rest(struct stub *stub, int64_t ms)
{
	int64_t until_ns = stub_now() + ms * NS_PER_MS;
	struct packet packet;

	while (stub_now() < until_ns)
		work(stub, until_ns - stub_now(), &packet);
}

static inline void report(struct stub *stub, struct conversation *conversation, uint8_t flags)
{
	struct packet_spec spec = {
		.src = conversation->peer, .dst = conversation->host, .seq = conversation->seq,
		.ack = flags & TCP_ACK ? conversation->ack : 0, .flags = flags,
		.has_ts = conversation->has_ts, .tsval = conversation->ts,
		.data = "data", .len = flags & TCP_PSH ? 4 : 0,
	};

	stub_send(stub, &spec);
	conversation->seq += !!(flags & TCP_SYN) + !!(flags & TCP_FIN) + spec.len;
}

/* The host's next segment has these flags. */
static inline void collect(struct stub *stub, struct conversation *conversation, uint8_t flags)
{
	struct packet packet;

	assert_true(work(stub, NS_PER_S, &packet));
	assert_int_equal(packet.flags & ~TCP_PSH, flags);
	assert_int_equal(packet.dst.port, conversation->peer.port);
	conversation->ack = packet.end_seq;
}

static inline struct conversation conversation_of(uint16_t port, bool has_ts, uint32_t ts)
{
	return (struct conversation){
		.peer = stub_peer(1, port), .host = stub_host(), .fd = -1,
		.seq = 1000000, .has_ts = has_ts, .ts = ts,
	};
}

static inline void open_talk(struct stub *stub, struct conversation *conversation)
{
	report(stub, conversation, TCP_SYN);
	collect(stub, conversation, TCP_SYN | TCP_ACK);
	report(stub, conversation, TCP_ACK);
	conversation->fd = accept(stub->listener, NULL, NULL);
	assert_true(conversation->fd >= 0);
}

static inline void host_closes(struct stub *stub, struct conversation *conversation)
{
	close(conversation->fd);
	collect(stub, conversation, TCP_FIN | TCP_ACK);
	report(stub, conversation, TCP_ACK);
	report(stub, conversation, TCP_FIN | TCP_ACK);
	collect(stub, conversation, TCP_ACK);
}

static inline void peer_closes(struct stub *stub, struct conversation *conversation)
{
	struct packet packet;

	report(stub, conversation, TCP_FIN | TCP_ACK);
	work(stub, 100 * NS_PER_MS, &packet);	/* its acknowledgement, soon or late */
	close(conversation->fd);
	collect(stub, conversation, TCP_FIN | TCP_ACK);
	report(stub, conversation, TCP_ACK);
	work(stub, NS_PER_MS, &packet);
}

/* A SYN with nothing behind it. Is it answered? */
static inline bool answered(struct stub *stub, struct conversation conversation)
{
	struct packet packet;
	bool yes;

	report(stub, &conversation, TCP_SYN);
	yes = work(stub, WINDOW_NS, &packet);
	if (yes) {
		assert_int_equal(packet.flags, TCP_SYN | TCP_ACK);
		conversation.has_ts = false;
		report(stub, &conversation, TCP_RST);
	}
	return yes;
}

#endif

/* nfqueue.h - packets that wait for our word (NFQUEUE)
 *
 * A rule `queue num N` hands the kernel's packets over and waits. Two things to
 * know: packets that the kernel meant to cut up or to checksum later (GSO,
 * checksum offload) come cut up and with a whole checksum, because the queue is
 * opened without NFQA_CFG_F_GSO, so what is changed here needs its checksum put
 * right by the difference and no more; and a rule with `bypass` lets packets
 * pass as soon as nobody holds the queue, so it is safe to be killed.
 */
#ifndef TWLAB_NFQUEUE_H
#define TWLAB_NFQUEUE_H

#include <twlab/err.h>

struct nfqueue;

struct nfqueue_packet {
	uint8_t *data;		/* from the IP header on; may be changed in place */
	size_t len;
	bool cut;		/* the packet is longer: it cannot be replaced */
	bool out;		/* on its way out (hook output or postrouting) */
	uint32_t id;
	bool answered;
};

/* Called for each packet. Before it returns it says nfqueue_accept(), _drop() or
 * _replace(); a packet about which nothing was said is accepted. The kernel goes
 * on with the packet inside that call: when nfqueue_accept() returns, an incoming
 * segment has been through TCP.
 */
typedef void nfqueue_fn(struct nfqueue *nfqueue, struct nfqueue_packet *packet, void *arg);

struct nfqueue_spec {
	uint16_t number;
	uint32_t max_packets;	/* that may wait (0 = 8192) */
	uint32_t copy_bytes;	/* of each packet, from the IP header on (0 = all) */
	bool fail_open;		/* when it is full: let packets pass unseen, else drop them */
};

struct nfqueue_stats {
	uint64_t packets;	/* that were seen */
	uint64_t missed;	/* passed unseen or dropped, because the socket's buffer was full */
};

/* Open a queue of the network namespace that the caller is in; it stays there.
 * -EBUSY in @err when somebody holds that number. NULL on failure.
 */
struct nfqueue *nfqueue_open(const struct nfqueue_spec *spec, nfqueue_fn *fn, void *arg, struct err *err);

int nfqueue_fd(const struct nfqueue *nfqueue);	/* to be polled for POLLIN */

/* Handle packets that wait, a bounded number. Returns 1 if there may be more,
 * 0 if not, negative errno when the queue is lost.
 */
int nfqueue_handle(struct nfqueue *nfqueue, struct err *err);

void nfqueue_accept(struct nfqueue *nfqueue, struct nfqueue_packet *packet);
void nfqueue_drop(struct nfqueue *nfqueue, struct nfqueue_packet *packet);
void nfqueue_replace(struct nfqueue *nfqueue, struct nfqueue_packet *packet);	/* accept as it now stands in data */

/* Run @rules, text in the language of nft(8) that leads packets to a queue, in
 * the namespace @ns.
 */
int nfqueue_rules(int ns, const char *rules, struct err *err);

const struct nfqueue_stats *nfqueue_stats(const struct nfqueue *nfqueue);

/* NULL is fine. Packets that wait are dropped by the kernel. */
void nfqueue_close(struct nfqueue *nfqueue);

#endif

/* tsoffset.c - a host whose TCP timestamp clock is ahead of its kernel's */
#include <twlab/tsoffset.h>

#include <twlab/nftables.h>
#include <twlab/ns.h>
#include <twlab/packet.h>
#include <twlab/nfqueue.h>
#include <twlab/raw.h>

#include <errno.h>
#include <fcntl.h>

struct tsoffset {
	struct nfqueue *nfqueue;
	int ns;
	uint32_t shift_ticks, scatter_ticks;
	uint64_t cut;
	struct tsoffset_stats stats;
};

#define STRINGIFY(x) #x
#define NUMBER(x) STRINGIFY(x)

/* Adding a table that is there already is no error, deleting one that is not
 * is: so add, delete, add, and one that a killed process left is gone.
 * Priority 500 is behind everybody else's rules: what they drop need not be
 * changed. Incoming segments wait in prerouting, not in input: between the two
 * the kernel looks the socket up (early demux), and a FIN that waited there
 * behind the ACK that makes a stub of the socket would go to the dead socket.
 * A segment that was made by hand (lib/probe/raw.h) has the stamp that the peer is to
 * see: it was counted from what left this host, shifted already.
 */
#define FORGET "table inet twlab_uptime {}; delete table inet twlab_uptime;"
#define QUEUE "tcp option timestamp exists queue flags bypass to " NUMBER(UPTIME_QUEUE) ";"

static const char rules[] = FORGET
	"table inet twlab_uptime {"
	" chain out { type filter hook output priority 500; oifname != \"lo\" meta mark != " NUMBER(RAW_MARK) " " QUEUE " };"
	" chain in { type filter hook prerouting priority 500; iifname != \"lo\" " QUEUE " };"
	"}";

bool tsoffset_shift(uint8_t *ip, size_t len, bool out, uint32_t shift_ticks)
{
	struct packet packet;

	if (!packet_read(ip, len, &packet) || !packet.ts)
		return false;
	if (out)
		packet_put(&packet, packet.ts, packet_tsval(&packet) + shift_ticks);
	else if (packet.flags & TCP_ACK)
		packet_put(&packet, packet.ts + 4, packet_tsecr(&packet) - shift_ticks);
	else
		return false;
	return true;
}

/* By how much the clock of this packet's connection is ahead. */
static uint32_t shift_of(const struct tsoffset *tsoffset, const struct nfqueue_packet *packet)
{
	struct packet tcp;

	if (!tsoffset->scatter_ticks || !packet_read(packet->data, packet->len, &tcp))
		return tsoffset->shift_ticks;
	return tsoffset->shift_ticks - tsoffset->scatter_ticks * (packet->out ? tcp.src.port : tcp.dst.port);
}

/* A packet of which a part is missing could only be sent on cut short. It does
 * not come from a device with an MTU of less than 65532.
 */
static void handle(struct nfqueue *nfqueue, struct nfqueue_packet *packet, void *arg)
{
	struct tsoffset *tsoffset = arg;

	if (packet->cut) {
		tsoffset->cut++;
		nfqueue_drop(nfqueue, packet);
		return;
	}
	if (!tsoffset_shift(packet->data, packet->len, packet->out, shift_of(tsoffset, packet)))
		return;
	nfqueue_replace(nfqueue, packet);
	if (packet->out)
		tsoffset->stats.sent++;
	else
		tsoffset->stats.received++;
}

/* The queue first: rules without one would let packets pass unshifted. */
static int open_both(struct tsoffset *tsoffset, int ns, struct err *err)
{
	static const struct nfqueue_spec spec = { .number = UPTIME_QUEUE };
	int home;

	tsoffset->ns = fcntl(ns, F_DUPFD_CLOEXEC, 0);
	if (tsoffset->ns < 0)
		return err_set(err, errno, "cannot keep a network namespace");
	home = ns_enter(ns, err);
	if (home < 0)
		return home;
	tsoffset->nfqueue = nfqueue_open(&spec, handle, tsoffset, err);
	ns_leave(home);
	return tsoffset->nfqueue ? nfqueue_rules(ns, rules, err) : err_code(err);
}

struct tsoffset *tsoffset_open(int ns, uint32_t shift_ticks, struct err *err)
{
	struct tsoffset *tsoffset = must_calloc(1, sizeof(*tsoffset));

	tsoffset->shift_ticks = shift_ticks;
	if (!open_both(tsoffset, ns, err))
		return tsoffset;
	tsoffset_close(tsoffset, true);
	return NULL;
}

void tsoffset_scatter(struct tsoffset *tsoffset, uint32_t ticks)
{
	tsoffset->scatter_ticks = ticks;
}

int tsoffset_fds(const struct tsoffset *tsoffset, struct pollfd *fds, int max)
{
	if (max < 1)
		return 0;
	fds[0] = (struct pollfd){ .fd = nfqueue_fd(tsoffset->nfqueue), .events = POLLIN };
	return 1;
}

int tsoffset_handle(struct tsoffset *tsoffset, struct err *err)
{
	int more = nfqueue_handle(tsoffset->nfqueue, err);

	return more < 0 ? more : 0;
}

const struct tsoffset_stats *tsoffset_stats(struct tsoffset *tsoffset)
{
	tsoffset->stats.missed = tsoffset->cut + nfqueue_stats(tsoffset->nfqueue)->missed;
	return &tsoffset->stats;
}

void tsoffset_close(struct tsoffset *tsoffset, bool forget)
{
	struct err ignored = { 0 };

	if (!tsoffset)
		return;
	if (tsoffset->nfqueue && forget)
		nftables_run(tsoffset->ns, FORGET, &ignored);
	nfqueue_close(tsoffset->nfqueue);
	if (tsoffset->ns >= 0)
		close(tsoffset->ns);
	free(tsoffset);
}

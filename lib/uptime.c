/* uptime.c - a host whose TCP timestamp clock is ahead of its kernel's */
#include "lib/uptime.h"

#include "lib/fw.h"
#include "lib/ns.h"
#include "lib/packet.h"
#include "lib/queue.h"

#include <errno.h>
#include <fcntl.h>

struct uptime {
	struct queue *queue;
	int ns;
	uint32_t shift_ticks, scatter_ticks;
	uint64_t cut;
	struct uptime_stats stats;
};

#define STRINGIFY(x) #x
#define NUMBER(x) STRINGIFY(x)

/* Adding a table that is there already is no error, deleting one that is not
 * is: so add, delete, add, and one that a killed process left is gone.
 * Priority 500 is behind everybody else's rules: what they drop need not be
 * changed. Incoming segments wait in prerouting, not in input: between the two
 * the kernel looks the socket up (early demux), and a FIN that waited there
 * behind the ACK that makes a stub of the socket would go to the dead socket.
 */
#define FORGET "table inet twlab_uptime {}; delete table inet twlab_uptime;"
#define QUEUE "tcp option timestamp exists queue flags bypass to " NUMBER(UPTIME_QUEUE) ";"

static const char rules[] = FORGET
	"table inet twlab_uptime {"
	" chain out { type filter hook output priority 500; oifname != \"lo\" " QUEUE " };"
	" chain in { type filter hook prerouting priority 500; iifname != \"lo\" " QUEUE " };"
	"}";

bool uptime_shift(uint8_t *ip, size_t len, bool out, uint32_t shift_ticks)
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
static uint32_t shift_of(const struct uptime *uptime, const struct queue_packet *packet)
{
	struct packet tcp;

	if (!uptime->scatter_ticks || !packet_read(packet->data, packet->len, &tcp))
		return uptime->shift_ticks;
	return uptime->shift_ticks - uptime->scatter_ticks * (packet->out ? tcp.src.port : tcp.dst.port);
}

/* A packet of which a part is missing could only be sent on cut short. It does
 * not come from a device with an MTU of less than 65532.
 */
static void handle(struct queue *queue, struct queue_packet *packet, void *arg)
{
	struct uptime *uptime = arg;

	if (packet->cut) {
		uptime->cut++;
		queue_drop(queue, packet);
		return;
	}
	if (!uptime_shift(packet->data, packet->len, packet->out, shift_of(uptime, packet)))
		return;
	queue_replace(queue, packet);
	if (packet->out)
		uptime->stats.sent++;
	else
		uptime->stats.received++;
}

/* The queue first: rules without one would let packets pass unshifted. */
static int open_both(struct uptime *uptime, int ns, struct err *err)
{
	static const struct queue_spec spec = { .number = UPTIME_QUEUE };
	int home;

	uptime->ns = fcntl(ns, F_DUPFD_CLOEXEC, 0);
	if (uptime->ns < 0)
		return err_set(err, errno, "cannot keep a network namespace");
	home = ns_enter(ns, err);
	if (home < 0)
		return home;
	uptime->queue = queue_open(&spec, handle, uptime, err);
	ns_leave(home);
	return uptime->queue ? queue_rules(ns, rules, err) : -err->code;
}

struct uptime *uptime_open(int ns, uint32_t shift_ticks, struct err *err)
{
	struct uptime *uptime = must_calloc(1, sizeof(*uptime));

	uptime->shift_ticks = shift_ticks;
	if (!open_both(uptime, ns, err))
		return uptime;
	uptime_close(uptime, true);
	return NULL;
}

void uptime_scatter(struct uptime *uptime, uint32_t ticks)
{
	uptime->scatter_ticks = ticks;
}

int uptime_fds(const struct uptime *uptime, struct pollfd *fds, int max)
{
	if (max < 1)
		return 0;
	fds[0] = (struct pollfd){ .fd = queue_fd(uptime->queue), .events = POLLIN };
	return 1;
}

int uptime_handle(struct uptime *uptime, struct err *err)
{
	int more = queue_handle(uptime->queue, err);

	return more < 0 ? more : 0;
}

const struct uptime_stats *uptime_stats(struct uptime *uptime)
{
	uptime->stats.missed = uptime->cut + queue_stats(uptime->queue)->missed;
	return &uptime->stats;
}

void uptime_close(struct uptime *uptime, bool forget)
{
	struct err ignored = { 0 };

	if (!uptime)
		return;
	if (uptime->queue && forget)
		fw_run(uptime->ns, FORGET, &ignored);
	queue_close(uptime->queue);
	if (uptime->ns >= 0)
		close(uptime->ns);
	free(uptime);
}

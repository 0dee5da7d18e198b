/* gadgets.c - what sits on a node and works on its packets: a clock of its own, recycling */
#include "harness/playing.h"

#include "lib/recycle.h"
#include "lib/sysctl.h"
#include "lib/uptime.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <time.h>

static int64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Let @gadget end the TIME_WAITs that are due; what it ended is put on record. */
static int end_recycled(struct play *play, const struct gadget *gadget)
{
	uint64_t ended = recycle_stats(gadget->recycle)->ended;

	if (recycle_tick(gadget->recycle, monotonic_ns(), play->err))
		return err_in(play->err, gadget->node);
	if (recycle_stats(gadget->recycle)->ended == ended)
		return 0;
	return record_look(play->record, gadget->node, play->err);
}

static bool recycles(const struct node *node)
{
	return node->recycle && strcmp(node->recycle, "0");
}

static void rejected(const struct recycle_reject *reject, void *arg)
{
	struct gadget *gadget = arg;
	char from[64];
	auto_free char *what = must_printf("SYN from %s", endpoint_text(&reject->from, from));
	auto_free char *why = recycle_reason(reject);

	record_event(gadget->play->record, "reject", gadget->node, what, why);
}

/* Have the kernel itself recycle in @ns, if it can (Linux up to 4.11): 1 if it does. Up
 * to 4.10 the setting is in the first namespace, where we are, and for all: the hosts
 * recycle as well then, which changes nothing for who closes second, and no host's
 * SYN is refused by another host. Such a kernel has no random offsets in timestamps,
 * so it is no loss that it lacks tcp_timestamps=2 as well.
 *
 * Written after the sources of 4.9 and 4.11; no kernel so old could be had to run it.
 */
static const char key[] = "net.ipv4.tcp_tw_recycle", here[] = "/proc/thread-self/ns/net";

static int recycle_in_kernel(const struct play *play, int ns, struct err *err)
{
	enum sysctl_place place = sysctl_place(ns, key);
	auto_close int first = -1;

	if (place == SYSCTL_NOWHERE || (place == SYSCTL_FIRST && !play->options->own_kernel))
		return 0;
	if (place == SYSCTL_FIRST && (first = open(here, O_RDONLY | O_CLOEXEC)) < 0)
		return err_set(err, errno, "cannot open %s", here);
	return sysctl_set(place == SYSCTL_FIRST ? first : ns, key, "1", err) ? -err->code : 1;
}

/* What @node asks for, opened on it. */
static int open_gadget(struct play *play, struct gadget *gadget, const struct node *node)
{
	struct node_up *up = topo_node(&play->up, node->name);
	struct pollfd fds[8];
	int n = 0;

	if (node->uptime_s) {
		/* a tick of Linux's timestamp clock is a millisecond (TCP_TS_HZ) */
		gadget->uptime = uptime_open(up->ns, (uint32_t)(strtoll(node->uptime_s, NULL, 10) * 1000), play->err);
		if (!gadget->uptime)
			return err_in(play->err, node->name);
		if (node->scatter_s)
			uptime_scatter(gadget->uptime, (uint32_t)(strtoll(node->scatter_s, NULL, 10) * 1000));
		n += uptime_fds(gadget->uptime, fds + n, (int)ARRAY_SIZE(fds) - n);
	}
	if (recycles(node)) {
		int genuine = recycle_in_kernel(play, up->ns, play->err);

		if (genuine < 0)
			return err_in(play->err, node->name);
		gadget->genuine = genuine;
	}
	if (recycles(node) && !gadget->genuine) {
		gadget->recycle = recycle_open(up->ns, play->err);
		if (!gadget->recycle)
			return err_in(play->err, node->name);
		recycle_on_reject(gadget->recycle, rejected, gadget);
		n += recycle_fds(gadget->recycle, fds + n, (int)ARRAY_SIZE(fds) - n);
	}
	for (int f = 0; f < n; f++)
		if (play_watch(play, fds[f].fd, FROM_GADGET, gadget->index))
			return -play->err->code;
	return 0;
}

int gadgets_open(struct play *play)
{
	const struct node *nodes = play->plan->topo.nodes;
	unsigned int n = 0;

	while (nodes[n].name)
		n++;
	play->gadgets = must_calloc(n, sizeof(*play->gadgets));
	for (const struct node *node = nodes; node->name; node++) {
		struct gadget *gadget = &play->gadgets[play->n_gadgets];

		if (!node->uptime_s && !recycles(node))
			continue;
		*gadget = (struct gadget){ .play = play, .index = play->n_gadgets++, .node = node->name };
		if (open_gadget(play, gadget, node))
			return -play->err->code;
	}
	return 0;
}

/* The next run on this kernel finds it as this one did. */
static void end_in_kernel(const struct play *play)
{
	auto_close int first = play->options->own_kernel ? open(here, O_RDONLY | O_CLOEXEC) : -1;
	struct err none = { 0 };

	if (first >= 0)
		sysctl_set(first, key, "0", &none);
}

void gadgets_close(struct play *play)
{
	for (unsigned int g = 0; g < play->n_gadgets; g++) {
		if (play->gadgets[g].genuine)
			end_in_kernel(play);
		uptime_close(play->gadgets[g].uptime, false);	/* the node goes with its rules */
		recycle_close(play->gadgets[g].recycle, false);
	}
	free(play->gadgets);
}

int gadgets_handle(struct play *play, unsigned int index)
{
	struct gadget *gadget = &play->gadgets[index];

	if (gadget->uptime && uptime_handle(gadget->uptime, play->err) < 0)
		return err_in(play->err, gadget->node);
	if (gadget->recycle && recycle_handle(gadget->recycle, play->err))
		return err_in(play->err, gadget->node);
	return 0;
}

int64_t gadgets_next(const struct play *play)
{
	int64_t now = monotonic_ns(), next = INT64_MAX;

	for (unsigned int g = 0; g < play->n_gadgets; g++) {
		int64_t at = play->gadgets[g].recycle ?
			     recycle_next_deadline_ns(play->gadgets[g].recycle) : -1;

		if (at >= 0 && (at > now ? at - now : 0) < next)
			next = at > now ? at - now : 0;
	}
	return next;
}

int gadgets_tick(struct play *play)
{
	for (unsigned int g = 0; g < play->n_gadgets; g++)
		if (play->gadgets[g].recycle && end_recycled(play, &play->gadgets[g]))
			return -play->err->code;
	return 0;
}

void gadgets_count(struct play *play)
{
	for (unsigned int g = 0; g < play->n_gadgets; g++) {
		const struct gadget *gadget = &play->gadgets[g];
		const struct recycle_stats *stats;

		if (!gadget->recycle)
			continue;
		stats = recycle_stats(gadget->recycle);
		record_add_counter(play->record, gadget->node, "TcpExt.PAWSPassive", (int64_t)stats->paws_passive);
		record_add_counter(play->record, gadget->node, "TcpExt.ListenDrops", (int64_t)stats->paws_passive);
	}
}

const char *gadgets_recycling(const struct play *play)
{
	for (unsigned int g = 0; g < play->n_gadgets; g++)
		if (play->gadgets[g].genuine || play->gadgets[g].recycle)
			return play->gadgets[g].genuine ? "genuine" : "emulated";
	return "";
}

/* emulation.c - what sits on a node and works on its packets: a clock of its own, recycling */
#include "harness/run/emulation.h"

#include <twlab/clock.h>
#include <twlab/number.h>
#include <twlab/recycle.h>
#include <twlab/sysctl.h>
#include <twlab/tsoffset.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <time.h>

/* Let @emulation end the TIME_WAITs that are due; what it ended is put on record. */
static int end_recycled(struct run_state *run, const struct emulation *emulation)
{
	uint64_t ended = recycle_stats(emulation->recycle)->ended;

	if (recycle_tick(emulation->recycle, clock_ns(CLOCK_MONOTONIC), run->err))
		return err_in(run->err, emulation->node);
	if (recycle_stats(emulation->recycle)->ended == ended)
		return 0;
	return recorder_look(run->recorder, emulation->node, run->err);
}

static bool recycles(const struct node *node)
{
	return node->recycle && strcmp(node->recycle, "0");
}

static void rejected(const struct recycle_reject *reject, void *arg)
{
	struct emulation *emulation = arg;
	char from[64];
	auto_free char *what = must_printf("SYN from %s", endpoint_text(&reject->from, from));
	auto_free char *why = recycle_reason(reject);

	recorder_event(emulation->run->recorder, "reject", emulation->node, what, why);
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

static int recycle_in_kernel(const struct run_state *run, int ns, struct err *err)
{
	enum sysctl_place place = sysctl_place(ns, key);
	auto_close int first = -1;

	if (place == SYSCTL_NOWHERE || (place == SYSCTL_FIRST && !run->options->own_kernel))
		return 0;
	if (place == SYSCTL_FIRST && (first = open(here, O_RDONLY | O_CLOEXEC)) < 0)
		return err_set(err, errno, "cannot open %s", here);
	return sysctl_set(place == SYSCTL_FIRST ? first : ns, key, "1", err) ? -err->code : 1;
}

/* What @node asks for, opened on it. */
static int open_emulation(struct run_state *run, struct emulation *emulation, const struct node *node)
{
	struct node_up *up = topo_node(&run->up, node->name);
	struct pollfd fds[8];
	int n = 0;

	if (node->uptime_s) {
		long long uptime_s, scatter_s = 0;

		if (!number_integer(node->uptime_s, &uptime_s) || (node->scatter_s && !number_integer(node->scatter_s, &scatter_s)))
			return err_set(run->err, 0, "%s: its uptime is no number of seconds", node->name);
		/* a tick of Linux's timestamp clock is a millisecond (TCP_TS_HZ) */
		emulation->tsoffset = tsoffset_open(up->ns, (uint32_t)(uptime_s * 1000), run->err);
		if (!emulation->tsoffset)
			return err_in(run->err, node->name);
		if (node->scatter_s)
			tsoffset_scatter(emulation->tsoffset, (uint32_t)(scatter_s * 1000));
		n += tsoffset_fds(emulation->tsoffset, fds + n, (int)ARRAY_SIZE(fds) - n);
	}
	if (recycles(node)) {
		int genuine = recycle_in_kernel(run, up->ns, run->err);

		if (genuine < 0)
			return err_in(run->err, node->name);
		emulation->genuine = genuine;
	}
	if (recycles(node) && !emulation->genuine) {
		emulation->recycle = recycle_open(up->ns, run->err);
		if (!emulation->recycle)
			return err_in(run->err, node->name);
		recycle_on_reject(emulation->recycle, rejected, emulation);
		n += recycle_fds(emulation->recycle, fds + n, (int)ARRAY_SIZE(fds) - n);
	}
	for (int f = 0; f < n; f++)
		if (run_state_watch(run, fds[f].fd, FROM_EMULATION, emulation->index))
			return -run->err->code;
	return 0;
}

int emulation_open(struct run_state *run)
{
	const struct node *nodes = run->plan->topo.nodes;
	unsigned int n = 0;

	while (nodes[n].name)
		n++;
	run->emulations = must_calloc(n, sizeof(*run->emulations));
	for (const struct node *node = nodes; node->name; node++) {
		struct emulation *emulation = &run->emulations[run->n_emulations];

		if (!node->uptime_s && !recycles(node))
			continue;
		*emulation = (struct emulation){ .run = run, .index = run->n_emulations++, .node = node->name };
		if (open_emulation(run, emulation, node))
			return -run->err->code;
	}
	return 0;
}

/* The next run on this kernel finds it as this one did. */
static void end_in_kernel(const struct run_state *run)
{
	auto_close int first = run->options->own_kernel ? open(here, O_RDONLY | O_CLOEXEC) : -1;
	struct err none = { 0 };

	if (first >= 0)
		sysctl_set(first, key, "0", &none);
}

void emulation_close(struct run_state *run)
{
	for (unsigned int g = 0; g < run->n_emulations; g++) {
		if (run->emulations[g].genuine)
			end_in_kernel(run);
		tsoffset_close(run->emulations[g].tsoffset, false);	/* the node goes with its rules */
		recycle_close(run->emulations[g].recycle, false);
	}
	free(run->emulations);
}

int emulation_handle(struct run_state *run, unsigned int index)
{
	struct emulation *emulation = &run->emulations[index];

	if (emulation->tsoffset && tsoffset_handle(emulation->tsoffset, run->err) < 0)
		return err_in(run->err, emulation->node);
	if (emulation->recycle && recycle_handle(emulation->recycle, run->err))
		return err_in(run->err, emulation->node);
	return 0;
}

int64_t emulation_next(const struct run_state *run)
{
	int64_t now = clock_ns(CLOCK_MONOTONIC), next = INT64_MAX;

	for (unsigned int g = 0; g < run->n_emulations; g++) {
		int64_t at = run->emulations[g].recycle ?
			     recycle_next_deadline_ns(run->emulations[g].recycle) : -1;

		if (at >= 0 && (at > now ? at - now : 0) < next)
			next = at > now ? at - now : 0;
	}
	return next;
}

int emulation_tick(struct run_state *run)
{
	for (unsigned int g = 0; g < run->n_emulations; g++)
		if (run->emulations[g].recycle && end_recycled(run, &run->emulations[g]))
			return -run->err->code;
	return 0;
}

void emulation_count(struct run_state *run)
{
	for (unsigned int g = 0; g < run->n_emulations; g++) {
		const struct emulation *emulation = &run->emulations[g];
		const struct recycle_stats *stats;

		if (!emulation->recycle)
			continue;
		stats = recycle_stats(emulation->recycle);
		recorder_add_counter(run->recorder, emulation->node, "TcpExt.PAWSPassive", (int64_t)stats->paws_passive);
		recorder_add_counter(run->recorder, emulation->node, "TcpExt.ListenDrops", (int64_t)stats->paws_passive);
	}
}

const char *emulation_recycling(const struct run_state *run)
{
	for (unsigned int g = 0; g < run->n_emulations; g++)
		if (run->emulations[g].genuine || run->emulations[g].recycle)
			return run->emulations[g].genuine ? "genuine" : "emulated";
	return "";
}

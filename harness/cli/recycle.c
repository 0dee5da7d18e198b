/* recycle.c - the subcommand: tcp_tw_recycle for the namespace it is started in */
#include <twlab/recycle.h>

#include <twlab/clock.h>
#include "harness/cli/commands.h"
#include <twlab/evidence.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>

/* How 4.9 counts: what TIME_WAIT's timer ends within 4 s is TWKilled. */
static void print_stats(const struct recycle_stats *stats)
{
	const struct {
		const char *name;
		uint64_t value;
		const char *is;
	} rows[] = {
		{ "TcpExtPAWSPassive", stats->paws_passive, "SYNs left without an answer" },
		{ "TcpExtListenDrops", stats->paws_passive, "the same, as the listening socket counts them" },
		{ "TcpExtTWKilled", stats->ended, "TIME_WAITs ended after 3.5 RTO" },
		{ "twlab.syns", stats->syns, "SYNs seen" },
		{ "twlab.closes", stats->closes, "connections closed from this side first" },
		{ "twlab.rearmed", stats->rearmed, "TIME_WAITs set to 60 s again by a segment" },
		{ "twlab.not_ended", stats->not_ended, "TIME_WAITs that the kernel refused to end (before 6.1, tcp_rfc1337)" },
		{ "twlab.unfollowed", stats->unfollowed, "closes for which there was no room" },
		{ "twlab.missed", stats->missed, "packets that passed unseen: more waited than fit" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		printf("%s\t%" PRIu64 "\t%s\n", rows[i].name, rows[i].value, rows[i].is);
}

static void print_reject(const struct recycle_reject *reject, void *arg)
{
	auto_free char *reason = recycle_reason(reject);
	char from[64], to[64];

	(void)arg;
	printf("%s > %s SYN not answered: %s\n", endpoint_text(&reject->from, from),
	       endpoint_text(&reject->to, to), reason);
	fflush(stdout);
}

/* Until when to sleep: ppoll's timeout, NULL for ever. */
static struct timespec *timeout(const struct recycle *recycle, struct timespec *room)
{
	int64_t left_ns = recycle_next_deadline_ns(recycle);

	if (left_ns < 0)
		return NULL;
	left_ns -= clock_ns(CLOCK_MONOTONIC);
	if (left_ns < 0)
		left_ns = 0;
	*room = (struct timespec){ .tv_sec = left_ns / NS_PER_S, .tv_nsec = left_ns % NS_PER_S };
	return room;
}

/* Until a signal comes. */
static int serve(struct recycle *recycle, int signals, struct err *err)
{
	struct pollfd fds[4] = { { .fd = signals, .events = POLLIN } };
	int n = 1 + recycle_fds(recycle, fds + 1, (int)ARRAY_SIZE(fds) - 1);
	struct timespec room;

	while (!fds[0].revents) {
		if (ppoll(fds, (nfds_t)n, timeout(recycle, &room), NULL) < 0 && errno != EINTR)
			return err_set(err, errno, "cannot wait for packets");
		if (recycle_handle(recycle, err) || recycle_tick(recycle, clock_ns(CLOCK_MONOTONIC), err))
			return -err->code;
	}
	return 0;
}

static int run(bool stats, struct err *err)
{
	auto_close int ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	auto_close int signals = -1;
	struct recycle *recycle;
	sigset_t set;
	int failed;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (ns < 0 || signals < 0) {
		err_set(err, errno, "cannot begin");
		return STATUS_ERROR;
	}
	recycle = recycle_open(ns, err);
	if (!recycle)
		return err->code == EBUSY ? STATUS_ERROR : STATUS_SKIP;
	recycle_on_reject(recycle, print_reject, NULL);
	printf("this network namespace recycles TIME_WAIT, until SIGINT or SIGTERM\n");
	fflush(stdout);
	failed = serve(recycle, signals, err);
	if (stats)
		print_stats(recycle_stats(recycle));
	recycle_close(recycle, true);
	return failed ? STATUS_ERROR : STATUS_HOLDS;
}

int recycle_main(int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "stats", no_argument, NULL, 's' },
		{ 0 }
	};
	bool stats = false;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "s", options, NULL)) != -1) {
		if (option == '?') {
			options_unknown(option, argv, err);
			return STATUS_USAGE;
		}
		stats = true;
	}
	if (optind < argc) {
		err_set(err, 0, "'%s' is one word too many", argv[optind]);
		return STATUS_USAGE;
	}
	return run(stats, err);
}

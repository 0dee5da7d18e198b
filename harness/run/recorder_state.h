/* recorder_state.h - what a record holds while it is made: for recorder.c, which fills it,
 * and evidence_write.c, which writes it out
 */
#ifndef TWLAB_RUN_RECORDER_STATE_H
#define TWLAB_RUN_RECORDER_STATE_H

#include "harness/run/recorder.h"

#include "harness/run/nat_table.h"
#include <twlab/counters.h>
#include <twlab/sockdiag.h>
#include <twlab/timer_wheel.h>

struct tracked {
	struct socket_seen seen;
	int64_t deadline_ns;	/* when its timer runs out, -1 = none */
	int64_t put_ns;		/* when it was last put down */
	bool here;		/* in the sample that is being read */
};

struct host {
	const struct node_up *up;
	char *quoted;		/* its name in JSON */
	int capture;
	struct sockdiag *diag;	/* hosts only */
	struct nat_table *table;	/* NATs only, where the kernel tells */
	struct counters before;
	struct counters extra;	/* counted outside the kernel */
	unsigned int *iface;	/* of the trace, by device */
	struct tracked *sockets;
	unsigned int n_sockets;
	unsigned int found;	/* behind the socket that was found last */
	bool stirred;		/* a frame has passed since the last sample */
	int64_t stirred_ns;	/* the last sample that was taken because of one */
	int64_t sampled_ns;	/* when the last sample was taken */
	int64_t next_ns;
};

struct recorder {
	const struct plan *plan;
	const struct topo_up *up;
	char *dir;
	struct trace *trace;
	struct host *hosts;	/* one a node */
	FILE *states, *events;
	FILE *nat;		/* NULL unless there is a NAT */
	int64_t start_ns;	/* CLOCK_REALTIME */
	int64_t end_ns;		/* since then; INT64_MAX while it goes on */
	int families[2], n_families;
	struct timer_wheel wheel;	/* of this kernel, by recorder_now() */
};

#endif

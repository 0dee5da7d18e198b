/* recorded.h - what a record holds while it is made: for record.c, which fills it,
 * and folder.c, which writes it out
 */
#ifndef TWLAB_RECORDED_H
#define TWLAB_RECORDED_H

#include "harness/record.h"

#include "harness/nattable.h"
#include "lib/counters.h"
#include "lib/sockdiag.h"
#include "lib/wheel.h"

struct tracked {
	struct socket_seen seen;
	int64_t deadline_ns;	/* when its timer runs out, -1 = none */
	int64_t put_ns;		/* when it was last put down */
	bool here;		/* in the sample that is being read */
};

struct host {
	const struct node_up *up;
	int capture;
	struct sockdiag *diag;	/* hosts only */
	struct nattable *table;	/* NATs only, where the kernel tells */
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

struct record {
	const struct plan *plan;
	const struct topo_up *up;
	char *dir;
	struct trace *trace;
	struct host *hosts;	/* one a node */
	FILE *states, *events;
	FILE *nat;		/* NULL unless there is a NAT */
	int64_t start_ns;	/* CLOCK_REALTIME */
	int families[2], n_families;
	struct wheel wheel;	/* of this kernel, by record_now() */
};

/* Create the file @name in @dir; it must not be there. */
FILE *record_create(const char *dir, const char *name, struct err *err);

#endif

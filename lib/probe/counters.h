/* counters.h - what a node has counted: /proc/net/netstat and /proc/net/snmp */
#ifndef TWLAB_COUNTERS_H
#define TWLAB_COUNTERS_H

#include <twlab/err.h>

#pragma GCC visibility push(default)	/* public */

struct counter {
	char name[48];		/* "TcpExt.PAWSPassive", "Tcp.ActiveOpens" */
	int64_t value;
};

struct counters {
	struct counter *rows;
	unsigned int n;
};

/* Read those of the namespace @ns. */
int counters_read(int ns, struct counters *counters, struct err *err);
void counters_free(struct counters *counters);

/* Sockets in the state with number @state in /proc/net/tcp and tcp6, which is
 * what netstat(8) reads. Negative on failure.
 */
int counters_proc_tcp(int ns, unsigned int state, struct err *err);

#pragma GCC visibility pop

#endif

/* trial.h - segments tried on TIME_WAIT, each on one of its own
 *
 * What does TIME_WAIT answer? Here the kernel is asked: a host of its own, with peers
 * that are played through a TUN device. Each peer makes a connection, which the host
 * closes first, so that a TIME_WAIT is there; 5 s later it gets one segment. What comes
 * back is seen on the device, what became of the TIME_WAIT and its timer in sock_diag.
 *
 * The segments are drawn from a seed, the same number of each class: "fin-again",
 * "data", ... (trial_class()). Sequence numbers and timestamps lie just before, on and
 * just behind what TIME_WAIT expects, and anywhere; they wrap.
 */
#ifndef TWLAB_TRIAL_H
#define TWLAB_TRIAL_H

#include <twlab/tcp.h>

#pragma GCC visibility push(default)	/* public */

struct err;
struct topo;
struct trace;

enum trial_answer { TRIAL_NONE, TRIAL_ACK, TRIAL_RST, TRIAL_SYN_ACK, TRIAL_ANSWERS };
enum trial_fate {
	TRIAL_ENDS,		/* there is no TIME_WAIT any more */
	TRIAL_LIVES,		/* it is there, and its timer runs on */
	TRIAL_RESTARTS,		/* it is there, and its 60 s begin anew */
	TRIAL_FATES
};

struct trial_outcome {
	enum trial_answer answer;
	enum trial_fate fate;
};

#define TRIAL_CLASSES 10

struct trial {
	unsigned int class;		/* see trial_class() */
	uint8_t flags;			/* enum tcp_flag */
	uint32_t seq;
	uint16_t len;			/* of the payload */
	bool has_ts;
	uint32_t ts;			/* TSval */
	struct {			/* what TIME_WAIT knows */
		uint32_t rcv_nxt;	/* the sequence number that would come next */
		bool has_ts;		/* there were timestamps on its connection */
		uint32_t ts_recent;	/* the last one that came */
	} tw;
	bool rfc1337;			/* net.ipv4.tcp_rfc1337 */
	struct trial_outcome kernel;	/* what became of it */
	bool asked, told;		/* a program was asked about it; it has told */
	struct trial_outcome said;	/* what it told */
};

/* Draw @n segments from @seed, class by class in turn, into @trials. */
void trial_draw(uint64_t seed, struct trial *trials, unsigned int n);

/* Try them, at most 30000, on this kernel: fills in .kernel of each. The host is set
 * as the node @name of @topo is; but tcp_rfc1337 is as each segment has it. Takes some
 * 5 s of the clock. Each segment that was tried, and what came back, is added to @trace
 * (which may be NULL), by CLOCK_REALTIME. Fails when a TIME_WAIT could not be made.
 */
int trial_run(const struct topo *topo, const char *name, struct trial *trials, unsigned int n,
	      struct trace *trace, struct err *err);

/* The TUN device that it needs, in the current namespace: an fd, which it lives as long as,
 * or negative.
 */
int trial_tun(struct err *err);

/* "fin-again", ... */
const char *trial_class(unsigned int class);

#pragma GCC visibility pop

#endif

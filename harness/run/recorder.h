/* recorder.h - what a run puts on record while it happens
 *
 * Frames of every node, the states of the hosts' sockets (sampled whenever a
 * frame passed a host, and by timers), what the harness did, counters before
 * and after. At the end all of it becomes the evidence folder, see
 * lib/evidence/evidence.h.
 */
#ifndef TWLAB_RUN_RECORDER_H
#define TWLAB_RUN_RECORDER_H

#include "labs/plan/plan.h"
#include <twlab/evidence.h>

struct recorder;

/* Begin: opens captures and sockets on every node of @up, reads the counters,
 * and makes the folder @dir (which must not exist). Time zero is now.
 */
struct recorder *recorder_open(const char *dir, const struct plan *plan,
			       const struct topo_up *up, struct err *err);

int64_t recorder_now(const struct recorder *recorder);	/* ns since time zero */

/* A program on @node has said something, or ended: it may have done something, too, that
 * no frame tells of. The next recorder_sample() looks.
 */
void recorder_expect(struct recorder *recorder, const char *node);

/* To be polled: the capture of node @n of @up. */
int recorder_fd(const struct recorder *recorder, unsigned int n);

/* Take in what node @n has captured. Returns how many frames, or negative. */
int recorder_frames(struct recorder *recorder, unsigned int n, struct err *err);

/* Sample those hosts that frames have passed or that have a timer running out.
 * @why is "packet", "timer" or "step"; with "step" all hosts are sampled.
 */
int recorder_sample(struct recorder *recorder, const char *why, struct err *err);

/* Sample @node now: for what no frame announces (a LISTEN, say). */
int recorder_look(struct recorder *recorder, const char *node, struct err *err);

/* When the next sample by timer is due; INT64_MAX = no socket has a timer. */
int64_t recorder_next(const struct recorder *recorder);

/* Sockets of @node that are in @state now (by the last sample); of any state
 * but LISTEN for STATE_NONE.
 */
unsigned int recorder_count(const struct recorder *recorder, const char *node, enum tcp_state state);

/* The same of a NAT's table, where @state is conntrack's word for it ("" = any). -1 if
 * @node has none that can be looked at.
 */
int recorder_entries(const struct recorder *recorder, const char *node, const char *state);

/* What sockets (by the last sample, those in LISTEN as well) or entries @node has, for a message:
 * "2 in ESTABLISHED, 1 in LISTEN"; "" if it has none. The caller frees it.
 */
char *recorder_states(const struct recorder *recorder, const char *node);

/* Index of the frame that is recorded next, and a look at one that is. */
unsigned int recorder_cursor(const struct recorder *recorder);
const struct trace_frame *recorder_frame(const struct recorder *recorder, unsigned int index,
					 const struct trace_iface **iface);

/* Put down what the harness did. @node, @what and @why may be NULL. */
void recorder_event(struct recorder *recorder, const char *act, const char *node,
		    const char *what, const char *why);

/* The same of a segment that a step is about to make up: the capture marks it. */
void recorder_send(struct recorder *recorder, const char *node, const char *what, const char *why);

/* End the sockets of @node in @state. Returns how many, or negative. */
int recorder_kill(struct recorder *recorder, const char *node, enum tcp_state state, struct err *err);

/* @node counted @value under @name ("TcpExt.PAWSPassive") outside the kernel: it
 * is put with the kernel's own counters.
 */
void recorder_add_counter(struct recorder *recorder, const char *node, const char *name, int64_t value);

void recorder_free(struct recorder *recorder);

#endif

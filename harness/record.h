/* record.h - what a run puts on record while it happens
 *
 * Frames of every node, the states of the hosts' sockets (sampled whenever a
 * frame passed a host, and by timers), what the harness did, counters before
 * and after. At the end all of it becomes the evidence folder, see
 * lib/evidence.h.
 */
#ifndef TWLAB_RECORD_H
#define TWLAB_RECORD_H

#include "labs/plan.h"
#include "lib/evidence.h"

struct record;

/* Begin: opens captures and sockets on every node of @up, reads the counters,
 * and makes the folder @dir (which must not exist). Time zero is now.
 */
struct record *record_open(const char *dir, const struct plan *plan,
			   const struct topo_up *up, struct err *err);

int64_t record_now(const struct record *record);	/* ns since time zero */

/* Ticks of this kernel's timer a second; 0 when it does not tell. */
int record_hz(void);

/* A program on @node has said something, or ended: it may have done something, too, that
 * no frame tells of. The next record_sample() looks.
 */
void record_heard(struct record *record, const char *node);

/* To be polled: the capture of node @n of @up. */
int record_fd(const struct record *record, unsigned int n);

/* Take in what node @n has captured. Returns how many frames, or negative. */
int record_frames(struct record *record, unsigned int n, struct err *err);

/* Sample those hosts that frames have passed or that have a timer running out.
 * @why is "packet", "timer" or "step"; with "step" all hosts are sampled.
 */
int record_sample(struct record *record, const char *why, struct err *err);

/* Sample @node now: for what no frame announces (a LISTEN, say). */
int record_look(struct record *record, const char *node, struct err *err);

/* When the next sample by timer is due; INT64_MAX = no socket has a timer. */
int64_t record_next(const struct record *record);

/* Sockets of @node that are in @state now (by the last sample); of any state
 * but LISTEN for STATE_NONE.
 */
unsigned int record_count(const struct record *record, const char *node, enum tcp_state state);

/* The same of a NAT's table, where @state is conntrack's word for it ("" = any). -1 if
 * @node has none that can be looked at.
 */
int record_entries(const struct record *record, const char *node, const char *state);

/* Index of the frame that is recorded next, and a look at one that is. */
unsigned int record_cursor(const struct record *record);
const struct trace_frame *record_frame(const struct record *record, unsigned int index,
				       const struct trace_iface **iface);

/* Put down what the harness did. @node, @what and @why may be NULL. */
void record_event(struct record *record, const char *act, const char *node,
		  const char *what, const char *why);

/* End the sockets of @node in @state. Returns how many, or negative. */
int record_kill(struct record *record, const char *node, enum tcp_state state, struct err *err);

/* @node counted @value under @name ("TcpExt.PAWSPassive") outside the kernel: it
 * is put with the kernel's own counters.
 */
void record_add_counter(struct record *record, const char *node, const char *name, int64_t value);

/* Write the folder: packets, counters, and run.json last. @recycle is "",
 * "emulated" or "genuine"; @failed, if not NULL, is why the run could not be
 * carried through: run.json says so then, and that it is not complete.
 */
int record_finish(struct record *record, uint64_t seed, const char *recycle,
		  const char *failed, struct err *err);

void record_free(struct record *record);

#endif

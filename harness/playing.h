/* playing.h - a run while it goes on: what play.c, steps.c and gadgets.c share */
#ifndef TWLAB_PLAYING_H
#define TWLAB_PLAYING_H

#include "harness/play.h"
#include "harness/record.h"
#include "lib/proc.h"

struct output {			/* what a program printed so far */
	char *text;		/* NUL-terminated */
	size_t len;
};

struct run_program {
	const struct program *program;
	struct proc proc;
	struct output out, errors;
	size_t said;		/* where DO_SAYS goes on looking */
	int status;		/* wait status, once it has ended */
	bool started, ended;
};

struct gadget {			/* what sits on a node and works on its packets */
	struct play *play;
	unsigned int index;
	const char *node;
	struct uptime *uptime;
	struct recycle *recycle;
	bool genuine;		/* recycles, but in the kernel */
};

struct play {
	const struct plan *plan;
	const struct play_options *options;
	struct topo_up up;
	struct record *record;
	struct run_program *programs;
	unsigned int n_programs;
	struct gadget *gadgets;
	unsigned int n_gadgets;
	struct trial *trials;	/* segments that were tried */
	struct trace *trials_trace;
	const char *trials_on;	/* the node */
	unsigned int n_trials;
	int epoll, children;
	int64_t cage_ns;	/* when what a foreign program takes is looked at next */
	unsigned int cursor;	/* DO_SEGMENT looks at frames from here on */
	struct err *err;
};

/* What an epoll event is about: a kind and an index in one number. */
enum source { FROM_CAPTURE, FROM_OUT, FROM_ERRORS, FROM_CHILDREN, FROM_GADGET, FROM_CAGE };

/* Have @fd looked at while the run waits. */
int play_watch(struct play *play, int fd, enum source source, unsigned int index);

/* What the steps do, by enum step_do. A step acts, or waits until it is done, or
 * does both; one that has neither waits for its time.
 */
struct step_kind {
	const char *name;	/* as the events call it */
	int (*act)(struct play *play, const struct step *step);
	int (*done)(struct play *play, const struct step *step);	/* 1 = what it waits for has come */
};

extern const struct step_kind step_kinds[STEP_DOES];

/* The steps DO_TRIAL and DO_ASK, and the file that they leave. */
int trials_try(struct play *play, const struct step *step);
int trials_ask(struct play *play, const struct step *step);
int trials_told(struct play *play, const struct step *step);
int trials_write(const struct play *play);

/* Open on each node what its row asks for: a clock of its own, recycling. */
int gadgets_open(struct play *play);
void gadgets_close(struct play *play);

/* Packets wait for gadget @index. */
int gadgets_handle(struct play *play, unsigned int index);

/* When the next timer of a node's recycling is due, in ns from now; INT64_MAX = none. */
int64_t gadgets_next(const struct play *play);

/* Let the recycling end the TIME_WAITs that are due; what it ended is put on record. */
int gadgets_tick(struct play *play);

/* Put on record what the emulation counted, under the names that the kernel had for it. */
void gadgets_count(struct play *play);

/* For run.json: "" where no node recycles. */
const char *gadgets_recycling(const struct play *play);

#endif

/* run_state.h - a run while it goes on: what execute.c, steps.c and emulation.c share */
#ifndef TWLAB_RUN_RUN_STATE_H
#define TWLAB_RUN_RUN_STATE_H

#include "harness/run/execute.h"
#include "harness/run/recorder.h"
#include <twlab/proc.h>

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

struct emulation {			/* what sits on a node and works on its packets */
	struct run_state *run;
	unsigned int index;
	const char *node;
	struct tsoffset *tsoffset;
	struct recycle *recycle;
	bool genuine;		/* recycles, but in the kernel */
};

struct run_state {
	const struct plan *plan;
	const struct execute_options *options;
	struct topo_up up;
	struct recorder *recorder;
	struct run_program *programs;
	unsigned int n_programs;
	struct emulation *emulations;
	unsigned int n_emulations;
	struct trial *trials;	/* segments that were tried */
	struct trace *trials_trace;
	const char *trials_on;	/* the node */
	unsigned int n_trials;
	int epoll, children;
	int64_t sandbox_ns;	/* when what a foreign program takes is looked at next */
	unsigned int cursor;	/* DO_SEGMENT looks at frames from here on */
	unsigned int waits_from;	/* where that was when the wait began */
	struct err *err;
};

/* What an epoll event is about: a kind and an index in one number. */
enum source { FROM_CAPTURE, FROM_OUT, FROM_ERRORS, FROM_CHILDREN, FROM_EMULATION, FROM_SANDBOX };

/* Have @fd looked at while the run waits. */
int execute_watch(struct run_state *run, int fd, enum source source, unsigned int index);

/* What the steps do, by enum step_do. A step acts, or waits until it is done, or
 * does both; one that has neither waits for its time.
 */
struct step_kind {
	const char *name;	/* as the events call it */
	int (*act)(struct run_state *run, const struct step *step);
	int (*done)(struct run_state *run, const struct step *step);	/* 1 = what it waits for has come */
	char *(*found)(struct run_state *run, const struct step *step);	/* what there is instead, see waits.h; to be freed */
};

extern const struct step_kind step_kinds[STEP_DOES];

/* The steps DO_TRIAL and DO_ASK, and the file that they leave. */
int trials_try(struct run_state *run, const struct step *step);
int trials_ask(struct run_state *run, const struct step *step);
int trials_answered(struct run_state *run, const struct step *step);
char *trials_found(struct run_state *run, const struct step *step);
int trials_write(const struct run_state *run);

/* Open on each node what its row asks for: a clock of its own, recycling. */
int emulation_open(struct run_state *run);
void emulation_close(struct run_state *run);

/* Packets wait for gadget @index. */
int emulation_handle(struct run_state *run, unsigned int index);

/* When the next timer of a node's recycling is due, in ns from now; INT64_MAX = none. */
int64_t emulation_next(const struct run_state *run);

/* Let the recycling end the TIME_WAITs that are due; what it ended is put on record. */
int emulation_tick(struct run_state *run);

/* Put on record what the emulation counted, under the names that the kernel had for it. */
void emulation_count(struct run_state *run);

/* For run.json: "" where no node recycles. */
const char *emulation_recycling(const struct run_state *run);

#endif

/* run_state.h - a run while it goes on: what execute.c, steps.c, trials.c and emulation.c share */
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
int run_state_watch(struct run_state *run, int fd, enum source source, unsigned int index);

#endif

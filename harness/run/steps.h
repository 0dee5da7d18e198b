/* steps.h - what the steps of a lab do */
#ifndef TWLAB_RUN_STEPS_H
#define TWLAB_RUN_STEPS_H

#include "harness/run/run_state.h"

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

#endif

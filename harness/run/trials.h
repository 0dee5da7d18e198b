/* trials.h - the steps that try segments on TIME_WAITs, and ask a program about them */
#ifndef TWLAB_RUN_TRIALS_H
#define TWLAB_RUN_TRIALS_H

#include "harness/run/run_state.h"

/* The steps DO_TRIAL and DO_ASK, and the file that they leave. */
int trials_try(struct run_state *run, const struct step *step);
int trials_ask(struct run_state *run, const struct step *step);
int trials_answered(struct run_state *run, const struct step *step);
char *trials_found(struct run_state *run, const struct step *step);
int trials_write(const struct run_state *run);

#endif

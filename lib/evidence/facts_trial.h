/* facts_trial.h - facts about segments that were tried: a step of facts_collect() */
#ifndef TWLAB_FACTS_TRIAL_H
#define TWLAB_FACTS_TRIAL_H

#include <twlab/facts.h>

/* Add trial.* of each node that has some. */
void facts_trial(struct facts *facts, const struct evidence *evidence);

#endif

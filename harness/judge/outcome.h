/* outcome.h - what became of one run: its evidence, judged, and told
 *
 * Everything here is a function of the evidence folder.
 */
#ifndef TWLAB_JUDGE_OUTCOME_H
#define TWLAB_JUDGE_OUTCOME_H

#include "harness/util/status.h"
#include "harness/judge/judge.h"

#define SNAPSHOT_SHOWN 12	/* letters of a snapshot's digest, where people read it */

struct outcome {
	struct plan *plan;
	struct evidence *evidence;	/* NULL when the run left none */
	struct facts facts;
	struct verdicts verdicts;
	char *dir;			/* the evidence folder; NULL = none */
	char *failed;			/* why the run could not be carried through; NULL = it was */
	enum result without;		/* and what its claims are then */
	int64_t wall_ns;		/* what it took; 0 = not known */
	long rss_kb;			/* the guest's peak resident memory; 0 = none, or not known */
};

enum print_format { PRINT_TEXT, PRINT_TSV, PRINT_JSON };

/* Read the evidence in @dir, collect its facts, hold the claims of its lab against them.
 * Nothing is written. A folder that cannot be read, or that is marked incomplete, is an error
 * and no outcome.
 */
int outcome_of(const char *dir, struct outcome *outcome, struct err *err);

/* The same of a run that has just been made of *@plan: taken over (and then NULL) if the evidence is of that. */
int outcome_of_run(const char *dir, struct plan **plan, struct outcome *outcome, struct err *err);

/* The plan that @evidence is of, to be freed; NULL and @err if its lab is not known, or does not have that variant or
 * those parameters.
 */
struct plan *outcome_plan(const struct evidence *evidence, struct err *err);

/* Put facts.tsv and verdicts.json beside the evidence of @outcome. */
int outcome_write(const struct outcome *outcome, struct err *err);

/* An outcome without evidence. Takes @plan over. */
void outcome_without(struct plan *plan, enum result result, const char *why, struct outcome *outcome);

/* Exit status for so many results of each kind: that of the gravest. */
int outcome_gravest(const unsigned int count[RESULTS]);

/* Exit status of one or several: the gravest of its verdicts. */
int outcome_status(const struct outcome *outcomes, unsigned int n);

/* Tell them. For TELL_JSON and TELL_TSV all at once, as one document. */
void outcomes_print(FILE *out, enum print_format how, const struct outcome *outcomes, unsigned int n);

void outcome_free(struct outcome *outcome);

#endif

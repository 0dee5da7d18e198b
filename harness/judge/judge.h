/* judge.h - claims held against facts
 *
 * A pure function over a plan and a facts file: judging again needs no kernel.
 */
#ifndef TWLAB_JUDGE_JUDGE_H
#define TWLAB_JUDGE_JUDGE_H

#include "labs/plan/plan.h"
#include <twlab/facts.h>

enum result { RESULT_PASS, RESULT_FAIL, RESULT_ERROR, RESULT_SKIP, RESULTS };

extern const char *const result_name[RESULTS];

struct verdict {
	const struct claim *claim;	/* of the plan */
	enum result result;
	char *expected;			/* "60000..64200", with facts that it names filled in */
	char *seen;			/* the fact's value; "nothing" when there is no such fact */
	char *where;			/* "packets.pcapng:12", "states.jsonl:7" */
};

struct verdicts {
	struct verdict *rows;
	unsigned int n;
};

/* Is what was @seen what @expect asks for ("= 1", ">= 60", "60..64.1", "~ SYN")?
 * Numbers compare as numbers, else as text. Returns 1, 0, or negative with @err
 * when @expect is no expectation.
 */
int judge_expect(const char *expect, const char *seen, struct err *err);

/* A verdict for each claim of @plan, in its order. Free with verdicts_free(). */
void judge(const struct plan *plan, const struct facts *facts, struct verdicts *verdicts);

/* The same when the run could not be carried through, or not here: every
 * claim is @result, because of @why.
 */
void judge_nothing(const struct plan *plan, enum result result, const char *why,
		   struct verdicts *verdicts);

unsigned int verdicts_count(const struct verdicts *verdicts, enum result result);
void verdicts_free(struct verdicts *verdicts);

#endif

/* answer.h - what the runs have to say to each of the article's claims
 *
 * Computed from the verdicts of the labs' claims, and from nothing else: each of
 * these names the article's claim it decides, and which way it bears on it.
 */
#ifndef TWLAB_ANSWER_H
#define TWLAB_ANSWER_H

#include "harness/outcome.h"

enum answer_kind {
	ANSWER_CONFIRMED,	/* all that speaks for it holds, and no limit was met */
	ANSWER_REFINED,		/* it holds within limits */
	ANSWER_REFUTED,		/* what speaks against it holds, and nothing for it */
	ANSWER_OPEN,		/* a claim that decides it did not hold, or could not be told, or none was run */
	ANSWERS
};

extern const char *const answer_name[ANSWERS];

struct support {		/* a verdict that an answer rests on */
	const struct outcome *outcome;
	const struct verdict *verdict;
};

struct answer {
	const struct saying *saying;
	enum answer_kind kind;
	char *limit;		/* in one sentence: the limits, or what refutes it; "" */
	struct support *supports;
	unsigned int n;
};

/* One answer for each of the article's claims, as many as article[] has; @answers
 * has room for them. They point into @outcomes. Returns how many.
 */
unsigned int answer_all(const struct outcome *outcomes, unsigned int n, struct answer *answers);
void answers_free(struct answer *answers, unsigned int n);

#endif

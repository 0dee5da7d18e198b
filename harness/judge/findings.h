/* findings.h - what the runs have to say to each of the article's claims
 *
 * Computed from the verdicts of the labs' claims, and from nothing else: each of
 * these names the article's claim it decides, and which way it bears on it.
 */
#ifndef TWLAB_JUDGE_FINDINGS_H
#define TWLAB_JUDGE_FINDINGS_H

#include "harness/judge/outcome.h"
#include "labs/article_claims.h"

enum finding_kind {
	FINDING_CONFIRMED,	/* all that speaks for it holds, and no limit was met */
	FINDING_REFINED,		/* it holds within limits */
	FINDING_REFUTED,		/* what speaks against it holds, and nothing for it */
	FINDING_OPEN,		/* a claim that decides it did not hold, or could not be told, or none was run */
	FINDING_KINDS
};

extern const char *const finding_name[FINDING_KINDS];

struct support {		/* a verdict that a finding rests on */
	const struct outcome *outcome;
	const struct verdict *verdict;
};

struct finding {
	const struct article_claim *claim;
	enum finding_kind kind;
	char *limit;		/* in one sentence: the limits, or what refutes it; "" */
	struct support *supports;
	unsigned int n;
};

/* One finding for each of the article's claims, as many as article[] has; @findings
 * has room for them. They point into @outcomes. Returns how many.
 */
unsigned int findings_all(const struct outcome *outcomes, unsigned int n, struct finding *findings);
void findings_free(struct finding *findings, unsigned int n);

#endif

/* article_claims.h - what the article says */
#ifndef TWLAB_ARTICLE_CLAIMS_H
#define TWLAB_ARTICLE_CLAIMS_H

/* What the article says, claim by claim: the kit began from one on the four-way
 * close, TIME_WAIT and its fast recycling. Ends in a row of zeros.
 */
struct article_claim {
	const char *id;		/* "A1" */
	const char *words;
};

extern const struct article_claim article[];

#endif

/* side.h - one run on several kernels, side by side
 *
 * A function of outcomes: evidence of other days serves as well.
 */
#ifndef TWLAB_SIDE_H
#define TWLAB_SIDE_H

#include "harness/outcome.h"

/* A claim or a fact, with a cell for each kernel. */
struct side_row {
	const struct claim *claim;	/* NULL: a fact that no claim is about */
	const char *node, *name;	/* of the fact */
	char **verdict;			/* of a claim: "pass", ... */
	char **value;			/* "-" where there is none */
	bool differs;
};

struct side {
	struct side_row *rows;
	unsigned int n;
	unsigned int n_kernels;
};

/* The claims, and the facts that differ, of the @n outcomes of one variant on one
 * kernel each. A time differs when it does by more than 8 ms (two ticks of 250 Hz)
 * and 5 %, an endpoint by its address. A kernel without evidence differs from none. Free with side_free().
 */
void side_of(const struct outcome *outcomes, unsigned int n, struct side *side);
void side_free(struct side *side);

/* Do values @a and @b of the fact @name differ, as side_of() has it? */
bool side_differs(const char *name, const char *a, const char *b);

/* Tell @variants variants, each with an outcome for each of the @n @kernels in turn. */
void sides_tell(FILE *out, enum tell how, const char *const *kernels, unsigned int n,
		const struct outcome *outcomes, unsigned int variants);

#endif

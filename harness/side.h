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
	unsigned int times;		/* how many facts are in it: more than one if folded */
	char *pattern;			/* then: their name with '*' where they have numbers */
};

struct side {
	struct side_row *rows;
	unsigned int n;
	unsigned int n_kernels;
};

/* The claims, and the facts that differ, of the @n outcomes of one variant on one
 * kernel each. A time differs when it does by more than 8 ms (two ticks of 250 Hz)
 * and 5 %, a step of sequence numbers by 5 %, an endpoint by its address; a timer that
 * only some looks caught does not. A kernel without evidence differs from none. Free with side_free().
 */
void side_of(const struct outcome *outcomes, unsigned int n, struct side *side);
void side_free(struct side *side);

/* Do values @a and @b of the fact @name differ, as side_of() has it? */
bool side_differs(const char *name, const char *a, const char *b);

/* Make one row of the facts of one node that differ in the same way, and whose names
 * differ in their numbers alone ("conn1.SYN.1.options", ...). Of more than three such
 * that differ each in its own way, only their range is told, if that differs.
 */
void side_fold(struct side *side);

/* Draw the same as one table: kernels.dot, .svg and .png into @dir. */
int side_draw(const char *const *kernels, unsigned int n, const struct outcome *outcomes,
	      const char *dir, struct err *err);

/* Tell @variants variants, each with an outcome for each of the @n @kernels in turn. */
void sides_tell(FILE *out, enum tell how, const char *const *kernels, unsigned int n,
		const struct outcome *outcomes, unsigned int variants);

#endif

/* compare.h - one run on several kernels, side by side
 *
 * A function of outcomes: evidence of other days serves as well.
 */
#ifndef TWLAB_JUDGE_COMPARE_H
#define TWLAB_JUDGE_COMPARE_H

#include "harness/judge/outcome.h"

/* A claim or a fact, with a cell for each kernel. */
struct comparison_row {
	const struct claim *claim;	/* NULL: a fact that no claim is about */
	const char *node, *name;	/* of the fact */
	char **verdict;			/* of a claim: "pass", ... */
	char **value;			/* "-" where there is none */
	bool differs;
	unsigned int times;		/* how many facts are in it: more than one if folded */
	char *pattern;			/* then: their name with '*' where they have numbers */
};

struct comparison {
	struct comparison_row *rows;
	unsigned int n;
	unsigned int n_kernels;
};

/* The claims, and the facts that differ, of the @n outcomes of one variant on one
 * kernel each. A time differs when it does by more than 8 ms (two ticks of 250 Hz)
 * and 5 %, a step of sequence numbers by 5 %, an endpoint by its address; a timer that
 * only some looks caught does not. A kernel without evidence differs from none. Free with compare_free().
 */
void compare_outcomes(const struct outcome *outcomes, unsigned int n, struct comparison *comparison);
void compare_free(struct comparison *comparison);

/* Do values @a and @b of the fact @name differ, as compare_outcomes() has it? */
bool compare_differs(const char *name, const char *a, const char *b);

/* Make one row of the facts of one node that differ in the same way, and whose names
 * differ in their numbers alone ("conn1.SYN.1.options", ...). Of more than three such
 * that differ each in its own way, only their range is told, if that differs.
 */
void compare_fold(struct comparison *comparison);

/* Tell @variants variants, each with an outcome for each of the @n @kernels in turn. */
void compare_print(FILE *out, enum print_format how, const char *const *kernels, unsigned int n,
		   const struct outcome *outcomes, unsigned int variants);

#endif

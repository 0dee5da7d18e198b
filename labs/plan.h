/* plan.h - a lab with its parameters filled in
 *
 * The tables of a lab, with every row that does not apply left out, every
 * "many" written out, every {…} replaced. What runs, judges and draws reads
 * plans, so that all of them see the same.
 */
#ifndef TWLAB_PLAN_H
#define TWLAB_PLAN_H

#include "labs/lab.h"

struct plan {
	const struct lab *lab;
	const char *variant;		/* its name */
	char **params;			/* "name=value", in the lab's order */
	unsigned int n_params;
	struct topo topo;
	const struct program *programs;
	const struct step *steps;
	const struct claim *claims;
	const struct task *tasks;
	const struct mark *marks;	/* of every variant, with this one's values */
	bool ipv6;			/* ip=6: what is IPv4's in the tables is IPv6's here */
	const char *ipv4_only;		/* with it: why this cannot be run; NULL: it can */
	struct plan_memory *memory;
};

/* Fill in @lab for @variant (NULL: its first), then @sets ("name=value", @n of
 * them) on top; "ip=6" is one that every lab has, and is among the params then. Unknown names and values out of range are refused with a
 * sentence that says what is allowed. Free with plan_free().
 */
struct plan *plan_new(const struct lab *lab, const char *variant,
		      const char *const *sets, unsigned int n, struct err *err);
void plan_free(struct plan *plan);

/* @text with each {…} replaced by its value under @plan, to be freed; NULL and
 * @err on a mistake in it.
 */
char *plan_fill(const struct plan *plan, const char *text, struct err *err);

/* The value of parameter @name; NULL if the lab has none of that name. */
const char *plan_param(const struct plan *plan, const char *name);

/* Does @pattern name @name? "host*" names host1, host2, ...; else only itself. */
bool plan_names(const char *pattern, const char *name);

#endif

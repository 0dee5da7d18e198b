/* plan.h - a lab with its parameters filled in
 *
 * The tables of a lab, with every row that does not apply left out, every
 * "many" written out, every {…} replaced. What runs, judges and draws reads
 * plans, so that all of them see the same.
 */
#ifndef TWLAB_PLAN_H
#define TWLAB_PLAN_H

#include <twlab/lab.h>

#define PLAN_NETS 61	/* that a lab's 10.0 to 10.3 can be moved to */

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
	char *common[3];		/* net, mac, hello: the values; NULL = as in the tables */
	struct plan_memory *memory;
};

/* Fill in @lab for @variant (NULL: its first), then @sets ("name=value", @n of
 * them) on top; every lab has
 * "ip=6", "net=0..60" (its networks 10.0 to 10.3 are others of 10.0.0.0/8 then), "mac=0..255"
 * (the third byte of its MACs) and "hello=word" (what clients say), which are among
 * the params when they are set. Unknown names and values out of range are refused with a
 * sentence that says what is allowed. Free with plan_free().
 */
struct plan *plan_new(const struct lab *lab, const char *variant,
		      const char *const *sets, unsigned int n, struct err *err);
void plan_free(struct plan *plan);

/* @text with each {…} replaced by its value under @plan, to be freed; NULL and
 * @err on a mistake in it.
 */
char *plan_fill(const struct plan *plan, const char *text, struct err *err);

/* @text, of a file of the lab, with the addresses that the plan has: to be freed. */
char *plan_address(const struct plan *plan, const char *text);

/* The value of parameter @name; NULL if the lab has none of that name. */
const char *plan_param(const struct plan *plan, const char *name);

/* Is @param ("name=value") what the plan's variant alone, or else the lab, gives it? */
bool plan_is_usual(const struct plan *plan, const char *param);

/* Does @pattern name @name? "host*" names host1, host2, ...; else only itself. */
bool plan_names(const char *pattern, const char *name);

#endif

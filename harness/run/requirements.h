/* requirements.h - what a plan needs of a kernel, and what a kernel has
 *
 * Found out by trying, in a namespace made for it, before anything is built.
 */
#ifndef TWLAB_RUN_REQUIREMENTS_H
#define TWLAB_RUN_REQUIREMENTS_H

#include "labs/plan/plan.h"

struct requirement {
	const char *name;	/* "netem" */
	const char *for_what;	/* "wires that lose, delay and duplicate" */
	const char *advice;	/* what to do where it is missing */
	/* Try it in the namespace @ns: 0, or negative and @err. */
	int (*probe)(int ns, struct err *err);
	/* Does @plan use it? */
	bool (*used)(const struct plan *plan);
	/* In place of @probe: what nft has to take. */
	const char *rules;
	/* In place of both: a sysctl, which each namespace has to have, if @plan sets it. */
	const char *setting;
};

/* Every need; ends in a row of zeros. */
extern const struct requirement requirements[];

/* Try @need in the namespace @ns: 0, or negative and @err. Does @plan use it? */
int requirements_try(const struct requirement *requirement, int ns, struct err *err);
bool requirements_used(const struct requirement *requirement, const struct plan *plan);

/* Try every need now, and remember what came out: PID 1 does this before the
 * snapshot, so that no run has to.
 */
void requirements_probe(void);

/* May a namespace be made at all (privilege)? 0, or negative with @err. */
int requirements_namespace(struct err *err);

/* 1 when this kernel has all that @plan needs; 0 when not (nor any: an .ipv4_only), with the reason in
 * @err; negative when it could not be found out.
 */
int requirements_met(const struct plan *plan, struct err *err);

#endif

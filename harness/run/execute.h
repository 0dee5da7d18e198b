/* execute.h - a plan carried out on this kernel
 *
 * The same on the guest's kernel in virtual time and on the machine's own in
 * real time: nothing here knows which.
 */
#ifndef TWLAB_RUN_EXECUTE_H
#define TWLAB_RUN_EXECUTE_H

#include "labs/plan/plan.h"

struct student_files;

struct execute_options {
	const char *dir;	/* the evidence folder to make */
	uint64_t seed;		/* for the record; the guest's kernel has been given it */
	bool own_kernel;	/* nobody else runs on it: a setting may be made for all of it */
	const struct student_files *student;	/* what a student handed in, in @plan already; NULL = nothing */
	/* Told what is going on, for a terminal; may be NULL. */
	void (*report)(int64_t now_ns, const char *what);
};

/* Build @plan's topology, carry its steps out, leave the evidence. Fails when
 * that could not be done; whether claims hold is not looked at here.
 */
int execute(const struct plan *plan, const struct execute_options *options, struct err *err);

#endif

/* grade_runs.h - the runs that a grade rests on, in a guest
 *
 * The runs of a submission take place one after the other in one guest, or in as
 * many as the lab says, those with a program of the student's last. What is in which
 * guest follows from that alone. Where one does not live to tell, its other runs
 * are tried without these, and they each alone.
 *
 * Whose fault is it that a run did not come to its end? The file's, if the same
 * run without it does; else the harness's.
 */
#ifndef TWLAB_BATCH_GRADE_RUNS_H
#define TWLAB_BATCH_GRADE_RUNS_H

#include "harness/judge/outcome.h"

struct grade_run {
	const struct task *task;	/* whose file is in place; NULL = the lab as it is */
	const char *variant;
	struct plan *plan;
	const char *file;		/* what was handed in */
	size_t file_len;

	bool ran;			/* to its end: .outcome is there */
	struct outcome outcome;
	enum result result;		/* of every mark, when it did not run, because of .why */
	char *why;
	bool unsure;			/* whose fault it was that it did not come to its end */
	long rss_kb;
};

struct grade_run_options {
	const char *out, *kernel;
	bool again;		/* see struct grade_options */
	unsigned int parallel;
	uint64_t seed;
	void (*report)(const char *what);
};

/* Carry out those of the @n @runs that have no .why yet. */
int grade_run_all(struct grade_run *runs, unsigned int n, const struct grade_run_options *options, struct err *err);

/* It did not run: each of its marks is @result, because of @why. */
void grade_run_end(struct grade_run *run, enum result result, const char *why);

/* "as-is", or the task's name. */
const char *grade_run_name(const struct grade_run *run);

void grade_run_free(struct grade_run *run);

#endif

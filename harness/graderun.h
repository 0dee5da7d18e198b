/* graderun.h - the runs that a grade rests on, in guests, several at once */
#ifndef TWLAB_GRADERUN_H
#define TWLAB_GRADERUN_H

#include "harness/files.h"
#include "harness/outcome.h"

struct vm;

struct graderun {
	const struct task *task;	/* whose file is in place; NULL = the lab as it is */
	const char *variant;
	struct plan *plan;
	const char *file;		/* what was handed in */
	size_t file_len;

	bool ran;			/* to its end: .outcome is there */
	struct outcome outcome;
	enum result result;		/* of every mark, when it did not run, because of .why */
	char *why;
	long rss_kb;

	struct vm *vm;			/* while it runs */
	char *said;
	size_t said_len;
	unsigned int tries;
};

struct graderun_options {
	const char *out, *kernel;
	unsigned int jobs;
	bool again;		/* see struct grade_options */
	uint64_t seed;
	const struct files *toolchain;
	void (*say)(const char *what);
};

/* Carry out those of the @n @runs that have no .why yet. */
int graderun_all(struct graderun *runs, unsigned int n, const struct graderun_options *options, struct err *err);

/* It did not run: each of its marks is @result, because of @why. */
void graderun_end(struct graderun *run, enum result result, const char *why);

/* "as-is", or the task's name. */
const char *graderun_name(const struct graderun *run);

void graderun_free(struct graderun *run);

#endif

/* batch.h - the runs that were asked for, and carrying them out
 *
 * A job is one variant of one lab on one kernel. Whatever runs it, a job ends as an
 * evidence folder, which is then judged as `twlab check` would. Jobs run in
 * parallel, each in a guest of its own; on the machine's own kernel (--here) one
 * after the other.
 */
#ifndef TWLAB_BATCH_BATCH_H
#define TWLAB_BATCH_BATCH_H

#include "harness/judge/outcome.h"
#include "harness/judge/report.h"

struct run {
	struct plan *plan;
	char *dir;		/* where its evidence goes */
	const char *kernel;	/* NULL: the default */
	char *output;		/* what it reports on stderr: why it failed */
	size_t output_len;
	struct outcome outcome;
	pid_t artist;		/* draws its pictures, writes its report */
};

struct batch {
	const char *out, *kernel, *variant;
	char **kernels;		/* side by side, where there are several */
	unsigned int n_kernels;
	const char **sets;
	unsigned int n_sets;
	uint64_t seed;
	bool here, quiet, draw;
	enum print_format format;
	unsigned int parallel;
	struct run *runs;
	unsigned int n_runs, n_done;
	int64_t started_ns;
};

/* Carry out all jobs, and draw what they left if that is wanted. A status; with @err
 * when it could not be done or was interrupted, else every job has its outcome.
 */
int batch_run(struct batch *batch, struct err *err);

#endif

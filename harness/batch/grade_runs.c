/* grade_runs.c - the runs that a grade rests on, in a guest
 *
 * Theory of operation. A submission is graded by a handful of runs, each of which would cost a guest. So they
 * share one, one after the other (twlab play then ... then ...), or as many as the lab says, and which runs share
 * one follows from the lab alone: what is in a run's evidence must not depend on how busy the machine is.
 * Runs with a program of the student's come last, since nothing is after them that they could spoil.
 *
 * Whose fault is it when a run does not come to its end?
 *	the harness could not put the file in place	the student's, with the reason (status 2)
 *	the run ended with an error, with a file in place	the same run is made without it: if that comes to its end,
 *					the file's; else nobody's, and the marks are `error`
 *	the guest died			all that it had not done yet is made again without the programs; each program
 *					then gets a guest of its own, twice; if both die, the same run without it decides
 * So a program can only ever cost its author points, and a harness that fails can cost nobody any.
 */
#include "harness/batch/grade_runs.h"

#include "harness/batch/guests.h"
#include <twlab/fs.h>
#include "harness/util/files.h"
#include "harness/util/guest.h"
#include "harness/batch/evidence_dir.h"
#include "harness/vm/vm.h"
#include <twlab/seal.h>

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define TRIES 2			/* a guest that dies of a student's program dies twice of it */
#define WALL_S 60		/* for a guest, and half as much for each run in it */
#define RUNS 64			/* of a submission at most */

static const char *const option_of[TASK_KINDS] = {	/* of twlab play */
	[TASK_SYSCTL] = "--sysctl", [TASK_RULES] = "--rules", [TASK_PROGRAM] = "--program",
};

const char *grade_run_name(const struct grade_run *run)
{
	return run->task ? run->task->name : "as-is";
}

void grade_run_end(struct grade_run *run, enum result result, const char *why)
{
	char *was = run->why;	/* which @why may be */

	run->result = result;
	run->why = must_strdup(why);
	free(was);
}

static void add_word(char ***argv, unsigned int *n, char *word)
{
	*(char **)grow(argv, (*n)++, sizeof(char *)) = word;
}

/* "then LAB -o out/run0 ...", as twlab play takes it. */
static void add_run(char ***argv, unsigned int *n, const struct grade_run *run, unsigned int number, uint64_t seed)
{
	add_word(argv, n, must_strdup("then"));
	add_word(argv, n, must_strdup(run->plan->lab->name));
	add_word(argv, n, must_printf("-oout/run%u", number));
	add_word(argv, n, must_printf("--variant=%s", run->variant));
	add_word(argv, n, must_printf("--seed=%llu", (unsigned long long)seed));
	for (unsigned int p = 0; p < run->plan->n_params; p++)
		add_word(argv, n, must_printf("--set=%s", run->plan->params[p]));
	if (run->task)
		add_word(argv, n, must_printf("%s=%s=%s", option_of[run->task->kind], run->task->on, run->task->file));
}

static void free_words(char **argv)
{
	for (char **word = argv; *word; word++)
		free(*word);
	free(argv);
}

static bool foreign(const struct grade_run *run)
{
	return run->task && run->task->kind == TASK_PROGRAM;
}

/* A guest for the @n @runs. */
static struct vm *start(struct grade_run *const *runs, unsigned int n, const struct grade_run_options *options,
			struct err *err)
{
	struct files files = { 0 };
	char **argv = NULL;
	unsigned int words = 0;
	struct vm *vm;

	add_word(&argv, &words, must_strdup(GUEST_TWLAB));
	add_word(&argv, &words, must_strdup("play"));
	for (unsigned int r = 0; r < n; r++) {
		add_run(&argv, &words, runs[r], r, options->seed);
		if (runs[r]->task && !files_have(&files, runs[r]->task->file))
			files_add(&files, runs[r]->task->file, 0644, runs[r]->file, runs[r]->file_len);
	}
	grow(&argv, words, sizeof(char *));
	vm = vm_start(&(struct vm_job){
		.kernel = options->kernel, .argv = (const char *const *)argv, .seed = options->seed,
		.files = files.item, .n_files = files.n, .wall_limit_s = WALL_S + (int)n * WALL_S / 2 }, err);
	free_words(argv);
	files_free(&files);
	return vm;
}

/* Keep the evidence, also of a run that was not carried through; read what is whole. */
static void settle(struct grade_run *run, unsigned int number, const struct grade_run_options *options,
		   const struct vm_result *result, bool whole)
{
	auto_free char *dir = must_printf("%s/%s/%s", options->out, grade_run_name(run), run->variant);
	auto_free char *temporary = evidence_dir_temporary(dir);
	auto_free char *below = must_printf("run%u/", number);
	struct err err = { 0 };
	int code = evidence_dir_make(dir, &err);

	if (!code)
		code = files_write_below(result->files, result->n_files, below, temporary, &err);
	if (code > 0 && whole && seal_put(temporary, &err))
		code = err_code(&err);
	if (code > 0)
		code = evidence_dir_settle(temporary, dir, &err);
	if (!code && whole)
		code = outcome_of(dir, &run->outcome, &err);
	if (!code && whole)
		code = outcome_write(&run->outcome, &err);
	fs_remove(temporary);
	if (code)
		grade_run_end(run, RESULT_ERROR, err.text);
	else if (whole)
		run->ran = true;
}

/* What the guest put down of a run: its status, and a sentence (to be freed). -1: nothing. */
static int status_of(const struct vm_result *result, unsigned int number, char **why)
{
	auto_free char *name = must_printf("%u", number);

	for (size_t f = 0; f < result->n_files; f++) {
		char *end;
		long status;

		if (strcmp(result->files[f].path, name))
			continue;
		*why = must_printf("%.*s", (int)result->files[f].len, (const char *)result->files[f].data);
		status = strtol(*why, &end, 10);
		if (end == *why || *end != ' ')
			break;
		memmove(*why, end + 1, strlen(end + 1) + 1);
		(*why)[strcspn(*why, "\n")] = '\0';
		return (int)status;
	}
	return -1;
}

static void ended(struct grade_run *run, unsigned int number, const struct grade_run_options *options,
		  const struct vm_result *result)
{
	auto_free char *why = NULL;
	int status = status_of(result, number, &why);

	if (status < 0)		/* it was not its turn */
		return;
	run->rss_kb = result->rss_kb;
	settle(run, number, options, result, status == STATUS_HOLDS);
	run->unsure = run->task && status == STATUS_FAILS;
	if (status == STATUS_USAGE && run->task)
		grade_run_end(run, RESULT_FAIL, why);
	else if (status != STATUS_HOLDS)
		grade_run_end(run, status == STATUS_SKIP ? RESULT_SKIP : RESULT_ERROR, *why ? why : "it ended without a word");
}

/* Some runs in one guest. */
struct lot {
	struct grade_run **runs;
	unsigned int n;
};

struct lots {
	struct lot lot[RUNS];
	unsigned int n, n_runs;
	const struct grade_run_options *options;
	struct err *err;		/* of the last that did not live to its end */
	int code;
};

static struct vm *start_lot(void *arg, unsigned int number, struct err *err)
{
	struct lots *lots = arg;

	return start(lots->lot[number].runs, lots->lot[number].n, lots->options, err);
}

static void lot_ended(void *arg, unsigned int number, struct vm *vm, const struct err *failed)
{
	struct lots *lots = arg;
	struct lot *lot = &lots->lot[number];
	struct vm_result result = { 0 };

	if (failed) {
		*lots->err = *failed;
		lots->code = -failed->code;
		return;
	}
	vm_result(vm, &result);
	for (unsigned int r = 0; r < lot->n; r++)
		ended(lot->runs[r], r, lots->options, &result);
	vm_result_free(&result);
}

static void look_at_lots(void *arg, struct vm *const *vms)
{
	const struct lots *lots = arg;

	for (unsigned int l = 0; lots->options->report && l < lots->n; l++)
		if (vms[l]) {
			auto_free char *what = must_printf("%u runs, %.60s", lots->n_runs, vm_progress(vms[l]));

			lots->options->report(what);
		}
}

/* The @n @runs, in as many guests as their lab says. Negative when one did not live to its end. */
static int in_guests(struct grade_run **runs, unsigned int n, const struct grade_run_options *options, struct err *err)
{
	unsigned int guests = runs[0]->plan->lab->guests;
	struct lots lots = { .n = guests > n ? n : guests ? guests : 1, .n_runs = n, .options = options, .err = err };

	for (unsigned int l = 0, first = 0; l < lots.n; first += lots.lot[l++].n)
		lots.lot[l] = (struct lot){ runs + first, (n - first) / (lots.n - l) };
	guests_run(&(struct guests){ .n = lots.n, .parallel = options->parallel, .start = start_lot, .ended = lot_ended,
				     .look = look_at_lots, .arg = &lots });
	return lots.code;
}

static bool is_due(const struct grade_run *run)
{
	return !run->ran && !run->why;
}

static bool is_due_and_ours(const struct grade_run *run)
{
	return is_due(run) && !foreign(run);
}

/* Those that are @due: 0 = there was none, or all of it went well. */
static int together(struct grade_run *runs, unsigned int n, bool (*due)(const struct grade_run *run),
		    const struct grade_run_options *options, struct err *err)
{
	struct grade_run *chosen[RUNS];
	unsigned int count = 0;

	for (int program = 0; program < 2; program++)	/* students' programs come last */
		for (unsigned int r = 0; r < n && count < RUNS; r++)
			if (due(&runs[r]) && foreign(&runs[r]) == program)
				chosen[count++] = &runs[r];
	return count ? in_guests(chosen, count, options, err) : 0;
}

/* Does the run come to its end without the file? Tried out once a variant. */
static bool comes_to_its_end(struct grade_run *runs, unsigned int n, const struct grade_run *like,
			     const struct grade_run_options *options, char **why)
{
	struct grade_run_options elsewhere = *options;
	auto_free char *out = must_printf("%s/.control", options->out);
	struct grade_run control = { .variant = like->variant, .plan = like->plan, .result = RESULT_ERROR };
	struct grade_run *one = &control;
	struct err err = { 0 };
	bool ran;

	for (unsigned int r = 0; r < n; r++)
		if (!runs[r].task && runs[r].ran && !strcmp(runs[r].variant, like->variant))
			return true;
	elsewhere.out = out;
	if (in_guests(&one, 1, &elsewhere, &err))
		grade_run_end(&control, RESULT_ERROR, err.text);
	fs_remove(out);
	ran = control.ran;
	*why = ran ? NULL : must_strdup(control.why ? control.why : "it ended without a word");
	control.plan = NULL;	/* it is that of the other */
	grade_run_free(&control);
	return ran;
}

static void blame(struct grade_run *runs, unsigned int n, struct grade_run *run, const struct grade_run_options *options)
{
	auto_free char *own = NULL, *why = must_strdup(run->why), *both = NULL;

	if (comes_to_its_end(runs, n, run, options, &own)) {
		grade_run_end(run, RESULT_FAIL, why);
		return;
	}
	both = must_printf("%s; and without what was handed in: %s", why, own);
	grade_run_end(run, RESULT_ERROR, both);
}

static void alone(struct grade_run *run, const struct grade_run_options *options)
{
	struct err err = { 0 };

	for (int tries = 0; tries < TRIES && is_due(run); tries++)
		in_guests(&run, 1, options, &err);
	if (is_due(run)) {
		grade_run_end(run, RESULT_ERROR, "the machine that your program ran in did not survive it, twice");
		run->unsure = true;
	}
}

/* Is this very run there already? */
static void take_again(struct grade_run *run, const struct grade_run_options *options)
{
	auto_free char *dir = must_printf("%s/%s/%s", options->out, grade_run_name(run), run->variant);
	const struct evidence *evidence;
	struct err err = { 0 };
	bool same;

	if (run->task || run->why || access(dir, F_OK) || outcome_of(dir, &run->outcome, &err))
		return;
	evidence = run->outcome.evidence;
	same = evidence && !strcmp(evidence->lab, run->plan->lab->name) && evidence->seed == options->seed &&
	       evidence->n_params == run->plan->n_params;
	for (unsigned int p = 0; same && p < evidence->n_params; p++)
		same = !strcmp(evidence->params[p], run->plan->params[p]);
	run->ran = same;
	if (!same)
		outcome_free(&run->outcome);
}

int grade_run_all(struct grade_run *runs, unsigned int n, const struct grade_run_options *options, struct err *err)
{
	struct err why = { 0 };

	if (fs_mkdir(options->out, err))
		return -err->code;
	for (unsigned int r = 0; r < n && options->again; r++)
		take_again(&runs[r], options);
	if (together(runs, n, is_due, options, &why))
		together(runs, n, is_due_and_ours, options, &why);
	for (unsigned int r = 0; r < n; r++) {
		if (is_due(&runs[r]) && foreign(&runs[r]))
			alone(&runs[r], options);
		if (is_due(&runs[r]))
			grade_run_end(&runs[r], RESULT_ERROR, *why.text ? why.text : "it ended without a word");
	}
	for (unsigned int r = 0; r < n; r++)
		if (runs[r].unsure)
			blame(runs, n, &runs[r], options);
	return 0;
}

void grade_run_free(struct grade_run *run)
{
	outcome_free(&run->outcome);
	plan_free(run->plan);
	free(run->why);
	*run = (struct grade_run){ 0 };
}

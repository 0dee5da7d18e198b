/* graderun.c - the runs that a grade rests on, in guests, several at once */
#include "harness/graderun.h"

#include "harness/cache.h"
#include "harness/guest.h"
#include "harness/place.h"
#include "harness/vm.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define SAID_MAX 4096
#define TRIES 2			/* a guest that dies of a student's program dies twice of it */
#define WALL_S 60

static const char *const option_of[TASK_KINDS] = {	/* of twlab play */
	[TASK_SYSCTL] = "--sysctl", [TASK_RULES] = "--rules", [TASK_PROGRAM] = "--program",
};

const char *graderun_name(const struct graderun *run)
{
	return run->task ? run->task->name : "as-is";
}

void graderun_end(struct graderun *run, enum result result, const char *why)
{
	free(run->why);
	run->result = result;
	run->why = must_strdup(why);
}

static void heard(void *arg, int fd, const void *data, size_t len)
{
	struct graderun *run = arg;

	if (fd != STDERR_FILENO || run->said_len + len > SAID_MAX)
		return;
	run->said = must_realloc(run->said, run->said_len + len + 1, 1);
	memcpy(run->said + run->said_len, data, len);
	run->said[run->said_len += len] = '\0';
}

/* The guest's one sentence, without what is for whoever types it. */
static const char *sentence(struct graderun *run)
{
	char *text = run->said;

	if (!text)
		return "it ended without a word";
	text[strcspn(text, "\n")] = '\0';
	return strncmp(text, "twlab: play: ", 13) ? text : text + 13;
}

static void add_word(char ***argv, unsigned int *n, char *word)
{
	*(char **)grow(argv, (*n)++, sizeof(char *)) = word;
}

static char **play_words(const struct graderun *run, uint64_t seed)
{
	const char *const fixed[] = { GUEST_TWLAB, "play", run->plan->lab->name, "-o", "out/evidence", "--variant", run->variant };
	char **argv = NULL;
	unsigned int n = 0;

	for (size_t f = 0; f < ARRAY_SIZE(fixed); f++)
		add_word(&argv, &n, must_strdup(fixed[f]));
	add_word(&argv, &n, must_printf("--seed=%llu", (unsigned long long)seed));
	for (unsigned int p = 0; p < run->plan->n_params; p++)
		add_word(&argv, &n, must_printf("--set=%s", run->plan->params[p]));
	if (run->task)
		add_word(&argv, &n, must_printf("%s=%s=%s", option_of[run->task->kind], run->task->on, run->task->file));
	grow(&argv, n, sizeof(char *));
	return argv;
}

static void free_words(char **argv)
{
	for (char **word = argv; *word; word++)
		free(*word);
	free(argv);
}

static bool foreign(const struct graderun *run)
{
	return run->task && run->task->kind == TASK_PROGRAM;
}

static void start(struct graderun *run, const struct graderun_options *options)
{
	struct vm_file file = { run->task ? (char *)(uintptr_t)run->task->file : NULL, 0644,
				(void *)(uintptr_t)run->file, run->file_len };
	char **argv = play_words(run, options->seed);
	struct vm_job job = {
		.kernel = options->kernel, .argv = (const char *const *)argv, .seed = options->seed,
		.files = &file, .n_files = run->task ? 1 : 0, .wall_limit_s = WALL_S,
		.system = foreign(run) ? options->toolchain->item : NULL,
		.n_system = foreign(run) ? options->toolchain->n : 0,
		.output = heard, .arg = run,
	};
	struct err err = { 0 };

	run->tries++;
	run->said_len = 0;
	run->vm = vm_start(&job, &err);
	free_words(argv);
	if (!run->vm)
		graderun_end(run, RESULT_ERROR, err.text);
}

/* Files below out/evidence/ that the guest handed back, into the folder @dir. */
static int unpack(const struct vm_result *result, const char *dir, struct err *err)
{
	static const char below[] = "evidence/";
	struct files files = { 0 };
	int code = 0;

	for (size_t f = 0; f < result->n_files; f++)
		if (!strncmp(result->files[f].path, below, sizeof(below) - 1) && result->files[f].path[sizeof(below) - 1])
			files_add(&files, result->files[f].path + sizeof(below) - 1, result->files[f].mode,
				  result->files[f].data, result->files[f].len);
	if (files.n)
		code = files_write(files.item, files.n, dir, err);
	files_free(&files);
	return code;
}

/* Keep the evidence, also of a run that was not carried through; read what is whole. */
static void settle(struct graderun *run, const struct graderun_options *options, const struct vm_result *result,
		   bool whole)
{
	auto_free char *dir = must_printf("%s/%s/%s", options->out, graderun_name(run), run->variant);
	auto_free char *temporary = must_printf("%s/%s/.%s.%d", options->out, graderun_name(run), run->variant, (int)getpid());
	struct err err = { 0 };
	int code = place_make(dir, &err);

	if (!code)
		code = unpack(result, temporary, &err);
	if (!code && access(temporary, F_OK) == 0)
		code = place_settle(temporary, dir, &err);
	if (!code && whole)
		code = outcome_of(dir, &run->outcome, &err);
	cache_remove(temporary);
	if (code)
		graderun_end(run, RESULT_ERROR, err.text);
	else if (whole)
		run->ran = true;
}

static void ended(struct graderun *run, const struct graderun_options *options)
{
	struct vm_result result = { 0 };
	int status;

	vm_result(run->vm, &result);
	run->rss_kb = result.rss_kb;
	status = WIFEXITED(result.status) ? WEXITSTATUS(result.status) : STATUS_ERROR;
	settle(run, options, &result, status == STATUS_HOLDS);
	if (status == STATUS_USAGE && run->task)
		graderun_end(run, RESULT_FAIL, sentence(run));
	else if (status != STATUS_HOLDS)
		graderun_end(run, status == STATUS_SKIP ? RESULT_SKIP : RESULT_ERROR, sentence(run));
	vm_result_free(&result);
}

/* The guest died or hangs. That is our trouble, unless it does so each time that
 * a student's program runs in it.
 */
static void died(struct graderun *run, const struct err *err)
{
	if (!foreign(run))
		graderun_end(run, RESULT_ERROR, err->text);
	else if (run->tries >= TRIES)
		graderun_end(run, RESULT_FAIL, "the machine that your program ran in did not survive it, twice");
}

static void step(struct graderun *run, const struct graderun_options *options)
{
	struct err err = { 0 };
	int is = vm_step(run->vm, 0, &err);

	if (!is)
		return;
	if (is < 0)
		died(run, &err);
	else
		ended(run, options);
	vm_free(run->vm);
	run->vm = NULL;
}

/* Is this very run there already? */
static void take_again(struct graderun *run, const struct graderun_options *options)
{
	auto_free char *dir = must_printf("%s/%s/%s", options->out, graderun_name(run), run->variant);
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

static bool is_due(const struct graderun *run)
{
	return !run->vm && !run->ran && !run->why;
}

int graderun_all(struct graderun *runs, unsigned int n, const struct graderun_options *options, struct err *err)
{
	struct vm **vms = must_calloc(n + 1, sizeof(*vms));
	unsigned int running, left;

	if (cache_mkdir(options->out, err)) {
		free(vms);
		return -err->code;
	}
	for (unsigned int r = 0; r < n && options->again; r++)
		take_again(&runs[r], options);
	do {
		running = left = 0;
		for (unsigned int r = 0; r < n; r++)
			running += runs[r].vm != NULL;
		for (unsigned int r = 0; r < n; r++) {
			if (is_due(&runs[r]) && running < options->jobs) {
				start(&runs[r], options);
				running += runs[r].vm != NULL;
			}
			vms[r] = runs[r].vm;
		}
		vm_poll(vms, n, 100);
		for (unsigned int r = 0; r < n; r++) {
			if (runs[r].vm)
				step(&runs[r], options);
			left += runs[r].vm || is_due(&runs[r]);
		}
		if (options->say && left) {
			auto_free char *what = must_printf("%u of %u runs", n - left, n);

			options->say(what);
		}
	} while (left);
	free(vms);
	return 0;
}

void graderun_free(struct graderun *run)
{
	vm_free(run->vm);
	outcome_free(&run->outcome);
	plan_free(run->plan);
	free(run->why);
	free(run->said);
	*run = (struct graderun){ 0 };
}

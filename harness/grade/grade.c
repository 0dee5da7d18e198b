/* grade.c - a submission, run and held against its lab's marks */
#include "harness/grade/grade.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <strings.h>
#include <sys/wait.h>
#include <time.h>

#include <twlab/clock.h>
#include <twlab/fs.h>
#include "harness/util/files.h"
#include "harness/batch/grade_runs.h"
#include "harness/vm/toolchain.h"
#include <twlab/number.h>
#include <twlab/utf8.h>

struct grading {
	const struct submission *submission;
	const struct grade_options *options;
	struct grade *grade;
	struct grade_run *runs;
	unsigned int n_runs;
};

char *grade_predicted(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *at = line + strspn(line, " \t"), *end;

		if (strncmp(at, name, len))
			continue;
		at += len + strspn(at + len, " \t");
		if (*at != '=')
			continue;
		at += 1 + strspn(at + 1, " \t");
		end = at + strcspn(at, "\r\n#");
		while (end > at && isspace((unsigned char)end[-1]))
			end--;
		return end == at ? NULL : must_printf("%.*s", end - at > 80 ? 80 : (int)(end - at), at);
	}
	return NULL;
}

bool grade_near(const char *predicted, const char *fact, const char *within)
{
	double w = within ? strtod(within, NULL) : 0;
	long double p, f;

	if (!number_decimal(predicted, &p) || !number_decimal(fact, &f))
		return !strcasecmp(predicted, fact);
	return fabsl(p - f) <= (within && strchr(within, '%') ? fabsl(f) * w / 100 : w);
}

int grade_share(int points, const char *percent)
{
	long double share;

	if (!number_decimal(percent, &share) || share < 0 || share > 100)
		return 0;
	return (int)(points * share / 100);
}

static const struct task *task_named(const struct lab *lab, const char *name)
{
	for (const struct task *task = lab->tasks; task->name; task++)
		if (!strcmp(task->name, name))
			return task;
	abort();	/* a mark of no task: test_grade looks at every lab */
}

static const struct submission_file *file_of(const struct grading *grading, const struct task *task)
{
	return &grading->submission->files[task - grading->submission->lab->tasks];
}

/* The run that @task's marks under @variant look at: made when first asked for. */
static struct grade_run *run_for(struct grading *grading, const struct task *task, const char *variant,
				 struct err *err)
{
	const struct lab *lab = grading->submission->lab;
	const struct task *with = task->kind == TASK_PREDICT ? NULL : task;
	auto_free const char **sets = NULL;
	const struct variant *row = lab->variants;
	struct grade_run *run;
	unsigned int n;

	for (unsigned int r = 0; r < grading->n_runs; r++)
		if (grading->runs[r].task == with && !strcmp(grading->runs[r].variant, variant))
			return &grading->runs[r];
	while (row->name && strcmp(row->name, variant))
		row++;
	if (!row->name)
		abort();	/* a mark of no variant: test_grade looks */
	run = grow(&grading->runs, grading->n_runs++, sizeof(*run));
	*run = (struct grade_run){ .task = with, .variant = row->name, .result = RESULT_ERROR };
	sets = personal_for(&grading->submission->personal, row, &n);
	run->plan = plan_new(lab, row->name, sets, n, err);
	if (!run->plan)
		return NULL;
	if (grading->submission->refused)
		grade_run_end(run, RESULT_FAIL, grading->submission->files->why);
	if (with) {
		const struct submission_file *file = file_of(grading, with);

		run->file = file->data;
		run->file_len = file->len;
		if (!file->data)	/* not run: there is nothing to run it with */
			grade_run_end(run, RESULT_FAIL, file->why);
	}
	return run;
}

static bool wanted(const struct grading *grading, const struct mark *mark)
{
	const struct grade_options *options = grading->options;

	return (!options->only || !strcmp(options->only, mark->task)) &&
	       (!options->only_variant || !strcmp(options->only_variant, mark->variant));
}

static int make_runs(struct grading *grading, struct err *err)
{
	for (const struct mark *mark = grading->submission->lab->marks; mark->task; mark++)
		if (wanted(grading, mark) &&
		    !run_for(grading, task_named(grading->submission->lab, mark->task), mark->variant, err))
			return -err->code;
	return 0;
}

/* A prediction against what the run showed. */
static void score_prediction(const struct mark *mark, const struct fact *fact, const char *predicted,
			     const char *why, struct grade_row *row)
{
	const char *value = fact ? fact->value : "";

	row->expected = mark->expect ? must_printf("what your own run shows, within %s", mark->expect) :
			must_strdup("what your own run shows");
	row->seen = must_strdup(predicted ? predicted : why ? why : "nothing was predicted");
	row->result = !fact ? RESULT_ERROR : predicted && grade_near(predicted, value, mark->expect) ? RESULT_PASS : RESULT_FAIL;
	if (!fact) {
		free(row->seen);
		row->seen = must_printf("the run shows no %s %s", mark->node, mark->fact);
	}
}

/* A claim on a node, or on each of "host*": the first that fails is told. */
static const char *score_claim(const struct mark *mark, const struct grade_run *run, struct grade_row *row)
{
	const char *where = "";

	row->result = RESULT_FAIL;
	row->expected = must_strdup(mark->expect);
	row->seen = must_strdup("nothing");
	for (const struct node *node = run->plan->topo.nodes; node->name; node++) {
		const struct fact *fact = facts_find(&run->outcome.facts, node->name, mark->fact);
		struct err err = { 0 };
		int holds;

		if (!plan_names(mark->node, node->name))
			continue;
		holds = fact ? judge_expect(mark->expect, fact->value, &err) : 0;
		free(row->seen);
		row->seen = must_printf("%s: %s", node->name, fact ? fact->value : "nothing");
		where = fact ? fact->where : "";
		row->result = holds < 0 ? RESULT_ERROR : holds ? RESULT_PASS : RESULT_FAIL;
		if (holds != 1)
			break;
	}
	return where;
}

/* Who says the same in each run has not looked: where that is right in one and wrong in
 * another, it is worth nothing in either.
 */
static void hold_words_together(struct grade *grade)
{
	for (unsigned int r = 0; r < grade->n; r++)
		for (unsigned int other = 0; other < grade->n; other++) {
			struct grade_row *row = &grade->rows[r];
			const struct grade_row *wrong = &grade->rows[other];

			if (row->result != RESULT_PASS || wrong->result != RESULT_FAIL || !row->said || !wrong->said ||
			    row->task != wrong->task || strcmp(row->said, wrong->said) || !strcmp(row->expected, wrong->expected))
				continue;

			char *why = must_printf("%s, but it says so in %s, too, where it is wrong", row->seen, wrong->run);

			free(row->seen);
			row->seen = why;
			row->result = RESULT_FAIL;
			grade->earned -= row->earned;
			row->earned = 0;
		}
}

/* All of the points, none, or a share. */
static int earned(const struct mark *mark, const struct grade_run *run, const struct grade_row *row)
{
	const struct fact *fact = run->ran && mark->share ? facts_find(&run->outcome.facts, mark->node, mark->fact) : NULL;

	if (row->result == RESULT_PASS)
		return row->points;
	return row->result == RESULT_FAIL && fact ? grade_share(row->points, fact->value) : 0;
}

/* What was predicted, or what a compiler said, is told by formats that take UTF-8 only. */
static char *as_utf8(char *text)
{
	char *clean = utf8_text(text);

	free(text);
	return clean;
}

static void score(struct grading *grading, const struct mark *mark, const struct grade_run *run)
{
	struct grade *result = grading->grade;
	struct grade_row *row = grow(&result->rows, result->n++, sizeof(*row));
	const struct task *task = task_named(result->lab, mark->task);
	const struct submission_file *file = file_of(grading, task);
	const char *where = "";

	*row = (struct grade_row){ .task = task, .name = must_strdup(mark->name), .words = must_strdup(mark->words),
				   .hint = must_strdup(mark->hint ? mark->hint : ""), .points = mark->points };
	if (!run->ran) {
		row->result = run->result;
		row->expected = must_strdup(mark->expect ? mark->expect : "what your own run shows");
		row->seen = must_strdup(run->why);
	} else if (task->kind == TASK_PREDICT) {
		const struct fact *fact = facts_find(&run->outcome.facts, mark->node, mark->fact);
		auto_free char *predicted = file->data ? grade_predicted(file->data, mark->name) : NULL;

		where = fact ? fact->where : "";
		score_prediction(mark, fact, predicted, file->why, row);
	} else {
		where = score_claim(mark, run, row);
		if (task->kind == TASK_PROGRAM && !strncmp(mark->fact, "prog.", 5))
			row->said = must_printf("%s: %s", mark->fact, row->seen);
	}
	row->seen = as_utf8(row->seen);
	row->run = must_printf("%s/%s", grade_run_name(run), run->variant);
	row->where = *where ? must_printf("%s/%s", row->run, where) : must_strdup("");
	row->earned = earned(mark, run, row);
	result->earned += row->earned;
	result->points += row->points;
}

/* Rows task by task, run by run, as the tables have them. */
static void score_all(struct grading *grading)
{
	for (const struct task *task = grading->grade->lab->tasks; task->name; task++)
		for (unsigned int r = 0; r < grading->n_runs; r++) {
			const struct grade_run *run = &grading->runs[r];

			if (run->task != (task->kind == TASK_PREDICT ? NULL : task))
				continue;
			for (const struct mark *mark = run->plan->marks; mark->task; mark++)
				if (wanted(grading, mark) && !strcmp(mark->task, task->name) && !strcmp(mark->variant, run->variant))
					score(grading, mark, run);
		}
}

static bool compiles_any(const struct grading *grading)
{
	for (unsigned int r = 0; r < grading->n_runs; r++)
		if (grading->runs[r].task && grading->runs[r].task->kind == TASK_PROGRAM && !grading->runs[r].why)
			return true;
	return false;
}

int grade(const struct submission *submission, const struct grade_options *options, struct grade *result,
	  struct err *err)
{
	struct grading grading = { .submission = submission, .options = options, .grade = result };
	auto_paths struct paths compiler = { 0 };
	int64_t begun_ns = clock_ns(CLOCK_MONOTONIC);
	int code;

	*result = (struct grade){ .lab = submission->lab, .student = personal_name(&submission->personal) };
	code = make_runs(&grading, err);
	if (!code && compiles_any(&grading))
		code = toolchain_paths(&compiler, err);
	if (!code)
		code = grade_run_all(grading.runs, grading.n_runs, &(struct grade_run_options){
			.out = options->out, .kernel = options->kernel, .report = options->report, .again = options->again,
			.parallel = options->parallel,
			.seed = submission->personal.seed }, err);
	if (!code) {
		score_all(&grading);
		hold_words_together(result);
	}
	result->seconds = (double)(clock_ns(CLOCK_MONOTONIC) - begun_ns) / (double)NS_PER_S;
	for (unsigned int r = 0; r < grading.n_runs; r++) {
		if (grading.runs[r].rss_kb > result->rss_kb)
			result->rss_kb = grading.runs[r].rss_kb;
		grade_run_free(&grading.runs[r]);
	}
	free(grading.runs);
	if (code)
		grade_free(result);
	return code;
}

void grade_free(struct grade *grade)
{
	for (unsigned int r = 0; r < grade->n; r++) {
		struct grade_row *row = &grade->rows[r];
		char *const texts[] = { row->name, row->words, row->hint, row->expected, row->seen, row->run, row->said, row->where };

		for (size_t t = 0; t < ARRAY_SIZE(texts); t++)
			free(texts[t]);
	}
	free(grade->rows);
	free(grade->student);
	*grade = (struct grade){ 0 };
}

int grade_status(const struct grade *grade)
{
	unsigned int count[RESULTS] = { 0 };

	for (unsigned int r = 0; r < grade->n; r++)
		count[grade->rows[r].result]++;
	return outcome_gravest(count);
}

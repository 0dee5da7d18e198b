/* selftest.c - twlab selftest: is an assignment sound?
 *
 * For several students the solution must have full marks; the handout must have
 * its floor; and each mutant must lose the mark that it names, of which it says
 * that it cannot have it.
 */
#include <errno.h>
#include <getopt.h>
#include <sys/wait.h>

#include <twlab/fs.h>
#include "harness/grade/grade.h"
#include "harness/grade/handout.h"
#include "harness/cli/commands.h"
#include "harness/vm/vm.h"
#include "labs/index.h"

struct test {
	const struct lab *lab;
	struct personal personal;
	struct plan *plan;		/* of its first variant, for this student */
	struct grade_options options;
};

/* One file of each task, as it is handed in: of @from, "solution" or "handout", and
 * where the mistake of @mutant (which may be NULL) is, with that.
 */
static char *read_file(const struct test *test, const char *from, const struct mutant *mutant, const struct task *task,
		       struct err *err)
{
	auto_free char *path = must_printf("%s/%s", from, task->file);
	auto_free char *text = NULL;
	size_t len;

	if (mutant && !strcmp(mutant->file, task->file))
		text = handout_mutated(test->lab, mutant, err);
	else
		text = handout_read(test->lab, path, &len, err);
	if (!text)
		return NULL;
	/* in predictions, what stands in braces is worked out */
	return task->kind == TASK_PREDICT ? plan_fill(test->plan, text, err) : plan_address(test->plan, text);
}

static int grade_files(const struct test *test, const char *from, const struct mutant *mutant, const char *variant,
		       struct grade *result, struct err *err)
{
	struct grade_options options = test->options;
	struct submission submission;
	int code = 0;

	options.only_variant = variant;
	submission_of(test->lab, &test->personal, &submission);
	for (unsigned int f = 0; !code && f < submission.n_files; f++) {
		const struct task *task = submission.files[f].task;
		auto_free char *text = read_file(test, from, mutant, task, err);

		if (text)
			submission_put(&submission, f, text, strlen(text));
		else
			code = err_in(err, task->file);
		if (mutant && !strcmp(mutant->file, task->file))	/* the other tasks were looked at */
			options.only = task->name;
	}
	if (!code)
		code = grade(&submission, &options, result, err);
	submission_free(&submission);
	return code;
}

static int print(const struct test *test, const char *what, bool sound, const char *how)
{
	auto_free char *who = personal_name(&test->personal);

	printf("  %-4s %s, %s: %s\n", sound ? "ok" : "BAD", what, who, how);
	fflush(stdout);
	return sound ? STATUS_HOLDS : STATUS_FAILS;
}

/* The first row that is not what it should be, in words; to be freed. */
static char *first_lost(const struct grade *grade)
{
	for (unsigned int r = 0; r < grade->n; r++)
		if (grade->rows[r].result != RESULT_PASS)
			return must_printf("%s: %s; expected %s", grade->rows[r].name, grade->rows[r].seen, grade->rows[r].expected);
	return must_strdup("nothing lost");
}

static int test_points(const struct test *test, const char *what, int floor, struct err *err)
{
	auto_free char *how = NULL, *lost = NULL;
	struct grade result;
	int want, status;

	if (grade_files(test, what, NULL, NULL, &result, err))
		return STATUS_ERROR;
	want = floor < 0 ? result.points : floor;
	lost = first_lost(&result);
	how = must_printf("%d of %d points%s%s", result.earned, result.points,
			  result.earned == want ? "" : "; ", result.earned == want ? "" : lost);
	status = print(test, what, result.earned == want && grade_status(&result) != STATUS_ERROR, how);
	grade_free(&result);
	return status;
}

/* Where the mark @name looks: no other run is of interest. */
static const char *variant_of(const struct test *test, const char *name)
{
	for (const struct mark *mark = test->plan->marks; mark->task; mark++)
		if (!strcmp(mark->name, name))
			return mark->variant;
	return NULL;
}

static int test_mutant(const struct test *test, const struct mutant *mutant, struct err *err)
{
	auto_free char *what = must_printf("mutant %s", mutant->name), *how = NULL;
	auto_free char *name = plan_fill(test->plan, mutant->refused_by, err);
	const struct grade_row *row = NULL;
	struct grade result;
	bool refused;
	int status;

	if (!name || grade_files(test, "solution", mutant, variant_of(test, name), &result, err))
		return STATUS_ERROR;
	for (unsigned int r = 0; r < result.n; r++)
		if (!strcmp(result.rows[r].name, name))
			row = &result.rows[r];
	refused = row && row->result == RESULT_FAIL;
	how = row ? must_printf("%s %s: %.200s", name, refused ? "refuses it" : "does NOT refuse it", row->seen) :
	      must_printf("%s is no mark that its files earn", name);
	status = print(test, what, refused, how);
	grade_free(&result);
	return status;
}

static int test_student(struct test *test, unsigned int number, unsigned int students, struct err *err)
{
	unsigned int m = 0;
	int worst, status;

	worst = test_points(test, "solution", -1, err);
	if (number == 0 && worst < STATUS_USAGE) {
		status = test_points(test, "handout", test->lab->floor, err);
		worst = status > worst ? status : worst;
	}
	for (const struct mutant *mutant = test->lab->mutants; worst < STATUS_USAGE && mutant && mutant->name; mutant++)
		if (m++ % students == number) {
			status = test_mutant(test, mutant, err);
			worst = status > worst ? status : worst;
		}
	return worst;
}

/* What can be tested by itself: a lab, for one student. */
struct unit {
	const struct lab *lab;
	unsigned int student;
	pid_t pid;		/* while it is tested */
	char *said;		/* where it says what it finds */
	bool done;
	int status;
};

static int test_unit(const struct unit *unit, unsigned int students, const struct grade_options *options, struct err *err)
{
	auto_free char *id = must_printf("student%u", unit->student + 1);
	struct test test = { .lab = unit->lab, .options = *options };
	int status;

	personal_make(unit->lab, "selftest", 8, (const char *const *)&id, 1, &test.personal);
	test.plan = plan_new(unit->lab, NULL, (const char *const *)test.personal.sets, test.personal.n_sets, err);
	status = test.plan ? test_student(&test, unit->student, students, err) : STATUS_ERROR;
	plan_free(test.plan);
	personal_free(&test.personal);
	return status;
}

static int start_unit(struct unit *unit, unsigned int students, const struct grade_options *options, struct err *err)
{
	auto_free char *out = must_printf("%s/%s.%u", options->out, unit->lab->name, unit->student);
	struct grade_options own = *options;

	unit->said = must_printf("%s.txt", out);
	own.out = out;
	fflush(stdout);
	unit->pid = fork();
	if (unit->pid < 0)
		return err_set(err, errno, "cannot fork");
	if (unit->pid == 0) {
		int status = freopen(unit->said, "we", stdout) ? test_unit(unit, students, &own, err) : STATUS_ERROR;

		if (err->code)
			printf("  BAD  %s\n", err->text);
		fflush(stdout);
		_exit(status);
	}
	return 0;
}

static void print_unit(const struct unit *unit)
{
	auto_fclose FILE *file = fopen(unit->said, "re");
	char text[4096];
	size_t n;

	if (unit->student == 0)
		puts(unit->lab->name);
	while (file && (n = fread(text, 1, sizeof(text), file)) > 0)
		fwrite(text, 1, n, stdout);
	fflush(stdout);
}

static void end_unit(struct unit *units, unsigned int n, pid_t pid, int status)
{
	for (unsigned int u = 0; u < n; u++)
		if (units[u].pid == pid) {
			units[u].pid = 0;
			units[u].done = true;
			units[u].status = WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_ERROR;
		}
}

/* As many at once as there may be guests; told in order. */
static int test_units(struct unit *units, unsigned int n, unsigned int students, unsigned int jobs,
		      const struct grade_options *options, struct err *err)
{
	unsigned int started = 0, told = 0, running = 0;
	int worst = STATUS_HOLDS, status;
	pid_t pid;

	while (told < n) {
		while (started < n && running < jobs) {
			if (start_unit(&units[started], students, options, err))
				return STATUS_ERROR;
			started++;
			running++;
		}
		pid = wait(&status);
		if (pid < 0) {
			err_set(err, errno, "cannot wait");
			return STATUS_ERROR;
		}
		end_unit(units, n, pid, status);
		running--;
		for (; told < n && units[told].done; told++) {
			print_unit(&units[told]);
			worst = units[told].status > worst ? units[told].status : worst;
		}
	}
	return worst;
}

enum { OPT_STUDENTS = 256, OPT_KERNEL, OPT_JOBS };

static int parse(int argc, char **argv, uint64_t *students, uint64_t *jobs, struct grade_options *asked, struct err *err)
{
	static const struct option options[] = {
		{ "students", required_argument, NULL, OPT_STUDENTS }, { "kernel", required_argument, NULL, OPT_KERNEL },
		{ "jobs", required_argument, NULL, OPT_JOBS }, { 0 }
	};
	int opt;

	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, ":", options, NULL)) >= 0)
		switch (opt) {
		case OPT_STUDENTS:
			if (options_number(optarg, "--students", 1, 1000, students, err))
				return -err->code;
			break;
		case OPT_JOBS:
			if (options_number(optarg, "--jobs", 1, 1024, jobs, err))
				return -err->code;
			break;
		case OPT_KERNEL: asked->kernel = optarg; break;
		default: return options_unknown(opt, argv, err);
		}
	if (optind == argc)
		return err_set(err, 0, "which lab? twlab list names them; 'all' tests every one that has tasks");
	for (int a = optind; a < argc; a++)
		if (strcmp(argv[a], "all") && !handout_lab(argv[a], err))
			return -err->code;
	return 0;
}

int selftest_main(int argc, char **argv, struct err *err)
{
	struct grade_options options = { 0 };
	char dir[] = "/tmp/twlab-selftest-XXXXXX";
	uint64_t students = 3, jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int n = 0;
	struct unit *units = NULL;
	int code, worst;

	if (parse(argc, argv, &students, &jobs, &options, err))
		return STATUS_USAGE;
	code = vm_prepare(options.kernel, NULL, err);
	if (code)
		return status_no_guest(code, options.kernel);
	if (!mkdtemp(dir)) {
		err_set(err, errno, "cannot make %s", dir);
		return STATUS_ERROR;
	}
	options.out = dir;
	options.again = true;	/* predictions are held against the same runs each time */
	for (int a = optind; a < argc; a++)
		for (const struct lab *const *lab = all_labs; *lab; lab++)
			for (unsigned int student = 0; student < students; student++)
				if ((*lab)->tasks && (!strcmp(argv[a], "all") || *lab == lab_find(argv[a])))
					*(struct unit *)grow(&units, n++, sizeof(*units)) =
						(struct unit){ .lab = *lab, .student = student };
	worst = test_units(units, n, (unsigned int)students, (unsigned int)jobs, &options, err);
	for (unsigned int u = 0; u < n; u++)
		free(units[u].said);
	free(units);
	fs_remove(dir);
	return worst;
}

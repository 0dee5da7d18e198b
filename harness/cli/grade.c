/* grade.c - twlab grade */
#include <errno.h>
#include <getopt.h>

#include <twlab/fs.h>
#include "harness/grade/class.h"
#include "harness/grade/grade_html.h"
#include "harness/grade/grade_formats.h"
#include "harness/grade/submissions.h"
#include "harness/grade/handout.h"
#include "harness/cli/commands.h"
#include "harness/grade/users.h"
#include "harness/vm/vm.h"

enum { OPT_ID = 256, OPT_KEY, OPT_LAB, OPT_TASK, OPT_FORMAT, OPT_KERNEL, OPT_JOBS, OPT_RESUME, OPT_METADATA };

struct asked {
	const char *dir, *key_file, *metadata;
	const char **ids;
	struct submission_whose whose;
	struct grade_options options;
	enum format format;
	uint64_t jobs;
	bool resume;
	char *out;
};

static int parse(int argc, char **argv, struct asked *asked, struct err *err)
{
	static const struct option options[] = {
		{ "id", required_argument, NULL, OPT_ID }, { "key", required_argument, NULL, OPT_KEY },
		{ "lab", required_argument, NULL, OPT_LAB }, { "task", required_argument, NULL, OPT_TASK },
		{ "format", required_argument, NULL, OPT_FORMAT }, { "kernel", required_argument, NULL, OPT_KERNEL },
		{ "jobs", required_argument, NULL, OPT_JOBS }, { "metadata", required_argument, NULL, OPT_METADATA },
		{ "resume", no_argument, NULL, OPT_RESUME },
		{ "output", required_argument, NULL, 'o' }, { 0 }
	};
	int opt;

	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, ":o:", options, NULL)) >= 0)
		switch (opt) {
		case OPT_ID: *(const char **)grow(&asked->ids, asked->whose.n_ids++, sizeof(char *)) = optarg; break;
		case OPT_KEY: asked->key_file = optarg; break;
		case OPT_TASK: asked->options.only = optarg; break;
		case OPT_METADATA: asked->metadata = optarg; break;
		case OPT_RESUME: asked->resume = true; break;
		case OPT_KERNEL: asked->options.kernel = optarg; break;
		case 'o': asked->options.out = optarg; break;
		case OPT_LAB:
			asked->whose.lab = handout_lab(optarg, err);
			if (!asked->whose.lab)
				return -err->code;
			break;
		case OPT_FORMAT:
			asked->format = format_named(optarg);
			if (asked->format == FORMATS)
				return err_set(err, 0, "there is no format '%s'; there are text, json, tap, junit, gradescope, "
					       "classroom50, check50 and csv", optarg);
			break;
		case OPT_JOBS:
			if (options_number(optarg, "--jobs", 1, 1024, &asked->jobs, err))
				return -err->code;
			break;
		default: return options_unknown(opt, argv, err);
		}
	if (argc - optind != 1)
		return err_set(err, 0, "which folder? twlab grade DIR");
	asked->dir = argv[optind];
	asked->whose.ids = asked->ids;
	return handout_check_ids(asked->ids, asked->whose.n_ids, err);
}

/* Of a stranger, of whom a Gradescope or the like says who it is. What is wrong with it is a result. */
static int read_for(struct asked *asked, struct submission *submission, struct err *err)
{
	auto_free char *about = must_printf("%s/" SUBMISSION_ABOUT, asked->dir);
	struct users users = { 0 };
	int code;

	if (!asked->whose.lab)
		return err_set(err, 0, "with --metadata, say --lab");
	if (users_read(asked->metadata, &users, err))
		return -err->code;
	asked->whose.strangers = true;
	if (access(about, F_OK) && !asked->whose.n_ids) {	/* then it is theirs who hand it in */
		asked->whose.ids = (const char *const *)users.ids;
		asked->whose.n_ids = users.n;
	}
	code = submission_read_or_refuse(asked->dir, &asked->whose, submission, err);
	if (!code && !submission->refused)
		users_check(&users, submission);
	asked->whose.n_ids = 0;
	users_free(&users);
	return code;
}

static int check_task(const struct lab *lab, const char *name, struct err *err)
{
	for (const struct task *task = lab->tasks; name && task->name; task++)
		if (!strcmp(task->name, name))
			return 0;
	return name ? err_set(err, 0, "%s has no task '%s'", lab->name, name) : 0;
}

static void report(const char *what)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s", what);
}

/* A guest, ready to be restored; else the status to end with. */
static int prepare(const char *kernel, struct err *err)
{
	int code = vm_prepare(kernel, report, err);

	return code ? status_no_guest(code, kernel) : STATUS_HOLDS;
}

static int grade_it(struct asked *asked, const struct submission *submission, struct err *err)
{
	auto_free char *page = must_printf("%s/report.html", asked->options.out);
	struct grade result;
	int code = prepare(asked->options.kernel, err), status;

	if (code)
		return code;
	code = grade(submission, &asked->options, &result, err);
	report("");
	if (code)
		return code == -ENOENT ? STATUS_SKIP : STATUS_ERROR;
	status = grade_status(&result);
	if (grade_html_write(&result, page, asked->options.out, ".", err) || grade_print(stdout, asked->format, &result, err))
		status = STATUS_ERROR;
	else if (asked->format == FORMAT_TEXT)
		printf("%s/report.html; the evidence of the runs lies beside it\n", asked->options.out);
	grade_free(&result);
	return status;
}

/* Either is for one or for a class, not for both. */
static int check_options(const struct asked *asked, bool class, struct err *err)
{
	if (class && !asked->options.out)
		return err_set(err, 0, "where do the results of all go? twlab grade %s -o OUT", asked->dir);
	if (class && (asked->whose.n_ids || asked->options.only || asked->format != FORMAT_TEXT))
		return err_set(err, 0, "--id, --task and --format are for one submission, and %s holds several", asked->dir);
	return !class && asked->resume ? err_set(err, 0, "--resume is for a folder of submissions, and %s is one", asked->dir) : 0;
}

static int grade_class(const struct asked *asked, struct err *err)
{
	struct class_options options = { .whose = asked->whose, .out = asked->options.out, .kernel = asked->options.kernel,
					 .jobs = (unsigned int)asked->jobs, .resume = asked->resume, .report = asked->options.report };
	struct class_count count;
	int code = prepare(asked->options.kernel, err);

	if (code)
		return code;
	code = class_grade(asked->dir, &options, &count, err);
	report("");
	if (code)
		return STATUS_USAGE;
	printf("%u graded, %u refused, %u could not be told, %u as they were; a job took at most %ld MB\n%s/index.html\n%s/grades.csv\n",
	       count.graded, count.refused, count.errors, count.kept, count.rss_kb >> 10, options.out, options.out);
	return count.errors ? STATUS_ERROR : STATUS_HOLDS;
}

int grade_main(int argc, char **argv, struct err *err)
{
	struct asked asked = { .jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN), .options = { .report = report } };
	struct submission submission = { 0 };
	auto_free void *key = NULL;
	int status = STATUS_USAGE;
	bool class;

	if (parse(argc, argv, &asked, err))
		goto out;
	if (asked.key_file && fs_read(asked.key_file, &key, &asked.whose.key_len, err))
		goto out;
	asked.whose.key = key;
	asked.options.parallel = (unsigned int)asked.jobs;
	class = !asked.whose.n_ids && submissions_is_class(asked.dir);
	if (check_options(&asked, class, err))
		goto out;
	if (class) {
		status = grade_class(&asked, err);
		goto out;
	}
	if ((asked.metadata ? read_for(&asked, &submission, err) : submission_read(asked.dir, &asked.whose, &submission, err)) ||
	    check_task(submission.lab, asked.options.only, err))
		goto out;
	if (!asked.options.out)
		asked.options.out = asked.out = must_printf("%s/.evidence", asked.dir);
	status = grade_it(&asked, &submission, err);
out:
	submission_free(&submission);
	free(asked.ids);
	free(asked.out);
	return status;
}

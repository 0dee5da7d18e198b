/* class.c - the submissions of a class, graded one by one, several at once */
#include "harness/grade/class.h"

#include <twlab/fs.h>
#include "harness/grade/class_report.h"
#include "harness/grade/grade_html.h"
#include "harness/grade/grade_formats.h"
#include "harness/grade/submissions.h"
#include "harness/grade/handout.h"
#include "harness/util/status.h"
#include "harness/vm/image.h"
#include <twlab/digest.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

/* How a job's process ends. */
enum { JOB_GRADED = 10, JOB_KEPT, JOB_REFUSED, JOB_ERROR };

struct class {
	const struct class_options *options;
	struct class_count *count;
	struct submission_entry *entry;
	unsigned int n;
	pid_t *pids;
	char *made_by;		/* this twlab and this kernel, as a digest */
	time_t began;
};

/* What the grade depends on besides the submission. */
static int who_makes_it(const char *kernel, char **made_by, struct err *err)
{
	const struct image *image = image_get(kernel, 0, err);
	auto_free void *self = NULL;
	auto_free char *digest = NULL, *all = NULL;
	size_t len;

	if (!image || fs_read("/proc/self/exe", &self, &len, err))
		return err_code(err);
	digest = digest_of(self, len);
	all = must_printf("%s %s", digest, image->key);
	*made_by = digest_of(all, strlen(all));
	return 0;
}

/* All that the grade of @submission depends on, as a digest to be freed. */
static char *made_from(const struct class *class, const struct submission *submission)
{
	auto_free char *about = submission_about(submission->lab, &submission->personal), *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();	/* only memory can lack */
	fprintf(out, "%s\n%s", class->made_by, about);
	for (unsigned int f = 0; f < submission->n_files; f++) {
		const struct submission_file *file = &submission->files[f];

		fprintf(out, "%s %zu %s\n", file->task->file, file->len, file->why ? file->why : "");
		if (file->data)
			fwrite(file->data, 1, file->len, out);
	}
	fclose(out);
	return digest_of(text, len);
}

/* Is a result there, and made from the same? Where something could not be told, it is tried again. */
static bool is_done(const char *dir, const char *from)
{
	auto_free char *path = must_printf("%s/result.json", dir);
	json_t *json = json_load_file(path, 0, NULL);
	const char *was = json_string_value(json_object_get(json, "made_from"));
	bool done = was && !strcmp(was, from) && json_integer_value(json_object_get(json, "status")) != STATUS_ERROR;

	json_decref(json);
	return done;
}

static int write_result(const char *dir, const struct grade *grade, struct err *err)
{
	auto_free char *path = must_printf("%s/result.json", dir);
	auto_fclose FILE *file = fopen(path, "we");

	return file ? grade_print(file, FORMAT_JSON, grade, err) : err_set(err, errno, "cannot write %s", path);
}

/* Read it; when it cannot be, each of its files is refused and says why. Negative for what is no student's fault. */
static int read_it(const struct class *class, const struct submission_entry *entry, const char *scratch,
		   struct submission *submission, struct err *err)
{
	struct submission_whose whose = class->options->whose;
	struct err why = { 0 };
	auto_free char *folder = NULL;

	whose.ids = (const char *const *)entry->ids;
	whose.n_ids = entry->n_ids;
	whose.strangers = true;
	if (entry->why)
		err_set(&why, 0, "%s", entry->why);
	else
		folder = submissions_folder(entry, scratch, &why);
	if (folder)
		return submission_read_or_refuse(folder, &whose, submission, err);
	submission_none(&whose, why.text, submission);
	return 0;
}

/* A grade in which nothing could be told. */
static void all_error(struct grade *grade, const char *why)
{
	for (unsigned int r = 0; r < grade->n; r++) {
		struct grade_row *row = &grade->rows[r];

		grade->earned -= row->earned;
		row->earned = 0;
		row->result = RESULT_ERROR;
		free(row->seen);
		row->seen = must_strdup(why);
	}
}

static int grade_into(const struct class *class, const struct submission *submission, const char *from,
		      const char *trouble, const char *dir, struct err *err)
{
	auto_free char *evidence = must_printf("%s/evidence", dir), *page = must_printf("%s/report.html", dir);
	const struct grade_options options = { .out = evidence, .kernel = class->options->kernel };
	struct grade result;
	int code;

	if (grade(submission, &options, &result, err))
		return -err->code;
	if (trouble)
		all_error(&result, trouble);
	result.made_from = from;
	result.seconds = 0;	/* what it costs is no part of the result */
	result.rss_kb = 0;
	code = grade_html_write(&result, page, evidence, "evidence", err);
	if (!code)
		code = write_result(dir, &result, err);
	if (!code)
		code = grade_status(&result) == STATUS_ERROR ? JOB_ERROR : submission->refused ? JOB_REFUSED : JOB_GRADED;
	grade_free(&result);
	return code;
}

/* A job's process: 0 or how it ended; negative with @err. */
static int job(const struct class *class, const struct submission_entry *entry, struct err *err)
{
	auto_free char *dir = must_printf("%s/%s", class->options->out, entry->who);
	auto_free char *temporary = must_printf("%s/.%s", class->options->out, entry->who);
	auto_free char *scratch = must_printf("%s/.%s.unpacked", class->options->out, entry->who), *from = NULL;
	struct submission submission = { 0 };
	struct err trouble = { 0 };
	int code;

	fs_remove(temporary);
	fs_remove(scratch);
	read_it(class, entry, scratch, &submission, &trouble);
	fs_remove(scratch);
	from = made_from(class, &submission);
	if (is_done(dir, from)) {
		submission_free(&submission);
		return JOB_KEPT;
	}
	code = fs_mkdir(temporary, err);
	if (!code)
		code = grade_into(class, &submission, from, trouble.code ? trouble.text : NULL, temporary, err);
	submission_free(&submission);
	if (code < 0)
		return code;
	fs_remove(dir);
	return rename(temporary, dir) ? err_set(err, errno, "cannot make %s", dir) : code;
}

static _Noreturn void become_job(const struct class *class, const struct submission_entry *entry, pid_t parent)
{
	struct err err = { 0 };
	int code;

	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* and its guest goes with it */
	if (getppid() != parent)
		_exit(JOB_ERROR);
	code = job(class, entry, &err);
	if (code < 0)
		fprintf(stderr, "\r\033[Ktwlab: grade: %s: %s\n", entry->who, err.text);
	_exit(code < 0 ? JOB_ERROR : code);
}

static void ended(struct class *class, int status, const struct rusage *used)
{
	struct class_count *count = class->count;

	switch (WIFEXITED(status) ? WEXITSTATUS(status) : JOB_ERROR) {
	case JOB_GRADED: count->graded++; break;
	case JOB_KEPT: count->kept++; break;
	case JOB_REFUSED: count->refused++; break;
	default: count->errors++; break;
	}
	if (used->ru_maxrss > count->rss_kb)
		count->rss_kb = used->ru_maxrss;
}

/* "12 of 200, 2 at work, some 140 s to go" */
static void report_progress(const struct class *class, unsigned int next, unsigned int running)
{
	const struct class_count *count = class->count;
	unsigned int done = next - running, worked = done - count->kept;
	long took = (long)(time(NULL) - class->began);
	auto_free char *left = worked ? must_printf(", some %ld s to go", took * (class->n - done) / worked) : must_strdup("");
	auto_free char *errors = count->errors ? must_printf(", %u errors", count->errors) : must_strdup("");
	auto_free char *what = must_printf("%u of %u, %u at work%s%s", done, class->n, running, errors, left);

	class->options->report(what);
}

static int run_jobs(struct class *class, struct err *err)
{
	unsigned int next = 0, running = 0;
	pid_t self = getpid();

	while (next < class->n || running) {
		struct rusage used;
		pid_t pid;
		int status;

		while (next < class->n && running < class->options->jobs) {
			fflush(NULL);
			pid = fork();
			if (pid == 0)
				become_job(class, &class->entry[next], self);
			if (pid < 0)
				return err_set(err, errno, "cannot fork");
			next++;
			running++;
		}
		if (class->options->report)
			report_progress(class, next, running);
		pid = wait4(-1, &status, 0, &used);
		if (pid > 0) {
			ended(class, status, &used);
			running--;
		}
	}
	return 0;
}

/* The lab that the class works on, if nobody said: what the first twlab.json says. */
static const struct lab *lab_of(const struct class *class)
{
	for (unsigned int h = 0; h < class->n; h++) {
		auto_free char *scratch = must_printf("%s/.lab", class->options->out), *folder = NULL;
		struct submission submission = { 0 };
		const struct lab *lab = NULL;
		struct err err = { 0 };

		folder = class->entry[h].why ? NULL : submissions_folder(&class->entry[h], scratch, &err);
		if (folder && !submission_read(folder, &(struct submission_whose){ 0 }, &submission, &err))
			lab = submission.lab;
		submission_free(&submission);
		fs_remove(scratch);
		if (lab)
			return lab;
	}
	return NULL;
}

/* Results of another lab are no place for these; and what a teacher wrote into one has to be points. */
static int check_result(const char *out, const char *who, const json_t *result, const struct lab *lab, struct err *err)
{
	const char *was = json_string_value(json_object_get(result, "lab"));
	const json_t *earned = json_object_get(result, "earned");

	if (was && strcmp(was, lab->name))
		return err_set(err, 0, "%s holds results of %.60s, and these are of %s", out, was, lab->name);
	if (earned && !json_is_integer(earned))
		return err_set(err, 0, "%s/%s/result.json: earned is no whole number", out, who);
	return 0;
}

static int check_out(const struct class *class, const struct lab *lab, struct err *err)
{
	int fail = 0;

	for (unsigned int h = 0; h < class->n && !fail; h++) {
		const char *out = class->options->out, *who = class->entry[h].who;
		auto_free char *path = must_printf("%s/%s/result.json", out, who);
		json_t *json = json_load_file(path, 0, NULL);

		fail = check_result(out, who, json, lab, err);
		json_decref(json);
	}
	return fail;
}

static int open_out(const struct class_options *options, struct err *err)
{
	DIR *dir = opendir(options->out);
	const struct dirent *entry;
	bool empty = true;

	while (dir && (entry = readdir(dir)))
		empty &= *entry->d_name == '.';
	if (dir)
		closedir(dir);
	if (!empty && !options->resume)
		return err_set(err, 0, "%s is there already: go on with --resume, or choose another with -o", options->out);
	return fs_mkdir(options->out, err);
}

int class_grade(const char *dir, const struct class_options *asked, struct class_count *count, struct err *err)
{
	struct class_options options = *asked;
	struct class class = { .options = &options, .count = count, .began = time(NULL) };
	int code;

	*count = (struct class_count){ 0 };
	code = submissions_list(dir, &class.entry, &class.n, err);
	if (!code && !class.n)
		code = err_set(err, 0, "%s holds no submission: a folder or an archive for each is expected, named by its id", dir);
	if (!code)
		code = open_out(&options, err);
	if (!code && !options.whose.lab && !(options.whose.lab = lab_of(&class)))
		code = err_set(err, 0, "no " SUBMISSION_ABOUT " says which lab this is; say --lab");
	if (!code)
		code = check_out(&class, options.whose.lab, err);
	if (!code)
		code = who_makes_it(options.kernel, &class.made_by, err);
	if (!code)
		code = run_jobs(&class, err);
	if (!code)
		code = class_report(options.whose.lab, class.entry, class.n, options.out, err);
	submissions_free(class.entry, class.n);
	free(class.made_by);
	return code;
}

/* handout.c - what a student is given */
#include "harness/grade/handout.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "harness/util/archive.h"
#include <twlab/fs.h>
#include "harness/vm/executable.h"
#include "harness/grade/submission.h"
#include "labs/index.h"
#include "labs/plan/plan.h"

const struct lab *handout_lab(const char *name, struct err *err)
{
	const struct lab *lab = lab_find(name);

	if (lab && lab->tasks)
		return lab;
	err_set(err, 0, lab ? "%s has no tasks" : "there is no lab '%s'; twlab list names them", lab ? lab->name : name);
	return NULL;
}

int handout_check_ids(const char *const *ids, unsigned int n, struct err *err)
{
	for (unsigned int i = 0; i < n; i++)
		if (!*ids[i] || strlen(ids[i]) > 64 || *ids[i] == '.' || *ids[i] == '-' || ids[i][strspn(ids[i], HANDOUT_ID_CHARS)])
			return err_set(err, 0, "'%.80s' is no id: letters, digits and @._+- make one, up to 64", ids[i]);
	return 0;
}

char *handout_read(const struct lab *lab, const char *path, size_t *len, struct err *err)
{
	static const char *const beside[] = { "labs", "../lib/twlab/labs" };	/* the source tree; installed */
	auto_free char *self = executable_self(err);
	void *data = NULL;

	if (!self)
		return NULL;
	*strrchr(self, '/') = '\0';
	for (size_t b = 0; b < ARRAY_SIZE(beside); b++) {
		auto_free char *full = must_printf("%s/%s/%s/%s", self, beside[b], lab->name, path);

		if (access(full, F_OK) == 0)
			return fs_read(full, &data, len, err) ? NULL : data;
	}
	err_set(err, ENOENT, "%s has no %s", lab->name, path);
	return NULL;
}

char *handout_mutated(const struct lab *lab, const struct mutant *mutant, struct err *err)
{
	auto_free char *path = must_printf("solution/%s", mutant->file);
	size_t len, from_len = strlen(mutant->from), n = 0;
	auto_free char *right = handout_read(lab, path, &len, err);
	char *wrong = must_strdup("");

	for (char *rest = right; rest; ) {
		char *at = strstr(rest, mutant->from);

		must_append(&wrong, "%.*s%s", at ? (int)(at - rest) : (int)strlen(rest), rest, at ? mutant->to : "");
		n += at != NULL;
		rest = at ? at + from_len : NULL;
	}
	if (n)
		return wrong;
	free(wrong);
	if (right)
		err_set(err, ENOENT, "%s: %s: '%s' is not in %s", lab->name, mutant->name, mutant->from, path);
	return NULL;
}

static int points_of(const struct plan *plan, const char *task)
{
	int points = 0;

	for (const struct mark *mark = plan->marks; mark->task; mark++)
		if (!strcmp(mark->task, task))
			points += mark->points;
	return points;
}

/* twlab is where the course has it: a variable of the repository, or of the organisation. Debian, since
 * its kernels are those that twlab fetches.
 */
static const char workflow[] =
	"# Grades each push, as `twlab grade .` does here. TWLAB_REPOSITORY, a variable of this repository\n"
	"# (Settings, Secrets and variables, Actions), says where twlab is to be had.\n"
	"name: grade\n"
	"on: [push, workflow_dispatch]\n"
	"permissions:\n"
	"  contents: read\n"
	"jobs:\n"
	"  grade:\n"
	"    runs-on: ubuntu-latest\n"
	"    container: debian:12\n"
	"    timeout-minutes: 20\n"
	"    steps:\n"
	"      - uses: actions/checkout@v4\n"
	"        with:\n"
	"          path: work\n"
	"      - name: build twlab\n"
	"        env:\n"
	"          FROM: ${{ vars.TWLAB_REPOSITORY }}\n"
	"        run: |\n"
	"          apt-get update && apt-get install -y --no-install-recommends ca-certificates git make\n"
	"          git clone --depth 1 \"$FROM\" twlab\n"
	"          make -C twlab deps\n"
	"          make -C twlab\n"
	"      - name: grade\n"
	"        run: |\n"
	"          status=0\n"
	"          twlab/twlab grade work > result.txt || status=$?\n"
	"          { echo '```'; cat result.txt; echo '```'; } >> \"$GITHUB_STEP_SUMMARY\"\n"
	"          exit $status\n"
	"      - name: keep the evidence\n"
	"        if: always()\n"
	"        uses: actions/upload-artifact@v4\n"
	"        with:\n"
	"          name: evidence\n"
	"          path: work/.evidence\n"
	"          include-hidden-files: true\n";

static const char *const kind_is[TASK_KINDS] = {
	[TASK_PREDICT] = "Lines `name = value`, held against what a run of your own shows.",
	[TASK_SYSCTL] = "Lines `key = value`, as sysctl.conf(5) has them.",
	[TASK_RULES] = "Rules as nft(8) has them.",
	[TASK_PROGRAM] = "A program in C11, one file. It is compiled by tcc, runs without privileges and sees no file but its own.",
};

static void write_tasks(FILE *out, const struct plan *plan, const struct personal *personal)
{
	fprintf(out, "# %s\n\n%s\n\n", plan->lab->name, plan->lab->question);
	fputs("Your network is not your neighbour's. The lab as it is for you:\n\n    twlab run ", out);
	fprintf(out, "%.2s --seed %llu", plan->lab->name, (unsigned long long)personal->seed);
	for (unsigned int s = 0; s < personal->n_sets; s++)
		fprintf(out, " \\\n      --set %s", personal->sets[s]);
	fputs("\n\nHand in this folder. `twlab grade .` here says what it would earn.\n", out);
	for (const struct task *task = plan->tasks; task->name; task++) {
		fprintf(out, "\n## %s: `%s`, %d points\n\n%s.\n%s\n\n| points | | run |\n|---|---|---|\n", task->name, task->file,
			points_of(plan, task->name), task->what, kind_is[task->kind]);
		for (const struct mark *mark = plan->marks; mark->task; mark++)
			if (!strcmp(mark->task, task->name))
				fprintf(out, "| %d | %s%s%s%s | `%s` |\n", mark->points,
					task->kind == TASK_PREDICT ? "`" : "", task->kind == TASK_PREDICT ? mark->name : "",
					task->kind == TASK_PREDICT ? "`: " : "", mark->words, mark->variant);
	}
}

int handout_files(const struct lab *lab, const struct personal *personal, struct files *files, struct err *err)
{
	auto_free char *about = submission_about(lab, personal), *text = NULL;
	size_t len;
	struct plan *plan = plan_new(lab, NULL, (const char *const *)personal->sets, personal->n_sets, err);
	FILE *tasks = plan ? open_memstream(&text, &len) : NULL;

	if (!plan)
		return -err->code;
	if (tasks) {
		write_tasks(tasks, plan, personal);
		fclose(tasks);
		files_add(files, "TASKS.md", 0644, text, len);
	}
	files_add(files, SUBMISSION_ABOUT, 0644, about, strlen(about));
	files_add(files, HANDOUT_WORKFLOW, 0644, workflow, strlen(workflow));
	for (const struct task *task = lab->tasks; task->name; task++) {
		auto_free char *path = must_printf("handout/%s", task->file);
		auto_free char *data = handout_read(lab, path, &len, err);

		if (!data) {
			plan_free(plan);
			return -err->code;
		}

		auto_free char *who = personal_name(personal);
		auto_free char *stamped = task->kind == TASK_PREDICT && *who ?
			must_printf(SUBMISSION_STAMP "%s: %s\n%s", who, personal->tag, data) : plan_address(plan, data);

		files_add(files, task->file, 0644, stamped, strlen(stamped));
	}
	plan_free(plan);
	return 0;
}

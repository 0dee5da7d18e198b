/* batch.c - the runs that were asked for, each in a guest or on this kernel */
#include "harness/batch/batch.h"

#include "harness/batch/guests.h"
#include <twlab/clock.h>
#include "diagrams/draw.h"
#include <twlab/fs.h>
#include "harness/util/files.h"
#include "harness/util/guest.h"
#include "harness/util/status.h"
#include "harness/run/requirements.h"
#include "harness/batch/plugin.h"
#include "harness/batch/evidence_dir.h"
#include "harness/run/execute.h"
#include "harness/batch/partial.h"
#include "harness/vm/vm.h"
#include <twlab/ns.h>
#include <twlab/seal.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = number;
}

/* What a run's twlab prints: on stderr, how it ended. */
static void collect_output(void *arg, int fd, const void *data, size_t len)
{
	struct run *run = arg;

	if (fd != STDERR_FILENO)
		return;
	if (run->output_len + len > 4096)
		return;
	run->output = must_realloc(run->output, run->output_len + len + 1, 1);
	memcpy(run->output + run->output_len, data, len);
	run->output[run->output_len += len] = '\0';
}

/* The one sentence in what a run printed; "twlab: play: " is for whoever types it. */
static const char *sentence(struct run *run)
{
	char *text = run->output ? run->output : (char *)(uintptr_t)"it ended without a word";

	if (!strncmp(text, "twlab: play: ", 13))
		text += 13;
	if (run->output)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

/* "3/7 in 4.8 s  03-final-ack-loss/kept, at 0.3 s  server until none is in": wall time, then virtual. */
static void print_progress(const struct batch *batch, const struct run *run, const char *at)
{
	auto_free char *doing = NULL, *line = NULL;

	if (batch->quiet)
		return;
	doing = run ? must_printf("  %s/%s%s%s", run->plan->lab->name, run->plan->variant, *at ? ", at " : "", at) : must_strdup("");
	line = must_printf("%u/%u in %.1f s%s", batch->n_done, batch->n_runs,
			   (double)(clock_ns(CLOCK_MONOTONIC) - batch->started_ns) / (double)NS_PER_S, doing);
	fprintf(stderr, "\r\033[K%.79s", line);	/* a line that wraps could not be taken back */
	fflush(stderr);
}

static void end_progress(const struct batch *batch)
{
	if (!batch->quiet)
		fputs("\r\033[K", stderr);
}

/* The words of the guest's twlab play. Owned by the caller, with its strings. */
static char **execute_args(const struct batch *batch, const struct plan *plan)
{
	char **argv = NULL;
	unsigned int n = 0;
	const char *file = plugin_file(plan->lab);
	auto_free char *lab = file ? must_printf(".%s", strrchr(file, '/')) : must_strdup(plan->lab->name);
	const char *const fixed[] = { GUEST_TWLAB, "play", lab, "-o", "out/evidence", "--variant", plan->variant };

	for (size_t f = 0; f < ARRAY_SIZE(fixed); f++)
		*(char **)grow(&argv, n++, sizeof(char *)) = must_strdup(fixed[f]);
	*(char **)grow(&argv, n++, sizeof(char *)) = must_printf("--seed=%llu", (unsigned long long)batch->seed);
	for (unsigned int s = 0; s < batch->n_sets; s++)
		*(char **)grow(&argv, n++, sizeof(char *)) = must_printf("--set=%s", batch->sets[s]);
	grow(&argv, n, sizeof(char *));
	return argv;
}

static void free_args(char **argv)
{
	for (char **arg = argv; *arg; arg++)
		free(*arg);
	free(argv);
}

static void fail(struct run *run, enum result result, const char *why)
{
	struct plan *plan = run->plan ? run->plan : run->outcome.plan;	/* one of them has it */

	run->plan = run->outcome.plan = NULL;
	outcome_free(&run->outcome);
	outcome_without(plan, result, why, &run->outcome);
}

/* A run that failed on its way: what there is of it is kept, and says so. */
static void fail_with(struct run *run, const char *temporary, const char *console, const char *why)
{
	struct err err = { 0 };

	fail(run, RESULT_ERROR, why);
	if (!evidence_dir_make(run->dir, &err) &&
	    !partial_mark(temporary, run->outcome.plan, run->outcome.failed, console, &err) &&
	    !evidence_dir_settle(temporary, run->dir, &err))
		run->outcome.dir = must_strdup(run->dir);
}

/* A run that came to its end: move its evidence into place and judge it. */
static void conclude(struct run *run, const char *temporary, int64_t took_ns)
{
	struct err err = { 0 };

	if (seal_put(temporary, &err) || evidence_dir_settle(temporary, run->dir, &err) ||
	    outcome_of_run(run->dir, &run->plan, &run->outcome, &err) || outcome_write(&run->outcome, &err)) {
		fail(run, RESULT_ERROR, err.text);
		return;
	}
	run->outcome.wall_ns = took_ns;
}

/* Files below out/evidence/ that the guest handed back, onto disk; there must be some if it @ended_well. */
static int unpack(const struct vm_result *result, bool ended_well, const char *dir, struct err *err)
{
	int n = files_write_below(result->files, result->n_files, "evidence/", dir, err);

	return n < 0 ? n : n || !ended_well ? 0 : err_set(err, 0, "the guest handed no evidence back");
}

/* Pictures and report, in a child while other guests run. */
static void illustrate(struct batch *batch, struct run *run)
{
	struct err err = { 0 };

	if (!batch->draw || !run->outcome.evidence)
		return;
	fflush(NULL);
	run->artist = fork();
	if (run->artist)
		return;
	if (draw_evidence(run->outcome.evidence, run->outcome.plan, run->dir, &err) || report_write(&run->outcome, &err)) {
		fprintf(stderr, "twlab: run: %s: %s\n", run->dir, err.text);
		_exit(STATUS_ERROR);
	}
	_exit(STATUS_HOLDS);
}

/* Wait until all are drawn. A picture that failed makes the run an error. */
static int await_artists(struct batch *batch)
{
	int status, worst = STATUS_HOLDS;

	for (unsigned int j = 0; j < batch->n_runs; j++) {
		if (!batch->runs[j].artist)
			continue;
		status = -1;	/* if there was no fork */
		while (batch->runs[j].artist > 0 && waitpid(batch->runs[j].artist, &status, 0) < 0 && errno == EINTR)
			continue;
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			worst = STATUS_ERROR;
	}
	return worst;
}

static void guest_ended(struct run *run, struct vm *vm, const struct err *failed)
{
	auto_free char *temporary = evidence_dir_temporary(run->dir);
	auto_free char *console = must_strdup(vm_console(vm));
	struct vm_result result = { 0 };
	struct err err = { 0 };
	int status;

	if (!failed)
		vm_result(vm, &result);		/* and its console with it */
	status = WIFEXITED(result.status) ? WEXITSTATUS(result.status) : STATUS_ERROR;
	if (!failed && status != STATUS_SKIP && (evidence_dir_make(run->dir, &err) || unpack(&result, !status, temporary, &err)))
		failed = &err;
	if (failed)
		fail_with(run, temporary, console, failed->text);
	else if (status == STATUS_SKIP)
		fail(run, RESULT_SKIP, sentence(run));
	else if (status)
		fail_with(run, temporary, console, sentence(run));
	else
		conclude(run, temporary, result.wall_ns);
	run->outcome.rss_kb = result.rss_kb;
	fs_remove(temporary);
	vm_result_free(&result);
}

/* Of wall time: a host of many costs some 0.1 s on an idle machine. */
static int limit_s(const struct plan *plan)
{
	int nodes = 0;

	while (plan->topo.nodes[nodes].name)
		nodes++;
	return 60 + 2 * nodes;
}

static struct vm *start_run(void *arg, unsigned int number, struct err *err)
{
	struct batch *batch = arg;
	struct run *run = &batch->runs[number];
	char **argv = execute_args(batch, run->plan);
	auto_files struct files work = { 0 }, system = { 0 };
	struct vm_job job = {
		.kernel = run->kernel, .argv = (const char *const *)argv, .seed = batch->seed,
		.wall_limit_s = limit_s(run->plan), .output = collect_output, .arg = run,
	};
	struct vm *vm = NULL;

	if (!plugin_pack(run->plan, &work, &system, err)) {
		job.files = work.item;
		job.n_files = work.n;
		job.system = system.item;
		job.n_system = system.n;
		vm = vm_start(&job, err);
	}
	free_args(argv);
	return vm;
}

static void run_ended(void *arg, unsigned int number, struct vm *vm, const struct err *failed)
{
	struct batch *batch = arg;
	struct run *run = &batch->runs[number];

	if (vm)
		guest_ended(run, vm, failed);
	else
		fail(run, RESULT_ERROR, failed->text);
	illustrate(batch, run);
	batch->n_done++;
}

static void look_at_runs(void *arg, struct vm *const *vms)
{
	struct batch *batch = arg;
	unsigned int r = 0;

	while (r < batch->n_runs && !vms[r])
		r++;
	print_progress(batch, r < batch->n_runs ? &batch->runs[r] : NULL, r < batch->n_runs ? vm_progress(vms[r]) : "");
}

/* Nobody is left to take what a run makes when @parent is killed. */
static void die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(STATUS_ERROR);
}

/* A job on this kernel: in a child, so that its namespaces go with it. */
static void run_here(struct batch *batch, struct run *run)
{
	auto_free char *temporary = evidence_dir_temporary(run->dir);
	int64_t start = clock_ns(CLOCK_MONOTONIC);
	struct err err = { 0 };
	int pipes[2], status = 0;
	char text[512];
	ssize_t len;
	pid_t pid, self = getpid();

	if (pipe2(pipes, O_CLOEXEC)) {
		fail(run, RESULT_ERROR, strerror(errno));
		return;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct execute_options options = { .dir = temporary, .seed = batch->seed };
		int met;

		close(pipes[0]);
		die_with(self);
		met = ns_be_root(&err) || requirements_namespace(&err) ? 0 : requirements_met(run->plan, &err);
		die_with(self);		/* a change of credentials takes it back */
		if (met > 0 && !evidence_dir_make(run->dir, &err))
			execute(run->plan, &options, &err);
		len = err.code ? write(pipes[1], err.text, strlen(err.text)) : 0;
		_exit(!err.code ? 0 : met == 0 ? STATUS_SKIP : STATUS_ERROR);
	}
	close(pipes[1]);
	if (pid < 0) {
		close(pipes[0]);
		fail(run, RESULT_ERROR, "cannot fork");
		return;
	}
	while ((len = read(pipes[0], text, sizeof(text))) > 0 || (len < 0 && errno == EINTR && !interrupted))
		if (len > 0)
			collect_output(run, 2, text, (size_t)len);
	close(pipes[0]);
	if (interrupted)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_SKIP)
		fail(run, RESULT_SKIP, sentence(run));
	else if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_with(run, temporary, "", sentence(run));
	else
		conclude(run, temporary, clock_ns(CLOCK_MONOTONIC) - start);
	fs_remove(temporary);
}

static void run_all_here(struct batch *batch)
{
	for (unsigned int j = 0; j < batch->n_runs && !interrupted; j++) {
		print_progress(batch, NULL, "");
		run_here(batch, &batch->runs[j]);
		illustrate(batch, &batch->runs[j]);
		batch->n_done++;
	}
}

static void report_preparing(const char *what)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "twlab: %s\n", what);
}

/* What the kernel said that did not come up. */
static void keep_boot_console(const struct batch *batch, struct err *err)
{
	struct err ignored = { 0 };

	if (!*vm_boot_console() || partial_console(batch->out, vm_boot_console(), &ignored))
		return;
	snprintf(err->text + strlen(err->text), sizeof(err->text) - strlen(err->text),
		 "; its console is kept in %s/console.txt", batch->out);
}

static int prepare(const struct batch *batch, struct err *err)
{
	int code = 0;

	if (!batch->n_kernels)
		return vm_prepare(NULL, report_preparing, err);
	for (unsigned int k = 0; !code && k < batch->n_kernels; k++)
		code = vm_prepare(batch->kernels[k], report_preparing, err);
	return code;
}

/* From here on there are runs that were finished, which are kept. Before, while a guest boots that
 * there is no snapshot of, a signal does what it always does: nothing has a name yet, and QEMU goes with us.
 */
static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal }, was;

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (!sigaction(signals[i], NULL, &was) && was.sa_handler != SIG_IGN)	/* nohup(1) */
			sigaction(signals[i], &action, NULL);
}

int batch_run(struct batch *batch, struct err *err)
{
	int status;

	batch->started_ns = clock_ns(CLOCK_MONOTONIC);
	if (batch->here) {
		catch_signals();
		run_all_here(batch);
	} else {
		status = prepare(batch, err);
		if (status) {
			keep_boot_console(batch, err);
			return status_no_guest(status, batch->kernel);
		}
		catch_signals();
		guests_run(&(struct guests){ .n = batch->n_runs, .parallel = batch->parallel, .start = start_run,
			   .ended = run_ended, .look = look_at_runs, .stop = &interrupted, .arg = batch });
	}
	status = await_artists(batch);
	end_progress(batch);
	if (!interrupted)
		return status;
	err_set(err, 0, "interrupted after %u of %u runs", batch->n_done, batch->n_runs);
	return 128 + interrupted;
}

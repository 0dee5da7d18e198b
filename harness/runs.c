/* runs.c - the runs that were asked for, each in a guest or on this kernel */
#include "harness/runs.h"

#include "diagrams/draw.h"
#include "harness/cache.h"
#include "harness/files.h"
#include "harness/guest.h"
#include "harness/harness.h"
#include "harness/needs.h"
#include "harness/outside.h"
#include "harness/place.h"
#include "harness/play.h"
#include "harness/remains.h"
#include "harness/vm.h"
#include "lib/ns.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = number;
}

static int64_t wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* What a job's twlab prints: on stderr, how it ended. */
static void heard(void *arg, int fd, const void *data, size_t len)
{
	struct job *job = arg;

	if (fd != STDERR_FILENO)
		return;
	if (job->said_len + len > 4096)
		return;
	job->said = must_realloc(job->said, job->said_len + len + 1, 1);
	memcpy(job->said + job->said_len, data, len);
	job->said[job->said_len += len] = '\0';
}

/* The one sentence in what a job said; "twlab: play: " is for whoever types it. */
static const char *sentence(struct job *job)
{
	char *text = job->said ? job->said : (char *)(uintptr_t)"it ended without a word";

	if (!strncmp(text, "twlab: play: ", 13))
		text += 13;
	if (job->said)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

/* "3/7 in 4.8 s  03-final-ack-loss/kept, at 0.3 s  server until none is in": wall time, then virtual. */
static void tell_progress(const struct run *run)
{
	auto_free char *doing = NULL, *line = NULL;
	const struct job *job = NULL;

	if (run->quiet)
		return;
	for (unsigned int j = 0; j < run->n_jobs && !job; j++)
		if (run->jobs[j].vm)
			job = &run->jobs[j];
	doing = job ? must_printf("  %s/%s%s%s", job->plan->lab->name, job->plan->variant,
				  *vm_progress(job->vm) ? ", at " : "", vm_progress(job->vm)) : must_strdup("");
	line = must_printf("%u/%u in %.1f s%s", run->n_done, run->n_jobs,
			   (double)(wall_ns() - run->started_ns) / (double)NS_PER_S, doing);
	fprintf(stderr, "\r\033[K%.79s", line);	/* a line that wraps could not be taken back */
	fflush(stderr);
}

static void end_progress(const struct run *run)
{
	if (!run->quiet)
		fputs("\r\033[K", stderr);
}

/* The words of the guest's twlab play. Owned by the caller, with its strings. */
static char **play_args(const struct run *run, const struct plan *plan)
{
	char **argv = NULL;
	unsigned int n = 0;
	const char *file = outside_file(plan->lab);
	auto_free char *lab = file ? must_printf(".%s", strrchr(file, '/')) : must_strdup(plan->lab->name);
	const char *const fixed[] = { GUEST_TWLAB, "play", lab, "-o", "out/evidence", "--variant", plan->variant };

	for (size_t f = 0; f < ARRAY_SIZE(fixed); f++)
		*(char **)grow(&argv, n++, sizeof(char *)) = must_strdup(fixed[f]);
	*(char **)grow(&argv, n++, sizeof(char *)) = must_printf("--seed=%llu", (unsigned long long)run->seed);
	for (unsigned int s = 0; s < run->n_sets; s++)
		*(char **)grow(&argv, n++, sizeof(char *)) = must_printf("--set=%s", run->sets[s]);
	grow(&argv, n, sizeof(char *));
	return argv;
}

static void free_args(char **argv)
{
	for (char **arg = argv; *arg; arg++)
		free(*arg);
	free(argv);
}

static void fail(struct job *job, enum result result, const char *why)
{
	outcome_free(&job->outcome);
	outcome_without(job->plan, result, why, &job->outcome);
	job->plan = NULL;	/* the outcome has it now */
}

/* A run that failed on its way: what there is of it is kept, and says so. */
static void fail_with(struct job *job, const char *temporary, const char *console, const char *why)
{
	struct err err = { 0 };

	fail(job, RESULT_ERROR, why);
	if (!place_make(job->dir, &err) &&
	    !remains_mark(temporary, job->outcome.plan, job->outcome.failed, console, &err) &&
	    !place_settle(temporary, job->dir, &err))
		job->outcome.dir = must_strdup(job->dir);
}

/* A run that came to its end: move its evidence into place and judge it. */
static void conclude(struct job *job, const char *temporary, int64_t took_ns)
{
	struct err err = { 0 };
	struct plan *plan = job->plan;

	if (place_settle(temporary, job->dir, &err) || outcome_of(job->dir, &job->outcome, &err)) {
		fail(job, RESULT_ERROR, err.text);
		return;
	}
	job->outcome.wall_ns = took_ns;
	plan_free(plan);	/* the outcome has one of its own */
	job->plan = NULL;
}

static char *temporary_of(const struct job *job)
{
	const char *base = strrchr(job->dir, '/');

	return must_printf("%.*s/.%s.%d", (int)(base - job->dir), job->dir, base + 1, (int)getpid());
}

/* Files below out/evidence/ that the guest handed back, onto disk; there must be some if it @ended_well. */
static int unpack(const struct vm_result *result, bool ended_well, const char *dir, struct err *err)
{
	int n = files_write_below(result->files, result->n_files, "evidence/", dir, err);

	return n < 0 ? n : n || !ended_well ? 0 : err_set(err, 0, "the guest handed no evidence back");
}

/* Pictures and report, in a child while other guests run. */
static void illustrate(struct run *run, struct job *job)
{
	struct err err = { 0 };

	if (!run->draw || !job->outcome.evidence)
		return;
	fflush(NULL);
	job->artist = fork();
	if (job->artist)
		return;
	if (draw_evidence(job->outcome.evidence, job->dir, &err) || report_write(&job->outcome, &err)) {
		fprintf(stderr, "twlab: run: %s: %s\n", job->dir, err.text);
		_exit(STATUS_ERROR);
	}
	_exit(STATUS_HOLDS);
}

/* Wait until all are drawn. A picture that failed makes the run an error. */
static int await_artists(struct run *run)
{
	int status, worst = STATUS_HOLDS;

	for (unsigned int j = 0; j < run->n_jobs; j++) {
		if (!run->jobs[j].artist)
			continue;
		status = -1;	/* if there was no fork */
		while (run->jobs[j].artist > 0 && waitpid(run->jobs[j].artist, &status, 0) < 0 && errno == EINTR)
			continue;
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			worst = STATUS_ERROR;
	}
	return worst;
}

/* @ended is negative, with @err, where the guest failed, else it has a result. */
static void guest_ended(struct job *job, int ended, struct err *err)
{
	auto_free char *temporary = temporary_of(job);
	auto_free char *console = must_strdup(vm_console(job->vm));
	struct vm_result result = { 0 };
	int status;

	if (ended > 0)
		vm_result(job->vm, &result);	/* and its console with it */
	status = WIFEXITED(result.status) ? WEXITSTATUS(result.status) : STATUS_ERROR;
	if (ended > 0 && status != STATUS_SKIP && (place_make(job->dir, err) || unpack(&result, !status, temporary, err)))
		ended = -1;
	if (ended < 0)
		fail_with(job, temporary, console, err->text);
	else if (status == STATUS_SKIP)
		fail(job, RESULT_SKIP, sentence(job));
	else if (status)
		fail_with(job, temporary, console, sentence(job));
	else
		conclude(job, temporary, result.wall_ns);
	job->outcome.rss_kb = result.rss_kb;
	cache_remove(temporary);
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

static void start_guest(struct run *run, struct job *job)
{
	struct err err = { 0 };
	char **argv = play_args(run, job->plan);
	auto_files struct files work = { 0 }, system = { 0 };
	struct vm_job vm_job = {
		.kernel = job->kernel, .argv = (const char *const *)argv, .seed = run->seed,
		.wall_limit_s = limit_s(job->plan), .output = heard, .arg = job,
	};

	if (!outside_pack(job->plan, &work, &system, &err)) {
		vm_job.files = work.item;
		vm_job.n_files = work.n;
		vm_job.system = system.item;
		vm_job.n_system = system.n;
		job->vm = vm_start(&vm_job, &err);
	}
	free_args(argv);
	if (!job->vm) {
		fail(job, RESULT_ERROR, err.text);
		run->n_done++;
	}
}

static void run_guests(struct run *run)
{
	struct vm **vms = must_calloc(run->parallel, sizeof(*vms));
	unsigned int next = 0, running = 0;

	while (!interrupted && run->n_done < run->n_jobs) {
		struct err err = { 0 };

		while (running < run->parallel && next < run->n_jobs) {
			struct job *job = &run->jobs[next++];

			start_guest(run, job);
			running += job->vm != NULL;
		}
		memset(vms, 0, run->parallel * sizeof(*vms));
		for (unsigned int j = 0, v = 0; j < next; j++)
			if (run->jobs[j].vm)
				vms[v++] = run->jobs[j].vm;
		vm_poll(vms, run->parallel, 100);
		for (unsigned int j = 0; j < next; j++) {
			struct job *job = &run->jobs[j];
			int ended = job->vm ? vm_step(job->vm, 0, &err) : 0;

			if (!ended)
				continue;
			guest_ended(job, ended, &err);
			illustrate(run, job);
			vm_free(job->vm);
			job->vm = NULL;
			running--;
			run->n_done++;
		}
		tell_progress(run);
	}
	for (unsigned int j = 0; j < run->n_jobs; j++) {
		vm_free(run->jobs[j].vm);
		run->jobs[j].vm = NULL;
	}
	free(vms);
}

/* A job on this kernel: in a child, so that its namespaces go with it. */
static void run_here(struct run *run, struct job *job)
{
	auto_free char *temporary = temporary_of(job);
	int64_t start = wall_ns();
	struct err err = { 0 };
	int pipes[2], status = 0;
	char text[512];
	ssize_t len;
	pid_t pid;

	if (pipe(pipes)) {
		fail(job, RESULT_ERROR, strerror(errno));
		return;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct play_options options = { .dir = temporary, .seed = run->seed };
		int met;

		close(pipes[0]);
		met = ns_be_root(&err) || needs_namespace(&err) ? 0 : needs_met(job->plan, &err);
		if (met > 0 && !place_make(job->dir, &err))
			play(job->plan, &options, &err);
		len = err.code ? write(pipes[1], err.text, strlen(err.text)) : 0;
		_exit(!err.code ? 0 : met == 0 ? STATUS_SKIP : STATUS_ERROR);
	}
	close(pipes[1]);
	if (pid < 0) {
		close(pipes[0]);
		fail(job, RESULT_ERROR, "cannot fork");
		return;
	}
	while ((len = read(pipes[0], text, sizeof(text))) > 0 || (len < 0 && errno == EINTR && !interrupted))
		if (len > 0)
			heard(job, 2, text, (size_t)len);
	close(pipes[0]);
	if (interrupted)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_SKIP)
		fail(job, RESULT_SKIP, sentence(job));
	else if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_with(job, temporary, "", sentence(job));
	else
		conclude(job, temporary, wall_ns() - start);
	cache_remove(temporary);
}

static void run_all_here(struct run *run)
{
	for (unsigned int j = 0; j < run->n_jobs && !interrupted; j++) {
		tell_progress(run);
		run_here(run, &run->jobs[j]);
		illustrate(run, &run->jobs[j]);
		run->n_done++;
	}
}

static void say_preparing(const char *what)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "twlab: %s\n", what);
}

/* What the kernel said that did not come up. */
static void keep_boot_console(const struct run *run, struct err *err)
{
	struct err ignored = { 0 };

	if (!*vm_boot_console() || remains_console(run->out, vm_boot_console(), &ignored))
		return;
	snprintf(err->text + strlen(err->text), sizeof(err->text) - strlen(err->text),
		 "; its console is kept in %s/console.txt", run->out);
}

static int prepare(const struct run *run, struct err *err)
{
	int code = 0;

	if (!run->n_kernels)
		return vm_prepare(NULL, say_preparing, err);
	for (unsigned int k = 0; !code && k < run->n_kernels; k++)
		code = vm_prepare(run->kernels[k], say_preparing, err);
	return code;
}

int runs_carry_out(struct run *run, struct err *err)
{
	struct sigaction action = { .sa_handler = on_signal };
	int status;

	run->started_ns = wall_ns();
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (run->here) {
		run_all_here(run);
	} else {
		status = prepare(run, err);
		if (status) {
			keep_boot_console(run, err);
			return commands_no_guest(status, run->kernel);
		}
		run_guests(run);
	}
	status = await_artists(run);
	end_progress(run);
	if (!interrupted)
		return status;
	err_set(err, 0, "interrupted after %u of %u runs", run->n_done, run->n_jobs);
	return 128 + interrupted;
}

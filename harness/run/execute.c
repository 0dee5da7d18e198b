/* execute.c - a plan carried out on this kernel
 *
 * Each step is one row of a table of functions (steps.c). Between looks at what a
 * step waits for, the loop below takes in frames, program output, dead children,
 * and lets the clocks and caches of the nodes work (emulation.c).
 */
#include "harness/run/execute.h"

#include "harness/run/emulation.h"
#include "harness/run/evidence_write.h"
#include "harness/run/student_files.h"
#include "harness/run/steps.h"
#include "harness/run/trials.h"
#include <twlab/number.h>
#include "harness/run/waits.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#define STEP_LIMIT_MS (10 * 60 * 1000)
#define CAGE_LOOK_NS  NS_PER_S		/* how often a foreign program's processor time is looked at */
#define OUTPUT_LIMIT  (1 << 20)		/* of one program's stream */

static void read_output(struct run_state *run, int *fd, struct output *output)
{
	char text[4096];
	ssize_t n;

	while (*fd >= 0 && (n = read(*fd, text, sizeof(text))) != 0) {
		if (n < 0)
			return;
		if (output->len + (size_t)n > OUTPUT_LIMIT)
			continue;	/* read on, so that it does not hang; keep no more */
		output->text = must_realloc(output->text, output->len + (size_t)n + 1, 1);
		memcpy(output->text + output->len, text, (size_t)n);
		output->text[output->len += (size_t)n] = '\0';
	}
	if (*fd >= 0) {
		epoll_ctl(run->epoll, EPOLL_CTL_DEL, *fd, NULL);
		close(steal_fd(fd));
	}
}

static void reap(struct run_state *run)
{
	struct signalfd_siginfo info;
	char text[32];

	while (read(run->children, &info, sizeof(info)) == sizeof(info))
		continue;
	for (unsigned int p = 0; p < run->n_programs; p++) {
		struct run_program *program = &run->programs[p];

		if (!program->started || program->ended ||
		    waitpid(program->proc.pid, &program->status, WNOHANG) <= 0)
			continue;
		program->ended = true;
		program->proc.pid = 0;
		recorder_expect(run->recorder, program->program->node);
		read_output(run, &program->proc.out, &program->out);
		read_output(run, &program->proc.errors, &program->errors);
		recorder_event(run->recorder, "exit", program->program->name,
			     proc_status_text(program->status, text), "");
	}
}

static int handle(struct run_state *run, uint64_t tag)
{
	unsigned int index = (unsigned int)tag;

	switch ((enum source)(tag >> 32)) {
	case FROM_CAPTURE:
		return recorder_frames(run->recorder, index, run->err) < 0 ? -1 : 0;
	case FROM_OUT:
		recorder_expect(run->recorder, run->programs[index].program->node);
		read_output(run, &run->programs[index].proc.out, &run->programs[index].out);
		return 0;
	case FROM_ERRORS:
		read_output(run, &run->programs[index].proc.errors, &run->programs[index].errors);
		return 0;
	case FROM_CHILDREN:
		reap(run);
		return 0;
	case FROM_EMULATION:
		return emulation_handle(run, index);
	case FROM_SANDBOX:
		run->sandbox_ns = 0;
		return 0;
	}
	return 0;
}

/* A student's program that goes too far ends, and the run with it. */
static int look_at_sandbox(struct run_state *run)
{
	struct sandbox *sandbox = student_files_sandbox(run->options->student);
	int64_t now = recorder_now(run->recorder);
	const char *trouble;

	if (!sandbox || now < run->sandbox_ns)
		return 0;
	run->sandbox_ns = now + CAGE_LOOK_NS;
	trouble = sandbox_trouble(sandbox);
	if (!trouble)
		return 0;
	sandbox_kill(sandbox);
	return err_set(run->err, 0, "the program handed in was ended: %s", trouble);
}

/* Let things happen until @until_ns (by recorder_now()) or until something did. */
static int let_happen(struct run_state *run, int64_t until_ns)
{
	struct epoll_event events[64];
	int64_t now = recorder_now(run->recorder), wake = until_ns;
	int64_t emulations = emulation_next(run);
	struct timespec wait;
	int n;

	if (recorder_next(run->recorder) < wake)
		wake = recorder_next(run->recorder);
	if (emulations != INT64_MAX && now + emulations < wake)
		wake = now + emulations;
	if (student_files_sandbox(run->options->student) && run->sandbox_ns < wake)
		wake = run->sandbox_ns;
	wake = wake > now ? wake - now : 0;
	wait = (struct timespec){ wake / NS_PER_S, wake % NS_PER_S };
	n = epoll_pwait2(run->epoll, events, ARRAY_SIZE(events), &wait, NULL);
	if (n < 0 && errno == ENOSYS)	/* before 5.11 */
		n = epoll_wait(run->epoll, events, ARRAY_SIZE(events),
			       (int)((wake + NS_PER_MS - 1) / NS_PER_MS));
	if (n < 0 && errno != EINTR)
		return err_set(run->err, errno, "cannot wait");
	for (int e = 0; e < n; e++)
		if (handle(run, events[e].data.u64))
			return -run->err->code;
	if (emulation_tick(run))
		return -run->err->code;
	return look_at_sandbox(run) ? -run->err->code : recorder_sample(run->recorder, "timer", run->err);
}

static struct wait wait_of(const struct run_state *run, const struct step *step)
{
	const struct node_up *node = step->on ? topo_node(&run->up, step->on) : NULL;

	return (struct wait){ step->act, step->on, step->what, .nat = node && node->kind == NODE_NAT };
}

/* Where a wait took place, for the record: a program's node, or what the step itself names. */
static const char *node_of(const struct run_state *run, const struct step *step)
{
	for (unsigned int p = 0; step->on && p < run->n_programs; p++)
		if (plan_names(step->on, run->programs[p].program->name))
			return run->programs[p].program->node;
	return step->on;
}

/* What @step waited for has come. Only a wait that says why it is there is put on record. */
static int waited(struct run_state *run, const struct step *step, int ms)
{
	struct wait wait = wait_of(run, step);
	auto_free char *words = NULL;

	wait.ms = ms;
	words = step->why ? wait_words(&wait) : NULL;
	if (step->why)
		recorder_event(run->recorder, "wait", node_of(run, step), words, step->why);
	return 0;
}

static int in_vain(struct run_state *run, const struct step *step, int ms)
{
	auto_free char *found = step_kinds[step->act].found(run, step), *words = NULL;
	struct wait wait = wait_of(run, step);

	wait.ms = ms;
	wait.found = found;
	words = wait_failed(&wait);
	return err_set(run->err, 0, "%s", words);
}

static int wait_for(struct run_state *run, const struct step *step)
{
	bool says = step->act == DO_SLEEP && step->what && *step->what;
	long long ms = step->ms ? step->ms : STEP_LIMIT_MS;
	int64_t began = recorder_now(run->recorder), limit;

	if (says && (!number_integer(step->what, &ms) || ms < 0 || ms > INT_MAX))
		return err_set(run->err, 0, "'%s' is no number of milliseconds to sleep", step->what);
	limit = began + ms * NS_PER_MS;

	run->waits_from = run->cursor;
	for (;;) {
		int64_t now = recorder_now(run->recorder), until = limit;

		int done = step_kinds[step->act].done ? step_kinds[step->act].done(run, step) : 0;

		if (done)
			return done < 0 ? done : waited(run, step, (int)ms);
		if (now >= limit)	/* a sleep is over, a wait was for nothing */
			return step_kinds[step->act].done ? in_vain(run, step, (int)ms) : waited(run, step, (int)ms);
		/* No frame announces a state that a call led to: look for it,
		 * soon at first, then less and less often.
		 */
		if (step->act == DO_STATE)
			until = now + (now - began) / 8 + NS_PER_MS;
		if (let_happen(run, until < limit ? until : limit) ||
		    (step->act == DO_STATE && recorder_look(run->recorder, step->on, run->err)))
			return -run->err->code;
	}
}

static int do_step(struct run_state *run, const struct step *step)
{
	const struct step_kind *kind = &step_kinds[step->act];
	auto_free char *words = must_printf("%s %s %s", step->on ? step->on : "", kind->name,
					    step->what ? step->what : "");

	if (run->options->report)
		run->options->report(recorder_now(run->recorder), words);
	if (!kind->act)
		return wait_for(run, step);
	/* Segments that came before something is done do not count after it. */
	for (unsigned int n = 0; n < run->up.n; n++)
		if (recorder_frames(run->recorder, n, run->err) < 0)
			return -run->err->code;
	run->cursor = recorder_cursor(run->recorder);
	if (kind->act(run, step))
		return -run->err->code;
	return kind->done ? wait_for(run, step) : 0;
}

static void name_programs(struct run_state *run)
{
	for (const struct program *row = run->plan->programs; row && row->name; row++)
		*(struct run_program *)grow(&run->programs, run->n_programs++, sizeof(struct run_program)) =
			(struct run_program){ .program = row, .proc = { 0, -1, -1, -1 } };
}

static int write_output(const struct run_state *run, const struct run_program *program, const char *ending,
			const void *text, size_t len)
{
	auto_free char *path = must_printf("%s/programs/%s.%s", run->options->dir, program->program->name, ending);
	auto_fclose FILE *file = fopen(path, "wxe");

	if (!file || (len && fwrite(text, 1, len, file) != len) || fflush(file))
		return err_set(run->err, errno, "cannot write %s", path);
	return 0;
}

/* What the programs printed, and how they ended. Those that still run are ended when the record is
 * closed: the FINs and resets of that are the harness's doing, and no part of what happened.
 */
static int write_programs(struct run_state *run)
{
	for (unsigned int p = 0; p < run->n_programs; p++) {
		struct run_program *program = &run->programs[p];
		char text[32] = "not started\n";

		if (program->started && !program->ended) {
			recorder_event(run->recorder, "exit", program->program->name, "ended by the harness", "");
			strcpy(text, "ended by the harness\n");
		} else if (program->started) {
			strcat(proc_status_text(program->status, text), "\n");
		}
		if (write_output(run, program, "out", program->out.text, program->out.len) ||
		    write_output(run, program, "err", program->errors.text, program->errors.len) ||
		    write_output(run, program, "status", text, strlen(text)))
			return -run->err->code;
	}
	return 0;
}

static void execute_close(struct run_state *run)
{
	if (student_files_sandbox(run->options->student))
		sandbox_kill(student_files_sandbox(run->options->student));
	for (unsigned int p = 0; p < run->n_programs; p++) {
		proc_end(&run->programs[p].proc);
		free(run->programs[p].out.text);
		free(run->programs[p].errors.text);
	}
	recorder_free(run->recorder);	/* before the emulations: see execute_open() */
	emulation_close(run);
	free(run->programs);
	free(run->trials);
	trace_free(run->trials_trace);
	topo_down(&run->up);
	if (run->children >= 0)
		close(run->children);
	if (run->epoll >= 0)
		close(run->epoll);
}

/* A node takes some ten descriptors; 200 of them are more than the usual limit. */
static void raise_limit(void)
{
	struct rlimit limit = { 65536, 65536 };

	if (setrlimit(RLIMIT_NOFILE, &limit) && !getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int execute_open(struct run_state *run)
{
	const struct sandbox *sandbox = student_files_sandbox(run->options->student);
	sigset_t set;

	raise_limit();
	signal(SIGPIPE, SIG_IGN);	/* a program that reads no more is told by EPIPE */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	run->epoll = epoll_create1(EPOLL_CLOEXEC);
	run->children = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->epoll < 0 || run->children < 0)
		return err_set(run->err, errno, "cannot watch");
	name_programs(run);
	if (plan_param(run->plan, "hello"))
		setenv("HELLO", plan_param(run->plan, "hello"), 1);	/* for the lab's own programs: a sandbox shows none */
	/* The emulations come before the record: with 200 nodes it has so many
	 * descriptors that libnftables, which selects, could use no other.
	 */
	if (run_state_watch(run, run->children, FROM_CHILDREN, 0) ||
	    topo_up(&run->plan->topo, &run->up, run->err) || emulation_open(run))
		return -run->err->code;
	run->recorder = recorder_open(run->options->dir, run->plan, &run->up, run->err);
	if (!run->recorder)
		return -run->err->code;
	for (unsigned int n = 0; n < run->up.n; n++)
		if (run_state_watch(run, recorder_fd(run->recorder, n), FROM_CAPTURE, n))
			return -run->err->code;
	for (unsigned int n = 0; sandbox && sandbox_event(sandbox, n) >= 0; n++)
		if (run_state_watch(run, sandbox_event(sandbox, n), FROM_SANDBOX, n))
			return -run->err->code;
	return 0;
}

int execute(const struct plan *plan, const struct execute_options *options, struct err *err)
{
	struct run_state run = { .plan = plan, .options = options, .epoll = -1, .children = -1, .err = err };
	struct err ending = { 0 };
	int code = execute_open(&run);
	bool opened = !code;

	for (const struct step *step = plan->steps; opened && !code && step && step->act; step++)
		code = do_step(&run, step);
	run.sandbox_ns = 0;	/* what was taken since the last look counts as well */
	if (opened && !code)
		code = look_at_sandbox(&run);
	if (opened) {	/* a run that failed keeps its evidence too, marked so */
		struct err *first = err;

		if (code)
			run.err = &ending;
		emulation_count(&run);
		if (evidence_end(run.recorder, run.err) || write_programs(&run) || trials_write(&run) ||
		    evidence_write(run.recorder, options->seed, emulation_recycling(&run), code ? first->text : NULL, run.err))
			code = code ? code : -err->code;
	}
	execute_close(&run);
	return code;
}


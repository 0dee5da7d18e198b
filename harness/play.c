/* play.c - a plan carried out on this kernel
 *
 * Each step is one row of a table of functions (steps.c). Between looks at what a
 * step waits for, the loop below takes in frames, program output, dead children,
 * and lets the clocks and caches of the nodes work (gadgets.c).
 */
#include "harness/playing.h"

#include "harness/handin.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#define STEP_LIMIT_MS (10 * 60 * 1000)
#define CAGE_LOOK_NS  NS_PER_S		/* how often a foreign program's processor time is looked at */
#define OUTPUT_LIMIT  (1 << 20)		/* of one program's stream */

int play_watch(struct play *play, int fd, enum source source, unsigned int index)
{
	struct epoll_event event = { .events = source == FROM_CAGE ? EPOLLPRI : EPOLLIN,
				     .data.u64 = (uint64_t)source << 32 | index };

	if (epoll_ctl(play->epoll, EPOLL_CTL_ADD, fd, &event))
		return err_set(play->err, errno, "cannot watch a descriptor");
	return 0;
}

static void read_output(struct play *play, int *fd, struct output *output)
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
		epoll_ctl(play->epoll, EPOLL_CTL_DEL, *fd, NULL);
		close(steal_fd(fd));
	}
}

static void reap(struct play *play)
{
	struct signalfd_siginfo info;
	char text[32];

	while (read(play->children, &info, sizeof(info)) == sizeof(info))
		continue;
	for (unsigned int p = 0; p < play->n_programs; p++) {
		struct run_program *program = &play->programs[p];

		if (!program->started || program->ended ||
		    waitpid(program->proc.pid, &program->status, WNOHANG) <= 0)
			continue;
		program->ended = true;
		program->proc.pid = 0;
		record_heard(play->record, program->program->node);
		read_output(play, &program->proc.out, &program->out);
		read_output(play, &program->proc.errors, &program->errors);
		record_event(play->record, "exit", program->program->name,
			     proc_status_text(program->status, text), "");
	}
}

static int handle(struct play *play, uint64_t tag)
{
	unsigned int index = (unsigned int)tag;

	switch ((enum source)(tag >> 32)) {
	case FROM_CAPTURE:
		return record_frames(play->record, index, play->err) < 0 ? -1 : 0;
	case FROM_OUT:
		record_heard(play->record, play->programs[index].program->node);
		read_output(play, &play->programs[index].proc.out, &play->programs[index].out);
		return 0;
	case FROM_ERRORS:
		read_output(play, &play->programs[index].proc.errors, &play->programs[index].errors);
		return 0;
	case FROM_CHILDREN:
		reap(play);
		return 0;
	case FROM_GADGET:
		return gadgets_handle(play, index);
	case FROM_CAGE:
		play->cage_ns = 0;
		return 0;
	}
	return 0;
}

/* A student's program that goes too far ends, and the run with it. */
static int look_at_cage(struct play *play)
{
	struct cage *cage = handin_cage(play->options->handin);
	int64_t now = record_now(play->record);
	const char *trouble;

	if (!cage || now < play->cage_ns)
		return 0;
	play->cage_ns = now + CAGE_LOOK_NS;
	trouble = cage_trouble(cage);
	if (!trouble)
		return 0;
	cage_kill(cage);
	return err_set(play->err, 0, "the program handed in was ended: %s", trouble);
}

/* Let things happen until @until_ns (by record_now()) or until something did. */
static int let_happen(struct play *play, int64_t until_ns)
{
	struct epoll_event events[64];
	int64_t now = record_now(play->record), wake = until_ns;
	int64_t gadgets = gadgets_next(play);
	struct timespec wait;
	int n;

	if (record_next(play->record) < wake)
		wake = record_next(play->record);
	if (gadgets != INT64_MAX && now + gadgets < wake)
		wake = now + gadgets;
	if (handin_cage(play->options->handin) && play->cage_ns < wake)
		wake = play->cage_ns;
	wake = wake > now ? wake - now : 0;
	wait = (struct timespec){ wake / NS_PER_S, wake % NS_PER_S };
	n = epoll_pwait2(play->epoll, events, ARRAY_SIZE(events), &wait, NULL);
	if (n < 0 && errno == ENOSYS)	/* before 5.11 */
		n = epoll_wait(play->epoll, events, ARRAY_SIZE(events),
			       (int)((wake + NS_PER_MS - 1) / NS_PER_MS));
	if (n < 0 && errno != EINTR)
		return err_set(play->err, errno, "cannot wait");
	for (int e = 0; e < n; e++)
		if (handle(play, events[e].data.u64))
			return -play->err->code;
	if (gadgets_tick(play))
		return -play->err->code;
	return look_at_cage(play) ? -play->err->code : record_sample(play->record, "timer", play->err);
}

static int wait_for(struct play *play, const struct step *step)
{
	bool says = step->act == DO_SLEEP && step->what && *step->what;
	int ms = says ? atoi(step->what) : step->ms ? step->ms : STEP_LIMIT_MS;
	int64_t began = record_now(play->record), limit = began + ms * NS_PER_MS;

	for (;;) {
		int64_t now = record_now(play->record), until = limit;

		int done = step_kinds[step->act].done ? step_kinds[step->act].done(play, step) : 0;

		if (done)
			return done < 0 ? done : 0;
		if (now >= limit) {
			if (!step_kinds[step->act].done)	/* a sleep is over */
				return 0;
			return err_set(play->err, 0, "waited %d s %s %s '%s' in vain", ms / 1000,
				       step->on, step_kinds[step->act].name, step->what ? step->what : "");
		}
		/* No frame announces a state that a call led to: look for it,
		 * soon at first, then less and less often.
		 */
		if (step->act == DO_STATE)
			until = now + (now - began) / 8 + NS_PER_MS;
		if (let_happen(play, until < limit ? until : limit) ||
		    (step->act == DO_STATE && record_look(play->record, step->on, play->err)))
			return -play->err->code;
	}
}

static int do_step(struct play *play, const struct step *step)
{
	const struct step_kind *kind = &step_kinds[step->act];
	auto_free char *words = must_printf("%s %s %s", step->on ? step->on : "", kind->name,
					    step->what ? step->what : "");

	if (play->options->say)
		play->options->say(record_now(play->record), words);
	if (!kind->act)
		return wait_for(play, step);
	/* Segments that came before something is done do not count after it. */
	for (unsigned int n = 0; n < play->up.n; n++)
		if (record_frames(play->record, n, play->err) < 0)
			return -play->err->code;
	play->cursor = record_cursor(play->record);
	if (kind->act(play, step))
		return -play->err->code;
	return kind->done ? wait_for(play, step) : 0;
}

static void name_programs(struct play *play)
{
	for (const struct program *row = play->plan->programs; row && row->name; row++)
		*(struct run_program *)grow(&play->programs, play->n_programs++, sizeof(struct run_program)) =
			(struct run_program){ .program = row, .proc = { 0, -1, -1, -1 } };
}

static int write_output(const struct play *play, const struct run_program *program, const char *ending,
			const void *text, size_t len)
{
	auto_free char *path = must_printf("%s/programs/%s.%s", play->options->dir, program->program->name, ending);
	auto_fclose FILE *file = fopen(path, "wxe");

	if (!file || (len && fwrite(text, 1, len, file) != len) || fflush(file))
		return err_set(play->err, errno, "cannot write %s", path);
	return 0;
}

static int close_programs(struct play *play)
{
	for (unsigned int p = 0; p < play->n_programs; p++) {
		struct run_program *program = &play->programs[p];
		char text[32] = "not started\n";

		if (program->started && !program->ended) {
			record_event(play->record, "exit", program->program->name, "ended by the harness", "");
			proc_end(&program->proc);
			strcpy(text, "ended by the harness\n");
		} else if (program->started) {
			strcat(proc_status_text(program->status, text), "\n");
		}
		if (write_output(play, program, "out", program->out.text, program->out.len) ||
		    write_output(play, program, "err", program->errors.text, program->errors.len) ||
		    write_output(play, program, "status", text, strlen(text)))
			return -play->err->code;
	}
	return 0;
}

static void play_close(struct play *play)
{
	for (unsigned int p = 0; p < play->n_programs; p++) {
		proc_end(&play->programs[p].proc);
		free(play->programs[p].out.text);
		free(play->programs[p].errors.text);
	}
	record_free(play->record);	/* before the gadgets: see play_open() */
	gadgets_close(play);
	free(play->programs);
	free(play->trials);
	trace_free(play->trials_trace);
	topo_down(&play->up);
	if (play->children >= 0)
		close(play->children);
	if (play->epoll >= 0)
		close(play->epoll);
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

static int play_open(struct play *play)
{
	const struct cage *cage = handin_cage(play->options->handin);
	sigset_t set;

	raise_limit();
	signal(SIGPIPE, SIG_IGN);	/* a program that reads no more is told by EPIPE */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	play->epoll = epoll_create1(EPOLL_CLOEXEC);
	play->children = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (play->epoll < 0 || play->children < 0)
		return err_set(play->err, errno, "cannot watch");
	name_programs(play);
	if (plan_param(play->plan, "hello"))
		setenv("HELLO", plan_param(play->plan, "hello"), 1);	/* for the lab's own programs: a cage shows none */
	/* The gadgets come before the record: with 200 nodes it has so many
	 * descriptors that libnftables, which selects, could use no other.
	 */
	if (play_watch(play, play->children, FROM_CHILDREN, 0) ||
	    topo_up(&play->plan->topo, &play->up, play->err) || gadgets_open(play))
		return -play->err->code;
	play->record = record_open(play->options->dir, play->plan, &play->up, play->err);
	if (!play->record)
		return -play->err->code;
	for (unsigned int n = 0; n < play->up.n; n++)
		if (play_watch(play, record_fd(play->record, n), FROM_CAPTURE, n))
			return -play->err->code;
	for (unsigned int n = 0; cage && cage_event(cage, n) >= 0; n++)
		if (play_watch(play, cage_event(cage, n), FROM_CAGE, n))
			return -play->err->code;
	return 0;
}

int play(const struct plan *plan, const struct play_options *options, struct err *err)
{
	struct play play = { .plan = plan, .options = options, .epoll = -1, .children = -1, .err = err };
	struct err ending = { 0 };
	int code = play_open(&play);
	bool opened = !code;

	for (const struct step *step = plan->steps; opened && !code && step && step->act; step++)
		code = do_step(&play, step);
	play.cage_ns = 0;	/* what was taken since the last look counts as well */
	if (opened && !code)
		code = look_at_cage(&play);
	if (opened) {	/* a run that failed keeps its evidence too, marked so */
		struct err *first = err;

		if (code)
			play.err = &ending;
		gadgets_count(&play);
		if (handin_cage(options->handin))
			cage_kill(handin_cage(options->handin));
		if (close_programs(&play) || trials_write(&play) ||
		    record_finish(play.record, options->seed, gadgets_recycling(&play), code ? first->text : NULL, play.err))
			code = code ? code : -err->code;
	}
	play_close(&play);
	return code;
}

char *play_file(const char *lab, const char *name)
{
	static const char *const beside[] = { "labs", "../lib/twlab/labs" };
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	bool others = strchr(name, '/');
	char *path = NULL;

	if (lab_dir(lab) && !others)
		return must_printf("%s/%s", lab_dir(lab), name);
	self[len > 0 ? len : 0] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	for (size_t b = 0; b < ARRAY_SIZE(beside); b++) {
		free(path);
		path = must_printf("%s/%s/%s%s%s", self, beside[b], others ? "" : lab, others ? "" : "/", name);
		if (access(path, R_OK) == 0)
			break;
	}
	return path;
}

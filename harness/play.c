/* play.c - a plan carried out on this kernel
 *
 * Each step is one row of a table of functions. A step that waits names its
 * condition; between looks at it the loop below takes in frames, program
 * output, dead children, and lets the clocks and caches of the nodes work.
 */
#include "harness/play.h"

#include "harness/craft.h"
#include "harness/record.h"
#include "lib/counters.h"
#include "lib/net.h"
#include "lib/ns.h"
#include "lib/proc.h"
#include "lib/raw.h"
#include "lib/recycle.h"
#include "lib/sysctl.h"
#include "lib/uptime.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define STEP_LIMIT_MS (10 * 60 * 1000)
#define OUTPUT_LIMIT  (1 << 20)		/* of one program's stream */

struct output {			/* what a program printed so far */
	char *text;		/* NUL-terminated */
	size_t len;
};

struct run_program {
	const struct program *program;
	struct proc proc;
	struct output out, errors;
	size_t said;		/* where DO_SAYS goes on looking */
	int status;		/* wait status, once it has ended */
	bool started, ended;
};

struct gadget {			/* what sits on a node and works on its packets */
	struct play *play;
	unsigned int index;
	const char *node;
	struct uptime *uptime;
	struct recycle *recycle;
};

struct play {
	const struct plan *plan;
	const struct play_options *options;
	struct topo_up up;
	struct record *record;
	struct run_program *programs;
	unsigned int n_programs;
	struct gadget *gadgets;
	unsigned int n_gadgets;
	int epoll, children;
	unsigned int cursor;	/* DO_SEGMENT looks at frames from here on */
	struct err *err;
};

/* What an epoll event is about: a kind and an index in one number. */
enum source { FROM_CAPTURE, FROM_OUT, FROM_ERRORS, FROM_CHILDREN, FROM_GADGET };

static int watch(struct play *play, int fd, enum source source, unsigned int index)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = (uint64_t)source << 32 | index };

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
		read_output(play, &program->proc.out, &program->out);
		read_output(play, &program->proc.errors, &program->errors);
		record_event(play->record, "exit", program->program->name,
			     proc_status_text(program->status, text), "");
	}
}

static int64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static int gadget_works(struct play *play, struct gadget *gadget)
{
	int more = gadget->uptime ? uptime_handle(gadget->uptime, play->err) : 0;

	if (more < 0)
		return err_in(play->err, gadget->node);
	if (gadget->recycle && recycle_handle(gadget->recycle, play->err))
		return err_in(play->err, gadget->node);
	return 0;
}

/* When the next timer of a node's recycling is due, in ns from now; INT64_MAX = none. */
static int64_t gadgets_next(const struct play *play)
{
	int64_t now = monotonic_ns(), next = INT64_MAX;

	for (unsigned int g = 0; g < play->n_gadgets; g++) {
		int64_t at = play->gadgets[g].recycle ?
			     recycle_next_deadline_ns(play->gadgets[g].recycle) : -1;

		if (at >= 0 && (at > now ? at - now : 0) < next)
			next = at > now ? at - now : 0;
	}
	return next;
}

/* Let @gadget end the TIME_WAITs that are due; what it ended is put on record. */
static int end_recycled(struct play *play, const struct gadget *gadget)
{
	uint64_t ended = recycle_stats(gadget->recycle)->ended;

	if (recycle_tick(gadget->recycle, monotonic_ns(), play->err))
		return err_in(play->err, gadget->node);
	if (recycle_stats(gadget->recycle)->ended == ended)
		return 0;
	return record_look(play->record, gadget->node, play->err);
}

static int handle(struct play *play, uint64_t tag)
{
	unsigned int index = (unsigned int)tag;

	switch ((enum source)(tag >> 32)) {
	case FROM_CAPTURE:
		return record_frames(play->record, index, play->err) < 0 ? -1 : 0;
	case FROM_OUT:
		read_output(play, &play->programs[index].proc.out, &play->programs[index].out);
		return 0;
	case FROM_ERRORS:
		read_output(play, &play->programs[index].proc.errors, &play->programs[index].errors);
		return 0;
	case FROM_CHILDREN:
		reap(play);
		return 0;
	case FROM_GADGET:
		return gadget_works(play, &play->gadgets[index]);
	}
	return 0;
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
	for (unsigned int g = 0; g < play->n_gadgets; g++)
		if (play->gadgets[g].recycle && end_recycled(play, &play->gadgets[g]))
			return -play->err->code;
	return record_sample(play->record, "timer", play->err);
}

static int no_such(struct play *play, const char *what, const char *name)
{
	return err_set(play->err, 0, "there is no %s '%s' in this plan", what, name);
}

/* For each program that step->on names; fails if it names none. */
#define each_program(play, step, program)						\
	for (struct run_program *program = (play)->programs;				\
	     program < (play)->programs + (play)->n_programs; program++)		\
		if (plan_names((step)->on, program->program->name))

static int start_program(struct play *play, struct run_program *program)
{
	const struct program *row = program->program;
	const struct node_up *node = topo_node(&play->up, row->node);
	auto_free char *args = must_strdup(row->args ? row->args : "");
	auto_free char *exe = play_program(play->plan->lab->name, row->exe);
	char *argv[32] = { exe }, *save = NULL;
	struct proc_start start = { .argv = argv, .privileged = row->privileged, .dir = "/" };
	int argc = 1;

	if (!node)
		return no_such(play, "node", row->node);
	for (char *word = strtok_r(args, " ", &save); word && argc < 31; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	start.ns = node->ns;
	if (proc_start(&start, &program->proc, play->err))
		return -play->err->code;
	program->started = true;
	record_event(play->record, "start", row->node, row->name, row->args);
	if (watch(play, program->proc.out, FROM_OUT, (unsigned int)(program - play->programs)) ||
	    watch(play, program->proc.errors, FROM_ERRORS, (unsigned int)(program - play->programs)))
		return -play->err->code;
	return 0;
}

static int do_start(struct play *play, const struct step *step)
{
	bool any = false;

	each_program(play, step, program) {
		any = true;
		if (!program->started && start_program(play, program))
			return -play->err->code;
	}
	return any ? 0 : no_such(play, "program", step->on);
}

static int do_tell(struct play *play, const struct step *step)
{
	bool any = false;

	each_program(play, step, program) {
		any = true;
		if (!program->started)
			return err_set(play->err, 0, "%s has not been started", program->program->name);
		record_event(play->record, "tell", program->program->node, step->what, step->why);
		if (proc_tell(&program->proc, step->what, play->err))
			return err_in(play->err, program->program->name);
	}
	return any ? 0 : no_such(play, "program", step->on);
}

/* Device @on is "NODE/DEV". */
static struct node_up *node_of_device(struct play *play, const char *on, const char **dev)
{
	char name[64];
	struct node_up *node;

	*dev = strchr(on, '/');
	if (!*dev || (size_t)(*dev - on) >= sizeof(name)) {
		err_set(play->err, 0, "'%s' is no NODE/DEVICE", on);
		return NULL;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(*dev - on), on);
	++*dev;
	node = topo_node(&play->up, name);
	if (!node)
		no_such(play, "node", name);
	return node;
}

static int do_netem(struct play *play, const struct step *step)
{
	struct netem netem = { 0 };
	const char *dev;
	struct node_up *node = node_of_device(play, step->on, &dev);

	if (!node)
		return -play->err->code;
	for (const struct link *link = play->plan->topo.links; link && link->a.node; link++)
		if (link->wire && !strcmp(link->wire, node->name))
			netem.delay_ms = link->delay_ms;
	if (netem_parse(step->what, &netem, play->err) ||
	    net_netem(node->net, dev, &netem, play->err))
		return err_in(play->err, step->on);
	record_event(play->record, "netem", step->on, *step->what ? step->what : "as usual", step->why);
	return 0;
}

static int do_sysctl(struct play *play, const struct step *step)
{
	struct node_up *node = topo_node(&play->up, step->on);
	auto_free char *key = must_strdup(step->what);
	char *value = strchr(key, '=');

	if (!node || !value)
		return no_such(play, "node or key=value", node ? step->what : step->on);
	*value++ = '\0';
	if (sysctl_set(node->ns, key, value, play->err))
		return err_in(play->err, step->on);
	record_event(play->record, "sysctl", step->on, step->what, step->why);
	return 0;
}

static int do_kill(struct play *play, const struct step *step)
{
	int n;

	if (record_sample(play->record, "step", play->err))
		return -play->err->code;
	n = record_kill(play->record, step->on, state_of_name(step->what), play->err);
	if (n < 0)
		return -play->err->code;
	if (n == 0)
		return err_set(play->err, 0, "%s has no socket in %s to destroy", step->on, step->what);
	record_event(play->record, "kill", step->on, step->what, step->why);
	return record_sample(play->record, "step", play->err);
}

static int do_count(struct play *play, const struct step *step)
{
	struct node_up *node = topo_node(&play->up, step->on);
	enum tcp_state state = state_of_name(step->what);
	int proc;

	if (!node)
		return no_such(play, "node", step->on);
	if (record_sample(play->record, "step", play->err))
		return -play->err->code;
	proc = counters_proc_tcp(node->ns, state, play->err);
	if (proc < 0)
		return -play->err->code;

	auto_free char *what = must_printf("%s.proc=%d %s.sock_diag=%u", step->what, proc, step->what,
					   record_count(play->record, step->on, state));

	record_event(play->record, "count", step->on, what, step->why);
	return 0;
}

/* Send @craft from @node, which has @raw. */
static int send_from(struct play *play, const struct node_up *node, struct raw *raw, struct craft *craft)
{
	for (unsigned int f = 0; f < record_cursor(play->record); f++) {
		const struct trace_iface *iface;
		const struct trace_frame *frame = record_frame(play->record, f, &iface);
		struct tcp_view tcp;

		if (!strcmp(iface->node, node->name) && tcp_read(frame->data, frame->len, &tcp))
			craft_see(craft, &tcp);
	}
	return craft_finish(craft, play->err) ? -play->err->code : raw_send(raw, &craft->spec, play->err);
}

static int do_send(struct play *play, const struct step *step)
{
	const struct node_up *node = topo_node(&play->up, step->on);
	struct raw *raw = NULL;
	struct craft craft;
	int home, code;

	if (!node)
		return no_such(play, "node", step->on);
	home = ns_enter(node->ns, play->err);
	if (home < 0)
		return home;
	raw = raw_open(play->err);
	ns_leave(home);
	if (!raw)
		return err_in(play->err, step->on);
	record_event(play->record, "send", step->on, step->what, step->why);
	code = craft_read(step->what, &craft, play->err);
	if (!code)
		code = send_from(play, node, raw, &craft);
	craft_free(&craft);
	raw_close(raw);
	return code ? err_in(play->err, step->on) : 0;
}

/* The waits: each says whether what it waits for has come. */

/* Behind the line of @program that begins with @what; 0 = there is none. */
static size_t line_said(const struct run_program *program, const char *what)
{
	char *line = program->out.text ? program->out.text + program->said : NULL, *end;

	for (; line && (end = strchr(line, '\n')); line = end + 1)
		if (!strncmp(line, what, strlen(what)))
			return (size_t)(end + 1 - program->out.text);
	return 0;
}

static int has_said(struct play *play, const struct step *step)
{
	each_program(play, step, program) {
		if (line_said(program, step->what))
			continue;
		if (program->ended)
			return err_set(play->err, 0, "%s ended without saying '%s'",
				       program->program->name, step->what);
		return 0;
	}
	each_program(play, step, program)	/* each of them has, so none is asked again */
		program->said = line_said(program, step->what);
	return 1;
}

static int has_exited(struct play *play, const struct step *step)
{
	each_program(play, step, program)
		if (!program->ended)
			return 0;
	return 1;
}

/* How many sockets, or entries of a NAT, are in the state that @step names. */
static int in_state(struct play *play, const struct step *step)
{
	const struct node_up *node = topo_node(&play->up, step->on);
	int entries;

	if (!node || node->kind != NODE_NAT)
		return (int)record_count(play->record, step->on, state_of_name(step->what));
	entries = record_entries(play->record, step->on, step->what);
	if (entries < 0)
		return err_set(play->err, EOPNOTSUPP, "%s: its table cannot be looked at", step->on);
	return entries;
}

static int has_state(struct play *play, const struct step *step)
{
	int n = in_state(play, step);

	return n < 0 ? n : n > 0;
}

static int has_none(struct play *play, const struct step *step)
{
	int n = in_state(play, step);

	return n < 0 ? n : n == 0;
}

static int has_passed(struct play *play, const struct step *step)
{
	while (play->cursor < record_cursor(play->record)) {
		const struct trace_iface *iface;
		const struct trace_frame *frame = record_frame(play->record, play->cursor++, &iface);
		size_t len = strlen(iface->node);
		struct tcp_view tcp;

		if (frame->out || strncmp(step->on, iface->node, len) || step->on[len] != '/' ||
		    strcmp(step->on + len + 1, iface->dev) || !tcp_read(frame->data, frame->len, &tcp))
			continue;
		if (!strcmp(tcp_kind_name(tcp_kind(&tcp)), step->what))
			return 1;
	}
	return 0;
}

static const struct step_kind {
	const char *name;	/* as the events call it */
	int (*act)(struct play *play, const struct step *step);
	int (*done)(struct play *play, const struct step *step);	/* a wait: 1 = it has come */
} kinds[] = {
	[DO_NOTHING] = { "nothing", NULL, NULL },
	[DO_START]   = { "start", do_start, NULL },
	[DO_TELL]    = { "tell", do_tell, NULL },
	[DO_SAYS]    = { "until it says", NULL, has_said },
	[DO_EXIT]    = { "until it ends", NULL, has_exited },
	[DO_STATE]   = { "until in", NULL, has_state },
	[DO_GONE]    = { "until none is in", NULL, has_none },
	[DO_SEGMENT] = { "until it gets", NULL, has_passed },
	[DO_NETEM]   = { "netem", do_netem, NULL },
	[DO_SYSCTL]  = { "sysctl", do_sysctl, NULL },
	[DO_KILL]    = { "kill", do_kill, NULL },
	[DO_COUNT]   = { "count", do_count, NULL },
	[DO_SEND]    = { "send", do_send, NULL },
	[DO_SLEEP]   = { "sleep", NULL, NULL },
};
static_assert(ARRAY_SIZE(kinds) == STEP_DOES, "kinds[] lacks a step");

static int wait_for(struct play *play, const struct step *step)
{
	int ms = step->ms ? step->ms : STEP_LIMIT_MS;
	int64_t began = record_now(play->record), limit = began + ms * NS_PER_MS;

	for (;;) {
		int64_t now = record_now(play->record), until = limit;

		int done = kinds[step->act].done ? kinds[step->act].done(play, step) : 0;

		if (done)
			return done < 0 ? done : 0;
		if (now >= limit) {
			if (!kinds[step->act].done)	/* a sleep is over */
				return 0;
			return err_set(play->err, 0, "waited %d s %s %s '%s' in vain", ms / 1000,
				       step->on, kinds[step->act].name, step->what ? step->what : "");
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
	const struct step_kind *kind = &kinds[step->act];
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
	return kind->act(play, step);
}

static bool recycles(const struct node *node)
{
	return node->recycle && strcmp(node->recycle, "0");
}

static void rejected(const struct recycle_reject *reject, void *arg)
{
	struct gadget *gadget = arg;
	char from[64];
	auto_free char *what = must_printf("SYN from %s", endpoint_text(&reject->from, from));
	auto_free char *why = recycle_reason(reject);

	record_event(gadget->play->record, "reject", gadget->node, what, why);
}

/* What @node asks for, opened on it. */
static int open_gadget(struct play *play, struct gadget *gadget, const struct node *node)
{
	struct node_up *up = topo_node(&play->up, node->name);
	struct pollfd fds[8];
	int n = 0;

	if (node->uptime_s) {
		/* a tick of Linux's timestamp clock is a millisecond (TCP_TS_HZ) */
		gadget->uptime = uptime_open(up->ns, (uint32_t)(strtoll(node->uptime_s, NULL, 10) * 1000), play->err);
		if (!gadget->uptime)
			return err_in(play->err, node->name);
		n += uptime_fds(gadget->uptime, fds + n, (int)ARRAY_SIZE(fds) - n);
	}
	if (recycles(node)) {
		gadget->recycle = recycle_open(up->ns, play->err);
		if (!gadget->recycle)
			return err_in(play->err, node->name);
		recycle_on_reject(gadget->recycle, rejected, gadget);
		n += recycle_fds(gadget->recycle, fds + n, (int)ARRAY_SIZE(fds) - n);
	}
	for (int f = 0; f < n; f++)
		if (watch(play, fds[f].fd, FROM_GADGET, gadget->index))
			return -play->err->code;
	return 0;
}

static int open_gadgets(struct play *play)
{
	const struct node *nodes = play->plan->topo.nodes;
	unsigned int n = 0;

	while (nodes[n].name)
		n++;
	play->gadgets = must_calloc(n, sizeof(*play->gadgets));
	for (const struct node *node = nodes; node->name; node++) {
		struct gadget *gadget = &play->gadgets[play->n_gadgets];

		if (!node->uptime_s && !recycles(node))
			continue;
		*gadget = (struct gadget){ .play = play, .index = play->n_gadgets++, .node = node->name };
		if (open_gadget(play, gadget, node))
			return -play->err->code;
	}
	return 0;
}

/* What the emulation counted, under the names that the kernel had for it. */
static void count_gadgets(struct play *play)
{
	for (unsigned int g = 0; g < play->n_gadgets; g++) {
		const struct gadget *gadget = &play->gadgets[g];
		const struct recycle_stats *stats;

		if (!gadget->recycle)
			continue;
		stats = recycle_stats(gadget->recycle);
		record_add_counter(play->record, gadget->node, "TcpExt.PAWSPassive", (int64_t)stats->paws_passive);
		record_add_counter(play->record, gadget->node, "TcpExt.ListenDrops", (int64_t)stats->paws_passive);
	}
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
	for (unsigned int g = 0; g < play->n_gadgets; g++) {
		uptime_close(play->gadgets[g].uptime);
		recycle_close(play->gadgets[g].recycle);
	}
	free(play->programs);
	free(play->gadgets);
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
	/* The gadgets come before the record: with 200 nodes it has so many
	 * descriptors that libnftables, which selects, could use no other.
	 */
	if (watch(play, play->children, FROM_CHILDREN, 0) ||
	    topo_up(&play->plan->topo, &play->up, play->err) || open_gadgets(play))
		return -play->err->code;
	play->record = record_open(play->options->dir, play->plan, &play->up, play->err);
	if (!play->record)
		return -play->err->code;
	for (unsigned int n = 0; n < play->up.n; n++)
		if (watch(play, record_fd(play->record, n), FROM_CAPTURE, n))
			return -play->err->code;
	return 0;
}

static const char *recycling(const struct play *play)
{
	for (unsigned int g = 0; g < play->n_gadgets; g++)
		if (play->gadgets[g].recycle)
			return play->options->recycle;
	return "";
}

int play(const struct plan *plan, const struct play_options *options, struct err *err)
{
	struct play play = { .plan = plan, .options = options, .epoll = -1, .children = -1, .err = err };
	struct err ending = { 0 };
	int code = play_open(&play);
	bool opened = !code;

	for (const struct step *step = plan->steps; opened && !code && step && step->act; step++)
		code = do_step(&play, step);
	if (opened) {	/* a run that failed keeps its evidence too, marked so */
		struct err *first = err;

		if (code)
			play.err = &ending;
		count_gadgets(&play);
		if (close_programs(&play) ||
		    record_finish(play.record, options->seed, recycling(&play), code ? first->text : NULL, play.err))
			code = code ? code : -err->code;
	}
	play_close(&play);
	return code;
}

char *play_program(const char *lab, const char *exe)
{
	static const char *const beside[] = { "labs", "../lib/twlab/labs" };
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *path = NULL;

	self[len > 0 ? len : 0] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	for (size_t b = 0; b < ARRAY_SIZE(beside); b++) {
		free(path);
		path = must_printf("%s/%s/%s/%s", self, beside[b], lab, exe);
		if (access(path, X_OK) == 0)
			break;
	}
	return path;
}

/* steps.c - what each step of a lab does, or waits for */
#include "harness/run/steps.h"

#include "harness/run/emulation.h"
#include "harness/run/trials.h"

#include <twlab/craft.h>
#include <twlab/fs.h>
#include "harness/run/student_files.h"
#include "harness/run/lab_files.h"
#include <twlab/sysctl_conf.h>
#include <twlab/conntrack.h>
#include <twlab/counters.h>
#include <twlab/rtnetlink.h>
#include <twlab/ns.h>
#include <twlab/raw.h>
#include <twlab/sysctl.h>

#include <errno.h>
#include <signal.h>

static int no_such(struct run_state *run, const char *what, const char *name)
{
	return err_set(run->err, 0, "there is no %s '%s'", what, name);
}

/* For each program that step->on names. */
#define each_program(run, step, program)						\
	for (struct run_program *program = (run)->programs;				\
	     program < (run)->programs + (run)->n_programs; program++)		\
		if (plan_names((step)->on, program->program->name))

static int start_program(struct run_state *run, struct run_program *program)
{
	const struct program *row = program->program;
	const struct node_up *node = topo_node(&run->up, row->node);
	auto_free char *args = must_strdup(row->args ? row->args : "");
	const char *foreign = student_files_exe(run->options->student, row->name);
	auto_free char *exe = foreign ? must_strdup(foreign) : lab_file(run->plan->lab->name, row->exe);
	char *argv[32] = { exe }, *save = NULL;
	struct proc_start start = { .argv = argv, .privileged = row->privileged, .dir = "/" };
	int argc = 1;

	if (!node)
		return no_such(run, "node", row->node);
	for (char *word = strtok_r(args, " ", &save); word && argc < 31; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	start.ns = node->ns;
	start.sandbox = foreign ? student_files_sandbox(run->options->student) : NULL;
	if (proc_start(&start, &program->proc, run->err))
		return -run->err->code;
	program->started = true;
	recorder_event(run->recorder, "start", row->node, row->name, row->args);
	if (run_state_watch(run, program->proc.out, FROM_OUT, (unsigned int)(program - run->programs)) ||
	    run_state_watch(run, program->proc.errors, FROM_ERRORS, (unsigned int)(program - run->programs)))
		return -run->err->code;
	return 0;
}

static int do_start(struct run_state *run, const struct step *step)
{
	bool any = false;

	each_program(run, step, program) {
		any = true;
		if (!program->started && start_program(run, program))
			return -run->err->code;
	}
	return any ? 0 : no_such(run, "program", step->on);
}

static int do_tell(struct run_state *run, const struct step *step)
{
	bool any = false;

	each_program(run, step, program) {
		any = true;
		if (!program->started)
			return err_set(run->err, 0, "%s has not been started", program->program->name);
		recorder_event(run->recorder, "tell", program->program->node, step->what, step->why);
		if (proc_write(&program->proc, step->what, run->err))
			return err_in(run->err, program->program->name);
	}
	return any ? 0 : no_such(run, "program", step->on);
}

static int do_crash(struct run_state *run, const struct step *step)
{
	each_program(run, step, program)
		if (program->started && !program->ended) {
			recorder_event(run->recorder, "crash", program->program->node, program->program->name, step->why);
			kill(program->proc.pid, SIGKILL);
		}
	return 0;
}

/* Device @on is "NODE/DEV". */
static struct node_up *node_of_device(struct run_state *run, const char *on, const char **dev)
{
	char name[64];
	struct node_up *node;

	*dev = strchr(on, '/');
	if (!*dev || (size_t)(*dev - on) >= sizeof(name)) {
		err_set(run->err, 0, "'%s' is no NODE/DEVICE", on);
		return NULL;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(*dev - on), on);
	++*dev;
	node = topo_node(&run->up, name);
	if (!node)
		no_such(run, "node", name);
	return node;
}

/* All or none: what happens to a packet is what a step says, never a matter of chance. */
static int by_chance(const struct step *step, const struct netem *netem, struct err *err)
{
	const double percents[] = { netem->loss_percent, netem->duplicate_percent };

	for (size_t p = 0; p < ARRAY_SIZE(percents); p++)
		if (percents[p] > 0 && percents[p] < 100)
			return err_set(err, 0, "'%s' would leave it to chance which packets it takes: a lab has 0%% or 100%%, "
				       "and a step for when it begins and ends", step->what);
	return 0;
}

static int do_netem(struct run_state *run, const struct step *step)
{
	struct netem netem = { 0 };
	const char *dev;
	struct node_up *node = node_of_device(run, step->on, &dev);

	if (!node)
		return -run->err->code;
	for (const struct link *link = run->plan->topo.links; link && link->a.node; link++)
		if (link->wire && !strcmp(link->wire, node->name))
			netem.delay_ms = link->delay_ms;
	if (netem_parse(step->what, &netem, run->err) || by_chance(step, &netem, run->err) ||
	    rtnetlink_netem(node->net, dev, &netem, run->err))
		return err_in(run->err, step->on);
	recorder_event(run->recorder, "netem", step->on, *step->what ? step->what : "as usual", step->why);
	return 0;
}

static int do_sysctl(struct run_state *run, const struct step *step)
{
	struct node_up *node = topo_node(&run->up, step->on);
	auto_free char *key = must_strdup(step->what);
	char *value = strchr(key, '=');

	if (!node)
		return no_such(run, "node", step->on);
	if (!value)
		return err_set(run->err, 0, "%s: '%s' is no sysctl as key=value", step->on, step->what);
	*value++ = '\0';
	if (sysctl_set(node->ns, key, value, run->err))
		return err_in(run->err, step->on);
	recorder_event(run->recorder, "sysctl", step->on, step->what, step->why);
	return 0;
}

/* Words without blanks in them, as facts take them (lib/evidence/facts.h). */
static char *value_word(const char *value)
{
	char *word = must_strdup(value ? value : "");

	for (char *at = word; *at; at++)
		if (*at == ' ' || *at == '\t')
			*at = ',';
	return word;
}

static void write_line(struct run_state *run, const struct step *step, const struct sysctl_conf_line *line)
{
	auto_free char *usual = value_word(line->usual), *was = value_word(line->was), *is = value_word(line->is);
	const char *error = line->error ? strerrorname_np(line->error) : "0";
	auto_free char *what = must_printf("%s.error=%s %s.usual=%s %s.was=%s %s.is=%s", line->key, error,
					   line->key, usual, line->key, was, line->key, is);
	auto_free char *why = must_printf("%s:%u: %s = %s", step->what, line->number,
					  *line->key ? line->key : "?", line->value);

	recorder_event(run->recorder, "conf", step->on, *line->key ? what : "", why);
}

static int do_conf(struct run_state *run, const struct step *step)
{
	struct node_up *node = topo_node(&run->up, step->on);
	auto_free char *path = lab_file(run->plan->lab->name, step->what);
	auto_free char *errors = NULL;
	auto_free void *text = NULL;
	struct sysctl_conf conf;
	size_t len;
	int code;

	if (!node)
		return no_such(run, "node", step->on);
	if (fs_read(path, &text, &len, run->err))
		return err_code(run->err);
	sysctl_conf_parse(text, &conf);
	code = sysctl_conf_apply(&conf, node->ns, run->err);
	for (unsigned int l = 0; l < conf.n && !code; l++)
		write_line(run, step, &conf.lines[l]);
	errors = must_printf("errors=%u", sysctl_conf_errors(&conf));
	if (!code)
		recorder_event(run->recorder, "conf", step->on, errors, step->why);
	sysctl_conf_free(&conf);
	return code;
}

static int do_kill(struct run_state *run, const struct step *step)
{
	int n;

	if (!topo_node(&run->up, step->on) || !tcp_state_named(step->what))
		return topo_node(&run->up, step->on) ? no_such(run, "state", step->what) : no_such(run, "node", step->on);
	if (recorder_sample(run->recorder, "step", run->err))
		return -run->err->code;
	n = recorder_kill(run->recorder, step->on, tcp_state_named(step->what), run->err);
	if (n < 0)
		return -run->err->code;
	if (n == 0)
		return err_set(run->err, 0, "%s has no socket in %s to destroy", step->on, step->what);
	recorder_event(run->recorder, "kill", step->on, step->what, step->why);
	return recorder_sample(run->recorder, "step", run->err);
}

static int do_count(struct run_state *run, const struct step *step)
{
	struct node_up *node = topo_node(&run->up, step->on);
	enum tcp_state state = tcp_state_named(step->what);
	int proc;

	if (!node || !state)
		return no_such(run, node ? "state" : "node", node ? step->what : step->on);
	if (recorder_sample(run->recorder, "step", run->err))
		return -run->err->code;
	proc = counters_proc_tcp(node->ns, state, run->err);
	if (proc < 0)
		return -run->err->code;

	auto_free char *what = must_printf("%s.proc=%d %s.sock_diag=%u", step->what, proc, step->what,
					   recorder_count(run->recorder, step->on, state));

	recorder_event(run->recorder, "count", step->on, what, step->why);
	return 0;
}

/* Send @craft from @node, which has @raw. */
static int send_from(struct run_state *run, const struct node_up *node, struct raw *raw, struct craft *craft)
{
	for (unsigned int f = 0; f < recorder_cursor(run->recorder); f++) {
		const struct trace_iface *iface;
		const struct trace_frame *frame = recorder_frame(run->recorder, f, &iface);
		struct tcp_view tcp;

		if (!strcmp(iface->node, node->name) && tcp_read(frame->data, frame->len, &tcp))
			craft_see(craft, &tcp);
	}
	return craft_finish(craft, run->err) ? -run->err->code : raw_send(raw, &craft->spec, run->err);
}

static int do_send(struct run_state *run, const struct step *step)
{
	const struct node_up *node = topo_node(&run->up, step->on);
	struct raw *raw = NULL;
	struct craft craft;
	int home, code;

	if (!node)
		return no_such(run, "node", step->on);
	home = ns_enter(node->ns, run->err);
	if (home < 0)
		return home;
	raw = raw_open(run->err);
	ns_leave(home);
	if (!raw)
		return err_in(run->err, step->on);
	recorder_send(run->recorder, step->on, step->what, step->why);
	code = craft_read(step->what, &craft, run->err);
	if (!code)
		code = send_from(run, node, raw, &craft);
	craft_free(&craft);
	raw_close(raw);
	return code ? err_in(run->err, step->on) : 0;
}

/* The waits: each says whether what it waits for has come. */

/* Behind the line of @program that begins with @what; 0 = there is none. */
static size_t printed_line(const struct run_program *program, const char *what)
{
	char *line = program->out.text ? program->out.text + program->said : NULL, *end;

	for (; line && (end = strchr(line, '\n')); line = end + 1)
		if (!strncmp(line, what, strlen(what)))
			return (size_t)(end + 1 - program->out.text);
	return 0;
}

static bool names_none(struct run_state *run, const struct step *step)
{
	each_program(run, step, program)
		return false;
	return true;
}

static int has_printed(struct run_state *run, const struct step *step)
{
	if (names_none(run, step))
		return no_such(run, "program", step->on);
	each_program(run, step, program) {
		if (printed_line(program, step->what))
			continue;
		if (program->ended)
			return err_set(run->err, 0, "%s ended without saying '%s'",
				       program->program->name, step->what);
		return 0;
	}
	each_program(run, step, program)	/* each of them has, so none is asked again */
		program->said = printed_line(program, step->what);
	return 1;
}

static int has_exited(struct run_state *run, const struct step *step)
{
	if (names_none(run, step))
		return no_such(run, "program", step->on);
	each_program(run, step, program)
		if (!program->ended)
			return 0;
	return 1;
}

/* How many sockets, or entries of a NAT, are in the state that @step names. */
static int in_state(struct run_state *run, const struct step *step)
{
	const struct node_up *node = topo_node(&run->up, step->on);
	int entries;

	if (!node)
		return no_such(run, "node", step->on);
	if (*step->what && !(node->kind == NODE_NAT ? conntrack_has_state(step->what) : tcp_state_named(step->what) != STATE_NONE))
		return no_such(run, node->kind == NODE_NAT ? "state of conntrack's" : "state", step->what);
	if (node->kind != NODE_NAT)
		return (int)recorder_count(run->recorder, step->on, tcp_state_named(step->what));
	entries = recorder_entries(run->recorder, step->on, step->what);
	if (entries < 0)
		return err_set(run->err, EOPNOTSUPP, "%s: its table cannot be looked at", step->on);
	return entries;
}

static int has_state(struct run_state *run, const struct step *step)
{
	int n = in_state(run, step);

	return n < 0 ? n : n > 0;
}

static int has_none(struct run_state *run, const struct step *step)
{
	int n = in_state(run, step);

	return n < 0 ? n : n == 0;
}

/* Which kind of segment came in at the device @on as the record's frame @index; -1: none did. */
static int came_in(struct run_state *run, const char *on, unsigned int index)
{
	const struct trace_iface *iface;
	const struct trace_frame *frame = recorder_frame(run->recorder, index, &iface);
	size_t len = strlen(iface->node);
	struct tcp_view tcp;

	if (frame->out || strncmp(on, iface->node, len) || on[len] != '/' || strcmp(on + len + 1, iface->dev) ||
	    !tcp_read(frame->data, frame->len, &tcp))
		return -1;
	return (int)tcp_kind(&tcp);
}

static bool has_device(const struct node_up *node, const char *dev)
{
	for (unsigned int d = 0; d < node->n_devs; d++)
		if (!strcmp(node->devs[d], dev))
			return true;
	return false;
}

static int kind_named(const char *name)
{
	for (int kind = 0; kind < TCP_KINDS; kind++)
		if (!strcmp(tcp_kind_name((enum tcp_kind)kind), name))
			return kind;
	return -1;
}

static int has_passed(struct run_state *run, const struct step *step)
{
	int kind = kind_named(step->what ? step->what : "");
	const char *dev;
	const struct node_up *node = node_of_device(run, step->on, &dev);

	if (!node)
		return -run->err->code;
	if (kind < 0 || !has_device(node, dev))
		return no_such(run, kind < 0 ? "kind of segment" : "device", kind >= 0 ? step->on : step->what ? step->what : "");
	while (run->cursor < recorder_cursor(run->recorder))
		if (came_in(run, step->on, run->cursor++) == kind)
			return 1;
	return 0;
}

/* What there was in place of what was waited for: see waits.h. */

/* Those of @step's programs that are not yet where it wants them. */
static bool lags(const struct step *step, const struct run_program *program)
{
	return step->act == DO_SAYS ? !printed_line(program, step->what) : !program->ended;
}

/* The last line that it printed, cut short: in a message, where nobody else's line ends and escapes belong. */
static char *last_line(const struct run_program *program)
{
	const char *text = program->out.text ? program->out.text : "", *from = text + program->out.len;
	char *line;

	while (from > text && from[-1] == '\n')
		from--;
	while (from > text && from[-1] != '\n')
		from--;
	line = must_printf("%.60s", from);
	line[strcspn(line, "\n")] = '\0';
	for (char *at = line; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	return line;
}

static char *programs_found(struct run_state *run, const struct step *step)
{
	bool foreign, many = strchr(step->on, '*');
	const struct run_program *first = NULL;
	unsigned int n = 0;

	each_program(run, step, program)
		if (lags(step, program) && n++ == 0)
			first = program;
	if (!first)
		return must_strdup("");
	auto_free char *others = n > 1 ? must_printf(" and %u more", n - 1) : must_strdup("");
	auto_free char *who = many ? must_printf("%s%s", first->program->name, others) : must_strdup("it");
	auto_free char *line = last_line(first);

	foreign = student_files_exe(run->options->student, first->program->name);
	if (!first->started)
		return must_printf("%s %s never started", who, n > 1 ? "were" : "was");
	if (step->act != DO_SAYS || n > 1 || foreign)
		return must_printf("%s %s", who, step->act == DO_SAYS ? "did not" : "did not end");
	return *line ? must_printf("%s printed '%s' last", who, line) : must_printf("%s printed nothing", who);
}

static char *states_found(struct run_state *run, const struct step *step)
{
	auto_free char *states = recorder_states(run->recorder, step->on);
	const struct node_up *node = topo_node(&run->up, step->on);

	if (*states)
		return must_printf("it had %s", states);
	return must_printf("it had %s", node && node->kind == NODE_NAT ? "no entry" : "no socket");
}

static char *segments_found(struct run_state *run, const struct step *step)
{
	unsigned int counts[TCP_KINDS] = { 0 };
	char *found = NULL;

	for (unsigned int f = run->waits_from; f < recorder_cursor(run->recorder); f++) {
		int kind = came_in(run, step->on, f);

		if (kind >= 0)
			counts[kind]++;
	}
	for (int kind = 0; kind < TCP_KINDS; kind++)
		if (counts[kind])
			must_append(&found, "%s%u %s", found ? ", " : "what came was ", counts[kind], tcp_kind_name((enum tcp_kind)kind));
	return found ? found : must_strdup("no segment came");
}

const struct step_kind step_kinds[] = {
	[DO_NOTHING] = { "nothing", NULL, NULL },
	[DO_START]   = { "start", do_start, NULL },
	[DO_TELL]    = { "tell", do_tell, NULL },
	[DO_SAYS]    = { "until it says", NULL, has_printed, programs_found },
	[DO_EXIT]    = { "until it ends", NULL, has_exited, programs_found },
	[DO_CRASH]   = { "crash", do_crash, has_exited, programs_found },
	[DO_STATE]   = { "until in", NULL, has_state, states_found },
	[DO_GONE]    = { "until none is in", NULL, has_none, states_found },
	[DO_SEGMENT] = { "until it gets", NULL, has_passed, segments_found },
	[DO_NETEM]   = { "netem", do_netem, NULL },
	[DO_SYSCTL]  = { "sysctl", do_sysctl, NULL },
	[DO_CONF]    = { "conf", do_conf, NULL },
	[DO_KILL]    = { "kill", do_kill, NULL },
	[DO_COUNT]   = { "count", do_count, NULL },
	[DO_SEND]    = { "send", do_send, NULL },
	[DO_TRIAL]   = { "try", trials_try, NULL },
	[DO_ASK]     = { "ask", trials_ask, trials_answered, trials_found },
	[DO_SLEEP]   = { "sleep", NULL, NULL },
};
static_assert(ARRAY_SIZE(step_kinds) == STEP_DOES, "step_kinds[] lacks a step");

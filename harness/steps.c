/* steps.c - what each step of a lab does, or waits for */
#include "harness/playing.h"

#include "harness/craft.h"
#include "harness/handin.h"
#include "lib/conf.h"
#include "lib/counters.h"
#include "lib/net.h"
#include "lib/ns.h"
#include "lib/raw.h"
#include "lib/sysctl.h"

#include <errno.h>
#include <signal.h>

static int no_such(struct play *play, const char *what, const char *name)
{
	return err_set(play->err, 0, "there is no %s '%s'", what, name);
}

/* For each program that step->on names. */
#define each_program(play, step, program)						\
	for (struct run_program *program = (play)->programs;				\
	     program < (play)->programs + (play)->n_programs; program++)		\
		if (plan_names((step)->on, program->program->name))

static int start_program(struct play *play, struct run_program *program)
{
	const struct program *row = program->program;
	const struct node_up *node = topo_node(&play->up, row->node);
	auto_free char *args = must_strdup(row->args ? row->args : "");
	const char *foreign = handin_exe(play->options->handin, row->name);
	auto_free char *exe = foreign ? must_strdup(foreign) : play_file(play->plan->lab->name, row->exe);
	char *argv[32] = { exe }, *save = NULL;
	struct proc_start start = { .argv = argv, .privileged = row->privileged, .dir = "/" };
	int argc = 1;

	if (!node)
		return no_such(play, "node", row->node);
	for (char *word = strtok_r(args, " ", &save); word && argc < 31; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	start.ns = node->ns;
	start.cage = foreign ? handin_cage(play->options->handin) : NULL;
	if (proc_start(&start, &program->proc, play->err))
		return -play->err->code;
	program->started = true;
	record_event(play->record, "start", row->node, row->name, row->args);
	if (play_watch(play, program->proc.out, FROM_OUT, (unsigned int)(program - play->programs)) ||
	    play_watch(play, program->proc.errors, FROM_ERRORS, (unsigned int)(program - play->programs)))
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

static int do_crash(struct play *play, const struct step *step)
{
	each_program(play, step, program)
		if (program->started && !program->ended) {
			record_event(play->record, "crash", program->program->node, program->program->name, step->why);
			kill(program->proc.pid, SIGKILL);
		}
	return 0;
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

/* Words without blanks in them, as facts take them (lib/facts.h). */
static char *value_word(const char *value)
{
	char *word = must_strdup(value ? value : "");

	for (char *at = word; *at; at++)
		if (*at == ' ' || *at == '\t')
			*at = ',';
	return word;
}

static void tell_line(struct play *play, const struct step *step, const struct conf_line *line)
{
	auto_free char *usual = value_word(line->usual), *was = value_word(line->was), *is = value_word(line->is);
	const char *error = line->error ? strerrorname_np(line->error) : "0";
	auto_free char *what = must_printf("%s.error=%s %s.usual=%s %s.was=%s %s.is=%s", line->key, error,
					   line->key, usual, line->key, was, line->key, is);
	auto_free char *why = must_printf("%s:%u: %s = %s", step->what, line->number,
					  *line->key ? line->key : "?", line->value);

	record_event(play->record, "conf", step->on, *line->key ? what : "", why);
}

static int do_conf(struct play *play, const struct step *step)
{
	struct node_up *node = topo_node(&play->up, step->on);
	auto_free char *path = play_file(play->plan->lab->name, step->what);
	auto_fclose FILE *file = fopen(path, "re");
	auto_free char *errors = NULL, *text = NULL;
	struct conf conf;
	size_t size = 0;
	int code;

	if (!node)
		return no_such(play, "node", step->on);
	if (!file || (getdelim(&text, &size, '\0', file) < 0 && ferror(file)))
		return err_set(play->err, errno, "cannot read %s", path);
	conf_parse(text ? text : "", &conf);
	code = conf_apply(&conf, node->ns, play->err);
	for (unsigned int l = 0; l < conf.n && !code; l++)
		tell_line(play, step, &conf.lines[l]);
	errors = must_printf("errors=%u", conf_errors(&conf));
	if (!code)
		record_event(play->record, "conf", step->on, errors, step->why);
	conf_free(&conf);
	return code;
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

	if (!node || !state)
		return no_such(play, node ? "state" : "node", node ? step->what : step->on);
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

static bool names_none(struct play *play, const struct step *step)
{
	each_program(play, step, program)
		return false;
	return true;
}

static int has_said(struct play *play, const struct step *step)
{
	if (names_none(play, step))
		return no_such(play, "program", step->on);
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
	if (names_none(play, step))
		return no_such(play, "program", step->on);
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

	if (!node)
		return no_such(play, "node", step->on);
	if (node->kind != NODE_NAT && *step->what && !state_of_name(step->what))
		return no_such(play, "state", step->what);
	if (node->kind != NODE_NAT)
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

const struct step_kind step_kinds[] = {
	[DO_NOTHING] = { "nothing", NULL, NULL },
	[DO_START]   = { "start", do_start, NULL },
	[DO_TELL]    = { "tell", do_tell, NULL },
	[DO_SAYS]    = { "until it says", NULL, has_said },
	[DO_EXIT]    = { "until it ends", NULL, has_exited },
	[DO_CRASH]   = { "crash", do_crash, has_exited },
	[DO_STATE]   = { "until in", NULL, has_state },
	[DO_GONE]    = { "until none is in", NULL, has_none },
	[DO_SEGMENT] = { "until it gets", NULL, has_passed },
	[DO_NETEM]   = { "netem", do_netem, NULL },
	[DO_SYSCTL]  = { "sysctl", do_sysctl, NULL },
	[DO_CONF]    = { "conf", do_conf, NULL },
	[DO_KILL]    = { "kill", do_kill, NULL },
	[DO_COUNT]   = { "count", do_count, NULL },
	[DO_SEND]    = { "send", do_send, NULL },
	[DO_TRIAL]   = { "try", trials_try, NULL },
	[DO_ASK]     = { "ask", trials_ask, trials_told },
	[DO_SLEEP]   = { "sleep", NULL, NULL },
};
static_assert(ARRAY_SIZE(step_kinds) == STEP_DOES, "step_kinds[] lacks a step");

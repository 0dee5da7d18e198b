/* handin.c - a student's files, put where they belong in a plan */
#include "harness/handin.h"

#include "harness/cache.h"
#include "harness/toolchain.h"
#include "lib/fw.h"
#include "lib/ns.h"
#include "lib/proc.h"
#include "lib/sysctl.h"

#include <errno.h>
#include <poll.h>
#include <sys/wait.h>

#define CAGE "/run/cage"
#define COMPILED "/run/compiled"	/* NAME.c, and what came of it: NAME, or why there is none: NAME.why */
#define EXE_MAX (4 << 20)
#define SAID_MAX 400		/* of what the compiler says */
#define RECYCLE "net.ipv4.tcp_tw_recycle"

struct handin {
	struct plan *plan;
	struct cage *cage;
	struct setting *settings;
	unsigned int n_settings;
	struct ruleset *rulesets;
	unsigned int n_rulesets;
	struct node *nodes;
	char **strings;
	unsigned int n_strings;
	struct { const char *program; char *exe; } programs[8];
	unsigned int n_programs;
};

static const char *keep(struct handin *handin, char *text)
{
	*(char **)grow(&handin->strings, handin->n_strings++, sizeof(char *)) = text;
	return text;
}

int handin_setting(const struct conf_line *line, struct err *err)
{
	if (!*line->key)
		return err_set(err, 0, "'%.60s' is no line like key = value", line->value);
	if (strncmp(line->key, "net.", 4) || strstr(line->key, "..") ||
	    line->key[strspn(line->key, "abcdefghijklmnopqrstuvwxyz0123456789_.")])
		return err_set(err, 0, "'%.60s' is no setting of a node: those begin with net.", line->key);
	return 0;
}

/* tcp_tw_recycle is the plan's to give: no kernel that runs it as a setting is asked. */
static void set_recycle(struct handin *handin, const char *on, const char *value)
{
	for (struct node *node = handin->nodes; node->name; node++)
		if (!strcmp(node->name, on))
			node->recycle = value;
}

/* It is tried first where nothing depends on it: what fails here is the file's fault. */
static int add_setting(struct handin *handin, int ns, const char *on, const struct conf_line *line, struct err *err)
{
	const char *key, *value;
	struct err own = { 0 };

	if (handin_setting(line, err))
		return -err->code;
	key = keep(handin, must_strdup(line->key));
	value = keep(handin, must_strdup(line->value));
	if (!strcmp(key, RECYCLE)) {
		if (strcmp(value, "0") && strcmp(value, "1"))
			return err_set(err, 0, "%s is 0 or 1, not '%.60s'", key, value);
		set_recycle(handin, on, value);
	} else if (!sysctl_set(ns, key, value, &own)) {
		*(struct setting *)grow(&handin->settings, handin->n_settings++, sizeof(struct setting)) =
			(struct setting){ on, key, value, "handed in" };
	} else if (!line->forgiven) {	/* "-key = value": sysctl.conf(5) */
		*err = own;
	}
	return -err->code;
}

static int add_settings(struct handin *handin, const struct handin_file *file, const char *text,
			bool *theirs, struct err *err)
{
	auto_close int ns = ns_new(err);
	struct conf conf;

	if (ns < 0)
		return ns;
	conf_parse(text, &conf);
	for (unsigned int l = 0; l < conf.n && !err->code; l++)
		if (add_setting(handin, ns, file->on, &conf.lines[l], err)) {
			auto_free char *where = must_printf("line %u", conf.lines[l].number);

			*theirs = true;
			err_in(err, where);
		}
	conf_free(&conf);
	return -err->code;
}

static int add_rules(struct handin *handin, const struct handin_file *file, const char *text,
		     bool *theirs, struct err *err)
{
	auto_close int ns = ns_new(err);
	unsigned int kept = 0;

	if (ns < 0)
		return ns;
	*theirs = true;
	if (strstr(text, "include"))	/* the rules, all the rules and nothing but the rules */
		return err_set(err, 0, "rules include no other file");
	if (fw_run(ns, text, err))
		return -err->code;
	*theirs = false;
	for (unsigned int r = 0; r < handin->n_rulesets; r++)
		if (strcmp(handin->rulesets[r].node, file->on))
			handin->rulesets[kept++] = handin->rulesets[r];
	handin->n_rulesets = kept;
	*(struct ruleset *)grow(&handin->rulesets, handin->n_rulesets++, sizeof(struct ruleset)) =
		(struct ruleset){ file->on, keep(handin, must_strdup(text)) };
	return 0;
}

/* Wait for the compiler, and keep what it says. Its wait status. */
static int hear(struct handin *handin, struct proc *proc, char *said, const char **trouble)
{
	size_t len = 0;
	int status;

	*trouble = NULL;
	while (waitpid(proc->pid, &status, WNOHANG) == 0) {
		struct pollfd fds[] = { { proc->errors, POLLIN }, { proc->out, POLLIN } };
		char more[512];
		ssize_t n;

		poll(fds, 2, 10);
		while ((n = read(proc->errors, more, sizeof(more))) > 0)
			for (ssize_t i = 0; i < n && len < SAID_MAX; i++)
				said[len++] = more[i] == '\n' ? ' ' : more[i];
		while (read(proc->out, more, sizeof(more)) > 0)
			;
		*trouble = cage_trouble(handin->cage);
		if (*trouble)
			cage_kill(handin->cage);
	}
	for (ssize_t n; len < SAID_MAX && (n = read(proc->errors, said + len, SAID_MAX - len)) > 0; len += (size_t)n)
		;
	said[len] = '\0';
	said[strcspn(said, "\n")] = '\0';
	proc->pid = 0;
	proc_end(proc);
	return status;
}

static int compile(struct handin *handin, const char *source, const char *out, bool *theirs, struct err *err)
{
	auto_free char *to = must_printf("/tmp/%s", out);
	const char *argv[] = { "/" TOOLCHAIN_TCC, "-std=c11", "-D_GNU_SOURCE", "-o", to, source, "-lpthread", NULL };
	struct proc_start start = { .argv = (char *const *)(uintptr_t)argv, .cage = handin->cage, .dir = "/src" };
	auto_close int ns = ns_new(err);
	const char *trouble;
	char said[SAID_MAX + 1];
	struct proc proc;
	int status;

	start.ns = ns;
	if (ns < 0 || proc_start(&start, &proc, err))
		return -err->code;
	status = hear(handin, &proc, said, &trouble);
	cage_kill(handin->cage);
	if (!status)
		return 0;
	*theirs = true;
	return trouble ? err_set(err, 0, "compiling it was ended: %s", trouble) :
	       err_set(err, 0, "it does not compile: %s", *said ? said : "the compiler died of it");
}

static int put_down(const char *name, const char *ending, const void *data, size_t len, struct err *err)
{
	auto_free char *path = must_printf(COMPILED "/%s%s", name, ending);

	return cache_put(path, data, len, err);
}

/* What a run before this one made of the same source: 1 and *@exe; 0 = there was none;
 * or again why it does not compile.
 */
static int compiled(const char *name, const char *text, size_t len, void **exe, size_t *exe_len, struct err *err)
{
	auto_free char *source = must_printf(COMPILED "/%s.c", name), *path = must_printf(COMPILED "/%s", name);
	auto_free char *why = must_printf(COMPILED "/%s.why", name);
	auto_free void *was = NULL, *said = NULL;
	struct err none = { 0 };
	size_t was_len, said_len;

	if (access(source, F_OK) || cache_read(source, &was, &was_len, &none) || was_len != len || memcmp(was, text, len))
		return 0;
	if (!access(why, F_OK) && !cache_read(why, &said, &said_len, &none))
		return err_set(err, 0, "%s", (char *)said);
	return !access(path, F_OK) && !cache_read(path, exe, exe_len, &none);
}

static int make_exe(struct handin *handin, const char *name, const char *text, size_t len, void **exe, size_t *exe_len,
		    bool *theirs, struct err *err)
{
	auto_free char *source = must_printf("%s.c", name), *put = must_printf("src/%s", source);
	struct err none = { 0 };
	int is = compiled(name, text, len, exe, exe_len, err);

	*theirs = is < 0;
	if (is)
		return is < 0 ? is : 0;
	if (cage_put(handin->cage, put, 0444, text, len, err))
		return -err->code;
	if (!compile(handin, source, name, theirs, err))
		*theirs = cage_take(handin->cage, name, EXE_MAX, exe, exe_len, err) < 0;
	if (err->code && !*theirs)
		return -err->code;
	if (put_down(name, ".c", text, len, &none) ||
	    put_down(name, err->code ? ".why" : "", err->code ? err->text : *exe, err->code ? strlen(err->text) : *exe_len, &none))
		fprintf(stderr, "%s\n", none.text);	/* it will be compiled again */
	return -err->code;
}

static int add_program(struct handin *handin, const struct handin_file *file, const char *text, size_t len,
		       bool *theirs, struct err *err)
{
	auto_free char *exe = must_printf("bin/%s", file->on);
	auto_free void *data = NULL;
	size_t exe_len;

	if (handin->n_programs == ARRAY_SIZE(handin->programs))
		return err_set(err, 0, "more programs than a lab has");
	if (!handin->cage)
		handin->cage = cage_open(CAGE, &cage_usual, err);
	if (!handin->cage || make_exe(handin, file->on, text, len, &data, &exe_len, theirs, err) ||
	    cage_put(handin->cage, exe, 0755, data, exe_len, err))
		return -err->code;
	handin->programs[handin->n_programs].program = file->on;
	handin->programs[handin->n_programs++].exe = must_printf("/%s", exe);
	return 0;
}

static int add(struct handin *handin, const struct handin_file *file, bool *theirs, struct err *err)
{
	auto_free void *text = NULL;
	size_t len;

	if (cache_read(file->path, &text, &len, err))
		return -err->code;
	switch (file->kind) {
	case TASK_SYSCTL:
		return add_settings(handin, file, text, theirs, err);
	case TASK_RULES:
		return add_rules(handin, file, text, theirs, err);
	case TASK_PROGRAM:
		return add_program(handin, file, text, len, theirs, err);
	case TASK_NOTHING:
	case TASK_PREDICT:
	case TASK_KINDS:
		break;
	}
	return err_set(err, 0, "%s is not for a run", file->path);
}

/* Tables of the plan, copied, to be changed. */
static void take_tables(struct handin *handin)
{
	const struct topo *topo = &handin->plan->topo;
	unsigned int n = 0;

	for (const struct setting *row = topo->settings; row && row->node; row++)
		*(struct setting *)grow(&handin->settings, handin->n_settings++, sizeof(*row)) = *row;
	for (const struct ruleset *row = topo->rulesets; row && row->node; row++)
		*(struct ruleset *)grow(&handin->rulesets, handin->n_rulesets++, sizeof(*row)) = *row;
	for (const struct node *row = topo->nodes; row && row->name; row++)
		*(struct node *)grow(&handin->nodes, n++, sizeof(*row)) = *row;
	grow(&handin->nodes, n, sizeof(struct node));
}

struct handin *handin_new(struct plan *plan, const struct handin_file *files, unsigned int n,
			  bool *theirs, struct err *err)
{
	struct handin *handin = must_calloc(1, sizeof(*handin));

	*theirs = false;
	handin->plan = plan;
	take_tables(handin);
	for (unsigned int f = 0; f < n; f++)
		if (add(handin, &files[f], theirs, err)) {
			const char *name = strrchr(files[f].path, '/');

			err_in(err, name ? name + 1 : files[f].path);
			handin_free(handin);
			return NULL;
		}
	grow(&handin->settings, handin->n_settings, sizeof(struct setting));
	grow(&handin->rulesets, handin->n_rulesets, sizeof(struct ruleset));
	plan->topo.settings = handin->settings;
	plan->topo.rulesets = handin->rulesets;
	plan->topo.nodes = handin->nodes;
	return handin;
}

void handin_free(struct handin *handin)
{
	if (!handin)
		return;
	cage_close(handin->cage);
	for (unsigned int s = 0; s < handin->n_strings; s++)
		free(handin->strings[s]);
	for (unsigned int p = 0; p < handin->n_programs; p++)
		free(handin->programs[p].exe);
	free(handin->strings);
	free(handin->settings);
	free(handin->rulesets);
	free(handin->nodes);
	free(handin);
}

struct cage *handin_cage(const struct handin *handin)
{
	return handin ? handin->cage : NULL;
}

const char *handin_exe(const struct handin *handin, const char *name)
{
	for (unsigned int p = 0; handin && p < handin->n_programs; p++) {
		size_t len = strlen(handin->programs[p].program);

		if (!strncmp(handin->programs[p].program, name, len) && !name[len + strspn(name + len, "0123456789")])
			return handin->programs[p].exe;
	}
	return NULL;
}

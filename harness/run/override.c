/* override.c - a student's files, put where they belong in a plan */
#include "harness/run/override.h"

#include <twlab/fs.h>
#include "harness/util/guest.h"
#include <twlab/nftables.h>
#include <twlab/ns.h>
#include <twlab/proc.h>
#include <twlab/sysctl.h>

#include <errno.h>
#include <poll.h>
#include <sys/wait.h>

#define CAGE "/run/cage"
#define COMPILED "/run/compiled"	/* NAME.c, and what came of it: NAME, or why there is none: NAME.why */
#define EXE_MAX (4 << 20)
#define SAID_MAX 400		/* of what the compiler says */
#define RECYCLE "net.ipv4.tcp_tw_recycle"

struct override {
	struct plan *plan;
	struct sandbox *sandbox;
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

static const char *keep(struct override *override, char *text)
{
	*(char **)grow(&override->strings, override->n_strings++, sizeof(char *)) = text;
	return text;
}

int override_setting(const struct sysctl_conf_line *line, struct err *err)
{
	if (!*line->key)
		return err_set(err, 0, "'%.60s' is no line like key = value", line->value);
	if (strncmp(line->key, "net.", 4) || strstr(line->key, "..") ||
	    line->key[strspn(line->key, "abcdefghijklmnopqrstuvwxyz0123456789_.")])
		return err_set(err, 0, "'%.60s' is no setting of a node: those begin with net.", line->key);
	return 0;
}

/* tcp_tw_recycle is the plan's to give: no kernel that runs it as a setting is asked. */
static void set_recycle(struct override *override, const char *on, const char *value)
{
	for (struct node *node = override->nodes; node->name; node++)
		if (!strcmp(node->name, on))
			node->recycle = value;
}

/* It is tried first where nothing depends on it: what fails here is the file's fault. */
static int add_setting(struct override *override, int ns, const char *on, const struct sysctl_conf_line *line, struct err *err)
{
	const char *key, *value;
	struct err own = { 0 };

	if (override_setting(line, err))
		return -err->code;
	key = keep(override, must_strdup(line->key));
	value = keep(override, must_strdup(line->value));
	if (!strcmp(key, RECYCLE)) {
		if (strcmp(value, "0") && strcmp(value, "1"))
			return err_set(err, 0, "%s is 0 or 1, not '%.60s'", key, value);
		set_recycle(override, on, value);
	} else if (!sysctl_set(ns, key, value, &own)) {
		*(struct setting *)grow(&override->settings, override->n_settings++, sizeof(struct setting)) =
			(struct setting){ on, key, value, "handed in" };
	} else if (!line->forgiven) {	/* "-key = value": sysctl.conf(5) */
		*err = own;
	}
	return -err->code;
}

static int add_settings(struct override *override, const struct override_file *file, const char *text,
			bool *theirs, struct err *err)
{
	auto_close int ns = ns_new(err);
	struct sysctl_conf conf;

	if (ns < 0)
		return ns;
	sysctl_conf_parse(text, &conf);
	for (unsigned int l = 0; l < conf.n && !err->code; l++)
		if (add_setting(override, ns, file->on, &conf.lines[l], err)) {
			auto_free char *where = must_printf("line %u", conf.lines[l].number);

			*theirs = true;
			err_in(err, where);
		}
	sysctl_conf_free(&conf);
	return -err->code;
}

static int add_rules(struct override *override, const struct override_file *file, const char *text,
		     bool *theirs, struct err *err)
{
	auto_close int ns = ns_new(err);
	unsigned int kept = 0;

	if (ns < 0)
		return ns;
	*theirs = true;
	if (strstr(text, "include"))	/* the rules, all the rules and nothing but the rules */
		return err_set(err, 0, "rules include no other file");
	if (nftables_run(ns, text, err))
		return -err->code;
	*theirs = false;
	for (unsigned int r = 0; r < override->n_rulesets; r++)
		if (strcmp(override->rulesets[r].node, file->on))
			override->rulesets[kept++] = override->rulesets[r];
	override->n_rulesets = kept;
	*(struct ruleset *)grow(&override->rulesets, override->n_rulesets++, sizeof(struct ruleset)) =
		(struct ruleset){ file->on, keep(override, must_strdup(text)) };
	return 0;
}

/* Wait for the compiler, and keep what it says. Its wait status. */
static int collect(struct override *override, struct proc *proc, char *said, const char **trouble)
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
		*trouble = sandbox_trouble(override->sandbox);
		if (*trouble)
			sandbox_kill(override->sandbox);
	}
	for (ssize_t n; len < SAID_MAX && (n = read(proc->errors, said + len, SAID_MAX - len)) > 0; len += (size_t)n)
		;
	said[len] = '\0';
	said[strcspn(said, "\n")] = '\0';
	proc->pid = 0;
	proc_end(proc);
	return status;
}

static int compile(struct override *override, const char *source, const char *out, bool *theirs, struct err *err)
{
	auto_free char *to = must_printf("/tmp/%s", out);
	const char *argv[] = { "/" GUEST_TCC, "-std=c11", "-D_GNU_SOURCE", "-o", to, source, "-lpthread", NULL };
	struct proc_start start = { .argv = (char *const *)(uintptr_t)argv, .sandbox = override->sandbox, .dir = "/src" };
	auto_close int ns = ns_new(err);
	const char *trouble;
	char said[SAID_MAX + 1];
	struct proc proc;
	int status;

	start.ns = ns;
	if (ns < 0 || proc_start(&start, &proc, err))
		return -err->code;
	status = collect(override, &proc, said, &trouble);
	sandbox_kill(override->sandbox);
	if (!status)
		return 0;
	*theirs = true;
	return trouble ? err_set(err, 0, "compiling it was ended: %s", trouble) :
	       err_set(err, 0, "it does not compile: %s", *said ? said : "the compiler died of it");
}

static int put_down(const char *name, const char *ending, const void *data, size_t len, struct err *err)
{
	auto_free char *path = must_printf(COMPILED "/%s%s", name, ending);

	return fs_write_file(path, data, len, err);
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
	size_t was_len, output_len;

	if (access(source, F_OK) || fs_read(source, &was, &was_len, &none) || was_len != len || memcmp(was, text, len))
		return 0;
	if (!access(why, F_OK) && !fs_read(why, &said, &output_len, &none))
		return err_set(err, 0, "%s", (char *)said);
	return !access(path, F_OK) && !fs_read(path, exe, exe_len, &none);
}

static int make_exe(struct override *override, const char *name, const char *text, size_t len, void **exe, size_t *exe_len,
		    bool *theirs, struct err *err)
{
	auto_free char *source = must_printf("%s.c", name), *put = must_printf("src/%s", source);
	struct err none = { 0 };
	int is = compiled(name, text, len, exe, exe_len, err);

	*theirs = is < 0;
	if (is)
		return is < 0 ? is : 0;
	if (sandbox_put(override->sandbox, put, 0444, text, len, err))
		return -err->code;
	if (!compile(override, source, name, theirs, err))
		*theirs = sandbox_take(override->sandbox, name, EXE_MAX, exe, exe_len, err) < 0;
	if (err->code && !*theirs)
		return -err->code;
	if (put_down(name, ".c", text, len, &none) ||
	    put_down(name, err->code ? ".why" : "", err->code ? err->text : *exe, err->code ? strlen(err->text) : *exe_len, &none))
		fprintf(stderr, "%s\n", none.text);	/* it will be compiled again */
	return -err->code;
}

static int add_program(struct override *override, const struct override_file *file, const char *text, size_t len,
		       bool *theirs, struct err *err)
{
	auto_free char *exe = must_printf("bin/%s", file->on);
	auto_free void *data = NULL;
	size_t exe_len;

	if (override->n_programs == ARRAY_SIZE(override->programs))
		return err_set(err, 0, "more programs than a lab has");
	if (!override->sandbox)
		override->sandbox = sandbox_open(CAGE, &sandbox_usual, err);
	if (!override->sandbox || make_exe(override, file->on, text, len, &data, &exe_len, theirs, err) ||
	    sandbox_put(override->sandbox, exe, 0755, data, exe_len, err))
		return -err->code;
	override->programs[override->n_programs].program = file->on;
	override->programs[override->n_programs++].exe = must_printf("/%s", exe);
	return 0;
}

static int add(struct override *override, const struct override_file *file, bool *theirs, struct err *err)
{
	auto_free void *text = NULL;
	size_t len;

	if (fs_read(file->path, &text, &len, err))
		return -err->code;
	switch (file->kind) {
	case TASK_SYSCTL:
		return add_settings(override, file, text, theirs, err);
	case TASK_RULES:
		return add_rules(override, file, text, theirs, err);
	case TASK_PROGRAM:
		return add_program(override, file, text, len, theirs, err);
	case TASK_NOTHING:
	case TASK_PREDICT:
	case TASK_KINDS:
		break;
	}
	return err_set(err, 0, "%s is not for a run", file->path);
}

/* Tables of the plan, copied, to be changed. */
static void take_tables(struct override *override)
{
	const struct topo *topo = &override->plan->topo;
	unsigned int n = 0;

	for (const struct setting *row = topo->settings; row && row->node; row++)
		*(struct setting *)grow(&override->settings, override->n_settings++, sizeof(*row)) = *row;
	for (const struct ruleset *row = topo->rulesets; row && row->node; row++)
		*(struct ruleset *)grow(&override->rulesets, override->n_rulesets++, sizeof(*row)) = *row;
	for (const struct node *row = topo->nodes; row && row->name; row++)
		*(struct node *)grow(&override->nodes, n++, sizeof(*row)) = *row;
	grow(&override->nodes, n, sizeof(struct node));
}

struct override *override_new(struct plan *plan, const struct override_file *files, unsigned int n,
			  bool *theirs, struct err *err)
{
	struct override *override = must_calloc(1, sizeof(*override));

	*theirs = false;
	override->plan = plan;
	take_tables(override);
	for (unsigned int f = 0; f < n; f++)
		if (add(override, &files[f], theirs, err)) {
			const char *name = strrchr(files[f].path, '/');

			err_in(err, name ? name + 1 : files[f].path);
			override_free(override);
			return NULL;
		}
	grow(&override->settings, override->n_settings, sizeof(struct setting));
	grow(&override->rulesets, override->n_rulesets, sizeof(struct ruleset));
	plan->topo.settings = override->settings;
	plan->topo.rulesets = override->rulesets;
	plan->topo.nodes = override->nodes;
	return override;
}

void override_free(struct override *override)
{
	if (!override)
		return;
	sandbox_close(override->sandbox);
	for (unsigned int s = 0; s < override->n_strings; s++)
		free(override->strings[s]);
	for (unsigned int p = 0; p < override->n_programs; p++)
		free(override->programs[p].exe);
	free(override->strings);
	free(override->settings);
	free(override->rulesets);
	free(override->nodes);
	free(override);
}

struct sandbox *override_sandbox(const struct override *override)
{
	return override ? override->sandbox : NULL;
}

const char *override_exe(const struct override *override, const char *name)
{
	for (unsigned int p = 0; override && p < override->n_programs; p++) {
		size_t len = strlen(override->programs[p].program);

		if (!strncmp(override->programs[p].program, name, len) && !name[len + strspn(name + len, "0123456789")])
			return override->programs[p].exe;
	}
	return NULL;
}

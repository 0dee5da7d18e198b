/* student_files.c - a student's files, put where they belong in a plan */
#include "harness/run/student_files.h"

#include <twlab/fs.h>
#include "harness/run/compile.h"
#include <twlab/nftables.h>
#include <twlab/ns.h>
#include <twlab/proc.h>
#include <twlab/sysctl.h>

#include <errno.h>

#define CAGE "/run/cage"
#define RECYCLE "net.ipv4.tcp_tw_recycle"

struct student_files {
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

static const char *keep(struct student_files *student, char *text)
{
	*(char **)grow(&student->strings, student->n_strings++, sizeof(char *)) = text;
	return text;
}

int student_files_setting(const struct sysctl_conf_line *line, struct err *err)
{
	if (!*line->key)
		return err_set(err, 0, "'%.60s' is no line like key = value", line->value);
	if (strncmp(line->key, "net.", 4) || strstr(line->key, "..") ||
	    line->key[strspn(line->key, "abcdefghijklmnopqrstuvwxyz0123456789_.")])
		return err_set(err, 0, "'%.60s' is no setting of a node: those begin with net.", line->key);
	return 0;
}

/* tcp_tw_recycle is the plan's to give: no kernel that runs it as a setting is asked. */
static void set_recycle(struct student_files *student, const char *on, const char *value)
{
	for (struct node *node = student->nodes; node->name; node++)
		if (!strcmp(node->name, on))
			node->recycle = value;
}

/* It is tried first where nothing depends on it: what fails here is the file's fault. */
static int add_setting(struct student_files *student, int ns, const char *on, const struct sysctl_conf_line *line, struct err *err)
{
	const char *key, *value;
	struct err own = { 0 };

	if (student_files_setting(line, err))
		return -err->code;
	key = keep(student, must_strdup(line->key));
	value = keep(student, must_strdup(line->value));
	if (!strcmp(key, RECYCLE)) {
		if (strcmp(value, "0") && strcmp(value, "1"))
			return err_set(err, 0, "%s is 0 or 1, not '%.60s'", key, value);
		set_recycle(student, on, value);
	} else if (!sysctl_set(ns, key, value, &own)) {
		*(struct setting *)grow(&student->settings, student->n_settings++, sizeof(struct setting)) =
			(struct setting){ on, key, value, "handed in" };
	} else if (!line->forgiven) {	/* "-key = value": sysctl.conf(5) */
		*err = own;
	}
	return -err->code;
}

static int add_settings(struct student_files *student, const struct student_file *file, const char *text,
			bool *theirs, struct err *err)
{
	auto_close int ns = ns_new(err);
	struct sysctl_conf conf;

	if (ns < 0)
		return ns;
	sysctl_conf_parse(text, &conf);
	for (unsigned int l = 0; l < conf.n && !err->code; l++)
		if (add_setting(student, ns, file->on, &conf.lines[l], err)) {
			auto_free char *where = must_printf("line %u", conf.lines[l].number);

			*theirs = true;
			err_in(err, where);
		}
	sysctl_conf_free(&conf);
	return -err->code;
}

static int add_rules(struct student_files *student, const struct student_file *file, const char *text,
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
	for (unsigned int r = 0; r < student->n_rulesets; r++)
		if (strcmp(student->rulesets[r].node, file->on))
			student->rulesets[kept++] = student->rulesets[r];
	student->n_rulesets = kept;
	*(struct ruleset *)grow(&student->rulesets, student->n_rulesets++, sizeof(struct ruleset)) =
		(struct ruleset){ file->on, keep(student, must_strdup(text)) };
	return 0;
}

static int add_program(struct student_files *student, const struct student_file *file, const char *text, size_t len,
		       bool *theirs, struct err *err)
{
	auto_free char *exe = must_printf("bin/%s", file->on);
	auto_free void *data = NULL;
	size_t exe_len;

	if (student->n_programs == ARRAY_SIZE(student->programs))
		return err_set(err, 0, "more programs than a lab has");
	if (!student->sandbox)
		student->sandbox = sandbox_open(CAGE, &sandbox_usual, err);
	if (!student->sandbox || compile_program(student->sandbox, file->on, text, len, &data, &exe_len, theirs, err) ||
	    sandbox_put(student->sandbox, exe, 0755, data, exe_len, err))
		return -err->code;
	student->programs[student->n_programs].program = file->on;
	student->programs[student->n_programs++].exe = must_printf("/%s", exe);
	return 0;
}

static int add(struct student_files *student, const struct student_file *file, bool *theirs, struct err *err)
{
	auto_free void *text = NULL;
	size_t len;

	if (fs_read(file->path, &text, &len, err))
		return -err->code;
	switch (file->kind) {
	case TASK_SYSCTL:
		return add_settings(student, file, text, theirs, err);
	case TASK_RULES:
		return add_rules(student, file, text, theirs, err);
	case TASK_PROGRAM:
		return add_program(student, file, text, len, theirs, err);
	case TASK_NOTHING:
	case TASK_PREDICT:
	case TASK_KINDS:
		break;
	}
	return err_set(err, 0, "%s is not for a run", file->path);
}

/* Tables of the plan, copied, to be changed. */
static void take_tables(struct student_files *student)
{
	const struct topo *topo = &student->plan->topo;
	unsigned int n = 0;

	for (const struct setting *row = topo->settings; row && row->node; row++)
		*(struct setting *)grow(&student->settings, student->n_settings++, sizeof(*row)) = *row;
	for (const struct ruleset *row = topo->rulesets; row && row->node; row++)
		*(struct ruleset *)grow(&student->rulesets, student->n_rulesets++, sizeof(*row)) = *row;
	for (const struct node *row = topo->nodes; row && row->name; row++)
		*(struct node *)grow(&student->nodes, n++, sizeof(*row)) = *row;
	grow(&student->nodes, n, sizeof(struct node));
}

struct student_files *student_files_new(struct plan *plan, const struct student_file *files, unsigned int n,
					bool *theirs, struct err *err)
{
	struct student_files *student = must_calloc(1, sizeof(*student));

	*theirs = false;
	student->plan = plan;
	take_tables(student);
	for (unsigned int f = 0; f < n; f++)
		if (add(student, &files[f], theirs, err)) {
			const char *name = strrchr(files[f].path, '/');

			err_in(err, name ? name + 1 : files[f].path);
			student_files_free(student);
			return NULL;
		}
	grow(&student->settings, student->n_settings, sizeof(struct setting));
	grow(&student->rulesets, student->n_rulesets, sizeof(struct ruleset));
	plan->topo.settings = student->settings;
	plan->topo.rulesets = student->rulesets;
	plan->topo.nodes = student->nodes;
	return student;
}

void student_files_free(struct student_files *student)
{
	if (!student)
		return;
	sandbox_close(student->sandbox);
	for (unsigned int s = 0; s < student->n_strings; s++)
		free(student->strings[s]);
	for (unsigned int p = 0; p < student->n_programs; p++)
		free(student->programs[p].exe);
	free(student->strings);
	free(student->settings);
	free(student->rulesets);
	free(student->nodes);
	free(student);
}

struct sandbox *student_files_sandbox(const struct student_files *student)
{
	return student ? student->sandbox : NULL;
}

const char *student_files_exe(const struct student_files *student, const char *name)
{
	for (unsigned int p = 0; student && p < student->n_programs; p++) {
		size_t len = strlen(student->programs[p].program);

		if (!strncmp(student->programs[p].program, name, len) && !name[len + strspn(name + len, "0123456789")])
			return student->programs[p].exe;
	}
	return NULL;
}

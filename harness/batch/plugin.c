/* plugin.c - labs that are no part of twlab: a shared object each
 *
 * A lab is tables, and so is this: the object has nothing but data, and one symbol
 * that leads to it. In a guest the same object is loaded again, from the folder that
 * the job's files are in, with its programs beside it.
 */
#include "harness/batch/plugin.h"

#include "harness/vm/executable.h"
#include "labs/index.h"
#include <twlab/utf8.h>

#include <dlfcn.h>
#include <errno.h>
#include <sys/stat.h>

static struct loaded {
	const struct lab *lab;
	char *file, *dir;
} *all;
static unsigned int n_all;

static bool is_file(const char *word)
{
	size_t len = strlen(word);

	return strchr(word, '/') || (len > 3 && !strcmp(word + len - 3, ".so"));
}

/* They are names of files, and of members in JSON. */
static bool has_bytes(const struct lab *lab)
{
	bool has = false;

	for (const struct variant *variant = lab->variants; variant->name; variant++)
		has |= !utf8_is(variant->name);
	for (const struct node *node = lab->topo.nodes; node && node->name; node++)
		has |= !utf8_is(node->name);
	for (const struct program *program = lab->programs; program && program->name; program++)
		has |= !utf8_is(program->name);
	return has;
}

static int refuse_unfit(const char *file, const struct lab_export *export, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	const struct lab *lab = export->lab;

	if (export->words != LAB_WORDS)
		return err_set(err, 0, "%s was built with the labs/lab.h of another version; build it again", file);
	if (!lab || !lab->name || !*lab->name || lab->name[strspn(lab->name, letters)])
		return err_set(err, 0, "%s: a lab's name is lower case letters, digits and hyphens, not '%s'", file,
			       lab && lab->name ? lab->name : "");
	if (!lab->question || !lab->answer || !lab->variants || !lab->variants->name || !lab->steps || !lab->claims)
		return err_set(err, 0, "%s: a lab needs a question, an answer, variants, steps and claims", file);
	if (has_bytes(lab))
		return err_set(err, 0, "%s: the name of a variant, a node or a program is no UTF-8", file);
	if (lab_find(lab->name))
		return err_set(err, 0, "%s: there is a lab '%s' already", file, lab->name);
	return 0;
}

static const struct lab *load(const char *file, char *path, struct err *err)
{
	const struct lab_export *export;
	struct loaded *loaded;
	struct stat st;
	void *handle;

	for (unsigned int l = 0; l < n_all; l++)
		if (!strcmp(all[l].file, path))
			return all[l].lab;
	if (!stat(path, &st) && !S_ISREG(st.st_mode)) {	/* to open a pipe is to wait for who writes to it */
		err_set(err, 0, "%s is no lab: it is no regular file", file);
		return NULL;
	}
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		const char *why = dlerror();

		if (!strncmp(why, path, strlen(path)) && why[strlen(path)] == ':')
			why += strlen(path) + 2;
		err_set(err, 0, "%s is no lab: %s", file, why);
		return NULL;
	}
	export = dlsym(handle, "twlab_lab");
	if (!export)
		err_set(err, 0, "%s is no lab: it has no LAB_EXPORT()", file);
	if (!export || refuse_unfit(file, export, err)) {
		dlclose(handle);
		return NULL;
	}
	loaded = grow(&all, n_all++, sizeof(*loaded));
	*loaded = (struct loaded){ export->lab, must_strdup(path), must_strdup(path) };
	*strrchr(loaded->dir, '/') = '\0';
	lab_add(loaded->lab, loaded->dir);
	return loaded->lab;
}

const struct lab *plugin_lab(const char *word, struct err *err)
{
	const struct lab *lab = lab_find(word);
	auto_free char *path = NULL;

	if (!lab && !is_file(word)) {
		err_set(err, 0, "there is no lab '%s'; twlab list names them", word);
		return NULL;
	}
	path = lab ? NULL : realpath(word, NULL);
	if (!lab && !path)
		err_set(err, errno, "%s", word);
	return lab ? lab : path ? load(word, path, err) : NULL;
}

const char *plugin_file(const struct lab *lab)
{
	for (unsigned int l = 0; l < n_all; l++)
		if (all[l].lab == lab)
			return all[l].file;
	return NULL;
}

/* The file @name beside @plan's lab. One with a '/' is another lab's, and there already. */
static int pack_one(const struct plan *plan, const char *name, struct files *work, struct files *system,
		    struct err *err)
{
	auto_free char *path = must_printf("%s/%s", lab_dir(plan->lab->name), name);
	auto_paths struct paths needs = { 0 };

	if (strchr(name, '/') || files_have(work, name))
		return 0;
	if (files_add_from(work, name, path, err) || executable_needs(path, &needs, err))
		return err_code(err);
	for (size_t i = 1; i < needs.n; i++)
		if (!files_have(system, needs.item[i] + 1) &&
		    files_add_from(system, needs.item[i] + 1, needs.item[i], err))
			return err_code(err);
	return 0;
}

int plugin_pack(const struct plan *plan, struct files *work, struct files *system, struct err *err)
{
	const char *file = plugin_file(plan->lab);

	if (!file)
		return 0;
	if (pack_one(plan, strrchr(file, '/') + 1, work, system, err))
		return err_code(err);
	for (const struct program *program = plan->programs; program->name; program++)
		if (pack_one(plan, program->exe, work, system, err))
			return err_in(err, program->name);
	for (const struct step *step = plan->steps; step->act; step++)
		if (step->act == DO_CONF && pack_one(plan, step->what, work, system, err))
			return err_code(err);
	return 0;
}

/* partial.c - what is kept of a run that did not come to its end
 *
 * Packets up to where it failed are worth a look, and of a guest that died its
 * console is all there is. Nothing takes such a folder for evidence: see
 * evidence_read().
 */
#include "harness/batch/partial.h"

#include <twlab/fs.h>
#include <twlab/json_text.h>

#include <errno.h>

static int put(const char *dir, const char *name, const char *text, struct err *err)
{
	auto_free char *path = must_printf("%s/%s", dir, name);
	auto_fclose FILE *file = fopen(path, "we");

	if (!file || fputs(text, file) == EOF || fflush(file))
		return err_set(err, errno, "cannot write %s", path);
	return 0;
}

int partial_console(const char *dir, const char *console, struct err *err)
{
	return fs_mkdir(dir, err) ? -err->code : put(dir, "console.txt", console, err);
}

int partial_mark(const char *dir, const struct plan *plan, const char *why,
		 const char *console, struct err *err)
{
	auto_free char *run = must_printf("%s/run.json", dir);
	auto_free char *dumped = NULL, *text = NULL;
	json_t *json;

	if (fs_mkdir(dir, err) || (*console && put(dir, "console.txt", console, err)))
		return -err->code;
	if (access(run, F_OK) == 0)
		return 0;
	json = json_pack("{s:o, s:o, s:b, s:o}", "lab", json_text(plan->lab->name), "variant", json_text(plan->variant),
			 "complete", 0, "failed", json_text(why));
	dumped = json_dumps(json, JSON_INDENT(1));
	text = must_printf("%s\n", dumped);
	json_decref(json);
	return put(dir, "run.json", text, err);
}

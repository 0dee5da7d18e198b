/* outcome_find.c - every evidence folder in a folder, as outcomes */
#include "harness/judge/outcome_find.h"
#include <twlab/fs.h>

#include <errno.h>

static int add(struct outcome **outcomes, unsigned int *n, const char *dir, struct err *err)
{
	struct outcome *outcome = grow(outcomes, *n, sizeof(*outcome));

	if (outcome_of(dir, outcome, err))
		return -err->code;
	++*n;
	return 0;
}

int outcomes_find(char *dir, struct outcome **outcomes, unsigned int *n, struct err *err)
{
	unsigned int before = *n;
	auto_walk FTS *fts = fs_walk(dir, err);
	int code = 0;

	if (!fts)
		return err_code(err);
	for (FTSENT *entry; !code && (entry = fts_read(fts)); ) {
		auto_free char *parent = NULL;

		if (entry->fts_info == FTS_D && entry->fts_level > 0 && *entry->fts_name == '.') {
			fts_set(fts, entry, FTS_SKIP);	/* what a run that was killed left half done */
			continue;
		}
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS) {
			code = err_set(err, entry->fts_errno, "cannot read %s", entry->fts_path);
		} else if (entry->fts_info == FTS_F && (!strcmp(entry->fts_name, "run.json") ||
			   (!strcmp(entry->fts_name, "events.jsonl") && entry->fts_level > 0))) {
			auto_free char *run = NULL;

			parent = must_printf("%.*s", entry->fts_pathlen - entry->fts_namelen - 1, entry->fts_path);
			run = must_printf("%s/run.json", parent);
			if (!strcmp(entry->fts_name, "events.jsonl") && access(run, F_OK) == 0)
				continue;	/* run.json of the same folder brings it in */
			code = add(outcomes, n, parent, err);
		}
	}
	if (!code && *n == before)
		return err_set(err, 0, "%s holds no evidence (a folder with run.json, as twlab run leaves it)", dir);
	return code;
}

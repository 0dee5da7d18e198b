/* evidence_find.c - the evidence folders in a folder */
#include "harness/judge/evidence_find.h"

#include <twlab/fs.h>

/* The file that makes its folder one of evidence: run.json, or where there is none events.jsonl. */
static bool marks_evidence(const FTSENT *entry)
{
	auto_free char *folder = fs_folder(entry->fts_path), *run = must_printf("%s/run.json", folder);

	if (entry->fts_info != FTS_F)
		return false;
	return !strcmp(entry->fts_name, "run.json") ||
	       (!strcmp(entry->fts_name, "events.jsonl") && entry->fts_level > 0 && access(run, F_OK));
}

int evidence_find(const char *dir, char ***dirs, unsigned int *n, struct err *err)
{
	unsigned int before = *n;
	auto_walk FTS *walk = fs_walk(dir, err);

	if (!walk)
		return err_code(err);
	for (FTSENT *entry; (entry = fts_read(walk)); ) {
		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
			return err_set(err, entry->fts_errno, "cannot read %s", entry->fts_path);
		if (entry->fts_info == FTS_D && entry->fts_level > 0 && *entry->fts_name == '.')
			fts_set(walk, entry, FTS_SKIP);
		else if (marks_evidence(entry))
			*(char **)grow(dirs, (*n)++, sizeof(char *)) = fs_folder(entry->fts_path);
	}
	if (*n == before)
		return err_set(err, 0, "%s holds no evidence (a folder with run.json, as twlab run leaves it)", dir);
	return 0;
}

/* evidence_dir.c - where the evidence of a run goes */
#include "harness/batch/evidence_dir.h"

#include <twlab/fs.h>

#include <errno.h>

/* Whole or not, evidence has one of these. */
static bool is_evidence(const char *dir)
{
	auto_free char *whole = must_printf("%s/run.json", dir);
	auto_free char *begun = must_printf("%s/events.jsonl", dir);

	return !access(whole, F_OK) || !access(begun, F_OK);
}

static int refuse_other(const char *dir, struct err *err)
{
	if (access(dir, F_OK) || is_evidence(dir))
		return 0;
	return err_set(err, 0, "%s is there and is no evidence folder; remove it or choose another with -o", dir);
}

int evidence_dir_check(const char *dir, struct err *err)
{
	auto_free char *above = must_strdup(dir);
	char *slash;

	if (refuse_other(dir, err))
		return -err->code;
	/* The lowest folder above it that exists: what is missing is made there. */
	while ((slash = strrchr(above, '/'))) {
		slash[slash == above] = '\0';
		if (!access(above, F_OK) || errno != ENOENT || slash == above)
			break;
	}
	if (access(slash ? above : ".", W_OK | X_OK))
		return err_set(err, errno, "cannot write in %s", slash ? above : ".");
	return 0;
}

int evidence_dir_make(const char *dir, struct err *err)
{
	auto_free char *above = fs_folder(dir);

	return fs_mkdir(above, err);
}

int evidence_dir_settle(const char *from, const char *dir, struct err *err)
{
	if (refuse_other(dir, err))
		return -err->code;
	fs_remove(dir);
	if (rename(from, dir))
		return err_set(err, errno, "cannot move the evidence to %s", dir);
	return 0;
}

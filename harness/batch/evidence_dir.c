/* evidence_dir.c - where the evidence of a run goes */
#include "harness/batch/evidence_dir.h"

#include <twlab/fs.h>
#include <twlab/number.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>

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

	return *dir ? fs_mkdir(above, err) : err_set(err, 0, "cannot make a folder without a name");
}

/* In which PIDs are told: another container's are not ours to judge. */
static uint64_t pid_namespace(void)
{
	struct stat st = { 0 };

	stat("/proc/self/ns/pid", &st);
	return st.st_ino;
}

static const char *name_of(const char *dir)
{
	const char *slash = strrchr(dir, '/');

	return slash ? slash + 1 : dir;
}

char *evidence_dir_temporary(const char *dir)
{
	auto_free char *above = fs_folder(dir);

	return must_printf("%s/.%s.%llu.%d", above, name_of(dir), (unsigned long long)pid_namespace(), (int)getpid());
}

/* Is @made ("NAMESPACE.PID") by a process that is no more? */
static bool is_of_the_dead(const char *made)
{
	auto_free char *ns = must_strdup(made);
	char *dot = strchr(ns, '.');
	uint64_t in, pid;

	if (!dot)
		return false;
	*dot = '\0';
	return number_unsigned(ns, &in) && number_unsigned(dot + 1, &pid) && in == pid_namespace() &&
	       pid > 0 && pid <= INT_MAX && kill((pid_t)pid, 0) && errno == ESRCH;
}

/* What runs that were killed have left half done beside @dir. */
static void remove_remains(const char *dir)
{
	auto_free char *above = fs_folder(dir), *begin = must_printf(".%s.", name_of(dir));
	const struct dirent *entry;
	DIR *folder = opendir(above);

	while (folder && (entry = readdir(folder))) {
		auto_free char *path = must_printf("%s/%s", above, entry->d_name);

		if (!strncmp(entry->d_name, begin, strlen(begin)) && is_of_the_dead(entry->d_name + strlen(begin)))
			fs_remove(path);
	}
	if (folder)
		closedir(folder);
}

int evidence_dir_settle(const char *from, const char *dir, struct err *err)
{
	if (refuse_other(dir, err))
		return -err->code;
	fs_remove(dir);
	if (rename(from, dir))
		return err_set(err, errno, "cannot move the evidence to %s", dir);
	remove_remains(dir);
	return 0;
}

/* submissions.c - a folder of submissions: a folder or an archive each */
#include "harness/grade/submissions.h"

#include "harness/util/archive.h"
#include <twlab/fs.h>
#include "harness/grade/handout.h"
#include "harness/grade/submission.h"
#include "labs/index.h"
#include <twlab/digest.h>

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#define ARCHIVE_MAX (32 << 20)	/* bytes of it, packed */

static const struct archive_limit limit = { .entries = 2000, .all = 64 << 20, .file = SUBMISSION_FILE_MAX };

static const char *const endings[] = { ".zip", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tar.zst", ".tar" };

/* How long @name is without the ending of an archive; 0 if it has none. */
static size_t stem(const char *name)
{
	size_t len = strlen(name);

	for (size_t e = 0; e < ARRAY_SIZE(endings); e++) {
		size_t ending = strlen(endings[e]);

		if (len > ending && !strcmp(name + len - ending, endings[e]))
			return len - ending;
	}
	return 0;
}

/* twlab.json, or a file that some task of some lab asks for. */
static bool is_wanted(const char *name)
{
	if (!strcmp(name, SUBMISSION_ABOUT))
		return true;
	for (const struct lab *const *lab = all_labs; *lab; lab++)
		for (const struct task *task = (*lab)->tasks; task && task->name; task++)
			if (!strcmp(task->file, name))
				return true;
	return false;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISDIR(st.st_mode);
}

static bool is_export(const char *name)
{
	return !strncmp(name, "submission_", 11) || strstr(name, "_assignsubmission_file");
}

/* What lies beside the results of all (harness/grade/class_report.c). */
static const char *const ours[] = { "grades.csv", "index.html" };

/* The same names for the same text, and none for two. */
static char *fit_for_a_file(const char *text)
{
	auto_free char *digest = digest_of(text, strlen(text)), *clean = must_printf("%.64s", text);
	bool fits = !handout_check_ids(&text, 1, NULL);

	for (size_t o = 0; o < ARRAY_SIZE(ours); o++)
		fits &= strcmp(text, ours[o]) != 0;

	for (char *c = clean; *(c += strspn(c, HANDOUT_ID_CHARS)); )
		*c = '_';
	return fits ? must_strdup(clean) : must_printf("x%s-%.8s", clean, digest);
}

static void name_ids(struct submission_entry *entry, const char *name)
{
	auto_free char *copy = must_strdup(name);
	struct err err = { 0 };
	char *rest = copy, *id;

	while ((id = strsep(&rest, "+")))
		*(char **)grow(&entry->ids, entry->n_ids++, sizeof(char *)) = must_strdup(id);
	if (handout_check_ids((const char *const *)entry->ids, entry->n_ids, &err))
		entry->why = must_printf("the name of what was handed in: %s", err.text);
}

static int by_who(const void *a, const void *b)
{
	return strcmp(((const struct submission_entry *)a)->who, ((const struct submission_entry *)b)->who);
}

int submissions_list(const char *dir, struct submission_entry **all, unsigned int *n, struct err *err)
{
	DIR *open_dir = opendir(dir);
	const struct dirent *entry;

	if (!open_dir)
		return err_set(err, errno, "cannot read the folder %s", dir);
	while ((entry = readdir(open_dir))) {
		auto_free char *path = must_printf("%s/%s", dir, entry->d_name);
		auto_free char *name = must_strdup(entry->d_name);
		bool folder = is_folder(path);
		struct submission_entry *row;

		if (*name == '.' || (!folder && !stem(name)))
			continue;
		if (!folder)
			name[stem(name)] = '\0';
		row = grow(all, (*n)++, sizeof(*row));
		*row = (struct submission_entry){ .path = steal_ptr(&path), .who = fit_for_a_file(name), .archive = !folder };
		if (!is_export(name))
			name_ids(row, name);
	}
	closedir(open_dir);
	if (*n)
		qsort(*all, *n, sizeof(**all), by_who);
	for (unsigned int h = 1; h < *n; h++)
		if (!strcmp((*all)[h].who, (*all)[h - 1].who))
			return err_set(err, 0, "%s and %s are of the same name: which of them counts?",
				       (*all)[h - 1].path, (*all)[h].path);
	return 0;
}

void submissions_free(struct submission_entry *all, unsigned int n)
{
	for (unsigned int h = 0; h < n; h++) {
		for (unsigned int i = 0; i < all[h].n_ids; i++)
			free(all[h].ids[i]);
		free(all[h].ids);
		free(all[h].path);
		free(all[h].who);
		free(all[h].why);
	}
	free(all);
}

/* What lies in @dir: one that is wanted; and how many folders, the last of them in *@folder. */
static bool look_into(const char *dir, unsigned int *folders, unsigned int *archives, char **folder)
{
	DIR *open_dir = opendir(dir);
	const struct dirent *entry;
	bool wanted = false;

	*folders = *archives = 0;
	*folder = NULL;
	while (open_dir && (entry = readdir(open_dir))) {
		auto_free char *path = must_printf("%s/%s", dir, entry->d_name);

		wanted |= is_wanted(entry->d_name);
		if (*entry->d_name == '.' || !strcmp(entry->d_name, "__MACOSX"))
			continue;
		if (is_folder(path)) {
			free(*folder);
			*folder = steal_ptr(&path);
			(*folders)++;
		} else {
			*archives += stem(entry->d_name) > 0;
		}
	}
	if (open_dir)
		closedir(open_dir);
	return wanted;
}

bool submissions_is_class(const char *dir)
{
	unsigned int folders, archives;
	auto_free char *folder = NULL;

	return !look_into(dir, &folders, &archives, &folder) && folders + archives > 0;
}

static int unpack(const struct submission_entry *entry, const char *scratch, struct err *err)
{
	struct files files = { 0 };
	auto_free void *data = NULL;
	struct stat st;
	size_t len;
	int code;

	if (stat(entry->path, &st) || !S_ISREG(st.st_mode))
		return err_set(err, 0, "it is no plain file");
	if (st.st_size > ARCHIVE_MAX)
		return err_set(err, 0, "it has more than %d MB", ARCHIVE_MAX >> 20);
	code = fs_read(entry->path, &data, &len, err);
	if (!code)
		code = archive_pick(data, len, &limit, is_wanted, &files, err);
	if (!code)
		code = files_write(files.item, files.n, scratch, err);
	files_free(&files);
	return code;
}

char *submissions_folder(const struct submission_entry *entry, const char *scratch, struct err *err)
{
	const char *at = entry->archive ? scratch : entry->path;
	unsigned int folders, archives;
	auto_free char *folder = NULL;

	if (entry->archive && unpack(entry, scratch, err)) {
		err_in(err, strrchr(entry->path, '/') + 1);
		return NULL;
	}
	if (!look_into(at, &folders, &archives, &folder) && folders == 1)
		return steal_ptr(&folder);
	return must_strdup(at);
}

/* submission.c - a folder that a student hands in */
#include "harness/grade/submission.h"
#include "labs/index.h"

#include <twlab/json_text.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static void copy_personal(const struct personal *from, struct personal *to)
{
	*to = *from;
	to->ids = must_calloc(from->n_ids + 1, sizeof(char *));
	to->sets = must_calloc(from->n_sets + 1, sizeof(char *));
	for (unsigned int i = 0; i < from->n_ids; i++)
		to->ids[i] = must_strdup(from->ids[i]);
	for (unsigned int s = 0; s < from->n_sets; s++)
		to->sets[s] = must_strdup(from->sets[s]);
}

void submission_of(const struct lab *lab, const struct personal *personal, struct submission *submission)
{
	*submission = (struct submission){ .lab = lab };
	copy_personal(personal, &submission->personal);
	for (const struct task *task = lab->tasks; task && task->name; task++) {
		struct submission_file *file = grow(&submission->files, submission->n_files++, sizeof(*file));

		file->task = task;
		file->why = must_printf("%s is not there", task->file);
	}
}

static void refuse(struct submission_file *file, char *why)
{
	free(file->data);
	free(file->why);
	file->data = NULL;
	file->why = why;
}

void submission_put(struct submission *submission, unsigned int f, const void *data, size_t len)
{
	struct submission_file *file = &submission->files[f];

	refuse(file, NULL);
	file->data = must_calloc(len + 1, 1);
	memcpy(file->data, data, len);
	file->len = len;
	if (!len)
		refuse(file, must_printf("%s is empty", file->task->file));
	else if (memchr(data, '\0', len))
		refuse(file, must_printf("%s is no text", file->task->file));
}

/* What the folder holds, for whom a file is missing in: at most a line. */
static char *listing(int dir)
{
	auto_close int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *open_dir = again >= 0 ? fdopendir(again) : NULL;
	char *text = must_strdup("");
	const struct dirent *entry;

	if (!open_dir)
		return text;
	again = -1;
	while ((entry = readdir(open_dir)) && strlen(text) < 120) {
		char name[48];
		size_t len = 0;

		if (*entry->d_name == '.' || !strcmp(entry->d_name, SUBMISSION_ABOUT))
			continue;
		for (const char *c = entry->d_name; *c && len < sizeof(name) - 1; c++)
			name[len++] = *c > 32 && *c < 127 ? *c : '?';
		name[len] = '\0';
		must_append(&text, "%s%s", *text ? ", " : "", name);
	}
	closedir(open_dir);
	return text;
}

static char *expected(const struct lab *lab)
{
	char *text = must_strdup("");

	for (const struct task *task = lab->tasks; task->name; task++)
		must_append(&text, "%s%s", *text ? ", " : "", task->file);
	return text;
}

static void read_file(struct submission *submission, unsigned int f, int dir)
{
	struct submission_file *file = &submission->files[f];
	const char *name = file->task->file;
	/* no link is followed, no pipe waited for */
	auto_close int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	auto_free char *data = NULL;
	struct stat st;
	ssize_t len;

	if (fd < 0 && errno == ENOENT) {
		auto_free char *has = listing(dir), *wants = expected(submission->lab);

		refuse(file, must_printf("%s is not there; expected are %s; there is %s", name, wants, *has ? has : "nothing"));
	} else if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		refuse(file, must_printf("%s is no plain file", name));
	} else if (st.st_size > SUBMISSION_FILE_MAX) {
		refuse(file, must_printf("%s has more than %d kB", name, SUBMISSION_FILE_MAX >> 10));
	} else {
		data = must_calloc(SUBMISSION_FILE_MAX + 1, 1);
		len = read(fd, data, SUBMISSION_FILE_MAX);
		if (len < 0)
			refuse(file, must_printf("%s cannot be read", name));
		else
			submission_put(submission, f, data, (size_t)len);
	}
}

char *submission_about(const struct lab *lab, const struct personal *personal)
{
	json_t *ids = json_array(), *sets = json_array(), *about;
	auto_free char *text = NULL;

	for (unsigned int i = 0; i < personal->n_ids; i++)
		json_array_append_new(ids, json_text(personal->ids[i]));
	for (unsigned int s = 0; s < personal->n_sets; s++)
		json_array_append_new(sets, json_text(personal->sets[s]));
	about = json_pack("{s:s, s:o, s:o, s:I, s:s, s:s}", "lab", lab->name, "students", ids, "parameters", sets,
			  "seed", (json_int_t)personal->seed, "key", personal->key_is, "tag", personal->tag);
	text = json_dumps(about, JSON_INDENT(1));
	json_decref(about);
	return must_printf("%s\n", text);
}

/* An array of texts out of twlab.json. */
static int texts(const json_t *from, const char *name, char ***to, unsigned int *n, struct err *err)
{
	json_t *array = json_object_get(from, name), *each;
	size_t i;

	if (!json_is_array(array) || json_array_size(array) > 100)
		return err_set(err, 0, SUBMISSION_ABOUT " has no list of %s", name);
	json_array_foreach(array, i, each) {
		if (!json_is_string(each))
			return err_set(err, 0, SUBMISSION_ABOUT ": %s holds something that is no text", name);
		*(char **)grow(to, (*n)++, sizeof(char *)) = must_strdup(json_string_value(each));
	}
	return 0;
}

struct about {
	const struct lab *lab;
	struct personal personal;
};

static int read_about(int dir, struct about *about, struct err *err)
{
	auto_close int fd = openat(dir, SUBMISSION_ABOUT, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[16 << 10];
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text));
	json_error_t error;
	const char *lab, *key, *tag = "";
	json_int_t seed;
	json_t *json;
	int code = 0;

	if (fd < 0)
		return 0;
	json = len > 0 ? json_loadb(text, (size_t)len, 0, &error) : NULL;
	if (!json || json_unpack(json, "{s:s, s:I, s:s, s?:s}", "lab", &lab, "seed", &seed, "key", &key, "tag", &tag))
		code = err_set(err, 0, SUBMISSION_ABOUT " is not what twlab start wrote");
	else if (!(about->lab = lab_find(lab)))
		code = err_set(err, 0, SUBMISSION_ABOUT " is of a lab '%.60s' that this twlab does not have", lab);
	else if (!texts(json, "students", &about->personal.ids, &about->personal.n_ids, err) &&
		 !texts(json, "parameters", &about->personal.sets, &about->personal.n_sets, err)) {
		about->personal.seed = (uint64_t)seed;
		snprintf(about->personal.key_is, sizeof(about->personal.key_is), "%s", key);
		snprintf(about->personal.tag, sizeof(about->personal.tag), "%s", tag);
	}
	json_decref(json);
	return code ? code : -err->code;
}

static int other_key(const char *how, struct err *err)
{
	err_set(err, 0, "%s", how);
	return err_as(err, EKEYREJECTED);
}

static bool same_ids(const struct personal *a, const struct personal *b)
{
	bool same = a->n_ids == b->n_ids;

	for (unsigned int i = 0; same && i < a->n_ids; i++)
		same = !strcmp(a->ids[i], b->ids[i]);
	return same;
}

/* Are the parameters of the folder those that the key gives? */
static int hold_against(const struct about *about, const struct personal *mine, struct err *err)
{
	const struct personal *theirs = &about->personal;
	bool same = theirs->seed == mine->seed && theirs->n_sets == mine->n_sets;
	auto_free char *name = personal_name(mine);

	if (strcmp(theirs->key_is, mine->key_is))
		return other_key("this is not the key that the handout was made with", err);
	for (unsigned int s = 0; same && s < mine->n_sets; s++)
		same = !strcmp(theirs->sets[s], mine->sets[s]);
	return same ? 0 : err_set(err, 0, "the parameters in " SUBMISSION_ABOUT " are not those of %s", *name ? name : "nobody");
}

static int whose_is_it(const struct submission_whose *whose, const struct about *about,
		       struct submission *submission, struct err *err)
{
	const struct lab *lab = whose->lab ? whose->lab : about->lab;
	const char *const *ids = whose->n_ids ? whose->ids : (const char *const *)about->personal.ids;
	unsigned int n_ids = whose->n_ids ? whose->n_ids : about->personal.n_ids;
	struct personal mine;

	if (!lab)
		return err_set(err, 0, "there is no " SUBMISSION_ABOUT "; say --lab");
	if (!lab->tasks)
		return err_set(err, 0, "%s has no tasks", lab->name);
	if (about->lab && about->lab != lab)
		return err_set(err, 0, "this was handed out for %s, not %s", about->lab->name, lab->name);
	personal_make(lab, whose->key ? whose->key : "", whose->key_len, ids, n_ids, &mine);
	if (about->lab && (whose->key || !strcmp(about->personal.key_is, mine.key_is))) {
		if (hold_against(about, &mine, err)) {
			personal_free(&mine);
			return -err->code;
		}
	} else if (about->lab && whose->strangers) {
		personal_free(&mine);
		return other_key("the handout was made with a key: say --key", err);
	} else if (about->lab && !same_ids(&about->personal, &mine)) {
		auto_free char *to = personal_name(&about->personal), *by = personal_name(&mine);

		personal_free(&mine);
		return err_set(err, 0, "this was handed out to %s, not to %s", *to ? to : "nobody", by);
	}
	submission_of(lab, whose->key || !about->lab ? &mine : &about->personal, submission);
	personal_free(&mine);
	return 0;
}

/* The name behind @stamp's, of those that a file of predictions was handed out to, if that is not us. */
static char *stamped_for(const struct submission *submission, const char *text)
{
	const char *line = text;

	while ((line = strstr(line, SUBMISSION_STAMP))) {
		size_t len = strcspn(line += strlen(SUBMISSION_STAMP), "\r\n"), colon = len;

		while (colon && line[colon - 1] != ':')
			colon--;
		if (colon && len == colon + 17 && strncmp(line + colon + 1, submission->personal.tag, 16))
			return must_printf("%.*s", (int)(colon - 1 > 80 ? 80 : colon - 1), line);
	}
	return NULL;
}

/* The seed of a run that lies in the student's folder; -1 if there is none to be read. */
static json_int_t seed_of(int dir, const char *variant)
{
	auto_free char *path = must_printf(".evidence/as-is/%s/run.json", variant);
	auto_close int fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	static char text[64 << 10];
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text));
	json_t *json = len > 0 ? json_loadb(text, (size_t)len, 0, NULL) : NULL;
	json_t *seed = json_object_get(json, "seed");
	json_int_t is = json_is_integer(seed) ? json_integer_value(seed) : -1;

	json_decref(json);
	return is;
}

/* Predictions are of one's own run. */
static void refuse_others(struct submission *submission, int dir)
{
	const struct personal *personal = &submission->personal;
	bool others = false;

	for (const struct variant *variant = submission->lab->variants; variant->name; variant++) {
		json_int_t seed = personal->n_ids ? seed_of(dir, variant->name) : -1;

		others |= seed >= 0 && (uint64_t)seed != personal->seed;
	}
	for (unsigned int f = 0; f < submission->n_files && personal->n_ids; f++) {
		struct submission_file *file = &submission->files[f];
		auto_free char *to = NULL, *us = personal_name(personal);

		if (file->task->kind != TASK_PREDICT || !file->data)
			continue;
		to = stamped_for(submission, file->data);
		if (to)
			refuse(file, must_printf("%s was handed out to %s, not to %s", file->task->file, to, us));
		else if (others)
			refuse(file, must_printf("the evidence that lies beside %s is of another's run, not of %s's", file->task->file, us));
	}
}

void submission_refuse(struct submission *submission, const char *why)
{
	for (unsigned int f = 0; f < submission->n_files; f++)
		refuse(&submission->files[f], must_strdup(why));
	submission->refused = true;
}

int submission_read(const char *dir, const struct submission_whose *whose, struct submission *submission,
		    struct err *err)
{
	auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct about about = { 0 };
	int code;

	*submission = (struct submission){ 0 };
	if (fd < 0)
		return err_set(err, errno, "cannot read the folder %s", dir);
	code = read_about(fd, &about, err);
	if (!code)
		code = whose_is_it(whose, &about, submission, err);
	for (unsigned int f = 0; !code && f < submission->n_files; f++)
		read_file(submission, f, fd);
	if (!code)
		refuse_others(submission, fd);
	personal_free(&about.personal);
	return code;
}

void submission_none(const struct submission_whose *whose, const char *why, struct submission *submission)
{
	struct personal personal;

	personal_make(whose->lab, whose->key ? whose->key : "", whose->key_len, whose->ids, whose->n_ids, &personal);
	submission_of(whose->lab, &personal, submission);
	submission_refuse(submission, why);
	personal_free(&personal);
}

int submission_read_or_refuse(const char *dir, const struct submission_whose *whose, struct submission *submission,
			      struct err *err)
{
	struct err why = { 0 };

	if (!submission_read(dir, whose, submission, &why)) {
		if (!submission->personal.n_ids)
			submission_refuse(submission, "it does not say whose it is: " SUBMISSION_ABOUT " is not there");
		return 0;
	}
	submission_free(submission);
	submission_none(whose, why.text, submission);
	if (why.code != EKEYREJECTED)
		return 0;
	*err = why;
	return -EKEYREJECTED;
}

void submission_free(struct submission *submission)
{
	personal_free(&submission->personal);
	for (unsigned int f = 0; f < submission->n_files; f++) {
		free(submission->files[f].data);
		free(submission->files[f].why);
	}
	free(submission->files);
	*submission = (struct submission){ 0 };
}

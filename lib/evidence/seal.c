/* seal.c - is each byte of an evidence folder as it was when the run ended? */
#include <twlab/seal.h>

#include <twlab/digest.h>
#include <twlab/json_text.h>

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

/* What is read of a folder: a file more says as much as a byte more. */
static const char *const single[] = {
	"packets.pcapng", "states.jsonl", "nat.jsonl", "trials.tsv", "events.jsonl", "counters.json",
};

/* Of what @run says, but for "self". To be freed. */
static char *digest_of_run(const json_t *run)
{
	json_t *rest = json_copy((json_t *)(uintptr_t)run);
	auto_free char *text = NULL;

	json_object_del(rest, "self");
	text = json_dumps(rest, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(rest);
	return digest_of(text, strlen(text));
}

static int check_file(const char *dir, const char *name, json_int_t bytes, char hex[DIGEST_LEN + 1], struct err *err)
{
	auto_free char *path = must_printf("%s/%s", dir, name);
	int64_t has;
	int code = digest_of_file(path, hex, &has, NULL);

	if (code)	/* the folder is named by whoever reads it */
		return err_set(err, -code, "cannot read %s", name);
	return has == bytes ? 0 : err_set(err, 0, "%s has %lld bytes, not the %lld of when the run ended", name,
					  (long long)has, (long long)bytes);
}

static int refuse_new(const char *dir, const json_t *bytes, const char *name, struct err *err)
{
	auto_free char *path = must_printf("%s/%s", dir, name);
	struct stat st;

	return json_object_get(bytes, name) || lstat(path, &st) ? 0 :
	       err_set(err, 0, "%s was not there when the run ended", name);
}

static int refuse_new_ones(const char *dir, const json_t *bytes, struct err *err)
{
	auto_free char *path = must_printf("%s/programs", dir);
	const struct dirent *entry;
	DIR *programs;
	int code = 0;

	for (size_t s = 0; s < ARRAY_SIZE(single) && !code; s++)
		code = refuse_new(dir, bytes, single[s], err);
	programs = code ? NULL : opendir(path);
	while (programs && !code && (entry = readdir(programs))) {
		auto_free char *name = must_printf("programs/%s", entry->d_name);

		if (*entry->d_name != '.')
			code = refuse_new(dir, bytes, name, err);
	}
	if (programs)
		closedir(programs);
	return code;
}

int seal_check(const char *dir, const json_t *run, struct err *err)
{
	const json_t *bytes = json_object_get(run, "bytes"), *digests = json_object_get(run, "sha256");
	const char *self = json_string_value(json_object_get(run, "self")), *name;
	auto_free char *is = digest_of_run(run);
	json_t *size;

	if (!bytes && !digests && !self)
		return 0;
	if ((digests || self) && (!self || strcmp(self, is)))
		return err_set(err, 0, "run.json is not as it was when the run ended");
	json_object_foreach((json_t *)(uintptr_t)bytes, name, size) {
		const char *was = json_string_value(json_object_get(digests, name));
		char hex[DIGEST_LEN + 1];

		if (check_file(dir, name, json_integer_value(size), hex, err))
			return err_code(err);
		if (digests && (!was || strcmp(was, hex)))
			return err_set(err, 0, "%s is not as it was when the run ended", name);
	}
	return digests ? refuse_new_ones(dir, bytes, err) : 0;
}

static int write_run(const char *dir, const json_t *run, struct err *err)
{
	auto_free char *path = must_printf("%s/run.json", dir), *fresh = must_printf("%s.new", path);
	FILE *file = fopen(fresh, "we");
	int failed = !file || json_dumpf(run, file, JSON_INDENT(1)) || fputc('\n', file) == EOF, code = errno;

	if (file && fclose(file)) {
		failed = 1;
		code = errno;
	}
	if (!failed && !rename(fresh, path))
		return 0;
	code = failed ? code : errno;
	unlink(fresh);
	return err_set(err, code, "cannot write %s", path);
}

/* The digest of each file that "bytes" names, as "sha256", and then that of it all. */
static int add_digests(const char *dir, json_t *run, struct err *err)
{
	json_t *digests = json_object(), *size;
	auto_free char *self = NULL;
	const char *name;

	json_object_foreach(json_object_get(run, "bytes"), name, size) {
		char hex[DIGEST_LEN + 1];

		if (check_file(dir, name, json_integer_value(size), hex, err)) {
			json_decref(digests);
			return err_code(err);
		}
		json_object_set_new(digests, name, json_string(hex));
	}
	json_object_set_new(run, "sha256", digests);
	self = digest_of_run(run);
	json_object_set_new(run, "self", json_string(self));
	return 0;
}

int seal_put(const char *dir, struct err *err)
{
	auto_free char *path = must_printf("%s/run.json", dir);
	json_error_t error;
	json_t *run = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	int code;

	if (!run)
		return err_set(err, 0, "cannot read %s: %s", path, error.text);
	if (!json_is_true(json_object_get(run, "complete"))) {
		json_decref(run);
		return 0;
	}
	code = add_digests(dir, run, err);
	if (!code)
		code = write_run(dir, run, err);
	json_decref(run);
	return code;
}

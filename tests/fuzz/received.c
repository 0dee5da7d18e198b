/* received.c - what students hand in, and what guests hand back */
#include "tests/fuzz/received.h"
#include "labs/index.h"

#include <jansson.h>

#include "harness/util/archive.h"
#include "harness/util/bundle.h"
#include "harness/util/files.h"
#include "harness/vm/kconfig.h"
#include "harness/vm/kernel.h"
#include "harness/vm/protocol.h"
#include "harness/batch/traits.h"
#include "harness/grade/users.h"

/* A submission of lab 03; what else of the folder is read is among these, too. */
void fuzz_submission(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	static const char *const names[] = {
		SUBMISSION_ABOUT, "predictions.txt", "client.conf", ".evidence/as-is/kept/run.json", NULL
	};
	struct fuzz_part parts[FUZZ_PARTS];
	unsigned int n = fuzz_parts(data, len, parts);
	const char *dir = fuzz_folder(names, parts, n);
	struct submission_whose own = { 0 }, stranger = { .lab = lab_find("03"), .key = "key", .key_len = 3, .strangers = true };
	struct submission submission;
	struct err err = { 0 };
	struct plan *plan;

	(void)target;
	if (!submission_read(dir, &own, &submission, &err)) {
		plan = plan_new(submission.lab, NULL, (const char *const *)submission.personal.sets, submission.personal.n_sets, NULL);
		plan_free(plan);
	}
	submission_free(&submission);
	err = (struct err){ 0 };
	submission_read_or_refuse(dir, &stranger, &submission, &err);
	submission_free(&submission);
}

void fuzz_users(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	static const char *const ids[] = { "ada@example.org" };
	struct submission_whose whose = { .lab = lab_find("03"), .ids = ids, .n_ids = 1 };
	struct submission submission;
	struct users users;
	struct err err = { 0 };

	(void)target;
	submission_none(&whose, "it is not there", &submission);
	if (!users_read(fuzz_file(data, len), &users, &err))
		users_check(&users, &submission);
	users_free(&users);
	submission_free(&submission);
}

static bool is_wanted(const char *name)
{
	return strcmp(name, "unwanted");
}

void fuzz_archive(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	static const struct archive_limit limit = { .entries = 20, .all = 1 << 20, .file = 4096 };
	auto_files struct files files = { 0 };

	(void)target;
	archive_pick(data, len, &limit, is_wanted, &files, NULL);
	assert(files.n <= limit.entries);
	for (size_t f = 0; f < files.n; f++)
		assert(files.item[f].len <= limit.file + 1);
}

void fuzz_bundle(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	json_t *head, *row;
	size_t begin, i;

	(void)target;
	if (bundle_open(data, len, &head, &begin, NULL))
		return;
	json_array_foreach(json_object_get(head, "files"), i, row) {
		struct file file;

		if (bundle_file(data, len, begin, row, &file, NULL))
			continue;
		assert(files_path_is_safe(file.path) && (const uint8_t *)file.data + file.len <= data + len);
		free(fuzz_text(file.data, file.len));
		free(file.path);
	}
	json_decref(head);
}

/* The first byte: in pieces of which length it comes. */
void fuzz_talk(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	size_t piece = len ? *data + 1u : 1, at = 1;
	struct protocol talk = { 0 };
	struct tail tail = { 0 };
	struct message said;

	(void)target;
	for (; at < len; at += piece) {
		size_t part = len - at < piece ? len - at : piece;

		protocol_add(&talk, data + at, part);
		while (protocol_next(&talk, &said)) {
			assert(said.word ? said.rest != NULL : said.len > 0);
			if (!said.word)
				tail_add(&tail, said.data, said.len);
		}
		assert(talk.len <= len);
	}
	free(tail_line(&tail, NULL));
	free(tail_line(&tail, "panic"));
	protocol_free(&talk);
	free(tail.text);
}

void fuzz_traits(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	auto_free char *text = fuzz_text(data, len);
	json_t *all = traits_read(text, NULL);
	FILE *out = all ? fopen("/dev/null", "we") : NULL;

	(void)target;
	if (out) {
		traits_print(out, all);
		traits_show(out, all);
		fclose(out);
	}
	json_decref(all);
}

void fuzz_kernel(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	auto_free char *release = NULL, *config = NULL;

	(void)target;
	kernel_release(data, len, &release, NULL);
	kconfig_read(data, len, &config, NULL);
}

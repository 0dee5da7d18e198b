/* test_submissions.c - submissions and classes of them, as folders and archives */
#include "tests/helpers/test.h"

#include "harness/util/archive.h"
#include "labs/index.h"
#include "harness/grade/submissions.h"
#include "harness/grade/submission.h"
#include "tests/helpers/dir.h"

#include <errno.h>

static char *at(const char *path)
{
	return must_printf("%s/%s", dir, path);
}

static void a_class_is_told_from_a_submission(void **state)
{
	static const struct { const char *dir, *files[3]; bool is; } rows[] = {
		{ "c1", { "c1/ada/server.c" }, true }, { "c2", { "c2/ada.zip" }, true }, { "c3", { "c3/ada/x", "c3/bob.tar.gz" }, true },
		{ "s1", { "s1/server.c" }, false }, { "s2", { "s2/twlab.json", "s2/more/x" }, false },
		{ "s3", { "s3/predictions.txt", "s3/old.zip" }, false },
		{ "n1", { "n1/readme.txt" }, false }, { "n2", { "n2/.git/x" }, false }, { "n3", { "n3/__MACOSX/x" }, false }, { "n4", { "n4/.zip" }, false },
		{ "nowhere", { NULL }, false },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *path = at(rows[r].dir);

		for (const char *const *file = rows[r].files; *file; file++)
			dir_put_text(*file, "x");
		if (submissions_is_class(path) != rows[r].is)
			fail_msg("%s", rows[r].dir);
	}
}

static void put_archive(const char *path, bool zip, const char *const *files)
{
	auto_files struct files in = { 0 };
	auto_free void *data = NULL;
	struct err err = { 0 };
	size_t len;

	for (; *files; files++)
		files_add(&in, *files, 0644, "x", 1);
	assert_int_equal((zip ? archive_pack_zip : archive_pack_tar)(&in, &data, &len, &err), 0);
	dir_put(path, data, len);
}

/* A submission's files are in its folder, or in the only folder in there. */
static void the_folder_of_a_submission_is_found(void **state)
{
	static const struct { const char *name, *files[3]; bool archive, zip; const char *folder; } rows[] = {
		{ "f/plain", { "f/plain/server.c" }, false, false, "f/plain" },
		{ "f/below", { "f/below/work/server.c" }, false, false, "f/below/work" },
		{ "f/both", { "f/both/server.c", "f/both/work/x" }, false, false, "f/both" },
		{ "f/two", { "f/two/a/server.c", "f/two/b/server.c" }, false, false, "f/two" },
		{ "f/mac", { "f/mac/__MACOSX/x", "f/mac/work/server.c" }, false, false, "f/mac/work" },
		{ "f/none", { "f/none/readme" }, false, false, "f/none" },
		{ "f/a.zip", { "server.c" }, true, true, "scratch" }, { "f/b.zip", { "work/server.c", "work/other" }, true, true, "scratch/work" },
		{ "f/a.tar.gz", { "server.c" }, true, false, "scratch" }, { "f/b.tar.gz", { "work/server.c" }, true, false, "scratch/work" },
	};
	auto_free char *scratch = at("scratch");

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct submission_entry handed = { .path = at(rows[r].name), .archive = rows[r].archive };
		auto_free char *want = at(rows[r].folder), *got = NULL;
		struct err err = { 0 };

		for (const char *const *file = rows[r].files; *file && !rows[r].archive; file++)
			dir_put_text(*file, "x");
		if (rows[r].archive)
			put_archive(rows[r].name, rows[r].zip, rows[r].files);
		got = submissions_folder(&handed, scratch, &err);
		assert_string_equal(got ? got : err.text, want);
		fs_remove(scratch);
		free(handed.path);
	}
}

static void what_is_no_archive_is_its_author_s_business(void **state)
{
	static const struct { const char *name, *text, *says; } rows[] = {
		{ "g/a.zip", "no archive at all", "a.zip: it cannot be unpacked" }, { "g/b.zip", "", "b.zip: " },
		{ "g/c.zip/x", "a folder", "c.zip: it is no plain file" },
	};
	auto_free char *scratch = at("scratch");

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct submission_entry handed = { .path = at(rows[r].name), .archive = true };
		struct err err = { 0 };

		dir_put_text(rows[r].name, rows[r].text);
		if (strstr(handed.path, ".zip/"))
			strstr(handed.path, ".zip/")[4] = '\0';
		assert_null(submissions_folder(&handed, scratch, &err));
		if (!strstr(err.text, rows[r].says))
			fail_msg("%s: %s", rows[r].name, err.text);
		free(handed.path);
	}
}

/* Of a stranger: what is wrong is a result, but for the key, which is nobody's fault. */
static void a_stranger_s_submission_is_read_or_refused(void **state)
{
	static const char *const ada[] = { "ada" };
	static const struct { const char *what, *key, *about, *why; int code; } rows[] = {
		{ "as it was handed out", "k", "k", NULL, 0 }, { "another key", "other", "k", NULL, -EKEYREJECTED },
		{ "no key", NULL, "k", NULL, -EKEYREJECTED }, { "it does not say whose it is", "k", NULL, "it does not say whose it is", 0 },
		{ "it was edited", "k", "garbage", "is not what twlab start wrote", 0 },
	};
	auto_free char *path = at("s");

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		const struct submission_whose whose = {
			.lab = lab_find("3"), .key = rows[r].key, .key_len = rows[r].key ? strlen(rows[r].key) : 0, .strangers = true,
		};
		struct submission submission;
		struct personal personal;
		struct err err = { 0 };
		int code;

		personal_make(lab_find("3"), "k", 1, ada, 1, &personal);
		auto_free char *about = submission_about(lab_find("3"), &personal);

		fs_remove(path);
		dir_put_text("s/predictions.txt", "a = 1\n");
		if (rows[r].about)
			dir_put_text("s/twlab.json", strcmp(rows[r].about, "k") ? rows[r].about : about);
		code = submission_read_or_refuse(path, &whose, &submission, &err);
		if (code != rows[r].code || submission.refused != (rows[r].why || rows[r].code) || !*err.text != !rows[r].code)
			fail_msg("%s: %d, %s", rows[r].what, code, err.text);
		assert_true(submission.n_files > 1);
		assert_int_equal(!submission.files[0].data, submission.refused);
		if (rows[r].why && (!strstr(submission.files[0].why, rows[r].why) || !strstr(submission.files[1].why, rows[r].why)))
			fail_msg("%s: %s", rows[r].what, submission.files[0].why);
		submission_free(&submission);
		personal_free(&personal);
	}
}

/* Whose file is not there may have given it another name. */
static void what_is_there_instead_is_listed(void **state)
{
	static const struct { const char *name, *listed; } rows[] = {
		{ "predictions.tx", "predictions.tx" }, { "my \xc3\xa9", "my???" }, { ".hidden", "nothing" },
		{ "0123456789abcdef0123456789abcdef0123456789abcdefXYZ", "0123456789abcdef0123456789abcdef0123456789abcde" },
	};
	const struct submission_whose whose = { .lab = lab_find("3") };
	auto_free char *path = at("listed");

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *name = must_printf("listed/%s", rows[r].name);
		auto_free char *there = must_printf("; there is %s", rows[r].listed);
		struct submission submission;
		struct err err = { 0 };
		const char *why;

		fs_remove(path);
		dir_put_text(name, "x");
		assert_int_equal(submission_read(path, &whose, &submission, &err), 0);
		why = submission.files[0].why;
		if (strlen(why) < strlen(there) || strcmp(why + strlen(why) - strlen(there), there))
			fail_msg("%s: %s", rows[r].name, why);
		submission_free(&submission);
	}
}

/* A list of students has up to 100. */
static void a_hundred_hand_in_together(void **state)
{
	static const struct { unsigned int n; int code; } rows[] = { { 99, 0 }, { 100, 0 }, { 101, -EINVAL } };
	char names[101][8];
	const char *ids[101];
	auto_free char *path = at("many");

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		snprintf(names[i], sizeof(names[i]), "s%03u", i);
		ids[i] = names[i];
	}
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		const struct submission_whose whose = { .key = "k", .key_len = 1 };
		struct submission submission;
		struct personal personal;
		struct err err = { 0 };
		int code;

		personal_make(lab_find("3"), "k", 1, ids, rows[r].n, &personal);
		auto_free char *about = submission_about(lab_find("3"), &personal);

		dir_put_text("many/twlab.json", about);
		code = submission_read(path, &whose, &submission, &err);
		if (code != rows[r].code || (code && !strstr(err.text, "has no list of students")))
			fail_msg("%u: %d, %s", rows[r].n, code, err.text);
		assert_int_equal(submission.personal.n_ids, code ? 0 : rows[r].n);
		submission_free(&submission);
		personal_free(&personal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_class_is_told_from_a_submission),
		cmocka_unit_test(the_folder_of_a_submission_is_found),
		cmocka_unit_test(what_is_no_archive_is_its_author_s_business),
		cmocka_unit_test(a_stranger_s_submission_is_read_or_refused),
		cmocka_unit_test(what_is_there_instead_is_listed),
		cmocka_unit_test(a_hundred_hand_in_together),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}

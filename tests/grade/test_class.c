/* test_class.c - a class graded: what is read of what was handed in, and that its grades repeat */
#include "tests/helpers/test.h"

#include "harness/util/archive.h"
#include "harness/grade/class_report.h"
#include "harness/grade/submissions.h"
#include "harness/grade/handout.h"
#include "tests/helpers/dir.h"
#include "tests/helpers/guest.h"
#include "labs/index.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static char *at(const char *path)
{
	return must_printf("%s/%s", dir, path);
}

/* What an archive may hold that is none of its author's business to send. */
static const struct { const char *what; struct file files[3]; const char *why; } archives[] = {
	{ "a way out", { { (char *)(uintptr_t)"../server.c", 0644, (void *)(uintptr_t)"x", 1 } }, "outside" },
	{ "a way out, below", { { (char *)(uintptr_t)"a/../../server.c", 0644, (void *)(uintptr_t)"x", 1 } }, "outside" },
	{ "an absolute path", { { (char *)(uintptr_t)"/etc/server.c", 0644, (void *)(uintptr_t)"x", 1 } }, "outside" },
	{ "what it should", { { (char *)(uintptr_t)"server.c", 0644, (void *)(uintptr_t)"x", 1 },
			      { (char *)(uintptr_t)"other.txt", 0644, (void *)(uintptr_t)"y", 1 } }, NULL },
	{ "a link", { { (char *)(uintptr_t)"server.c", S_IFLNK | 0777, (void *)(uintptr_t)"/etc/passwd", 11 } }, NULL },
	{ "a big one", { { (char *)(uintptr_t)"server.c", 0644, NULL, 5000 } }, "unpacks to more" },
};

static bool is_server(const char *name)
{
	return !strcmp(name, "server.c");
}

static void strangers_archives_are_looked_at_with_care(void **state)
{
	static const struct archive_limit limit = { .entries = 10, .all = 4000, .file = 100 };
	static char zeros[5000];

	(void)state;
	for (size_t a = 0; a < ARRAY_SIZE(archives); a++) {
		auto_files struct files in = { 0 }, out = { 0 };
		auto_free void *data = NULL;
		struct err err = { 0 };
		size_t len;
		int code;

		for (const struct file *file = archives[a].files; file->path; file++)
			files_add(&in, file->path, file->mode, file->data ? file->data : zeros, file->len);
		assert_int_equal(archive_pack_tar(&in, &data, &len, &err), 0);
		code = archive_pick(data, len, &limit, is_server, &out, &err);
		if (!code != !archives[a].why || (code && !strstr(err.text, archives[a].why)))
			fail_msg("%s: %s", archives[a].what, err.text);
		if (!code) {
			assert_int_equal(out.n, 1);
			assert_int_equal(S_ISDIR(out.item[0].mode), S_ISLNK(archives[a].files[0].mode));
		}
	}
}

/* server.c, with "x" in it, by tar and bzip2, xz, zstd */
static const uint8_t bz2[] = {
	66, 90, 104, 57, 49, 65, 89, 38, 83, 89, 84, 44, 168, 4, 0, 0, 38, 219, 128, 201, 128, 64, 1, 101, 128, 0, 64,
	106, 0, 31, 64, 8, 8, 32, 0, 84, 68, 0, 13, 26, 24, 129, 40, 68, 122, 35, 202, 104, 1, 179, 158, 125, 81, 8, 230,
	108, 78, 183, 114, 202, 140, 10, 241, 65, 40, 162, 24, 100, 47, 73, 108, 69, 114, 85, 3, 37, 67, 64, 146, 193, 75,
	209, 103, 197, 220, 145, 78, 20, 36, 21, 11, 42, 1, 0,
};
static const uint8_t xz[] = {
	253, 55, 122, 88, 90, 0, 0, 4, 230, 214, 180, 70, 2, 0, 33, 1, 28, 0, 0, 0, 16, 207, 88, 204, 224, 3, 255, 0, 57,
	93, 0, 57, 153, 74, 172, 79, 208, 30, 78, 87, 123, 58, 62, 155, 130, 205, 77, 172, 89, 10, 70, 222, 66, 177, 252,
	94, 66, 199, 79, 217, 183, 230, 124, 103, 47, 64, 47, 58, 157, 237, 43, 133, 198, 222, 143, 76, 92, 123, 119, 140,
	71, 129, 81, 57, 0, 117, 107, 0, 0, 0, 0, 0, 223, 101, 196, 186, 204, 242, 202, 28, 0, 1, 85, 128, 8, 0, 0, 0,
	228, 213, 68, 235, 177, 196, 103, 251, 2, 0, 0, 0, 0, 4, 89, 90,
};
static const uint8_t zst[] = {
	40, 181, 47, 253, 0, 104, 221, 1, 0, 226, 130, 9, 17, 192, 167, 3, 64, 132, 252, 217, 70, 85, 133, 157, 68, 178,
	250, 141, 147, 1, 77, 253, 34, 49, 121, 58, 168, 93, 227, 123, 197, 127, 171, 236, 191, 37, 224, 33, 188, 12, 7,
	32, 112, 31, 251, 42, 158, 163, 14, 152, 60, 225, 18, 129, 225, 224, 228, 142,
};

static void archives_of_each_kind_are_unpacked(void **state)
{
	static const struct archive_limit limit = { .entries = 10, .all = 4000, .file = 100 };
	static const struct { const uint8_t *data; size_t len; } kinds[] = {
		{ bz2, sizeof(bz2) }, { xz, sizeof(xz) }, { zst, sizeof(zst) },
	};

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		auto_files struct files out = { 0 };
		struct err err = { 0 };

		if (archive_pick(kinds[k].data, kinds[k].len, &limit, is_server, &out, &err))
			fail_msg("%s", err.text);
		assert_int_equal(out.n, 1);
		assert_string_equal(out.item[0].path, "server.c");
		assert_int_equal(out.item[0].len, 1);
		assert_memory_equal(out.item[0].data, "x", 1);
	}
}

/* As much as may be kept of it, and one byte that says that there is more. */
static void of_a_long_file_the_beginning_is_kept(void **state)
{
	static const size_t lens[] = { 99, 100, 101, 102, 300000 };
	static const struct archive_limit limit = { .entries = 10, .all = 1 << 20, .file = 100 };
	static char text[300000];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t l = 0; l < ARRAY_SIZE(lens) * 2; l++) {
		auto_files struct files in = { 0 }, out = { 0 };
		auto_free void *data = NULL;
		struct err err = { 0 };
		size_t len;

		files_add(&in, "./work/server.c", 0644, text, lens[l / 2]);
		files_add(&in, "other", 0644, text, lens[l / 2]);
		assert_int_equal((l % 2 ? archive_pack_zip : archive_pack_tar)(&in, &data, &len, &err), 0);
		if (archive_pick(data, len, &limit, is_server, &out, &err))
			fail_msg("%s", err.text);
		assert_int_equal(out.n, 1);
		assert_string_equal(out.item[0].path, "work/server.c");
		assert_int_equal(out.item[0].len, lens[l / 2] > 101 ? 101 : lens[l / 2]);
	}
}

static void too_many_files_and_no_archive_are_refused(void **state)
{
	static const struct archive_limit limit = { .entries = 10, .all = 4000, .file = 100 };
	auto_files struct files in = { 0 }, out = { 0 };
	auto_free void *data = NULL;
	struct err err = { 0 };
	size_t len;

	(void)state;
	for (int f = 0; f < 11; f++) {
		auto_free char *name = must_printf("%d", f);

		files_add(&in, name, 0644, "", 0);
	}
	assert_int_equal(archive_pack_tar(&in, &data, &len, &err), 0);
	assert_true(archive_pick(data, len, &limit, is_server, &out, &err) < 0);
	assert_non_null(strstr(err.text, "more than 10 files"));
	assert_true(archive_pick("no archive at all", 17, &limit, is_server, &out, &err) < 0);
	assert_true(archive_pick(data, len / 2, &limit, is_server, &out, &err) < 0);
}

static void names_say_whose_it_is(void **state)
{
	static const struct { const char *path, *who; unsigned int ids; bool may; } rows[] = {
		{ "names/-x/a", "x-x-", 1, false },
		{ "names/Ada_7_assignsubmission_file/a", "Ada_7_assignsubmission_file", 0, true },
		{ "names/ada+bob/a", "ada+bob", 2, true },
		{ "names/cy.tar.gz", "cy", 1, true },
		{ "names/submission_12/a", "submission_12", 0, true },
		{ "names/zo\xc3\xab/a", "xzo__-", 1, false },
		/* what lies beside the results has these names */
		{ "names/grades.csv/a", "xgrades.csv-", 1, true }, { "names/index.html.zip", "xindex.html-", 1, true },
	};
	auto_free char *path = at("names");
	struct submission_entry *all = NULL;
	struct err err = { 0 };
	unsigned int n = 0;

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++)
		dir_put_text(rows[r].path, "x");
	dir_put_text("names/notes.txt", "nobody's");
	dir_put_text("names/.hidden/a", "nobody's");
	assert_int_equal(submissions_list(path, &all, &n, &err), 0);
	assert_int_equal(n, ARRAY_SIZE(rows));
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		const struct submission_entry *found = NULL;

		for (unsigned int h = 0; h < n; h++)
			if (!strncmp(all[h].who, rows[r].who, strlen(rows[r].who)))
				found = &all[h];
		if (!found || found->n_ids != rows[r].ids || !found->why != rows[r].may)
			fail_msg("%s: %s", rows[r].path, found ? found->why : "not found");
	}
	submissions_free(all, n);
	dir_put_text("names/cy/a", "x");	/* once as a folder, once as an archive */
	all = NULL;
	n = 0;
	assert_true(submissions_list(path, &all, &n, &err) < 0);
	assert_non_null(strstr(err.text, "which of them counts"));
	submissions_free(all, n);
}

/* A teacher may give more than all points, and whatever stands in a result.json, nothing breaks. */
static void points_beyond_the_end_are_told(void **state)
{
	static const struct { const char *who, *earned, *points; } rows[] = {
		{ "ada", "36", "32" }, { "bob", "64", "32" }, { "cy", "-4", "32" }, { "dan", "32", "32" }, { "eve", "0", "32" },
		{ "fay", "9223372036854775807", "1" }, { "gus", "1", "9223372036854775807" }, { "hal", "-9223372036854775807", "1" },
		{ "ivy", "\"no number\"", "32" }, { "joe", "3", "-1" },
	};
	struct submission_entry handed[ARRAY_SIZE(rows)] = { 0 };
	auto_free char *out = at("points"), *page = at("points/index.html"), *text = NULL;
	struct err err = { 0 };
	size_t len;

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *path = must_printf("points/%s/result.json", rows[r].who);
		auto_free char *json = must_printf("{\"earned\": %s, \"points\": %s, \"status\": 0, \"student\": \"%s\", \"marks\": []}",
						   rows[r].earned, rows[r].points, rows[r].who);

		dir_put_text(path, json);
		handed[r].who = (char *)(uintptr_t)rows[r].who;
	}
	assert_int_equal(class_report(lab_find("3"), handed, ARRAY_SIZE(rows), out, &err), 0);
	assert_int_equal(fs_read(page, (void **)&text, &len, &err), 0);
	assert_non_null(strstr(text, "9 graded"));
}

/* Submissions for lab 03: two whole ones, one of them an archive, one that does not
 * compile, one of another student's, one that is no archive.
 */
static void hand_in(const char *id, const char *from, bool archive)
{
	auto_files struct files files = { 0 };
	const struct lab *lab = lab_find("3");
	struct personal personal;
	struct err err = { 0 };

	personal_make(lab, "k", 1, &id, 1, &personal);
	assert_int_equal(handout_files(lab, &personal, &files, &err), 0);
	for (size_t f = 0; f < files.n; f++) {
		auto_free char *source = must_printf("%s/%s", from, files.item[f].path);
		size_t len;
		char *text = strstr(files.item[f].path, ".c") ?	/* .c and .conf */ handout_read(lab, source, &len, &err) : NULL;

		if (text) {
			free(files.item[f].data);
			files.item[f].data = text;
			files.item[f].len = len;
		}
	}
	if (archive) {
		auto_free char *path = must_printf("in/%s.tar.gz", id);
		auto_free void *data = NULL;
		size_t len;

		assert_int_equal(archive_pack_tar(&files, &data, &len, &err), 0);
		dir_put(path, data, len);
	} else {
		auto_free char *path = must_printf("%s/in/%s", dir, id);

		assert_int_equal(files_write(files.item, files.n, path, &err), 0);
	}
	personal_free(&personal);
}

static void hand_all_in(void)
{
	auto_free char *from = at("in/ada/twlab.json");
	auto_free void *data = NULL;
	struct err err = { 0 };
	size_t len;

	dir_put_text("key", "k");
	hand_in("ada", "solution", false);
	hand_in("bob", "solution", true);
	hand_in("cy", "solution", false);
	dir_put_text("in/cy/server.c", "int main((void) { return 0; }\n");
	hand_in("dan", "solution", false);
	dir_put_text("in/eve.zip", "this is no archive");
	assert_int_equal(fs_read(from, &data, &len, &err), 0);
	dir_put("in/dan/twlab.json", data, len);
}

/* Grade into @out. The status; with @stop_after, it is ended by SIGKILL when so many results are there. */
static int grade_class(const char *out, const char *more, int stop_after)
{
	auto_free char *command = must_printf("exec ./twlab grade %s/in -o %s/%s --lab 3 --key %s/key %s >/dev/null 2>%s/said",
					      dir, dir, out, dir, more, dir);
	auto_free char *found = must_printf("test $(ls -d %s/%s/*/ 2>/dev/null | wc -l) -ge %d", dir, out, stop_after);
	const struct timespec pause = { 0, 20 * NS_PER_MS };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	while (stop_after && system(found) && waitpid(pid, &status, WNOHANG) == 0)
		nanosleep(&pause, NULL);
	if (stop_after)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool same_files(const char *a, const char *b)
{
	auto_free char *command = must_printf("diff -r %s/%s %s/%s >/dev/null", dir, a, dir, b);

	return system(command) == 0;
}

static bool has(const char *path, const char *text)
{
	auto_free char *full = at(path);
	auto_free void *data = NULL;
	struct err err = { 0 };
	size_t len;

	return !fs_read(full, &data, &len, &err) && strstr(data, text);
}

static void grades_of_a_class_repeat(void **state)
{
	(void)state;
	guest_needed();
	hand_all_in();
	assert_int_equal(grade_class("one", "--jobs 1", 0), 0);
	assert_true(has("one/grades.csv", "\"bob\",18,32"));
	assert_true(has("one/grades.csv", "does not compile"));
	assert_true(has("one/grades.csv", "not those of dan"));
	assert_true(has("one/grades.csv", "\"eve\",0,32,\"eve.zip: it cannot be unpacked"));
	assert_true(has("one/index.html", "What was lost most often"));
	assert_true(has("one/ada/report.html", "<svg"));

	assert_int_equal(grade_class("one", "", 0), 2);		/* it is there already */
	assert_true(has("said", "--resume"));
	assert_int_equal(grade_class("two", "--jobs 8", 0), 0);
	assert_true(same_files("one", "two"));

	assert_int_equal(grade_class("three", "--jobs 1", 2), -1);
	assert_false(same_files("one", "three"));
	dir_put_text("three/ada/result.json", "{\"made_from\": \"torn");
	assert_int_equal(grade_class("three", "--jobs 2 --resume", 0), 0);
	assert_true(same_files("one", "three"));

	dir_put_text("in/bob.tar.gz", "something else");		/* who hands in again is graded again, and nobody else */
	assert_int_equal(grade_class("three", "--resume", 0), 0);
	assert_true(has("three/grades.csv", "\"bob\",0,32"));
	assert_true(has("three/grades.csv", "\"ada\",18,32"));

	dir_put_text("three/ada/result.json", "{\"status\": 0, \"earned\": 17.5, \"points\": 32}");	/* a teacher's */
	assert_int_equal(grade_class("three", "--resume", 0), 2);
	assert_true(has("said", "ada/result.json: earned is no whole number"));
}

static void a_wrong_key_is_nobody_s_fault(void **state)
{
	(void)state;
	guest_needed();
	hand_all_in();
	dir_put_text("key", "another");
	assert_int_equal(grade_class("four", "", 0), 3);
	assert_true(has("four/grades.csv", "\"ada\",,32,\"this is not the key"));
	assert_true(has("four/ada/result.json", "\"verdict\": \"error\""));
	assert_false(has("four/ada/result.json", "\"verdict\": \"fail\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_archives_are_looked_at_with_care),
		cmocka_unit_test(archives_of_each_kind_are_unpacked),
		cmocka_unit_test(of_a_long_file_the_beginning_is_kept),
		cmocka_unit_test(too_many_files_and_no_archive_are_refused),
		cmocka_unit_test(names_say_whose_it_is),
		cmocka_unit_test(points_beyond_the_end_are_told),
		cmocka_unit_test(grades_of_a_class_repeat),
		cmocka_unit_test(a_wrong_key_is_nobody_s_fault),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}

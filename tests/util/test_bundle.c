/* test_bundle.c - what crosses the border of a guest: bundles, lines, consoles */
#include "tests/helpers/test.h"

#include <errno.h>
#include <sys/stat.h>

#include "harness/util/archive.h"
#include "harness/util/bundle.h"
#include <twlab/fs.h>
#include "harness/util/files.h"
#include "harness/vm/protocol.h"

static void a_bundle_holds_what_was_put_in(void **state)
{
	auto_free char *large = must_calloc(10000, 1);
	struct file in[] = {
		{ (char *)"a", 0644, (char *)"one", 3 },
		{ (char *)"b/empty", 0600, (char *)"", 0 },
		{ (char *)"c/d/e", 0755, large, 10000 },
		{ (char *)"k\xff/\xc3\xa4\x80 \x01", 0755, large, 1 },	/* a path is any bytes */
	}, out;
	json_t *head = json_pack("{s:i}", "answer", 42), *got;
	auto_free void *data = NULL;
	size_t len, begin;

	(void)state;
	memset(large, 'L', 10000);
	bundle_pack(head, in, ARRAY_SIZE(in), &data, &len);
	json_decref(head);
	assert_int_equal(len % BUNDLE_PAGE, 0);
	assert_int_equal(bundle_open(data, len, &got, &begin, NULL), 0);
	assert_int_equal(json_integer_value(json_object_get(got, "answer")), 42);
	for (size_t i = 0; i < ARRAY_SIZE(in); i++) {
		json_t *row = json_array_get(json_object_get(got, "files"), i);

		assert_int_equal(bundle_file(data, len, begin, row, &out, NULL), 0);
		assert_string_equal(out.path, in[i].path);
		assert_int_equal(out.mode, in[i].mode);
		assert_int_equal(out.len, in[i].len);
		assert_memory_equal(out.data, in[i].data, in[i].len);
		free(out.path);
	}
	json_decref(got);
}

static void garbage_is_no_bundle(void **state)
{
	static const struct {
		const char *what, *text;
		size_t len;
	} rows[] = {
		{ "nothing", "", 0 },
		{ "words without an end", "{\"files\": []}", 13 },
		{ "no JSON", "files", BUNDLE_PAGE },
		{ "no files", "{}", BUNDLE_PAGE },
		{ "files that are no list", "{\"files\": 1}", BUNDLE_PAGE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *data = must_calloc(BUNDLE_PAGE, 1);
		struct err err = { 0 };
		size_t begin;
		json_t *head;

		print_message("%s\n", rows[i].what);
		memcpy(data, rows[i].text, strlen(rows[i].text));
		assert_int_equal(bundle_open(data, rows[i].len, &head, &begin, &err), -EINVAL);
		assert_null(head);
		assert_int_equal(err.code, EINVAL);
	}
}

static void a_file_stays_where_it_belongs(void **state)
{
	static const struct {
		const char *row;
		bool good;
	} rows[] = {
		{ "{\"path\": \"a/b\", \"mode\": 420, \"at\": 0, \"len\": 4096}", true },
		{ "{\"path\": \"..a/.b/c..\", \"at\": 4096, \"len\": 0}", true },
		{ "{\"path\": \"a\", \"at\": 0, \"len\": 4097}", false },
		{ "{\"path\": \"a\", \"at\": 4097, \"len\": 0}", false },
		{ "{\"path\": \"a\", \"at\": -1, \"len\": 1}", false },
		{ "{\"path\": \"a\", \"at\": 0, \"len\": -1}", false },
		{ "{\"path\": \"a\", \"at\": 1, \"len\": 9223372036854775807}", false },
		{ "{\"path\": \"/etc/passwd\", \"at\": 0, \"len\": 1}", false },
		{ "{\"path\": \"../a\", \"at\": 0, \"len\": 1}", false },
		{ "{\"path\": \"a/../../b\", \"at\": 0, \"len\": 1}", false },
		{ "{\"path\": \"a//b\", \"at\": 0, \"len\": 1}", false },
		{ "{\"path\": \"a/.\", \"at\": 0, \"len\": 1}", false },
		{ "{\"path\": \"\", \"at\": 0, \"len\": 1}", false },
		{ "{\"path\": 7, \"at\": 0, \"len\": 1}", false },
		{ "{}", false },
		{ "[]", false },
	};
	static char data[2 * BUNDLE_PAGE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *row = json_loads(rows[i].row, 0, NULL);
		struct file file;

		print_message("%s\n", rows[i].row);
		assert_int_equal(bundle_file(data, sizeof(data), BUNDLE_PAGE, row, &file, NULL),
				 rows[i].good ? 0 : -EINVAL);
		if (rows[i].good)
			free(file.path);
		json_decref(row);
	}
}

static void files_are_written_below_their_folder_only(void **state)
{
	char dir[] = "/tmp/test_bundle.XXXXXX";
	struct file good = { (char *)"a/b", 0640, (char *)"x", 1 };
	struct file bad = { (char *)"../escaped", 0640, (char *)"x", 1 };
	auto_free char *path = NULL;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = must_printf("%s/a/b", dir);
	assert_int_equal(files_write(&good, 1, dir, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_true(files_write(&bad, 1, dir, NULL) < 0);
	assert_int_equal(access("/tmp/escaped", F_OK), -1);
	/* Nor through a link that was left there. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/tmp/escaped", path), 0);
	assert_true(files_write(&good, 1, dir, NULL) < 0);
	assert_int_equal(access("/tmp/escaped", F_OK), -1);
	fs_remove(dir);
}

/* Everything said, one "word|rest" or "fd:bytes" a line, cut where it may be cut. */
static void collect_all(const char *text, size_t step, char *collected, size_t room)
{
	struct protocol protocol = { 0 };
	struct message message;
	size_t len = strlen(text);

	*collected = '\0';
	for (size_t at = 0; at < len; at += step) {
		protocol_add(&protocol, text + at, at + step < len ? step : len - at);
		while (protocol_next(&protocol, &message)) {
			size_t used = strlen(collected);

			if (message.word)
				snprintf(collected + used, room - used, "%s|%s\n", message.word, message.rest);
			else
				snprintf(collected + used, room - used, "%d:%.*s", message.fd,
					 (int)message.len, message.data);
		}
	}
	protocol_free(&protocol);
}

static void protocol_is_taken_apart(void **state)
{
	static const struct {
		const char *text, *collected;
	} rows[] = {
		{ "hello\n", "hello|\n" },
		{ "say 12 a b\nready 6.1\n", "say|12 a b\nready|6.1\n" },
		{ "out 1 5\nab\nsaquit\n", "1:ab\nsaquit|\n" },
		{ "out 2 0\nx y\n", "x|y\n" },
		{ "no end", "" },
		{ "out 1 9\nshort", "1:short" },
	};
	char collected[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		print_message("%s\n", rows[i].text);
		collect_all(rows[i].text, 1000, collected, sizeof(collected));
		assert_string_equal(collected, rows[i].collected);
	}
	collect_all("say 12 a b\nready 6.1\n", 1, collected, sizeof(collected));
	assert_string_equal(collected, "say|12 a b\nready|6.1\n");
	collect_all("out 1 3\nabcend\n", 1, collected, sizeof(collected));
	assert_string_equal(collected, "1:a1:b1:cend|\n");
}

static void a_line_without_end_does_not_pile_up(void **state)
{
	struct protocol protocol = { 0 };
	char block[4096];
	struct message message;

	(void)state;
	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 1000; i++) {
		protocol_add(&protocol, block, sizeof(block));
		while (protocol_next(&protocol, &message))
			;
		assert_true(protocol.len - protocol.taken <= 4096);
	}
	protocol_free(&protocol);
}

static void a_console_keeps_both_ends(void **state)
{
	struct tail tail = { 0 };
	char line[64];
	auto_free char *found = NULL, *last = NULL, *none = NULL;

	(void)state;
	tail_add(&tail, "first\n", 6);
	for (int i = 0; i < 100000; i++) {
		snprintf(line, sizeof(line), "[    0.%06d] line %d\n", i, i);
		tail_add(&tail, line, strlen(line));
	}
	assert_true(tail.cut);
	assert_true(tail.len < 4 * TAIL_KEEP);
	assert_memory_equal(tail.text, "first\n", 6);
	last = tail_line(&tail, NULL);
	assert_string_equal(last, "line 99999");
	found = tail_line(&tail, "line 99998");
	assert_string_equal(found, "line 99998");
	none = tail_line(&tail, "line 50000");
	assert_null(none);
	free(tail.text);
}

static void an_archive_is_the_same_every_time(void **state)
{
	auto_files struct files in = { 0 }, out = { 0 };
	auto_free void *one = NULL, *two = NULL;
	size_t one_len = 0, two_len = 1;
	struct err err = { 0 };

	(void)state;
	files_add(&in, "etc/passwd", 0644, "root", 4);
	files_add(&in, "init", S_IFLNK | 0777, "/etc/passwd", 11);
	files_add(&in, "tmp", S_IFDIR | 01777, NULL, 0);
	if (archive_pack(&in, &one, &one_len, &err) || archive_pack(&in, &two, &two_len, &err))
		fail_msg("%s", err.text);
	assert_int_equal(one_len, two_len);
	assert_memory_equal(one, two, one_len);
	assert_int_equal(archive_unpack(one, one_len, &out, &err), 0);
	assert_true(files_have(&out, "etc"));	/* parents are made */
	assert_true(files_have(&out, "etc/passwd"));
	assert_false(files_have(&out, "passwd"));
	files_free(&out);
	assert_true(archive_unpack("no archive at all", 17, &out, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bundle_holds_what_was_put_in),
		cmocka_unit_test(garbage_is_no_bundle),
		cmocka_unit_test(a_file_stays_where_it_belongs),
		cmocka_unit_test(files_are_written_below_their_folder_only),
		cmocka_unit_test(protocol_is_taken_apart),
		cmocka_unit_test(a_line_without_end_does_not_pile_up),
		cmocka_unit_test(a_console_keeps_both_ends),
		cmocka_unit_test(an_archive_is_the_same_every_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

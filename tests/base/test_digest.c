/* test_digest.c - the digest of a file, or why there is none */
#include "tests/helpers/test.h"

#include <twlab/digest.h>

#include "tests/helpers/dir.h"

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"	/* FIPS 180-2, B.1 */

static void a_file_has_the_digest_of_its_bytes(void **state)
{
	auto_free char *path = must_printf("%s/abc", dir);
	char hex[DIGEST_LEN + 1];
	struct err err = { 0 };
	int64_t bytes;

	(void)state;
	dir_put_text("abc", "abc");
	assert_int_equal(digest_of_file(path, hex, &bytes, &err), 0);
	assert_string_equal(hex, ABC);
	assert_int_equal(bytes, 3);
}

static void what_cannot_be_read_has_none(void **state)
{
	static const struct { const char *path, *says; } rows[] = {
		{ "/nonexistent/file", "cannot read /nonexistent/file: No such file or directory" },
		{ "/", "/ is no regular file" },
		{ "/dev/null", "/dev/null is no regular file" },
		{ "/proc/self/mem", "cannot read /proc/self/mem: Input/output error" },	/* nothing is at address 0 */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char hex[DIGEST_LEN + 1];
		struct err err = { 0 };
		int64_t bytes;

		assert_true(digest_of_file(rows[i].path, hex, &bytes, &err) < 0);
		assert_string_equal(err.text, rows[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_has_the_digest_of_its_bytes),
		cmocka_unit_test(what_cannot_be_read_has_none),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}

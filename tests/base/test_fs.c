/* test_fs.c - files that cannot be made, locks that others hold */
#include "tests/helpers/test.h"

#include "tests/helpers/dir.h"

#include <errno.h>

/* A file system without nameless files is one thing, a folder that cannot be written in another. */
static void nothing_is_created_where_there_is_no_folder(void **state)
{
	auto_free char *file = must_printf("%s/file", dir), *below = must_printf("%s/below", file);
	auto_free char *beside = must_printf("%s/beside", dir);
	auto_close int fd = -1, none = -1;
	struct err err = { 0 };

	(void)state;
	dir_put_text("file", "a plain file");
	fd = fs_create(beside, &err);
	assert_true(fd >= 0);
	none = fs_create(below, &err);
	assert_int_equal(none, -ENOTDIR);
	assert_non_null(strstr(err.text, "cannot write in "));
}

static void a_lock_that_is_held_is_not_had(void **state)
{
	auto_free char *path = must_printf("%s/lock", dir), *says = must_printf("cannot lock %s: ", path);
	int held, fd;
	struct err err = { 0 };

	(void)state;
	held = fs_lock(path, true, &err);
	assert_true(held >= 0);
	fd = fs_lock(path, true, &err);
	assert_int_equal(fd, -EWOULDBLOCK);
	assert_int_equal(err.code, EWOULDBLOCK);
	assert_int_equal(strncmp(err.text, says, strlen(says)), 0);
	close(held);
	fd = fs_lock(path, true, &err);
	assert_true(fd > 2);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_created_where_there_is_no_folder),
		cmocka_unit_test(a_lock_that_is_held_is_not_had),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}

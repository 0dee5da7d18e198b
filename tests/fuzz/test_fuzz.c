/* test_fuzz.c - each input that a reader is meant for, or broke on, is read */
#include "tests/helpers/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

static void run_file(const struct fuzz_target *target, const char *path)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_free uint8_t *data = NULL;
	struct stat stat;

	assert_int_equal(fd < 0 || fstat(fd, &stat), 0);
	data = must_realloc(NULL, (size_t)stat.st_size, 1);	/* no byte more: its end is watched */
	assert_int_equal(read(fd, data, (size_t)stat.st_size), stat.st_size);
	target->run(target, data, (size_t)stat.st_size);
}

static unsigned int run_folder(const struct fuzz_target *target, const char *kind)
{
	auto_free char *folder = must_printf("tests/fuzz/%s/%s", kind, target->name);
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	unsigned int n = 0;

	while (dir && (entry = readdir(dir))) {
		auto_free char *path = must_printf("%s/%s", folder, entry->d_name);

		if (*entry->d_name == '.')
			continue;
		run_file(target, path);
		n++;
	}
	if (dir)
		closedir(dir);
	return n;
}

static void each_seed_is_read(void **state)
{
	(void)state;
	for (const struct fuzz_target *target = fuzz_targets; target->name; target++)
		if (!run_folder(target, "seeds"))
			fail_msg("%s has no seed", target->name);
}

static void what_once_broke_a_reader_is_read(void **state)
{
	(void)state;
	for (const struct fuzz_target *target = fuzz_targets; target->name; target++)
		run_folder(target, "found");
}

static void a_target_takes_nothing_and_a_byte(void **state)
{
	(void)state;
	for (const struct fuzz_target *target = fuzz_targets; target->name; target++) {
		target->run(target, (const uint8_t *)"", 0);
		target->run(target, (const uint8_t *)"\n", 1);
	}
}

static void no_folder_is_of_no_target(void **state)
{
	static const char *const kinds[] = { "seeds", "found" };

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		auto_free char *folder = must_printf("tests/fuzz/%s", kinds[k]);
		DIR *dir = opendir(folder);
		const struct dirent *entry;

		assert_non_null(dir);
		while ((entry = readdir(dir)))
			if (*entry->d_name != '.' && !fuzz_find(entry->d_name))
				fail_msg("%s/%s is of no target", folder, entry->d_name);
		closedir(dir);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_seed_is_read),
		cmocka_unit_test(what_once_broke_a_reader_is_read),
		cmocka_unit_test(a_target_takes_nothing_and_a_byte),
		cmocka_unit_test(no_folder_is_of_no_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

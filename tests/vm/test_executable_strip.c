/* test_executable_strip.c - programs without what their build left in them: on this very one */
#include "tests/helpers/test.h"

#include <elf.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <twlab/fs.h>
#include "harness/vm/executable_strip.h"

static struct file self(void)
{
	struct file file = { .path = (char *)"twlab/twlab", .mode = 0755 };
	struct err err = { 0 };

	if (fs_read("/proc/self/exe", &file.data, &file.len, &err))
		fail_msg("%s", err.text);
	return file;
}

/* Where the build's id is, and how long: of 20 bytes usually. */
static char *id_of(struct file *file, size_t *len)
{
	static const char head[] = { 3, 0, 0, 0, 'G', 'N', 'U', 0 };	/* its type, and whose it is */
	char *note = memmem(file->data, file->len, head, sizeof(head));
	Elf64_Word said;

	if (!note) {
		print_message("the linker gives no build ids: skipped\n");
		skip();
	}
	memcpy(&said, note - sizeof(said), sizeof(said));
	*len = said;
	return note + sizeof(head);
}

static void it_still_runs(void **state)
{
	char path[] = "/tmp/test_lean.XXXXXX";
	struct file file = self();
	size_t len = file.len;
	int fd = mkstemp(path), status = -1;
	pid_t pid;

	(void)state;
	executable_strip(&file);
	assert_in_range(file.len, 1, len - 1);
	assert_int_equal(write(fd, file.data, file.len), (ssize_t)file.len);
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	pid = fork();
	if (pid == 0) {
		execl(path, path, "7", NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	unlink(path);
	free(file.data);
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void another_build_is_the_same(void **state)
{
	struct file one = self(), other = self();
	size_t len;
	char *id = id_of(&other, &len);

	(void)state;
	memset(id, 0x5a, len);
	memset((char *)other.data + other.len - 512, 0x5a, 512);	/* its table of sections */
	executable_strip(&one);
	executable_strip(&other);
	assert_int_equal(one.len, other.len);
	assert_memory_equal(one.data, other.data, one.len);
	free(one.data);
	free(other.data);
}

static void what_is_loaded_stays(void **state)
{
	struct file one = self(), other = self();
	size_t len;
	char *id = id_of(&other, &len);

	(void)state;
	id[len] ^= 1;	/* the note behind it */
	executable_strip(&one);
	executable_strip(&other);
	assert_int_equal(one.len, other.len);
	assert_memory_not_equal(one.data, other.data, one.len);
	free(one.data);
	free(other.data);
}

/* What is no whole program goes in as it is. */
static void what_is_none_is_left_alone(void **state)
{
	struct file whole = self();
	size_t lens[] = { 0, 1, sizeof(Elf64_Ehdr) - 1, sizeof(Elf64_Ehdr), 1000, 4096, whole.len / 4 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		struct file cut = { .data = must_calloc(lens[i] + 1, 1), .len = lens[i] };

		memcpy(cut.data, whole.data, cut.len);
		executable_strip(&cut);
		assert_int_equal(cut.len, lens[i]);
		free(cut.data);
	}
	memcpy(whole.data, "#!/bin/sh", 9);
	executable_strip(&whole);
	assert_memory_equal(whole.data, "#!/bin/sh", 9);
	free(whole.data);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_still_runs),
		cmocka_unit_test(another_build_is_the_same),
		cmocka_unit_test(what_is_loaded_stays),
		cmocka_unit_test(what_is_none_is_left_alone),
	};

	if (argc > 1)	/* the lean one */
		return atoi(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

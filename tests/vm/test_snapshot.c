/* test_snapshot.c - snapshots that are broken, wanted twice, or do not fit
 *
 * Each test has a cache of its own, with this machine's kernels in it.
 */
#include "tests/helpers/test.h"
#include <twlab/digest.h>
#include "tests/helpers/child.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <twlab/fs.h>
#include "harness/vm/cache.h"
#include "harness/vm/snapshot.h"
#include "harness/vm/vm.h"

static char *kernels;	/* of the usual cache */

static int fresh_cache(void **state)
{
	char template[] = "/tmp/test_snapshot.XXXXXX";
	auto_free char *dir = NULL, *link = NULL;

	if (!mkdtemp(template))
		return -1;
	*state = must_strdup(template);
	dir = must_printf("%s/twlab", template);
	link = must_printf("%s/kernels", dir);
	if (mkdir(dir, 0700) || symlink(kernels, link))
		return -1;
	return setenv("XDG_CACHE_HOME", template, 1);
}

static int forget_cache(void **state)
{
	fs_remove(*state);
	free(*state);
	return 0;
}

/* How many files are in the folder of snapshots; @path gets a snapshot, to be freed. */
static size_t snapshots(char **path)
{
	auto_free char *pattern = cache_path("snapshots/*");
	glob_t found = { 0 };
	size_t n = 0;

	if (glob(pattern, 0, NULL, &found) == 0) {
		n = found.gl_pathc;
		if (path)
			*path = must_strdup(found.gl_pathv[0]);
	}
	globfree(&found);
	return n;
}

static int run_true(struct err *err)
{
	const char *const argv[] = { "/twlab/twlab", "--version", NULL };
	struct vm_job job = { .argv = argv };
	struct vm_result result;
	struct vm *vm = vm_start(&job, err);
	int ret;

	if (!vm)
		return -err->code;
	while ((ret = vm_step(vm, 1000, err)) == 0)
		;
	if (ret > 0) {
		vm_result(vm, &result);
		ret = result.status;
		vm_result_free(&result);
	}
	vm_free(vm);
	return ret;
}

static void a_snapshot_cut_short_is_none(void **state)
{
	struct snapshot snapshot;
	struct err err = { 0 };
	char ram[1 << 16] = "";
	auto_free char *path = NULL;
	auto_close int fd = -1;
	static const struct {
		const char *what;
		off_t len;	/* of the file then; negative: so much less */
		const char *over;
		off_t at;	/* from the end */
		bool good;
	} rows[] = {
		{ "as it was written", 0, NULL, 0, true },
		{ "one byte less", -1, NULL, 0, false },
		{ "one byte more", +1, NULL, 0, false },
		{ "nothing", -(1 << 20) - 512 - 5, NULL, 0, false },
		{ "only RAM", -512 - 5, NULL, 0, false },
		{ "another state", 0, "x", 512 + 3, false },
		{ "another trailer", 0, "\"stat\"", 500, false },
	};

	(void)state;
	memset(ram, 'r', sizeof(ram));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int ram_fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
		struct stat st;

		print_message("%s\n", rows[i].what);
		assert_int_equal(ftruncate(ram_fd, 1 << 20), 0);
		assert_int_equal(pwrite(ram_fd, ram, sizeof(ram), 1 << 18), sizeof(ram));
		assert_int_equal(snapshot_write("k", "key", 1, ram_fd, "state", 5, &err), 0);
		close(ram_fd);
		free(path);
		assert_int_equal(snapshots(&path), 1);
		fd = open(path, O_RDWR | O_CLOEXEC);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(ftruncate(fd, st.st_size + rows[i].len), 0);
		if (rows[i].over)
			assert_true(pwrite(fd, rows[i].over, strlen(rows[i].over),
					   st.st_size - rows[i].at) > 0);
		close(fd);
		fd = -1;
		assert_int_equal(snapshot_open("k", "key", 1, &snapshot, &err),
				 rows[i].good ? 0 : -ENOENT);
		assert_int_equal(snapshots(NULL), rows[i].good);
		if (rows[i].good) {
			assert_int_equal(snapshot.state_len, 5);
			assert_memory_equal(snapshot.state, "state", 5);
			snapshot_close(&snapshot);
			/* Of another size of memory. */
			assert_int_equal(snapshot_open("k", "key", 2, &snapshot, &err), -ENOENT);
		}
	}
}

/* All of the guest is in the digest, and where its memory lies too. */
static void a_digest_is_of_all(void **state)
{
	static const struct {
		const char *what;
		off_t at;	/* in RAM, of the one page that is not all zero */
		const char *ram, *state;
		bool same;
	} rows[] = {
		{ "a guest", 1 << 18, "ram", "state", true },
		{ "the same again", 1 << 18, "ram", "state", true },
		{ "other memory", 1 << 18, "raM", "state", false },
		{ "memory elsewhere", 1 << 19, "ram", "state", false },
		{ "other devices", 1 << 18, "ram", "statE", false },
	};
	char first[DIGEST_LEN + 1] = "";
	struct snapshot snapshot;
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int ram_fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

		print_message("%s\n", rows[i].what);
		assert_int_equal(ftruncate(ram_fd, 1 << 20), 0);
		assert_int_equal(pwrite(ram_fd, rows[i].ram, 3, rows[i].at), 3);
		assert_int_equal(snapshot_write("k", "key", 1, ram_fd, rows[i].state, 5, &err), 0);
		close(ram_fd);
		assert_int_equal(snapshot_open("k", "key", 1, &snapshot, &err), 0);
		assert_int_equal(strlen(snapshot.digest), DIGEST_LEN);
		if (!i)
			strcpy(first, snapshot.digest);
		assert_int_equal(!strcmp(snapshot.digest, first), rows[i].same);
		snapshot_close(&snapshot);
	}
	/* As sha256sum has it for that page, behind its place, and the state. */
	assert_string_equal(first, "c57621f6cfd214bcc3ab1ec31eca24055c6499b43bddfa04776c6e6abb5267a1");
}

/* Where the file system has no nameless files, one in memory stands in. */
static void a_file_appears_whole_or_not(void **state)
{
	auto_free char *path = cache_path("sub/file"), *data = must_calloc(3 << 20, 1);
	auto_free void *back = NULL;
	struct err err = { 0 };
	struct stat st;
	size_t len;

	(void)state;
	for (int memory = 0; memory < 2; memory++) {
		int fd = fs_create(path, &err);

		if (memory) {
			close(fd);
			fd = memfd_create("stand-in", MFD_CLOEXEC);
		}
		memset(data + (1 << 20), 'a' + memory, 1 << 20);
		assert_int_equal(ftruncate(fd, 3 << 20), 0);
		assert_int_equal(pwrite(fd, data + (1 << 20), 1 << 20, 1 << 20), 1 << 20);
		assert_int_equal(access(path, F_OK), memory ? 0 : -1);
		assert_int_equal(fs_commit(fd, path, &err), 0);
		close(fd);
		assert_int_equal(fs_read(path, &back, &len, &err), 0);
		assert_int_equal(len, 3 << 20);
		assert_memory_equal(back, data, len);
		assert_int_equal(stat(path, &st), 0);
		assert_in_range(st.st_blocks * 512, 1 << 20, 2 << 20);	/* holes stay */
		free(back);
		back = NULL;
	}
}

static void the_oldest_go(void **state)
{
	struct snapshot snapshot;
	struct err err = { 0 };
	int ram_fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);

	(void)state;
	assert_int_equal(ftruncate(ram_fd, 1 << 20), 0);
	for (int i = 0; i < 9; i++) {
		auto_free char *key = must_printf("key%d", i);

		assert_int_equal(snapshot_write("k", key, 1, ram_fd, "s", 1, &err), 0);
		usleep(20000);
		/* The first is in use all the time. */
		if (!snapshot_open("k", "key0", 1, &snapshot, &err))
			snapshot_close(&snapshot);
	}
	close(ram_fd);
	assert_int_equal(snapshots(NULL), 6);
	assert_int_equal(snapshot_open("k", "key0", 1, &snapshot, &err), 0);
	snapshot_close(&snapshot);
	assert_int_equal(snapshot_open("k", "key8", 1, &snapshot, &err), 0);
	snapshot_close(&snapshot);
	assert_int_equal(snapshot_open("k", "key1", 1, &snapshot, &err), -ENOENT);
}

/* A restored guest that does not live: its snapshot is made anew, once. */
static void a_broken_snapshot_is_replaced(void **state)
{
	auto_free char *path = NULL, *garbage = must_calloc(32 << 20, 1);
	struct stat before, after;
	struct err err = { 0 };
	int fd;

	(void)state;
	assert_int_equal(run_true(&err), 0);
	assert_int_equal(snapshots(&path), 1);
	memset(garbage, 0x5a, 32 << 20);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(fstat(fd, &before), 0);
	for (off_t at = 0; at < 128 << 20; at += 32 << 20)
		assert_int_equal(pwrite(fd, garbage, 32 << 20, at), 32 << 20);
	close(fd);
	if (run_true(&err))
		fail_msg("%s", err.text);
	assert_int_equal(stat(path, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
}

static void two_that_want_it_make_one(void **state)
{
	pid_t pid[2];
	int status;

	(void)state;
	for (int i = 0; i < 2; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(vm_prepare(NULL, NULL, NULL) ? 1 : 0);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(snapshots(NULL), 1);
}

/* Ended at any moment while it boots: no half a file is left. */
static void a_killed_boot_leaves_nothing(void **state)
{
	(void)state;
	for (int ms = 50; ms < 700; ms += 250) {	/* of QEMU's processor time; a boot takes some 4 s of it */
		pid_t pid = fork();

		if (pid == 0)
			_exit(vm_prepare(NULL, NULL, NULL) ? 1 : 0);
		assert_true(child_at(pid, ms) > 0);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		assert_int_equal(snapshots(NULL), 0);
	}
}

static int on_a_full_disk(struct err *err)
{
	auto_free char *dir = cache_path("snapshots");

	if (mkdir(dir, 0700) || mount("none", dir, "tmpfs", 0, "size=8m"))
		return 77;
	if (vm_prepare(NULL, NULL, err) != -ENOSPC) {
		fprintf(stderr, "%s\n", err->text);
		return 1;
	}
	return snapshots(NULL) ? 2 : 0;
}

static void a_full_disk_is_told(void **state)
{
	struct err err = { 0 };
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)	/* the mount is this process's own */
		_exit(unshare(CLONE_NEWNS) ||
		      mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ? 77 :
		      on_a_full_disk(&err));
	waitpid(pid, &status, 0);
	if (WEXITSTATUS(status) == 77) {
		print_message("only root can mount a small disk: skipped\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static void a_cache_that_cannot_be_made_is_told(void **state)
{
	struct err err = { 0 };

	(void)state;
	setenv("XDG_CACHE_HOME", "/proc/nowhere", 1);
	assert_int_equal(vm_prepare(NULL, NULL, &err), -ENOENT);
	assert_int_equal(fs_mkdir("/proc/nowhere/twlab", &err), -ENOENT);
	assert_non_null(strstr(err.text, "cannot make the folder /proc/nowhere"));
}

static void without_qemu_nothing_starts(void **state)
{
	auto_free char *path = must_strdup(getenv("PATH"));
	struct err err = { 0 };

	(void)state;
	setenv("PATH", "/nowhere", 1);
	assert_int_equal(vm_prepare(NULL, NULL, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "package qemu-system-x86"));
	setenv("PATH", path, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh_cache, forget_cache)
		TEST(without_qemu_nothing_starts),
		TEST(a_snapshot_cut_short_is_none),
		TEST(a_digest_is_of_all),
		TEST(a_file_appears_whole_or_not),
		TEST(the_oldest_go),
		TEST(a_killed_boot_leaves_nothing),
		TEST(two_that_want_it_make_one),
		TEST(a_full_disk_is_told),
		TEST(a_cache_that_cannot_be_made_is_told),
		/* Last: a process keeps the image it has found, with its paths. */
		TEST(a_broken_snapshot_is_replaced),
	};

	kernels = cache_path("kernels");
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_vm.c - guests: what goes in, what comes out, and what may go wrong inside
 *
 * This program is also what runs in the guest: its first argument says which part.
 */
#include "tests/helpers/test.h"
#include "harness/util/guest.h"
#include "tests/helpers/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/io.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "harness/util/files.h"
#include "tests/helpers/in_guest.h"
#include "harness/vm/executable.h"
#include "harness/vm/vm.h"

/* ---- what runs in the guest ---- */

static void write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len || close(fd))
		_exit(99);
}

static int in_clock(void)
{
	uint64_t seen[6] = { 0 };
	struct timespec t;
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	clock_gettime(CLOCK_MONOTONIC, &t);
	seen[0] = (uint64_t)(t.tv_sec * NS_PER_S + t.tv_nsec);
	sleep(60);
	clock_gettime(CLOCK_MONOTONIC, &t);
	seen[1] = (uint64_t)(t.tv_sec * NS_PER_S + t.tv_nsec);
	clock_gettime(CLOCK_REALTIME, &t);
	seen[2] = (uint64_t)(t.tv_sec * NS_PER_S + t.tv_nsec);
	if (read(fd, &seen[3], 16) != 16)
		return 99;
	seen[5] = (uint64_t)getpid();
	write_file("out/seen", seen, sizeof(seen));
	close(fd);
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (read(fd, seen, 36) != 36)
		return 99;
	write_file("out/boot_id", seen, 36);
	return 0;
}

static int in_files(void)
{
	char text[16] = "";
	int fd = open("sub/in", O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (read(fd, text, sizeof(text)) != 5 || fstat(fd, &st) || (st.st_mode & 0777) != 0750)
		return 1;
	mkdir("out/deep", 0700);
	write_file("out/deep/er", text, 5);
	write_file("out/empty", "", 0);
	fputs("to stdout", stdout);
	fputs("to stderr", stderr);
	return 42;
}

static int in_hang(void)
{
	for (volatile bool on = true; on; )
		;
	return 0;
}

static int in_say(void)
{
	int fd = atoi(getenv("TWLAB_SAY_FD"));

	sleep(7);
	if (write(fd, "half way\n", 9) != 9)
		return 1;
	return in_hang();	/* the host has heard, and ends it */
}

static int in_kill(void)
{
	raise(SIGUSR1);
	return 0;
}

static int in_orphan(void)
{
	/* Left behind, and still writing: what is handed over stands still. */
	if (fork() == 0)
		for (;;)
			write_file("out/moving", "x", 1);
	usleep(100000);
	return 0;
}

static int in_panic(void)
{
	write_file("/proc/sysrq-trigger", "c", 1);
	return 0;
}

static int in_reboot(void)
{
	reboot(RB_AUTOBOOT);
	return 0;
}

static int in_memory(void)
{
	for (volatile bool on = true; on; )
		memset(must_calloc(1 << 20, 1), 'x', 1 << 20);
	return 0;
}

static int in_too_much(void)
{
	auto_free char *data = must_calloc(1 << 20, 1);
	int fd = open("out/big", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	memset(data, 'x', 1 << 20);
	for (int i = 0; i < 49; i++)
		if (write(fd, data, 1 << 20) < 0)
			return 1;
	return 0;
}

static int in_loud(void)
{
	static char line[1000];

	memset(line, 'l', sizeof(line));
	for (int i = 0; i < 5000; i++)
		if (write(1, line, sizeof(line)) < 0)
			return 1;
	return 0;
}

static void lie(const char *text)
{
	for (; *text; text++)
		outb((unsigned char)*text, 0xe9);
}

/* Root in the guest can say what PID 1 says. */
static int in_lies(const char *what)
{
	if (ioperm(0xe9, 1, 1) || ioperm(0x505, 1, 1))
		return 1;
	lie(what);
	outb(1, 0x505);
	return 0;
}

static int in_other_kernel(void)
{
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} parts[] = {
	{ "clock", in_clock }, { "files", in_files }, { "say", in_say },
	{ "kill", in_kill }, { "orphan", in_orphan }, { "hang", in_hang },
	{ "panic", in_panic }, { "reboot", in_reboot }, { "memory", in_memory },
	{ "too much", in_too_much }, { "loud", in_loud }, { "nothing", in_other_kernel },
};

static int run_part(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strcmp(name, parts[i].name))
			return parts[i].run();
	return in_lies(name);
}

/* ---- on the host ---- */

static struct files self;	/* this program, as a job brings it */
static char *self_path;

static struct vm_job job_of(const char *const *argv)
{
	return (struct vm_job){ .argv = argv, .system = self.item, .n_system = self.n,
				.wall_limit_s = 60, .seed = 7 };
}

static struct vm *start(const char *part, uint64_t seed, int limit_s)
{
	const char *const argv[] = { self_path, part, NULL };
	struct vm_job job = job_of(argv);
	struct err err = { 0 };
	struct vm *vm;

	job.seed = seed;
	job.wall_limit_s = limit_s;
	vm = vm_start(&job, &err);
	if (!vm)
		fail_msg("%s", err.text);
	return vm;
}

static struct vm_result finish(struct vm *vm)
{
	struct vm_result result = { 0 };
	struct err err = { 0 };
	int ret;

	while ((ret = vm_step(vm, 1000, &err)) == 0)
		;
	if (ret < 0)
		fail_msg("%s\n%s", err.text, vm_console(vm));
	vm_result(vm, &result);
	vm_free(vm);
	return result;
}

static const struct file *file_of(const struct vm_result *result, const char *path)
{
	for (size_t i = 0; i < result->n_files; i++)
		if (!strcmp(result->files[i].path, path))
			return &result->files[i];
	fail_msg("no %s in out/", path);
	return NULL;
}

static void assert_same(const struct vm_result *a, const struct vm_result *b)
{
	assert_int_equal(a->n_files, b->n_files);
	assert_int_equal(a->virtual_ns, b->virtual_ns);
	for (size_t i = 0; i < a->n_files; i++) {
		assert_string_equal(a->files[i].path, b->files[i].path);
		assert_int_equal(a->files[i].len, b->files[i].len);
		assert_memory_equal(a->files[i].data, b->files[i].data, a->files[i].len);
	}
}

/* A busy process. It ends by itself, also when a check before its kill() fails. */
static pid_t make_load(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(60);
		for (;;)
			;
	}
	return pid;
}

static void the_same_job_gives_the_same_bytes(void **state)
{
	struct vm_result first = finish(start("clock", 7, 60)), again, other;
	pid_t load[] = { make_load(), make_load() };
	struct vm *three[] = { start("clock", 7, 60), start("clock", 7, 60), start("clock", 7, 60) };
	const uint64_t *seen = file_of(&first, "seen")->data, *else_seen;

	(void)state;
	/* A minute and little more; 60 s of it in well under one. */
	assert_in_range(seen[1] - seen[0], 60 * NS_PER_S, 60 * NS_PER_S + 10 * NS_PER_MS);
	assert_in_range(seen[0] % NS_PER_S, 0, 50 * NS_PER_MS);
	assert_true(first.wall_ns < 30 * NS_PER_S);
	assert_true(first.rss_kb > 1000);
	print_message("a run of 60 s: %.3f s wall, %ld MB resident\n",
		      (double)first.wall_ns / 1e9, first.rss_kb / 1024);
	for (size_t i = 0; i < ARRAY_SIZE(three); i++) {
		again = finish(three[i]);
		assert_same(&first, &again);
		vm_result_free(&again);
	}
	for (size_t i = 0; i < ARRAY_SIZE(load); i++) {
		kill(load[i], SIGKILL);
		waitpid(load[i], NULL, 0);
	}
	other = finish(start("clock", 8, 60));
	else_seen = file_of(&other, "seen")->data;
	assert_memory_not_equal(&seen[3], &else_seen[3], 16);
	vm_result_free(&first);
	vm_result_free(&other);
}

/* A longer job takes longer to read: the program begins at the same instant. */
static void the_length_of_a_job_moves_no_instant(void **state)
{
	auto_free char *data = must_calloc(3 << 20, 1);
	struct file ballast = { (char *)"ballast", 0600, data, 3 << 20 };
	const char *const argv[] = { self_path, "clock", NULL };
	struct vm_job job = job_of(argv);
	struct vm_result little = finish(start("clock", 7, 60)), much;
	const uint64_t *a, *b;
	struct err err = { 0 };

	(void)state;
	job.files = &ballast;
	job.n_files = 1;
	much = finish(vm_start(&job, &err));
	a = file_of(&little, "seen")->data;
	b = file_of(&much, "seen")->data;
	assert_in_range(b[0] > a[0] ? b[0] - a[0] : a[0] - b[0], 0, NS_PER_MS);
	vm_result_free(&little);
	vm_result_free(&much);
}

struct collected {
	char text[3][64];
};

static void collect(void *arg, int fd, const void *data, size_t len)
{
	char *text = ((struct collected *)arg)->text[fd];

	snprintf(text + strlen(text), 64 - strlen(text), "%.*s", (int)len, (const char *)data);
}

static void files_and_words_come_back(void **state)
{
	struct file in = { (char *)"sub/in", 0750, (char *)"hello", 5 };
	const char *const argv[] = { self_path, "files", NULL };
	struct vm_job job = job_of(argv);
	struct vm_result result;
	struct collected collected = { 0 };
	struct err err = { 0 };

	(void)state;
	job.files = &in;
	job.n_files = 1;
	job.output = collect;
	job.arg = &collected;
	result = finish(vm_start(&job, &err));
	assert_true(WIFEXITED(result.status));
	assert_int_equal(WEXITSTATUS(result.status), 42);
	assert_int_equal(result.n_files, 2);
	assert_memory_equal(file_of(&result, "deep/er")->data, "hello", 5);
	assert_int_equal(file_of(&result, "deep/er")->mode, 0640);
	assert_int_equal(file_of(&result, "empty")->len, 0);
	assert_string_equal(collected.text[1], "to stdout");
	assert_string_equal(collected.text[2], "to stderr");
	assert_non_null(strchr(result.kernel_release, '.'));
	vm_result_free(&result);
}

static void a_signal_is_told(void **state)
{
	struct vm_result result = finish(start("kill", 7, 60));

	(void)state;
	assert_true(WIFSIGNALED(result.status));
	assert_int_equal(WTERMSIG(result.status), SIGUSR1);
	vm_result_free(&result);
}

static void what_is_left_running_stands_still(void **state)
{
	struct vm_result result = finish(start("orphan", 7, 60));

	(void)state;
	assert_int_equal(result.status, 0);
	assert_in_range(file_of(&result, "moving")->len, 0, 1);
	vm_result_free(&result);
}

static void output_is_bounded(void **state)
{
	struct vm_result result = finish(start("loud", 7, 60));

	(void)state;
	assert_int_equal(result.status, 0);
	assert_in_range(strlen(result.console), 64 << 10, 256 << 10);
	assert_non_null(strstr(result.console, "printed more than 4 MB"));
	vm_result_free(&result);
}

static void progress_is_heard(void **state)
{
	struct vm *vm = start("say", 7, 60);
	struct err err = { 0 };
	int ret = 0;

	(void)state;
	while (!ret && !*vm_progress(vm))
		ret = vm_step(vm, 1000, &err);
	assert_int_equal(ret, 0);
	assert_string_equal(vm_progress(vm), "half way");
	assert_in_range(vm_clock_ns(vm), 7 * NS_PER_S, 7 * NS_PER_S + 50 * NS_PER_MS);
	vm_free(vm);
}

/* Whatever happens inside: an error in words, in bounded time. */
static void a_guest_that_fails_is_an_error(void **state)
{
	static const struct {
		const char *part, *says;
		int limit_s;
	} rows[] = {
		{ "panic", "Kernel panic", 60 },
		{ "reboot", "the guest's kernel has ended", 60 },
		{ "hang", "no end after 2 s on the wall (running)", 2 },
		{ "memory", "ran out of memory", 60 },
		{ "too much", "more than 48 MB", 60 },
		{ "result 1 2 3\n", "QEMU: Invalid addr", 60 },
		{ "result 99999999999999999999 18446744073709551615\n", "without a result", 60 },
		{ "result 4096 4096\n", "QEMU: Invalid addr", 60 },
		{ "nonsense", "without a result", 60 },
		{ "failed on purpose\n", "the guest: on purpose", 60 },
		{ "out 1 99999999999\nabc", "without a result", 60 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vm *vm = start(rows[i].part, 7, rows[i].limit_s);
		struct err err = { 0 };
		int ret;

		while ((ret = vm_step(vm, 1000, &err)) == 0)
			;
		print_message("%s: %s\n", rows[i].part, err.text);
		assert_int_equal(ret, -err.code);
		assert_true(ret < 0);
		assert_non_null(strstr(err.text, rows[i].says));
		assert_null(strchr(err.text, '\n'));
		/* It stays over. */
		assert_true(vm_step(vm, 0, &err) < 0);
		vm_free(vm);
	}
}

static void what_cannot_start_is_refused(void **state)
{
	const char *const argv[] = { "/nothing", NULL };
	struct vm_job job = { .argv = argv, .kernel = "no-such-kernel" };
	struct vm_result result;
	struct err err = { 0 };

	(void)state;
	assert_null(vm_start(&job, &err));
	assert_int_equal(err.code, ENOENT);
	assert_non_null(strstr(err.text, "no kernel 'no-such-kernel'"));
	job.kernel = NULL;
	result = finish(vm_start(&job, &err));
	assert_int_equal(WEXITSTATUS(result.status), 127);
	assert_non_null(strstr(result.console, "/nothing: No such file or directory"));
	vm_result_free(&result);
}

static void nothing_outlives_its_owner(void **state)
{
	pid_t owner = fork(), guest;

	(void)state;
	if (owner == 0) {
		struct vm *vm = start("hang", 7, 60);

		while (vm_step(vm, 1000, NULL) == 0)
			;
		_exit(0);
	}
	guest = child_at(owner, 100);	/* it is at work */
	assert_int_not_equal(guest, 0);
	assert_int_equal(kill(guest, 0), 0);
	kill(owner, SIGKILL);
	waitpid(owner, NULL, 0);
	for (int i = 0; i < 100 && !kill(guest, 0); i++)
		usleep(50000);
	assert_int_equal(kill(guest, 0), -1);
}

static int set_up(void **state)
{
	struct err err = { 0 };

	(void)state;
	self_path = realpath("/proc/self/exe", NULL);
	if (vm_prepare(NULL, NULL, &err) || executable_add(&self, self_path, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	files_free(&self);
	free(self_path);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_job_gives_the_same_bytes),
		cmocka_unit_test(the_length_of_a_job_moves_no_instant),
		cmocka_unit_test(files_and_words_come_back),
		cmocka_unit_test(a_signal_is_told),
		cmocka_unit_test(what_is_left_running_stands_still),
		cmocka_unit_test(output_is_bounded),
		cmocka_unit_test(progress_is_heard),
		cmocka_unit_test(a_guest_that_fails_is_an_error),
		cmocka_unit_test(what_cannot_start_is_refused),
		cmocka_unit_test(nothing_outlives_its_owner),
	};

	if (guest_inside() && argc > 1)
		return run_part(argv[1]);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

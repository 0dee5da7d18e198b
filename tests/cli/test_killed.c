/* test_killed.c - twlab killed, hung up on, and as the first process of a container */
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "harness/guest/init.h"
#include "harness/util/guest.h"
#include "tests/helpers/main_in_guest.h"
#include "tests/helpers/dir.h"

static void pause_ms(int ms)
{
	const struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

/* twlab with @words, which say nothing here. SIGHUP is @ignored as nohup(1) has it. */
static pid_t start(char *const *words, bool ignored)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		_exit(99);
	signal(SIGHUP, ignored ? SIG_IGN : SIG_DFL);
	execv(words[0], words);
	_exit(98);
}

static int end_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static size_t found(const char *pattern)
{
	glob_t all = { 0 };
	size_t n;

	glob(pattern, 0, NULL, &all);
	n = all.gl_pathc;
	globfree(&all);
	return n;
}

/* ---- here ---- */

static void as_the_first_process_it_is_the_command_line(void **state)
{
	static const char *const ways[] = {
		"unshare -Ur -m -p --fork", "unshare -rpf", "unshare -pf --mount-proc", "unshare -Ur -pf --mount-proc setsid",
	};
	static const char *const commands[] = {
		"./twlab list", "sh -c 'exec ./twlab list'", "bash -c 'exec -a /init ./twlab list'",
	};
	unsigned int tried = 0;

	(void)state;
	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		auto_free char *can = must_printf("%s true 2>/dev/null", ways[w]);

		if (system(can)) {
			print_message("not allowed here: %s\n", ways[w]);
			continue;
		}
		for (size_t c = 0; c < ARRAY_SIZE(commands); c++, tried++) {
			auto_free char *command = must_printf("%s %s | grep 03-final-ack-loss >/dev/null", ways[w], commands[c]);

			print_message("%s\n", command);
			assert_int_equal(system(command), 0);
		}
	}
	if (!tried)
		skip();
}

/* SIGHUP is what a run gets whose terminal is closed. */
static void a_run_that_is_hung_up_on_leaves_nothing_half_done(void **state)
{
	auto_free char *out = must_printf("%s/hup", dir), *whole = must_printf("%s/*/*/run.json", out);
	auto_free char *hidden = must_printf("%s/*/.[!.]*", out);
	char *const words[] = { (char *)"./twlab", (char *)"run", (char *)"all", (char *)"--no-draw", (char *)"-o", out, NULL };
	pid_t pid = start(words, false);
	int tries = 0;

	(void)state;
	while (!found(whole) && tries++ < 1200 && !waitpid(pid, NULL, WNOHANG))
		pause_ms(100);
	if (!found(whole)) {
		kill(pid, SIGKILL);
		print_message("no run: no QEMU, or no kernel\n");
		skip();
	}
	assert_int_equal(kill(pid, SIGHUP), 0);
	assert_int_equal(end_of(pid), 128 + SIGHUP);
	assert_int_equal(found(hidden), 0);
}

static void nohup_is_left_alone(void **state)
{
	auto_free char *out = must_printf("%s/nohup", dir);
	char *const words[] = { (char *)"./twlab", (char *)"run", (char *)"1", (char *)"--no-draw", (char *)"-o", out,
				NULL };
	pid_t pid = start(words, true);

	(void)state;
	pause_ms(300);
	kill(pid, SIGHUP);
	assert_int_not_equal(end_of(pid), 128 + SIGHUP);
}

/* ---- in a guest ---- */

/* How many processes are twlab, but the guest's first one. */
static unsigned int players(void)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	unsigned int n = 0;

	assert_non_null(proc);
	while ((entry = readdir(proc))) {
		auto_free char *path = must_printf("/proc/%s/exe", entry->d_name);
		char exe[256] = "";

		n += readlink(path, exe, sizeof(exe) - 1) > 0 && strcmp(entry->d_name, "1") && !strcmp(exe, GUEST_TWLAB);
	}
	closedir(proc);
	return n;
}

static void what_is_killed_plays_no_longer(void **state)
{
	static char *const words[] = { (char *)GUEST_TWLAB, (char *)"run", (char *)"1", (char *)"--variant",
				       (char *)"client-first", (char *)"--here", (char *)"--no-draw", (char *)"-o",
				       (char *)"/tmp/ev", NULL };
	static char *const check[] = { (char *)GUEST_TWLAB, (char *)"check", (char *)"/tmp/ev", NULL };
	static const char hidden[] = "/tmp/ev/01-four-way-close/.client-first.*";
	pid_t pid;

	(void)state;
	if (!guest_inside())
		skip();
	pid = start(words, false);
	pause_ms(5000);
	assert_int_equal(players(), 2);		/* it, and its child, which plays */
	kill(pid, SIGKILL);
	assert_int_equal(end_of(pid), 128 + SIGKILL);
	pause_ms(1000);
	assert_int_equal(players(), 0);
	assert_int_equal(found(hidden), 1);
	assert_int_equal(end_of(start(words, false)), 0);
	assert_int_equal(found(hidden), 0);
	assert_int_equal(end_of(start(check, false)), 0);
}

int main(void)
{
	const struct CMUnitTest here[] = {
		cmocka_unit_test(as_the_first_process_it_is_the_command_line),
		cmocka_unit_test(a_run_that_is_hung_up_on_leaves_nothing_half_done),
		cmocka_unit_test(nohup_is_left_alone),
	}, guest[] = {
		cmocka_unit_test(what_is_killed_plays_no_longer),
	};
	int failed = guest_inside() ? 0 : _cmocka_run_group_tests("here", here, ARRAY_SIZE(here), dir_make, dir_remove);

	return failed + in_guest_tests(guest, ARRAY_SIZE(guest), NULL);
}

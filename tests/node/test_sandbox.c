/* test_sandbox.c - what a foreign program can do in its cage, and what it cannot
 *
 * Each row is this program once more, put into a cage in a guest and told what to
 * try. It answers on its standard output: "no" (with the reason) if it could not.
 */
#include "tests/helpers/test.h"

#include <twlab/sandbox.h>
#include <twlab/ns.h>
#include <twlab/proc.h>
#include "tests/helpers/main_in_guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

/* The attempts: each returns what tells success from failure (-1). */

static int loop(void)
{
	volatile bool more = true;

	while (more)
		;
	return 0;
}

static int bomb(void)
{
	for (int i = 0; i < 10000; i++)
		if (fork() < 0)
			pause();
	return 0;
}

static int chain(void)	/* each has a processor time of its own */
{
	while (fork() <= 0)
		;
	return 0;
}

static int memory(void)
{
	for (int mb = 0; mb < 1000; mb++)
		memset(must_calloc(1 << 20, 1), 1, 1 << 20);
	return 0;
}

static int orphan(void)
{
	if (fork() == 0) {
		setsid();
		signal(SIGTERM, SIG_IGN);
		for (int fd = 0; fd < 3; fd++)
			close(fd);
		for (;;)
			pause();
	}
	return 0;
}

static int disk(void)
{
	static char data[1 << 16];

	signal(SIGXFSZ, SIG_IGN);
	for (int n = 0; n < 100; n++) {
		auto_free char *path = must_printf("/tmp/%d", n);
		auto_close int fd = open(path, O_WRONLY | O_CREAT, 0600);

		for (int i = 0; i < 100; i++)
			if (fd < 0 || write(fd, data, sizeof(data)) != sizeof(data)) {
				if (errno == ENOSPC)
					return -1;
				break;
			}
	}
	return 0;
}

static int list(const char *path)
{
	DIR *dir = opendir(path);

	if (dir)
		closedir(dir);
	return dir ? 0 : -1;
}

static int descriptors(void)
{
	int open_ones = 0;

	for (int fd = 3; fd < 4096; fd++)
		open_ones += fcntl(fd, F_GETFD) >= 0;
	errno = EBADF;
	return open_ones ? 0 : -1;
}

static int raw_socket(void) { return socket(AF_INET, SOCK_RAW, IPPROTO_TCP); }
static int packet_socket(void) { return socket(AF_PACKET, SOCK_RAW, 0); }
static int ports(void) { return ioperm(0xe9, 1, 1); }
static int all_ports(void) { return iopl(3); }
static int kill_init(void) { return kill(1, SIGKILL); }
static int kill_all(void) { return kill(-1, SIGKILL); }
static int power_off(void) { return reboot(RB_POWER_OFF); }
static int trace_init(void) { return (int)ptrace(PTRACE_ATTACH, 1, NULL, NULL); }
static int mount_proc(void) { return mount("proc", "/tmp", "proc", 0, NULL); }
static int be_root(void) { return setuid(0); }
static int see_work(void) { return list("/work"); }
static int see_twlab(void) { return list("/twlab"); }
static int see_proc(void) { return list("/proc/self"); }
static int climb(void) { return list("/../../work"); }
static int second_chroot(void) { return chroot("/tmp"); }
static int change_lib(void) { return open("/usr/x", O_WRONLY | O_CREAT, 0600); }
static int change_bin(void) { return open("/bin/self", O_WRONLY); }
static int see_memory(void) { return open("/dev/mem", O_RDONLY); }
static int see_evidence(void) { return open("/work/out/evidence/run.json", O_WRONLY | O_CREAT, 0600); }
static int own_file(void) { return open("/tmp/mine", O_WRONLY | O_CREAT, 0600); }
static int tcp_socket(void) { return socket(AF_INET, SOCK_STREAM, 0); }

static int user_namespace(void)
{
	if (unshare(CLONE_NEWUSER))
		return -1;
	return mount("x", "/tmp", "tmpfs", 0, NULL);
}

static const struct attempt {
	const char *name;
	int (*act)(void);
	bool may;
} attempts[] = {
	{ "own_file", own_file, true }, { "tcp_socket", tcp_socket, true },
	{ "raw_socket", raw_socket }, { "packet_socket", packet_socket }, { "ports", ports },
	{ "all_ports", all_ports }, { "kill_init", kill_init },
	{ "kill_all", kill_all, true },	/* kill(2) says so, whomever it met: that this test goes on is the proof */
	{ "power_off", power_off }, { "trace_init", trace_init }, { "mount_proc", mount_proc },
	{ "be_root", be_root }, { "see_work", see_work }, { "see_twlab", see_twlab },
	{ "see_proc", see_proc }, { "climb", climb }, { "second_chroot", second_chroot },
	{ "change_lib", change_lib }, { "change_bin", change_bin }, { "see_memory", see_memory },
	{ "see_evidence", see_evidence }, { "user_namespace", user_namespace }, { "disk", disk },
	{ "descriptors", descriptors },
};

static const struct { const char *name; int (*act)(void); const char *trouble; bool event; } excesses[] = {
	{ "loop", loop, "processor time" },
	{ "bomb", bomb, "processes", true },
	{ "chain", chain, "processor time" },
	{ "memory", memory, "memory", true },
};

/* Ends here: to look for leaks at exit, a sanitizer would want /proc, which a cage has not. */
static _Noreturn void format(bool can)
{
	puts(can ? "yes" : "no");
	fflush(stdout);
	_exit(0);
}

static int attempt(const char *name)
{
	for (size_t a = 0; a < ARRAY_SIZE(attempts); a++)
		if (!strcmp(attempts[a].name, name))
			format(attempts[a].act() >= 0);
	for (size_t e = 0; e < ARRAY_SIZE(excesses); e++)
		if (!strcmp(excesses[e].name, name))
			return excesses[e].act();
	return strcmp(name, "orphan") ? 2 : orphan();
}

/* A cage with this program in it, started there. */
static struct sandbox *caged(const char *name, const struct sandbox_limits *limits, struct proc *proc)
{
	char *argv[] = { (char *)(uintptr_t)"/bin/self", (char *)(uintptr_t)name, NULL };
	struct proc_start start = { .argv = argv, .ns = -1 };
	struct err err = { 0 };
	struct sandbox *sandbox = sandbox_open("/run/cage", limits, &err);
	auto_free char *self = must_calloc(32 << 20, 1);
	auto_fclose FILE *file = fopen("/proc/self/exe", "re");
	size_t len = fread(self, 1, 32 << 20, file);

	if (!sandbox)
		fail_msg("%s", err.text);
	if (sandbox_put(sandbox, "bin/self", 0755, self, len, &err))
		fail_msg("%s", err.text);
	start.ns = ns_new(&err);
	start.sandbox = sandbox;
	if (proc_start(&start, proc, &err))
		fail_msg("%s", err.text);
	close(start.ns);
	return sandbox;
}

static void finding_of(struct proc *proc, char *text, size_t size)
{
	struct pollfd fd = { proc->out, POLLIN };
	ssize_t len;

	poll(&fd, 1, 20000);
	len = read(proc->out, text, size - 1);
	text[len > 0 ? len : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static const struct sandbox_limits roomy = { .cpu_ms = 400, .memory_mb = 64, .processes = 8, .file_kb = 2048 };

static void what_it_may_and_what_not(void **state)
{
	(void)state;
	if (!guest_inside())
		skip();
	int leak = open("/dev/console", O_WRONLY), leaked = dup2(leak, 100);	/* not closed on exec */

	assert_int_equal(leaked, 100);
	for (size_t a = 0; a < ARRAY_SIZE(attempts); a++) {
		struct proc proc;
		struct sandbox *sandbox = caged(attempts[a].name, &roomy, &proc);
		char text[64];

		finding_of(&proc, text, sizeof(text));
		if (strcmp(text, attempts[a].may ? "yes" : "no"))
			fail_msg("%s: it says '%s'", attempts[a].name, text);
		proc_end(&proc);
		sandbox_close(sandbox);
	}
	close(leak);
	close(leaked);
}

static void what_goes_too_far_is_noticed_and_ends(void **state)
{
	(void)state;
	if (!guest_inside())
		skip();
	for (size_t e = 0; e < ARRAY_SIZE(excesses); e++) {
		const struct timespec pause = { 0, 50 * NS_PER_MS };
		struct proc proc;
		struct sandbox *sandbox = caged(excesses[e].name, &roomy, &proc);
		struct pollfd fds[8];
		nfds_t n = 0;
		const char *trouble = NULL;

		for (; sandbox_event(sandbox, (unsigned int)n) >= 0; n++)
			fds[n] = (struct pollfd){ sandbox_event(sandbox, (unsigned int)n), POLLPRI };
		assert_int_equal(poll(fds, n, 1000) > 0, excesses[e].event);
		for (int i = 0; i < 2000 && !trouble; i++) {
			nanosleep(&pause, NULL);
			trouble = sandbox_trouble(sandbox);
		}
		if (!trouble || !strstr(trouble, excesses[e].trouble))
			fail_msg("%s: %s", excesses[e].name, trouble ? trouble : "nothing was noticed");
		sandbox_kill(sandbox);
		proc_end(&proc);
		sandbox_close(sandbox);
		assert_int_equal(access("/sys/fs/cgroup/cage", F_OK), -1);	/* a folder with a process in it stays */
	}
}

static void an_orphan_ends_with_the_cage(void **state)
{
	struct proc proc;
	struct sandbox *sandbox;
	int status;

	(void)state;
	if (!guest_inside())
		skip();
	sandbox = caged("orphan", &roomy, &proc);
	assert_int_equal(waitpid(proc.pid, &status, 0), proc.pid);
	proc.pid = 0;
	assert_int_equal(access("/sys/fs/cgroup/cage", F_OK), 0);
	assert_int_equal(rmdir("/sys/fs/cgroup/cage"), -1);	/* it lives */
	proc_end(&proc);
	sandbox_close(sandbox);
	assert_int_equal(access("/sys/fs/cgroup/cage", F_OK), -1);
}

static void only_a_plain_file_of_its_own_is_taken(void **state)
{
	struct sandbox *sandbox;
	struct err err = { 0 };
	struct proc proc;
	char text[64];
	void *data;
	size_t len;

	(void)state;
	if (!guest_inside())
		skip();
	sandbox = caged("own_file", &roomy, &proc);
	finding_of(&proc, text, sizeof(text));
	proc_end(&proc);
	assert_int_equal(sandbox_take(sandbox, "mine", 10, &data, &len, &err), 0);
	free(data);
	assert_int_equal(symlink("/etc/passwd", "/run/cage/tmp/link"), 0);
	assert_true(sandbox_take(sandbox, "link", 1 << 20, &data, &len, &err) < 0);
	assert_int_equal(mkfifo("/run/cage/tmp/pipe", 0666), 0);
	assert_true(sandbox_take(sandbox, "pipe", 1 << 20, &data, &len, &err) < 0);
	close(open("/run/cage/tmp/roots", O_WRONLY | O_CREAT, 0644));
	assert_true(sandbox_take(sandbox, "roots", 1 << 20, &data, &len, &err) < 0);
	sandbox_close(sandbox);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_may_and_what_not),
		cmocka_unit_test(what_goes_too_far_is_noticed_and_ends),
		cmocka_unit_test(an_orphan_ends_with_the_cage),
		cmocka_unit_test(only_a_plain_file_of_its_own_is_taken),
	};

	if (argc == 2 && getpid() != 1)
		return attempt(argv[1]);
	return in_guest_tests(tests, ARRAY_SIZE(tests), NULL);
}

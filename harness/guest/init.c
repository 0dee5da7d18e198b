/* init.c - PID 1 of the guest
 *
 * Everything that all runs share is done before the snapshot; what a run brings
 * is read after it. PID 1 cannot exit: when it cannot go on it says so, and stops
 * the machine.
 */
#include "harness/guest/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include <twlab/clock.h>
#include "harness/util/bundle.h"
#include "harness/util/files.h"
#include "harness/cli/commands.h"
#include <twlab/json_text.h>
#include <twlab/topo.h>
#include "harness/guest/modules_load.h"
#include "harness/guest/result.h"
#include "harness/util/guest.h"
#include "harness/vm/protocol.h"
#include "harness/run/requirements.h"
#include "harness/guest/transport.h"

#define WORK "/work"
#define PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/twlab"

/* The program begins at a multiple of this on the monotonic clock: how long the
 * job took to read then moves nothing in the run, nor how long the kernel to boot.
 */
#define BEGIN_EACH_S 10

#define DEV 2	/* of mounts[] */
#define STOCK 32	/* nodes that are there before the snapshot: for several runs in one guest */

static const struct {
	const char *type, *at;
	unsigned long flags;
	const char *options;
} mounts[] = {
	{ "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC },
	{ "devtmpfs", "/dev", MS_NOSUID, "mode=0755" },
	{ "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "ptmxmode=0666" },
	{ "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV },
};

static const struct {
	const char *path, *value, *why;
} settings[] = {
	/* An idle kernel still looks after things, three times a second: 0.5 s of ours
	 * for each quarter of an hour in there.
	 */
	{ "/proc/sys/vm/compaction_proactiveness", "0", "memory is as it is after a boot" },
	{ "/proc/sys/vm/compact_unevictable_allowed", "0", "a page that a device writes to stays where it is" },
	{ "/proc/sys/vm/stat_interval", "3600", "nobody reads the statistics" },
	{ "/proc/sys/kernel/watchdog", "0", "the host looks at the clock" },
	{ "/proc/sys/net/ipv4/tcp_max_orphans", "65536", "for all nodes; by default it follows from the guest's small hash table" },
	{ "/proc/sys/net/ipv4/tcp_max_tw_buckets", "65536", "so does this one, for a program that makes no nodes" },
	{ "/proc/sys/net/netfilter/nf_conntrack_buckets", "512", "each look at a NAT's table walks over all of them" },
	{ "/proc/sys/kernel/printk", "4", "errors only: the console is slow" },
	{ "/proc/sys/kernel/panic_on_oops", "1", "a kernel that oopsed proves nothing" },
	{ "/proc/self/oom_score_adj", "-1000", "PID 1 lives to tell" },
};

/* One running program and the pipes that come from it. */
struct run {
	pid_t pid;
	int status;
	bool over;
	int signals;		/* signalfd: SIGCHLD */
	int pipe[3];		/* by enum stream */
	size_t printed;
	int64_t begin_ns;	/* CLOCK_MONOTONIC */
	char line[256];		/* of progress, not yet whole */
	size_t line_len;
};

enum stream {
	STREAM_SAY,		/* progress */
	STREAM_OUT = STDOUT_FILENO,
	STREAM_ERR = STDERR_FILENO,
};

static _Noreturn void fail(const struct err *err)
{
	transport_print("failed %s", err->text);
	for (;;)
		transport_pause();
}

static void must(int ret, const struct err *err)
{
	if (ret < 0)
		fail(err);
}

static void write_setting(const char *path, const char *value)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)	/* this kernel has no such thing to set */
		return;
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		transport_print("note cannot set %s: %s", path, strerror(errno));
}

static int mount_one(size_t i)
{
	return mount(mounts[i].type, mounts[i].at, mounts[i].type, mounts[i].flags, mounts[i].options);
}

static void mount_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		if (i == DEV && transport_is_serial())
			continue;	/* the port is in it */
		mkdir(mounts[i].at, 0755);
		if (mount_one(i))
			transport_print("note cannot mount %s: %s", mounts[i].at, strerror(errno));
	}
}

static void set_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		write_setting(settings[i].path, settings[i].value);
}

/* What a library or a sanitizer has to say goes to the console. */
static void open_standard(void)
{
	static const char *const paths[] = { "/dev/null", "/dev/console", "/dev/console" };

	for (int fd = 0; fd < 3; fd++) {
		int opened = open(paths[fd], O_RDWR | O_NOCTTY);

		if (opened < 0)
			continue;
		dup2(opened, fd);
		if (opened > 2)
			close(opened);
	}
}

/* What booting left in memory that is free now would be kept in the snapshot; the
 * kernel zeroes what it gives out, and zeros are holes there. What was freed last
 * is given out first: half of it all is enough, and takes half the instructions.
 */
static void clear_free_memory(void)
{
	struct sysinfo info;
	size_t len;
	char *all;

	if (sysinfo(&info))
		return;
	len = (size_t)info.freeram * info.mem_unit / 10 * 4;
	all = mmap(NULL, len, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (all != MAP_FAILED)
		munmap(all, len);
}

static int lo_up(struct err *err)
{
	auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &req))
		return err_set(err, errno, "cannot bring up lo");
	return 0;
}

/* Stand at the next round second. The wall clock is set by the other one, so
 * that both are round there.
 */
static int64_t wait_for_begin(void)
{
	const time_t epoch = 1767225600;	/* 2026-01-01, where QEMU's clock starts */
	int64_t begin_ns = clock_wait_round(BEGIN_EACH_S);
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += epoch;
	clock_settime(CLOCK_REALTIME, &at);
	return begin_ns;
}

/* random(4): the seed counts as entropy, and the generator takes it in at once. */
static int seed_random(const json_t *job, struct err *err)
{
	const char *text = json_string_value(json_object_get(job, "seed"));
	uint64_t seed = text ? strtoull(text, NULL, 10) : 0;
	/* struct rand_pool_info: bits of entropy, bytes, the bytes. */
	struct {
		int entropy_bits, size;
		uint64_t seed[4];
	} pool = { 256, 32, { seed, ~seed, seed, ~seed } };
	auto_close int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool))
		return err_set(err, errno, "cannot seed the random numbers");
	ioctl(fd, RNDRESEEDCRNG);	/* 4.14 and later; older kernels do it by themselves */
	return 0;
}

/* "work/a" goes below WORK, "root/a" below / where nothing is yet. */
static int put_file(struct file file, struct err *err)
{
	bool work = !strncmp(file.path, "work/", 5), root = !strncmp(file.path, "root/", 5);

	if (!work && !root)
		return err_set(err, 0, "the job has a file for nowhere: %s", file.path);
	file.path += 5;
	if (root && !access(file.path - 1, F_OK))
		return 0;
	return files_write(&file, 1, work ? WORK : "/", err);
}

/* Lay the job's files out; @job is its header (to be json_decref'ed). */
static int read_job(json_t **job, struct err *err)
{
	auto_free void *data = NULL;
	struct file file;
	size_t len, begin, i;
	json_t *row;

	if (transport_read(PROTOCOL_JOB, &data, &len, err) || bundle_open(data, len, job, &begin, err))
		return err_code(err);
	json_array_foreach(json_object_get(*job, "files"), i, row) {
		if (bundle_file(data, len, begin, row, &file, err) || put_file(file, err))
			return err_code(err);
		free(file.path);
	}
	return 0;
}

/* Before the ports are given back. */
static void name_snapshot(void)
{
	auto_free void *digest = NULL;
	struct err none;
	size_t len;

	if (!transport_is_serial() && !transport_read(PROTOCOL_SNAPSHOT, &digest, &len, &none))
		setenv("TWLAB_SNAPSHOT", digest, 1);
}

static _Noreturn void become(int argc, char **argv, int pipes[3][2])
{
	int input = open(GUEST_STDIN, O_RDONLY | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (input >= 0)
		dup2(input, STDIN_FILENO);
	dup2(pipes[STREAM_OUT][1], STDOUT_FILENO);
	dup2(pipes[STREAM_ERR][1], STDERR_FILENO);
	dup2(pipes[STREAM_SAY][1], 3);
	setsid();
	write_setting("/proc/self/oom_score_adj", "0");
	clearenv();
	setenv("PATH", PATH, 1);
	setenv("HOME", "/root", 1);
	setenv("TWLAB_GUEST", "1", 1);
	setenv("TWLAB_SAY_FD", "3", 1);
	name_snapshot();
	transport_close();	/* I/O permissions are inherited, and kept by exec */
	if (chdir(WORK) == 0) {
		/* This very program is loaded already. */
		if (!strcmp(argv[0], GUEST_TWLAB))
			exit(commands_main(argc, argv));
		execvp(argv[0], argv);
	}
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);	/* as a shell does */
}

static int start(struct run *run, json_t *job, struct err *err)
{
	json_t *list = json_object_get(job, "argv"), *word;
	auto_free char **argv = must_calloc(json_array_size(list) + 1, sizeof(*argv));
	int pipes[3][2];
	sigset_t child;
	size_t i;

	json_array_foreach(list, i, word)
		argv[i] = json_bytes_value(word);
	if (!argv[0])
		return err_set(err, 0, "the job names no program");
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	run->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	for (i = 0; i < 3; i++) {
		/* From 10 up, so that none is in the way of the program's 0 to 3. */
		if (pipe2(pipes[i], O_NONBLOCK))
			return err_set(err, errno, "cannot make a pipe");
		for (int end = 0; end < 2; end++) {
			int fd = fcntl(pipes[i][end], F_DUPFD_CLOEXEC, 10);

			close(pipes[i][end]);
			pipes[i][end] = fd;
		}
		fcntl(pipes[i][1], F_SETFL, 0);
	}
	run->begin_ns = wait_for_begin();
	run->pid = fork();
	if (run->pid < 0)
		return err_set(err, errno, "cannot fork");
	if (run->pid == 0)
		become((int)json_array_size(list), argv, pipes);
	for (i = 0; i < 3; i++) {
		close(pipes[i][1]);
		run->pipe[i] = pipes[i][0];
	}
	return 0;
}

static void pass_progress(struct run *run, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] != '\n' && run->line_len < sizeof(run->line) - 1) {
			run->line[run->line_len++] = data[i];
		} else if (data[i] == '\n') {
			run->line[run->line_len] = '\0';
			transport_print("say %lld %s", (long long)(clock_ns(CLOCK_MONOTONIC) - run->begin_ns), run->line);
			run->line_len = 0;
		}
	}
}

static void pass_output(struct run *run, enum stream stream, const char *data, size_t len)
{
	if (run->printed > PROTOCOL_PRINT_MAX)
		return;
	run->printed += len;
	transport_print("out %d %zu", (int)stream, len);
	transport_send(data, len);
	if (run->printed > PROTOCOL_PRINT_MAX)
		transport_print("note the program printed more than %d MB, the rest is dropped",
			 PROTOCOL_PRINT_MAX >> 20);
}

static void drain(struct run *run, enum stream stream)
{
	char data[4096];
	ssize_t n;

	while (run->pipe[stream] >= 0 &&
	       (n = read(run->pipe[stream], data, sizeof(data))) >= 0) {
		if (n == 0) {
			close(run->pipe[stream]);
			run->pipe[stream] = -1;
		} else if (stream == STREAM_SAY) {
			pass_progress(run, data, (size_t)n);
		} else {
			pass_output(run, stream, data, (size_t)n);
		}
	}
}

/* Every process that ends is PID 1's to reap, the program and its orphans. */
static void reap(struct run *run)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(run->signals, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != run->pid)
			continue;
		run->status = status;
		run->over = true;
	}
}

static void watch(struct run *run)
{
	while (!run->over) {
		struct pollfd fds[] = {
			{ run->signals, POLLIN },
			{ run->pipe[STREAM_SAY], POLLIN },
			{ run->pipe[STREAM_OUT], POLLIN },
			{ run->pipe[STREAM_ERR], POLLIN },
		};

		poll(fds, ARRAY_SIZE(fds), -1);
		drain(run, STREAM_SAY);
		drain(run, STREAM_OUT);
		drain(run, STREAM_ERR);
		reap(run);
	}
	/* Nothing may change the files that are handed over. */
	kill(-1, SIGKILL);
	while (wait(NULL) > 0)
		;
	drain(run, STREAM_SAY);
	drain(run, STREAM_OUT);
	drain(run, STREAM_ERR);
}

static int hand_over(const struct run *run, int64_t virtual_ns, struct err *err)
{
	size_t len;
	void *region;

	if (chdir(WORK))
		return err_set(err, errno, "cannot enter " WORK);
	if (result_pack("out", run->status, virtual_ns, &region, &len, err))
		return err_code(err);
	transport_result(region, len);
	return 0;
}

_Noreturn void init_main(void)
{
	struct run run = { .pid = -1 };
	struct err err = { 0 };
	struct utsname name;
	int64_t virtual_ns;
	json_t *job;

	if (!access(PROTOCOL_JOB_FILE, F_OK))
		mount_one(DEV);
	if (transport_open(&err)) {	/* without it only the console is left to tell */
		mount_one(DEV);
		open_standard();
		fprintf(stderr, "twlab: %s (CONFIG_X86_IOPL_IOPERM, or lockdown=)\n", err.text);
		exit(1);	/* ends the kernel */
	}
	mount_all();
	open_standard();
	modules_load();
	set_all();
	must(lo_up(&err), &err);
	sethostname("twlab", 5);
	requirements_probe();
	if (topo_stock(STOCK, &err))	/* a kernel without namespaces: whoever needs one will say so */
		err.code = 0;
	if (mkdir(WORK, 0755) || mkdir(WORK "/out", 0777))
		must(err_set(&err, errno, "cannot make " WORK "/out"), &err);
	transport_prepare();
	clear_free_memory();
	uname(&name);
	if (!transport_is_serial()) {
		transport_print("ready %s", name.release);
		transport_pause();
	}

	transport_print("hello");
	must(read_job(&job, &err), &err);
	must(seed_random(job, &err), &err);
	must(start(&run, job, &err), &err);
	watch(&run);
	virtual_ns = clock_ns(CLOCK_MONOTONIC) - run.begin_ns;
	must(hand_over(&run, virtual_ns, &err), &err);
	for (;;)
		transport_pause();
}

/* qemu.c - one QEMU process, and what ties it to us */
#include "harness/vm/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "harness/vm/protocol.h"
#include "harness/vm/executable.h"

/* What is the same for every guest, each with its reason. */
static const struct {
	const char *option, *value, *why;
} common[] = {
	{ "-accel", "tcg,tb-size=64", "only TCG counts instructions; 64 MB of code is plenty" },
	{ "-cpu", "max,la57=off,erms=off,fsrm=off,smap=off,pku=off",
	  "all that TCG can do, less what is slow there: page tables of five levels, copying by bytes, "
	  "flags that end a block of code at each copy from user space" },
	{ "-smp", "1", "instruction counting needs one thread" },
	{ "-seed", "1", "RDRAND and the seed at boot; a job brings its own" },
	{ "-rtc", "base=2026-01-01T00:00:00,clock=vm", "no host time in the guest" },
	{ "-device", "pvpanic", "a port that stops the machine at an instruction" },
	{ "-action", "panic=pause", "what that port does" },
	{ "-display", "none", "nobody looks" },
	{ "-nodefaults", NULL, "no device that is not named here" },
	{ "-no-user-config", NULL, "nor one from the user's files" },
	{ "-no-reboot", NULL, "a kernel that panics ends the run" },
};

/* The kernel's command line, each word with its reason. */
static const struct {
	const char *word, *why;
} command_line[] = {
	{ "console=ttyS0", "errors are seen" },
	{ "quiet", "only errors" },
	{ "panic=-1", "a panic reboots at once, and -no-reboot makes that an end" },
	{ "reboot=t", "by a triple fault: there is no keyboard controller" },
	{ "tsc=reliable", "nothing to check it against" },
	{ "cryptomgr.notests", "0.9 s of guest time at boot" },
	{ "nokaslr", "nothing to relocate at boot, and addresses that can be compared" },
	{ "norandmaps", "what two programs share has one address, and is translated once" },
	{ "edd=off", "there is no BIOS disk to ask for" },
	{ "mitigations=off", "nobody attacks this kernel; 32 calls less at each switch" },
	{ "init_on_alloc=0", "nor reads what another has freed" },
	{ "lsm=none", "nor is kept from anything by more than its user's rights" },
	{ "psi=0", "nobody asks how long tasks have waited" },
	{ "rcupdate.rcu_expedited=1", "one processor has nobody to wait for" },
	{ "thash_entries=64", "sock_diag walks the whole table at every look" },
};

/* The kernel's own words come last: what they say again then holds. */
static char *append_text(const struct kernel *kernel)
{
	char *text = must_strdup(kernel->machine->words);

	for (size_t i = 0; i < ARRAY_SIZE(command_line); i++)
		must_append(&text, "%s%s", *text ? " " : "", command_line[i].word);
	if (kernel->words)
		must_append(&text, " %s", kernel->words);
	return text;
}

struct args {
	char **item;
	size_t n;
};

static void args_add(struct args *args, const char *option, char *value)
{
	*(char **)grow(&args->item, args->n++, sizeof(char *)) = must_strdup(option);
	if (value)
		*(char **)grow(&args->item, args->n++, sizeof(char *)) = value;
}

static void args_free(struct args *args)
{
	for (size_t i = 0; i < args->n; i++)
		free(args->item[i]);
	free(args->item);
}

/* The same arguments for the guest that is saved and for those that are restored,
 * except where a descriptor goes.
 */
static void args_make(struct args *args, const struct qemu_setup *setup,
		      int qmp_fd, int console_fd, int protocol_fd)
{
	const struct machine *machine = setup->kernel->machine;

	args_add(args, QEMU_PROGRAM, NULL);
	/* Few devices, so little to wait for; RAM is a file of ours. */
	args_add(args, "-M", must_printf("%s,memory-backend=ram", machine->type));
	for (size_t i = 0; i < ARRAY_SIZE(common); i++)
		args_add(args, common[i].option,
			 common[i].value ? must_strdup(common[i].value) : NULL);
	/* An instruction has its time, and idle time is skipped.
	 *
	 * Skipping is the work of QEMU's main thread, while another runs the guest.
	 * They share a lock, but not for all of it: the main thread may look in the
	 * instant in which the guest has halted and its last instructions are not yet
	 * counted, and move the clock too far by these. One run in a hundred then
	 * differed from the others by some nanoseconds. A run that is recorded for a
	 * replay has them take turns (the replay mutex), and of the record nobody
	 * wants anything. A migration cannot be recorded, so the snapshot is saved
	 * without. And where the boot took 2^31 instructions or more, QEMU (seen
	 * with 7.2) takes their number for a negative one and ends (qemu_miscounted()).
	 */
	args_add(args, "-icount", must_printf("shift=%d,sleep=off%s", machine->shift,
		 setup->in_turns ? ",rr=record,rrfile=/dev/null" : ""));
	args_add(args, "-m", must_printf("%u", setup->mem_mb));
	args_add(args, "-object", must_printf("memory-backend-file,id=ram,size=%uM,"
		 "mem-path=/proc/self/fd/%d,share=%s", setup->mem_mb, setup->ram_fd,
		 setup->restored ? "off" : "on"));
	args_add(args, "-kernel", must_strdup(setup->kernel->image));
	if (!setup->restored)	/* it was read long ago */
		args_add(args, "-initrd", must_printf("/proc/self/fd/%d", setup->initramfs_fd));
	args_add(args, "-append", append_text(setup->kernel));
	args_add(args, "-chardev", must_printf("socket,id=qmp,fd=%d", qmp_fd));
	args_add(args, "-mon", must_strdup("chardev=qmp,mode=control"));
	args_add(args, "-chardev", must_printf("file,id=console,path=/proc/self/fd/%d", console_fd));
	args_add(args, "-serial", must_strdup("chardev:console"));
	args_add(args, "-chardev", must_printf("file,id=talk,path=/proc/self/fd/%d", protocol_fd));
	args_add(args, "-device", must_strdup(machine->serial ? "isa-serial,chardev=talk,index=1" :
					      "isa-debugcon,chardev=talk,iobase=0xe9"));
	if (machine->serial)	/* its end is not ours: there is still its memory's peak to ask for */
		args_add(args, "-action", must_strdup("shutdown=pause"));
	if (setup->job_fd >= 0)
		args_add(args, "-fw_cfg", must_printf("name=" PROTOCOL_JOB ",file=/proc/self/fd/%d",
						      setup->job_fd));
	if (setup->restored)
		args_add(args, "-fw_cfg", must_printf("name=" PROTOCOL_SNAPSHOT ",string=%s", setup->snapshot));
	if (setup->restored)
		args_add(args, "-incoming", must_strdup("defer"));
	grow(&args->item, args->n, sizeof(char *));	/* the NULL */
}

char *qemu_find(struct err *err)
{
	char *path = executable_find(QEMU_PROGRAM);

	if (!path) {
		err_set(err, 0, QEMU_PROGRAM " is not on PATH (Debian package "
			"qemu-system-x86; make deps installs it)");
		err_as(err, ENOTSUP);
	}
	return path;
}

char *qemu_identity(const struct kernel *kernel, unsigned int mem_mb, struct err *err)
{
	struct qemu_setup setup = { .kernel = kernel, .mem_mb = mem_mb, .job_fd = -1 };
	auto_free char *path = qemu_find(err), *text = NULL;
	struct args args = { 0 };
	struct stat st;

	if (!path || stat(path, &st))
		return NULL;
	args_make(&args, &setup, 0, 0, 0);
	text = must_printf("%s %lld %lld.%09ld", path, (long long)st.st_size,
			   (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	for (size_t i = 0; i < args.n; i++)
		must_append(&text, " %s", args.item[i] + strspn(args.item[i], " "));
	args_free(&args);
	return steal_ptr(&text);
}

static _Noreturn void become(const char *path, char **argv, const int *keep, size_t n,
			     int console_fd, pid_t parent)
{
	sigset_t none;

	/* A session of its own: Ctrl-C is for us, and its end follows from ours. */
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* One heap for all threads, that grows by more than a page at a time. */
	setenv("MALLOC_ARENA_MAX", "1", 1);
	setenv("MALLOC_TOP_PAD_", "4194304", 1);
	dup2(open("/dev/null", O_RDWR), STDIN_FILENO);
	dup2(console_fd, STDOUT_FILENO);
	dup2(console_fd, STDERR_FILENO);
	for (size_t i = 0; i < n; i++)
		if (keep[i] >= 0)
			fcntl(keep[i], F_SETFD, 0);
	execv(path, argv);
	_exit(127);
}

/* A pipe whose reading end never blocks; room for a noisy console. */
static int make_pipe(int fd[2], struct err *err)
{
	if (pipe2(fd, O_CLOEXEC))
		return err_set(err, errno, "cannot make a pipe");
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	fcntl(fd[1], F_SETPIPE_SZ, 1 << 20);
	return 0;
}

int qemu_start(struct qemu *qemu, const struct qemu_setup *setup, struct err *err)
{
	auto_close int qmp = -1, console = -1, talk = -1;
	auto_free char *path = qemu_find(err);
	int pair[2] = { -1, -1 }, ends[2] = { -1, -1 };
	struct args args = { 0 };
	pid_t self = getpid();

	*qemu = (struct qemu){ .pid = -1, .console_fd = -1, .protocol_fd = -1 };
	if (!path)
		return err_code(err);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return err_set(err, errno, "cannot make a socket");
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	qemu->qmp = qmp_new(pair[0]);
	qmp = pair[1];
	if (make_pipe(ends, err))
		return err_code(err);
	qemu->console_fd = ends[0];
	console = ends[1];
	if (make_pipe(ends, err))
		return err_code(err);
	qemu->protocol_fd = ends[0];
	talk = ends[1];
	args_make(&args, setup, qmp, console, talk);
	qemu->pid = fork();
	if (qemu->pid == 0)
		become(path, args.item, (int[]){ qmp, console, talk, setup->initramfs_fd,
		       setup->ram_fd, setup->job_fd, setup->take_fd, setup->state_fd }, 8,
		       console, self);
	args_free(&args);
	return qemu->pid < 0 ? err_set(err, errno, "cannot fork") : 0;
}

bool qemu_miscounted(const char *said)
{
	return strstr(said, "replay_advance_current_icount: Assertion `diff >= 0' failed");
}

void qemu_stop(struct qemu *qemu)
{
	if (qemu->pid > 0) {
		kill(qemu->pid, SIGKILL);
		while (waitpid(qemu->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	qemu->pid = -1;
	qmp_free(qemu->qmp);
	qemu->qmp = NULL;
	if (qemu->console_fd >= 0)
		close(qemu->console_fd);
	if (qemu->protocol_fd >= 0)
		close(qemu->protocol_fd);
	qemu->console_fd = qemu->protocol_fd = -1;
}

long qemu_rss_kb(const struct qemu *qemu)
{
	auto_free char *path = must_printf("/proc/%d/status", (int)qemu->pid);
	auto_fclose FILE *file = fopen(path, "re");
	char line[128];
	long kb = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmHWM: %ld", &kb) == 1)
			break;
	return kb;
}

int64_t qemu_cpu_ns(const struct qemu *qemu)
{
	struct timespec used;
	clockid_t clock;

	if (qemu->pid <= 0 || clock_getcpuclockid(qemu->pid, &clock) || clock_gettime(clock, &used))
		return 0;
	return used.tv_sec * NS_PER_S + used.tv_nsec;
}

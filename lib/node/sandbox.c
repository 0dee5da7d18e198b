/* sandbox.c - where a program runs that nobody here has written */
#include <twlab/sandbox.h>
#include <twlab/fs.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#define CGROUPS "/sys/fs/cgroup"
#define INHABITANT 60001	/* nobody is who the labs' own programs are */

/* What the cgroup counts: the number behind a key in one of its files. The first ones
 * announce that they have changed.
 */
enum gauge { GAUGE_OOM, GAUGE_PIDS, GAUGE_CPU, GAUGE_POPULATED, GAUGES };

static const struct { const char *file, *key; } gauges[GAUGES] = {
	[GAUGE_OOM] = { "memory.events", "oom_kill" },
	[GAUGE_PIDS] = { "pids.events", "max" },
	[GAUGE_CPU] = { "cpu.stat", "usage_usec" },
	[GAUGE_POPULATED] = { "cgroup.events", "populated" },
};

struct sandbox {
	char *dir;
	char *group;		/* its cgroup's folder */
	int procs;		/* cgroup.procs, to move in by */
	int gauges[GAUGES];	/* those files, open */
	struct sandbox_limits limits;
	char trouble[96];
};

const struct sandbox_limits sandbox_usual = { .cpu_ms = 1000, .memory_mb = 64, .processes = 32, .file_kb = 2048 };

/* Its root. What is empty in .from is a file system of its own. */
static const struct {
	const char *at, *from;
	bool file;
} views[] = {
	{ "lib", "/lib" },
	{ "lib64", "/lib64" },
	{ "usr", "/usr" },
	{ "dev/null", "/dev/null", true },
	{ "dev/zero", "/dev/zero", true },
	{ "tmp", NULL },
};

static int write_text(const char *path, const char *text)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

static int show(const char *from, const char *at, bool file)
{
	if (file)
		close(open(at, O_WRONLY | O_CREAT | O_CLOEXEC, 0444));
	if (mount(from, at, NULL, MS_BIND | MS_REC, NULL))
		return -1;
	return mount(NULL, at, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | (file ? 0 : MS_NODEV), NULL);
}

static int build_root(const struct sandbox *sandbox, struct err *err)
{
	auto_free char *dev = must_printf("%s/dev", sandbox->dir);

	if (fs_mkdir_mode(sandbox->dir, 0755, NULL) || mount("cage", sandbox->dir, "tmpfs", MS_NOSUID, "mode=0755,size=16m,nr_inodes=1k") ||
	    fs_mkdir_mode(dev, 0755, NULL))
		return err_set(err, errno, "cannot make %s", sandbox->dir);
	for (size_t v = 0; v < ARRAY_SIZE(views); v++) {
		auto_free char *at = must_printf("%s/%s", sandbox->dir, views[v].at);
		int failed;

		if (views[v].from && access(views[v].from, F_OK))
			continue;	/* no /lib64 on every machine */
		failed = !views[v].file && fs_mkdir_mode(at, 0755, NULL);
		if (!failed)
			failed = views[v].from ? show(views[v].from, at, views[v].file) :
				 mount("tmp", at, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=8m,nr_inodes=256");
		if (failed)
			return err_set(err, errno, "cannot make %s", at);
	}
	return 0;
}

/* What @gauge shows; 0 if it is not there. */
static long long count_of(const struct sandbox *sandbox, enum gauge gauge)
{
	const char *key = gauges[gauge].key;
	char text[4096];
	ssize_t len = pread(sandbox->gauges[gauge], text, sizeof(text) - 1, 0);
	size_t key_len = strlen(key);

	text[len > 0 ? len : 0] = '\0';
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (!strncmp(line, key, key_len) && line[key_len] == ' ')
			return strtoll(line + key_len, NULL, 10);
	return 0;
}

static int build_group(struct sandbox *sandbox, struct err *err)
{
	auto_free char *memory = must_printf("%dM", sandbox->limits.memory_mb);
	auto_free char *processes = must_printf("%d", sandbox->limits.processes);
	auto_free char *procs = must_printf("%s/cgroup.procs", sandbox->group);
	const struct { const char *file, *value; } settings[] = {
		{ "memory.max", memory }, { "pids.max", processes },
	};

	if (mount("cgroup", CGROUPS, "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) && errno != EBUSY)
		return err_set(err, ENOTSUP, "this kernel has no cgroup2 to hold a foreign program");
	if (write_text(CGROUPS "/cgroup.subtree_control", "+memory +pids") || (mkdir(sandbox->group, 0755) && errno != EEXIST))
		return err_set(err, ENOTSUP, "no cgroup can be made to hold a foreign program");
	for (size_t s = 0; s < ARRAY_SIZE(settings); s++) {
		auto_free char *path = must_printf("%s/%s", sandbox->group, settings[s].file);

		if (write_text(path, settings[s].value))
			return err_set(err, errno, "cannot set %s", path);
	}
	for (int g = 0; g < GAUGES; g++) {
		auto_free char *path = must_printf("%s/%s", sandbox->group, gauges[g].file);

		sandbox->gauges[g] = open(path, O_RDONLY | O_CLOEXEC);
		if (sandbox->gauges[g] < 0)
			return err_set(err, errno, "cannot open %s", path);
		count_of(sandbox, g);	/* what was never read counts as changed */
	}
	sandbox->procs = open(procs, O_WRONLY | O_CLOEXEC);
	return sandbox->procs < 0 ? err_set(err, errno, "cannot open %s", procs) : 0;
}

struct sandbox *sandbox_open(const char *dir, const struct sandbox_limits *limits, struct err *err)
{
	struct sandbox *sandbox = must_calloc(1, sizeof(*sandbox));
	const char *name = strrchr(dir, '/');

	*sandbox = (struct sandbox){ .dir = must_strdup(dir), .group = must_printf(CGROUPS "/%s", name ? name + 1 : dir),
			       .procs = -1, .gauges = { -1, -1, -1, -1 }, .limits = *limits };
	if (build_group(sandbox, err) || build_root(sandbox, err)) {
		sandbox_close(sandbox);
		return NULL;
	}
	return sandbox;
}

/* A path in it whose folders are there. */
static char *path_in(const struct sandbox *sandbox, const char *path)
{
	char *full = must_printf("%s/%s", sandbox->dir, path);
	auto_free char *above = must_strdup(full);

	*strrchr(above, '/') = '\0';
	fs_mkdir_mode(above, 0755, NULL);
	return full;
}

int sandbox_put(struct sandbox *sandbox, const char *path, unsigned int mode, const void *data, size_t len,
		struct err *err)
{
	auto_free char *full = path_in(sandbox, path);
	auto_close int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len || fchmod(fd, mode))
		return err_set(err, errno, "cannot put %s where it will run", path);
	return 0;
}

int sandbox_take(struct sandbox *sandbox, const char *name, size_t max, void **data, size_t *len, struct err *err)
{
	auto_free char *full = must_printf("%s/tmp/%s", sandbox->dir, name);
	auto_close int fd = open(full, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != INHABITANT)
		return err_set(err, 0, "%s was not made", name);
	if ((size_t)st.st_size > max)
		return err_set(err, 0, "%s has more than %zu kB", name, max >> 10);
	*len = (size_t)st.st_size;
	*data = must_calloc(*len + 1, 1);
	if (read(fd, *data, *len) == st.st_size)
		return 0;
	free(steal_ptr(data));
	return err_set(err, EIO, "cannot read %s", name);
}

/* Descriptors that were left open are no way out: they close when it execs. */
static int close_others(void)
{
	struct rlimit limit;

	if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0)	/* 5.11 and later */
		return 0;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return -1;
	for (int fd = 3; fd < (int)limit.rlim_cur; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return 0;
}

static int set_limits(const struct sandbox_limits *limits)
{
	const rlim_t file = (rlim_t)limits->file_kb << 10, cpu = (rlim_t)limits->cpu_ms / 1000 + 1;
	const struct { int what; rlim_t most; } rows[] = {
		{ RLIMIT_CPU, cpu }, { RLIMIT_FSIZE, file }, { RLIMIT_CORE, 0 }, { RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_MSGQUEUE, 0 }, { RLIMIT_NOFILE, 4096 }, /* the cgroup says who went over, so this one is wider */
		{ RLIMIT_NPROC, 2 * (rlim_t)limits->processes },
		{ RLIMIT_RTPRIO, 0 }, { RLIMIT_NICE, 0 },
	};

	for (size_t r = 0; r < ARRAY_SIZE(rows); r++)
		if (setrlimit(rows[r].what, &(struct rlimit){ rows[r].most, rows[r].most }))
			return -1;
	return 0;
}

char *const sandbox_env[] = { (char *)"PATH=/bin", (char *)"HOME=/tmp", NULL };

int sandbox_enter(const struct sandbox *sandbox)
{
	if (write(sandbox->procs, "0", 1) != 1 || unshare(CLONE_NEWIPC | CLONE_NEWUTS) ||
	    chroot(sandbox->dir) || chdir("/") || close_others() || set_limits(&sandbox->limits))
		return -1;
	umask(0077);
	if (setgroups(0, NULL) || setresgid(INHABITANT, INHABITANT, INHABITANT) ||
	    setresuid(INHABITANT, INHABITANT, INHABITANT))
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

const char *sandbox_trouble(struct sandbox *sandbox)
{
	const struct sandbox_limits *limits = &sandbox->limits;

	if (count_of(sandbox, GAUGE_OOM))
		snprintf(sandbox->trouble, sizeof(sandbox->trouble), "it took more than %d MB of memory", limits->memory_mb);
	else if (count_of(sandbox, GAUGE_PIDS))
		snprintf(sandbox->trouble, sizeof(sandbox->trouble), "it made more than %d processes", limits->processes);
	else if (count_of(sandbox, GAUGE_CPU) > limits->cpu_ms * 1000LL)
		snprintf(sandbox->trouble, sizeof(sandbox->trouble), "it took more than %d ms of processor time", limits->cpu_ms);
	return *sandbox->trouble ? sandbox->trouble : NULL;
}

int sandbox_event(const struct sandbox *sandbox, unsigned int n)
{
	return n <= GAUGE_PIDS ? sandbox->gauges[n] : -1;
}

void sandbox_kill(struct sandbox *sandbox)
{
	auto_free char *all = must_printf("%s/cgroup.kill", sandbox->group);
	auto_free char *procs = must_printf("%s/cgroup.procs", sandbox->group);
	const struct timespec pause = { 0, NS_PER_MS };

	for (int tries = 0; tries < 1000 && count_of(sandbox, GAUGE_POPULATED); tries++) {
		if (write_text(all, "1")) {	/* before 5.14 */
			auto_fclose FILE *in = fopen(procs, "re");
			int pid;

			while (in && fscanf(in, "%d", &pid) == 1)
				kill(pid, SIGKILL);
		}
		nanosleep(&pause, NULL);
	}
}

void sandbox_close(struct sandbox *sandbox)
{
	if (!sandbox)
		return;
	sandbox_kill(sandbox);
	if (sandbox->procs >= 0)
		close(sandbox->procs);
	for (int g = 0; g < GAUGES; g++)
		if (sandbox->gauges[g] >= 0)
			close(sandbox->gauges[g]);
	rmdir(sandbox->group);
	for (size_t v = ARRAY_SIZE(views); v-- > 0; ) {
		auto_free char *at = must_printf("%s/%s", sandbox->dir, views[v].at);

		umount2(at, MNT_DETACH);
	}
	umount2(sandbox->dir, MNT_DETACH);
	rmdir(sandbox->dir);
	free(sandbox->dir);
	free(sandbox->group);
	free(sandbox);
}

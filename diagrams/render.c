/* render.c - from DOT to SVG and PNG, by Graphviz
 *
 * Input, output and complaints of each child are memory files: nothing can
 * block on a full pipe, and nothing half written reaches the folder.
 */
#include "diagrams/render.h"
#include <twlab/clock.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum { AT_ONCE = 16 };

/* One child: one picture in one format. */
struct job {
	const struct picture *picture;
	const char *format;
	pid_t pid;		/* 0 = not running */
	int pidfd, out, complaints;
	int64_t deadline_ns;
};

static const char *const formats[] = { "svg", "png" };

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static char *read_all(int fd, size_t *len)
{
	struct stat st = { 0 };
	char *data;
	size_t got = 0;

	fstat(fd, &st);
	data = must_calloc((size_t)st.st_size + 1, 1);
	while (got < (size_t)st.st_size) {
		ssize_t n = pread(fd, data + got, (size_t)st.st_size - got, (off_t)got);

		if (n <= 0)
			break;
		got += (size_t)n;
	}
	*len = got;
	return data;
}

/* Put @data at DIR/NAME.EXT in one step. */
static int put_file(const char *dir, const char *name, const char *ext,
		    const char *data, size_t len, struct err *err)
{
	auto_free char *path = must_printf("%s/%s.%s", dir, name, ext);
	auto_free char *half = must_printf("%s/.%s.%s.%d", dir, name, ext, (int)getpid());
	auto_close int fd = open(half, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int rc;

	if (fd < 0)
		return err_set(err, errno, "cannot write %s", path);
	rc = write_all(fd, data, len);
	if (rc == 0 && rename(half, path) < 0)
		rc = -errno;
	if (rc < 0) {
		unlink(half);
		return err_set(err, -rc, "cannot write %s", path);
	}
	return 0;
}

static int memory(const char *name, const char *text, struct err *err)
{
	auto_close int fd = memfd_create(name, MFD_CLOEXEC);
	int rc = fd < 0 ? -errno : write_all(fd, text, strlen(text));

	if (rc < 0)
		return err_set(err, -rc, "cannot make a memory file");
	lseek(fd, 0, SEEK_SET);
	return steal_fd(&fd);
}

static int spawn(const char *program, char *const *argv, const int fds[3], pid_t *pid)
{
	extern char **environ;
	posix_spawn_file_actions_t actions;
	int rc;

	posix_spawn_file_actions_init(&actions);
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&actions, fds[i], i);
	rc = posix_spawnp(pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static int job_start(struct job *job, const char *program, int limit_s, struct err *err)
{
	auto_free char *format = must_printf("-T%s", job->format);
	auto_close int in = memory("dot", job->picture->dot, err);
	/* SVG scales by itself, and its dots per inch would only cut it off. */
	char *argv[6] = { (char *)program, format }, **arg = argv + 2;
	int fds[3], rc;

	job->out = memory("picture", "", err);
	job->complaints = memory("complaints", "", err);
	if (in < 0 || job->out < 0 || job->complaints < 0)
		return -err->code;
	if (!strcmp(job->format, "png"))
		*arg++ = "-Gdpi=144";
	if (job->picture->placed) {
		*arg++ = "-Kneato";
		*arg++ = "-n2";
	}
	memcpy(fds, (int[]){ in, job->out, job->complaints }, sizeof(fds));
	rc = spawn(program, argv, fds, &job->pid);
	/* EACCES too: PATH names a folder that one may not enter, and no other has it */
	if (rc == ENOENT || (rc == EACCES && !strchr(program, '/')))
		return err_set(err, 0, "cannot draw: there is no program '%s'; "
			       "it is in the package graphviz (apt-get install graphviz)", program);
	if (rc)
		return err_set(err, rc, "cannot run %s", program);
	job->pidfd = pidfd_open(job->pid, 0);
	job->deadline_ns = clock_ns(CLOCK_MONOTONIC) + limit_s * NS_PER_S;
	return job->pidfd < 0 ? err_set(err, errno, "cannot watch %s", program) : 0;
}

/* Nothing of @job is left afterwards. Returns its wait status. */
static int job_end(struct job *job, bool kill_it)
{
	int status = 0;

	if (job->pid > 0) {
		if (kill_it)
			kill(job->pid, SIGKILL);
		while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (job->pidfd >= 0)
		close(job->pidfd);
	job->pid = 0;
	job->pidfd = -1;
	return status;
}

static void job_close(struct job *job)
{
	job_end(job, true);
	if (job->out >= 0)
		close(job->out);
	if (job->complaints >= 0)
		close(job->complaints);
	*job = (struct job){ .pidfd = -1, .out = -1, .complaints = -1 };
}

/* It has ended: keep what it wrote, or say why there is nothing. */
static int job_harvest(struct job *job, const char *program, const char *dir, struct err *err)
{
	int status = job_end(job, false);
	size_t len, n;
	auto_free char *complaints = read_all(job->complaints, &n);
	auto_free char *data = read_all(job->out, &len);

	complaints[strcspn(complaints, "\n")] = '\0';
	if (WIFSIGNALED(status))
		return err_set(err, 0, "%s: %s was ended by signal %d (%s)", job->picture->name,
			       program, WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status) || !len)
		return err_set(err, 0, "%s: %s failed with status %d: %s", job->picture->name, program,
			       WEXITSTATUS(status), *complaints ? complaints : "it wrote no picture");
	return put_file(dir, job->picture->name, job->format, data, len, err);
}

/* Wait until one of @jobs has ended or is late, and deal with it. */
static int jobs_step(struct job *jobs, const char *program, const char *dir, struct err *err)
{
	struct pollfd polled[AT_ONCE];
	int64_t now = clock_ns(CLOCK_MONOTONIC), next = INT64_MAX;
	int rc = 0;

	for (int i = 0; i < AT_ONCE; i++) {
		polled[i] = (struct pollfd){ .fd = jobs[i].pid ? jobs[i].pidfd : -1, .events = POLLIN };
		if (jobs[i].pid && jobs[i].deadline_ns < next)
			next = jobs[i].deadline_ns;
	}
	if (next == INT64_MAX)
		return 0;
	poll(polled, AT_ONCE, next > now ? (int)((next - now) / NS_PER_MS) + 1 : 0);
	now = clock_ns(CLOCK_MONOTONIC);
	for (int i = 0; i < AT_ONCE && rc == 0; i++) {
		if (!jobs[i].pid)
			continue;
		if (polled[i].revents)
			rc = job_harvest(&jobs[i], program, dir, err);
		else if (now >= jobs[i].deadline_ns)
			rc = err_set(err, 0, "%s: %s did not end in time", jobs[i].picture->name, program);
		else
			continue;
		job_close(&jobs[i]);
	}
	return rc;
}

static int running(const struct job *jobs)
{
	int n = 0;

	for (int i = 0; i < AT_ONCE; i++)
		n += jobs[i].pid != 0;
	return n;
}

static struct job *free_job(struct job *jobs)
{
	while (jobs->pid)
		jobs++;
	return jobs;
}

static int run_jobs(struct job *jobs, const char *program, int limit_s,
		    const struct picture *pictures, size_t n, const char *dir, struct err *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int most = cores < 1 ? 1 : cores > AT_ONCE ? AT_ONCE : (int)cores;
	int rc = 0;

	for (size_t i = 0; i < n * ARRAY_SIZE(formats) && rc == 0; i++) {
		struct job *job;

		if (pictures[i / ARRAY_SIZE(formats)].only_svg && strcmp(formats[i % ARRAY_SIZE(formats)], "svg"))
			continue;
		while (rc == 0 && running(jobs) >= most)
			rc = jobs_step(jobs, program, dir, err);
		if (rc < 0)
			break;
		job = free_job(jobs);
		job->picture = &pictures[i / ARRAY_SIZE(formats)];
		job->format = formats[i % ARRAY_SIZE(formats)];
		rc = job_start(job, program, limit_s, err);
	}
	while (rc == 0 && running(jobs))
		rc = jobs_step(jobs, program, dir, err);
	return rc;
}

int render_with(const char *program, int limit_s, const struct picture *pictures, size_t n,
		const char *dir, struct err *err)
{
	struct job jobs[AT_ONCE];
	struct err own = { 0 };
	int rc = 0;

	if (!err)
		err = &own;
	for (int i = 0; i < AT_ONCE; i++)
		jobs[i] = (struct job){ .pidfd = -1, .out = -1, .complaints = -1 };
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = put_file(dir, pictures[i].name, "dot", pictures[i].dot, strlen(pictures[i].dot), err);
	if (rc == 0)
		rc = run_jobs(jobs, program, limit_s, pictures, n, dir, err);
	for (int i = 0; i < AT_ONCE; i++)
		job_close(&jobs[i]);
	return rc;
}

int render_pictures(const struct picture *pictures, size_t n, const char *dir, struct err *err)
{
	return render_with("dot", RENDER_LIMIT_S, pictures, n, dir, err);
}

void picture_free(struct picture *picture)
{
	free(picture->name);
	free(picture->dot);
	*picture = (struct picture){ 0 };
}

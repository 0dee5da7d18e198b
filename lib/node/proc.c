/* proc.c - a program on a node */
#include <twlab/proc.h>

#include <twlab/sandbox.h>
#include <twlab/ns.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define NOBODY 65534

enum { READ, WRITE };

/* In a user namespace that has no nobody (ns_be_root) one stays who one is. */
static int become_nobody(void)
{
	if (setgroups(0, NULL) && errno != EPERM)
		return -1;
	if (setgid(NOBODY))
		return errno == EINVAL ? 0 : -1;
	return setuid(NOBODY);
}

/* A process that is to become a program. */
struct birth {
	const struct proc_start *start;
	int std[3];
	int code;		/* why it could not */
};

/* Runs in its parent's memory, which waits: all that it changes there is .code. */
static int become(void *arg)
{
	struct birth *birth = arg;
	const struct proc_start *start = birth->start;
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int fd = 0; fd < 3; fd++)
		if (dup2(birth->std[fd], fd) < 0)
			goto fail;
	if (setns(start->ns, CLONE_NEWNET))
		goto fail;
	if (start->sandbox && sandbox_enter(start->sandbox))
		goto fail;
	if (start->dir && chdir(start->dir))
		goto fail;
	if (!start->sandbox && !start->privileged && geteuid() == 0 && become_nobody())
		goto fail;
	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* setuid() took it back */
	execve(start->argv[0], start->argv, start->sandbox ? sandbox_env : environ);
fail:
	birth->code = errno;
	_exit(127);
}

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
}

int proc_start(const struct proc_start *start, struct proc *proc, struct err *err)
{
	static _Alignas(16) char stack[64 << 10];	/* one is born at a time */
	int pipes[3][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	struct birth birth = { .start = start };

	*proc = (struct proc){ 0, -1, -1, -1 };
	for (int p = 0; p < 3; p++)
		if (pipe2(pipes[p], O_CLOEXEC)) {
			birth.code = errno;
			goto out;
		}
	birth.std[0] = pipes[0][READ];
	birth.std[1] = pipes[1][WRITE];
	birth.std[2] = pipes[2][WRITE];
	/* As vfork(2), with a stack of its own: to copy our page tables for a process that
	 * execs at once took as long as all that the program does then.
	 */
	proc->pid = clone(become, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &birth);
	if (proc->pid < 0)
		birth.code = errno;
	else if (birth.code)
		waitpid(proc->pid, NULL, 0);
	if (birth.code) {
		proc->pid = 0;
		goto out;
	}
	proc->in = steal_fd(&pipes[0][WRITE]);
	proc->out = steal_fd(&pipes[1][READ]);
	proc->errors = steal_fd(&pipes[2][READ]);
	fcntl(proc->out, F_SETFL, O_NONBLOCK);
	fcntl(proc->errors, F_SETFL, O_NONBLOCK);
out:
	for (int p = 0; p < 3; p++)
		close_pair(pipes[p]);
	return birth.code ? err_set(err, birth.code, "cannot start %s", start->argv[0]) : 0;
}

int proc_write(const struct proc *proc, const char *line, struct err *err)
{
	auto_free char *text = must_printf("%s\n", line);

	if (proc->in < 0 || write(proc->in, text, strlen(text)) < 0)
		return err_set(err, proc->in < 0 ? EPIPE : errno, "cannot tell it '%s'", line);
	return 0;
}

void proc_end(struct proc *proc)
{
	int *const fds[] = { &proc->in, &proc->out, &proc->errors };

	if (proc->pid > 0) {
		kill(proc->pid, SIGKILL);
		waitpid(proc->pid, NULL, 0);
		proc->pid = 0;
	}
	for (size_t f = 0; f < ARRAY_SIZE(fds); f++)
		if (*fds[f] >= 0)
			close(steal_fd(fds[f]));
}

char *proc_status_text(int wait_status, char *text)
{
	if (WIFSIGNALED(wait_status))
		sprintf(text, "signal %d", WTERMSIG(wait_status));
	else
		sprintf(text, "exit %d", WEXITSTATUS(wait_status));
	return text;
}

/* proc.c - a program on a node
 *
 * A second pipe, closed by a successful exec, brings back why it could not start.
 */
#include "lib/proc.h"

#include "lib/cage.h"
#include "lib/ns.h"

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

static _Noreturn void become(const struct proc_start *start, int in, int out, int errors, int report)
{
	const int std[] = { in, out, errors };
	sigset_t none;
	int code;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	for (int fd = 0; fd < 3; fd++)
		if (dup2(std[fd], fd) < 0)
			goto fail;
	if (setns(start->ns, CLONE_NEWNET))
		goto fail;
	if (start->cage && cage_enter(start->cage))
		goto fail;
	if (start->dir && chdir(start->dir))
		goto fail;
	if (!start->cage && !start->privileged && geteuid() == 0 && become_nobody())
		goto fail;
	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* setuid() took it back */
	execv(start->argv[0], start->argv);
fail:
	code = errno;
	_exit(write(report, &code, sizeof(code)) == sizeof(code) ? 127 : 126);
}

static void close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
}

int proc_start(const struct proc_start *start, struct proc *proc, struct err *err)
{
	int pipes[4][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	int code = 0;
	ssize_t len;

	*proc = (struct proc){ 0, -1, -1, -1 };
	for (int p = 0; p < 4; p++)
		if (pipe2(pipes[p], O_CLOEXEC)) {
			code = errno;
			goto out;
		}
	proc->pid = fork();
	if (proc->pid == 0)
		become(start, pipes[0][READ], pipes[1][WRITE], pipes[2][WRITE], pipes[3][WRITE]);
	if (proc->pid < 0) {
		code = errno;
		proc->pid = 0;
		goto out;
	}
	close(pipes[3][WRITE]);
	pipes[3][WRITE] = -1;
	do
		len = read(pipes[3][READ], &code, sizeof(code));
	while (len < 0 && errno == EINTR);
	if (len != sizeof(code)) {
		code = 0;
		proc->in = steal_fd(&pipes[0][WRITE]);
		proc->out = steal_fd(&pipes[1][READ]);
		proc->errors = steal_fd(&pipes[2][READ]);
		fcntl(proc->out, F_SETFL, O_NONBLOCK);
		fcntl(proc->errors, F_SETFL, O_NONBLOCK);
	} else {
		waitpid(proc->pid, NULL, 0);
		proc->pid = 0;
	}
out:
	for (int p = 0; p < 4; p++)
		close_pair(pipes[p]);
	return code ? err_set(err, code, "cannot start %s", start->argv[0]) : 0;
}

int proc_tell(const struct proc *proc, const char *line, struct err *err)
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

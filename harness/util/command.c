/* command.c - run a program of this machine, and take what it prints */
#include "harness/util/command.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

static _Noreturn void become(const struct command *command, int out)
{
	const char *errors = command->errors ? command->errors : "/dev/null";

	dup2(open("/dev/null", O_RDWR | O_CLOEXEC), STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(*errors ? open(errors, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : out, STDERR_FILENO);
	if (!command->dir || chdir(command->dir) == 0)
		execvp(command->argv[0], (char *const *)(uintptr_t)command->argv);
	_exit(127);
}

/* All that comes out of @fd. */
static char *read_all(int fd)
{
	size_t room = 4096, len = 0;
	char *text = must_calloc(room, 1);
	ssize_t n;

	while ((n = read(fd, text + len, room - len - 1)) > 0 || (n < 0 && errno == EINTR)) {
		len += n > 0 ? (size_t)n : 0;
		if (len + 1 == room)
			text = must_realloc(text, room *= 2, 1);
	}
	text[len] = '\0';
	return text;
}

int command_run(const struct command *command, char **out, struct err *err)
{
	auto_free char *text = NULL;
	int pipe_fd[2], status;
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC))
		return err_set(err, errno, "cannot make a pipe");
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(command, pipe_fd[1]);
	close(pipe_fd[1]);
	if (pid > 0)
		text = read_all(pipe_fd[0]);
	close(pipe_fd[0]);
	if (pid < 0)
		return err_set(err, errno, "cannot run %s", command->argv[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(err, errno, "cannot wait for %s", command->argv[0]);
	if (out)
		*out = steal_ptr(&text);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* toolchain.c - a C compiler for the inside of a guest
 *
 * Which files it needs tcc says itself, when it compiles a program of ours that
 * includes every header.
 */
#include "harness/toolchain.h"

#include "harness/program.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

extern char **environ;

const char *const toolchain_headers[] = {
	"arpa/inet.h", "assert.h", "ctype.h", "endian.h", "errno.h", "fcntl.h", "inttypes.h", "limits.h",
	"math.h", "net/if.h", "netdb.h", "netinet/in.h", "netinet/ip.h", "netinet/tcp.h",
	"poll.h", "pthread.h", "signal.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h",
	"stdlib.h", "string.h", "strings.h", "sys/epoll.h", "sys/eventfd.h", "sys/ioctl.h", "sys/param.h",
	"sys/resource.h", "sys/select.h", "sys/signalfd.h", "sys/socket.h", "sys/stat.h", "sys/time.h",
	"sys/timerfd.h", "sys/types.h", "sys/uio.h", "sys/un.h", "sys/wait.h", "time.h", "unistd.h",
	NULL
};

/* A program that includes them all, in the folder @dir. Its path, to be freed. */
static char *write_source(const char *dir, struct err *err)
{
	char *path = must_printf("%s/all.c", dir);
	auto_fclose FILE *file = fopen(path, "we");

	for (const char *const *header = toolchain_headers; file && *header; header++)
		fprintf(file, "#include <%s>\n", *header);
	if (file && fputs("int main(void) { return 0; }\n", file) >= 0 && !fflush(file))
		return path;
	err_set(err, errno, "cannot write %s", path);
	free(path);
	return NULL;
}

/* tcc with -vv, reading from @pid's output. */
static FILE *ask(const char *tcc, const char *source, const char *out, pid_t *pid)
{
	const char *argv[] = { tcc, "-std=c11", "-D_GNU_SOURCE", "-vv", "-o", out, source, "-lpthread", NULL };
	posix_spawn_file_actions_t actions;
	int pipe_fd[2], code;

	if (pipe2(pipe_fd, O_CLOEXEC))
		return NULL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipe_fd[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, pipe_fd[1], STDERR_FILENO);
	code = posix_spawn(pid, tcc, &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fd[1]);
	if (code) {
		*pid = -1;
		close(pipe_fd[0]);
		return NULL;
	}
	return fdopen(pipe_fd[0], "r");
}

/* One line of -vv: "  -> /usr/include/stdio.h". Those of ours are left out. */
static int add_line(struct files *system, char *line, const char *ours, struct err *err)
{
	char *path = strchr(line, '/');

	if (strncmp(line + strspn(line, " "), "->", 2) || !path || strstr(path, ours))
		return 0;
	path[strcspn(path, "\n")] = '\0';
	return files_have(system, path + 1) ? 0 : files_add_from(system, path + 1, path, err);
}

static int add_listed(struct files *system, const char *tcc, const char *dir, struct err *err)
{
	auto_free char *source = write_source(dir, err);
	auto_free char *out = must_printf("%s/all", dir), *line = NULL;
	pid_t pid = -1;
	size_t room = 0;
	int status, code = 0;

	if (!source)
		return -err->code;

	auto_fclose FILE *list = ask(tcc, source, out, &pid);

	while (list && getline(&line, &room, list) > 0)
		if (!code)
			code = add_line(system, line, dir, err);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		code = err_set(err, errno, "cannot run %s", tcc);
	else if (!code && status)
		code = err_set(err, 0, "%s cannot compile a program that includes the usual headers: is libc6-dev there?", tcc);
	unlink(out);
	unlink(source);
	return code;
}

int toolchain_add(struct files *system, struct err *err)
{
	auto_free char *tcc = program_find("tcc");
	char dir[] = "/tmp/twlab-tcc-XXXXXX";
	int code;

	if (!tcc)
		return err_set(err, ENOENT, "students' programs are compiled by tcc: apt install tcc");
	if (!mkdtemp(dir))
		return err_set(err, errno, "cannot make %s", dir);
	code = program_add(system, tcc, err);
	if (!code && strcmp(tcc, "/usr/bin/tcc"))
		code = files_add_from(system, "usr/bin/tcc", tcc, err);
	if (!code)
		code = add_listed(system, tcc, dir, err);
	rmdir(dir);
	return code;
}

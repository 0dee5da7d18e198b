/* toolchain.c - a C compiler for the inside of a guest
 *
 * Which files it needs tcc says itself, when it compiles a program of ours that
 * includes every header.
 */
#include "harness/vm/toolchain.h"

#include "harness/util/command.h"
#include <twlab/fs.h>
#include "harness/vm/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* What a student's program can include. */
static const char *const headers[] = {
	"arpa/inet.h", "assert.h", "ctype.h", "endian.h", "errno.h", "fcntl.h", "inttypes.h", "limits.h",
	"math.h", "net/if.h", "netdb.h", "netinet/in.h", "netinet/ip.h", "netinet/tcp.h",
	"poll.h", "pthread.h", "signal.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h",
	"stdlib.h", "string.h", "strings.h", "sys/epoll.h", "sys/eventfd.h", "sys/ioctl.h", "sys/param.h",
	"sys/resource.h", "sys/select.h", "sys/signalfd.h", "sys/socket.h", "sys/stat.h", "sys/time.h",
	"sys/timerfd.h", "sys/types.h", "sys/uio.h", "sys/un.h", "sys/wait.h", "time.h", "unistd.h",
};

/* A program that includes them all, in the folder @dir. Its path, to be freed. */
static char *write_source(const char *dir, struct err *err)
{
	char *path = must_printf("%s/all.c", dir);
	auto_fclose FILE *file = fopen(path, "we");

	for (size_t h = 0; file && h < ARRAY_SIZE(headers); h++)
		fprintf(file, "#include <%s>\n", headers[h]);
	if (file && fputs("int main(void) { return 0; }\n", file) >= 0 && !fflush(file))
		return path;
	err_set(err, errno, "cannot write %s", path);
	free(path);
	return NULL;
}

/* One line of -vv: "  -> /usr/include/stdio.h". Those of ours are left out. */
static void add_line(struct paths *paths, char *line, const char *ours)
{
	char *path = strchr(line, '/');

	if (strncmp(line + strspn(line, " "), "->", 2) || !path || strstr(path, ours))
		return;
	if (!paths_have(paths, path))
		paths_add(paths, path);
}

/* With -vv it names each file that it opens. */
static int add_listed(struct paths *paths, const char *tcc, const char *dir, struct err *err)
{
	auto_free char *source = write_source(dir, err), *out = must_printf("%s/all", dir), *list = NULL;
	const char *const argv[] = { tcc, "-std=c11", "-D_GNU_SOURCE", "-vv", "-o", out, source, "-lpthread", NULL };
	char *rest, *line;
	int status;

	if (!source)
		return err_code(err);
	status = command_run(&(struct command){ .argv = argv, .errors = "" }, &list, err);
	for (rest = list; (line = strsep(&rest, "\n")); )
		add_line(paths, line, dir);
	unlink(out);
	unlink(source);
	if (status > 0)
		return err_set(err, 0, "%s cannot compile a program that includes the usual headers: is libc6-dev there?", tcc);
	return status;
}

/* Which machine's tcc the list in the cache is of. */
static char *identity(const char *tcc)
{
	struct stat program = { 0 }, include = { 0 };

	stat(tcc, &program);
	stat("/usr/include", &include);	/* where libc6-dev puts something new */
	return must_printf("%s %lld %lld %lld\n", tcc, (long long)program.st_size, (long long)program.st_mtim.tv_sec,
			   (long long)include.st_mtim.tv_sec);
}

/* The list: what it is of, then a path a line. */
static int keep_list(const char *path, const char *of, const struct paths *paths, struct err *err)
{
	auto_close int fd = fs_create(path, err);

	if (fd < 0 || fs_write_all(fd, of, strlen(of), err))
		return err_code(err);
	for (size_t p = 0; p < paths->n; p++)
		if (fs_write_all(fd, paths->item[p], strlen(paths->item[p]), err) || fs_write_all(fd, "\n", 1, err))
			return err_code(err);
	return fs_commit(fd, path, err);
}

static bool kept_list(const char *path, const char *of, struct paths *paths)
{
	auto_free void *data = NULL;
	struct err none = { 0 };
	char *text, *line;
	size_t len;

	if (access(path, F_OK) || fs_read(path, &data, &len, &none) || strncmp(data, of, strlen(of)))
		return false;
	text = (char *)data + strlen(of);
	while ((line = strsep(&text, "\n")))
		if (*line)
			paths_add(paths, line);
	return true;
}

static int ask_for_list(const char *tcc, struct paths *paths, struct err *err)
{
	char dir[] = "/tmp/twlab-tcc-XXXXXX";
	int code;

	if (!mkdtemp(dir))
		return err_set(err, errno, "cannot make %s", dir);
	code = executable_needs(tcc, paths, err);
	if (!code)
		code = add_listed(paths, tcc, dir, err);
	rmdir(dir);
	return code;
}

int toolchain_paths(struct paths *paths, struct err *err)
{
	auto_free char *tcc = executable_find("tcc"), *of = tcc ? identity(tcc) : NULL;
	auto_free char *path = cache_path("toolchain");

	if (!tcc)
		return err_set(err, ENOENT, "students' programs are compiled by tcc: apt install tcc");
	if (kept_list(path, of, paths))
		return 0;
	if (ask_for_list(tcc, paths, err))
		return err_code(err);
	return keep_list(path, of, paths, err);
}

/* executable.c - what a program of this machine needs to run in a guest */
#include "harness/vm/executable.h"

#include "harness/util/command.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <twlab/fs.h>

#define INTERPRETER_DEPTH 4	/* binfmt_script(5 levels in the kernel) */

void paths_add(struct paths *paths, const char *path)
{
	if (!paths_have(paths, path))
		*(char **)grow(&paths->item, paths->n++, sizeof(char *)) = must_strdup(path);
}

bool paths_have(const struct paths *paths, const char *path)
{
	for (size_t i = 0; i < paths->n; i++)
		if (!strcmp(paths->item[i], path))
			return true;
	return false;
}

void paths_free(struct paths *paths)
{
	for (size_t i = 0; i < paths->n; i++)
		free(paths->item[i]);
	free(paths->item);
	*paths = (struct paths){ 0 };
}

/* The dynamic linker that the ELF file asks for (PT_INTERP), or NULL. */
static char *linker_of(const void *data, size_t len)
{
	const Elf64_Ehdr *elf = data;
	const char *base = data;

	if (len < sizeof(*elf) || memcmp(elf->e_ident, ELFMAG, SELFMAG) ||
	    elf->e_ident[EI_CLASS] != ELFCLASS64 ||
	    elf->e_phoff > len || elf->e_phnum > (len - elf->e_phoff) / sizeof(Elf64_Phdr))
		return NULL;
	for (size_t i = 0; i < elf->e_phnum; i++) {
		Elf64_Phdr part;

		memcpy(&part, base + elf->e_phoff + i * sizeof(part), sizeof(part));
		if (part.p_type == PT_INTERP && part.p_offset < len &&
		    part.p_filesz <= len - part.p_offset && part.p_filesz)
			return must_printf("%.*s", (int)part.p_filesz, base + part.p_offset);
	}
	return NULL;
}

/* The interpreter that the script asks for on its first line, or NULL. */
static char *interpreter_of(const void *data, size_t len)
{
	const char *text = data;
	size_t start;

	if (len < 3 || memcmp(text, "#!", 2))
		return NULL;
	start = 2 + strspn(text + 2, " \t");
	return must_printf("%.*s", (int)strcspn(text + start, " \t\r\n"), text + start);
}

/* One line of the linker's list: "\tlibc.so.6 => /lib/.../libc.so.6 (0x...)". */
static int add_listed(struct paths *paths, char *line, struct err *err)
{
	char *path = strchr(line, '/'), *end;

	if (strstr(line, "not found"))
		return err_set(err, 0, "needs a library that is missing:%s", line);
	if (!path)
		return 0;	/* linux-vdso.so.1 has no file */
	end = strstr(path, " (");
	if (end)
		*end = '\0';
	paths_add(paths, path);
	return 0;
}

/* The linker itself says which libraries it would load, as ldd(1) does. */
static int add_libraries(const char *linker, const char *path, struct paths *paths,
			 struct err *err)
{
	const char *const argv[] = { linker, "--list", path, NULL };
	auto_free char *list = NULL;
	int status = command_run(&(struct command){ .argv = argv }, &list, err), ret = status < 0 ? status : 0;
	char *rest = list, *line;

	while (!ret && (line = strsep(&rest, "\n")))
		if (*line)
			ret = add_listed(paths, line, err);
	if (!ret && status)
		return err_set(err, 0, "%s cannot list its libraries", linker);
	return ret;
}

static int add_at_depth(const char *path, int depth, struct paths *paths, struct err *err)
{
	auto_free char *linker = NULL, *interpreter = NULL;
	auto_free void *data = NULL;
	size_t len;

	if (paths_have(paths, path))
		return 0;
	if (fs_read(path, &data, &len, err))
		return err_code(err);
	paths_add(paths, path);
	linker = linker_of(data, len);
	interpreter = interpreter_of(data, len);
	if (linker) {
		paths_add(paths, linker);
		if (add_libraries(linker, path, paths, err))
			return err_in(err, path);
	}
	if (interpreter && *interpreter == '/' && depth &&
	    add_at_depth(interpreter, depth - 1, paths, err))
		return err_in(err, path);
	return 0;
}

int executable_needs(const char *path, struct paths *paths, struct err *err)
{
	return add_at_depth(path, INTERPRETER_DEPTH, paths, err);
}

int executable_add(struct files *system, const char *path, struct err *err)
{
	auto_paths struct paths needs = { 0 };

	if (executable_needs(path, &needs, err))
		return err_code(err);
	for (size_t i = 0; i < needs.n; i++)
		if (!files_have(system, needs.item[i] + 1) &&
		    files_add_from(system, needs.item[i] + 1, needs.item[i], err))
			return err_code(err);
	return 0;
}

static char *runnable(const char *path)
{
	const char *slash = strrchr(path, '/');
	auto_free char *folder = NULL, *real = NULL;
	struct stat st;

	if (stat(path, &st) || !S_ISREG(st.st_mode) || access(path, X_OK))
		return NULL;
	/* Its own name is kept: a program may look at how it was called. */
	folder = slash ? must_printf("%.*s/", (int)(slash - path), path) : must_strdup(".");
	real = realpath(folder, NULL);
	return real ? must_printf("%s/%s", real, slash ? slash + 1 : path) : NULL;
}

char *executable_find(const char *name)
{
	const char *paths = getenv("PATH");
	auto_free char *path = must_strdup(paths ? paths : "/usr/bin:/bin");

	if (strchr(name, '/'))
		return runnable(name);
	for (char *save, *dir = strtok_r(path, ":", &save); dir;
	     dir = strtok_r(NULL, ":", &save)) {
		auto_free char *full = must_printf("%s/%s", dir, name);
		char *found = runnable(full);

		if (found)
			return found;
	}
	return NULL;
}

char *executable_self(struct err *err)
{
	char *self = realpath("/proc/self/exe", NULL);

	if (self && !strcmp(basename(self), "twlab"))
		return self;
	free(self);
	self = realpath("twlab", NULL);
	if (!self)
		err_set(err, errno, "cannot find twlab to put into the guest");
	return self;
}

/* initramfs.c - the file system that a guest boots into */
#include "harness/vm/initramfs.h"

#include <errno.h>
#include <glob.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "harness/util/archive.h"
#include <twlab/fs.h>
#include "harness/vm/executable_strip.h"
#include "harness/vm/modules.h"
#include "harness/util/guest.h"
#include "harness/vm/protocol.h"
#include "harness/vm/toolchain.h"

static const struct {
	const char *path;
	unsigned int mode;
	const char *text;
} fixed[] = {
	{ &GUEST_INIT[1], S_IFLNK | 0777, GUEST_TWLAB },
	{ "dev", S_IFDIR | 0755 },
	{ "proc", S_IFDIR | 0555 },
	{ "sys", S_IFDIR | 0555 },
	{ "run", S_IFDIR | 0755 },
	{ "root", S_IFDIR | 0700 },
	{ "tmp", S_IFDIR | 01777 },
	{ "var/tmp", S_IFDIR | 01777 },
	{ "etc/passwd", 0644, "root:x:0:0:root:/root:/bin/sh\n"
			      "nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n" },
	{ "etc/group", 0644, "root:x:0:\nnogroup:x:65534:\n" },
	{ "etc/hosts", 0644, "127.0.0.1 localhost\n::1 localhost\n" },
	{ "etc/nsswitch.conf", 0644, "passwd: files\ngroup: files\nhosts: files\n" },
};

/* Where the labs' programs and files are, seen from the folder that twlab is in. */
static const char *const lab_places[] = {
	"labs/*/*",			/* the source tree */
	"../lib/twlab/labs/*/*",	/* installed */
};

static void add(struct initramfs *plan, char *to, const char *from)
{
	paths_add(&plan->to, to);
	free(to);
	if (plan->from.n < plan->to.n)
		*(char **)grow(&plan->from.item, plan->from.n++, sizeof(char *)) =
			must_strdup(from);
}

/* A lab's program, or a file that one of its steps wants. */
static bool is_wanted(const char *path, const struct stat *st)
{
	const char *end = strrchr(path, '.');

	return S_ISREG(st->st_mode) && (st->st_mode & 0111 || (end && !strcmp(end, ".conf")));
}

static void add_labs(struct initramfs *plan, const char *self)
{
	int dir_len = (int)(strrchr(self, '/') - self);

	for (size_t i = 0; i < ARRAY_SIZE(lab_places); i++) {
		auto_free char *pattern = must_printf("%.*s/%s", dir_len, self, lab_places[i]);
		glob_t found = { 0 };
		struct stat st;

		if (glob(pattern, 0, NULL, &found) == 0)
			for (size_t k = 0; k < found.gl_pathc; k++) {
				const char *path = found.gl_pathv[k];

				if (!stat(path, &st) && is_wanted(path, &st))
					add(plan, must_printf("twlab%s", strstr(path + dir_len, "/labs/")),
					    path);
			}
		globfree(&found);
	}
}

static bool is_in(const struct initramfs *plan, const char *to)
{
	return paths_have(&plan->to, to);
}

/* A machine without a compiler has guests without. */
static void add_toolchain(struct initramfs *plan)
{
	auto_paths struct paths paths = { 0 };
	struct err none = { 0 };

	if (toolchain_paths(&paths, &none))
		return;
	for (size_t i = 0; i < paths.n; i++)
		if (!is_in(plan, paths.item[i] + 1))
			add(plan, must_strdup(paths.item[i] + 1), paths.item[i]);
	if (paths.n && !is_in(plan, GUEST_TCC))
		add(plan, must_strdup(GUEST_TCC), paths.item[0]);
}

int initramfs_plan(struct initramfs *plan, struct err *err)
{
	auto_free char *self = executable_self(err);
	auto_paths struct paths needs = { 0 };

	if (!self || executable_needs(self, &needs, err))
		return err_code(err);
	add(plan, must_strdup(&GUEST_TWLAB[1]), self);
	for (size_t i = 1; i < needs.n; i++)
		add(plan, must_strdup(needs.item[i] + 1), needs.item[i]);
	add_labs(plan, self);
	add_toolchain(plan);
	return 0;
}

void initramfs_free(struct initramfs *plan)
{
	paths_free(&plan->to);
	paths_free(&plan->from);
}

char *initramfs_identity(const struct initramfs *plan)
{
	char *text = must_strdup("");

	for (size_t i = 0; i < plan->to.n; i++) {
		struct stat st = { 0 };

		stat(plan->from.item[i], &st);
		must_append(&text, "%s %s %lld %lld.%09ld\n", plan->to.item[i], plan->from.item[i], (long long)st.st_size,
			    (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	}
	return text;
}

/* Would it refuse a module without? Built so, or told so on its command line. */
static bool wants_signatures(const struct kernel *kernel)
{
	return kernel_configured(kernel, "CONFIG_MODULE_SIG_FORCE=y") ||
		(kernel->words && (strstr(kernel->words, "lockdown=") || strstr(kernel->words, "sig_enforce")));
}

/* With the address sanitizer it reads its own symbols, to tell where it found something. */
static bool reads_itself(const struct initramfs *plan)
{
	for (size_t i = 0; i < plan->to.n; i++)
		if (strstr(plan->to.item[i], "/libasan.so"))
			return true;
	return false;
}

/* A file of this machine. Who may write it here is no matter there. */
static int add_file(struct files *files, const struct initramfs *plan, size_t i, struct err *err)
{
	const char *to = plan->to.item[i];
	struct file *file;

	if (files_add_from(files, to, plan->from.item[i], err))
		return err_code(err);
	file = &files->item[files->n - 1];
	file->mode = file->mode & 0111 ? 0755 : 0644;
	if (!strncmp(to, "twlab/", 6) && !reads_itself(plan))
		executable_strip(file);
	return 0;
}

int initramfs_build(const struct initramfs *plan, const struct kernel *kernel,
		    struct err *err)
{
	auto_files struct files files = { 0 };
	auto_free void *data = NULL;
	auto_close int fd = -1;
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		files_add(&files, fixed[i].path, fixed[i].mode, fixed[i].text,
			  fixed[i].text ? strlen(fixed[i].text) : 0);
	for (size_t i = 0; i < plan->to.n; i++)
		if (add_file(&files, plan, i, err))
			return err_code(err);
	if ((kernel->modules && modules_add(&files, kernel->modules,
		wants_signatures(kernel), err)) ||
	    archive_pack(&files, &data, &len, err))
		return err_in(err, "cannot make the initramfs");
	fd = memfd_create("initramfs", MFD_CLOEXEC);
	if (fd < 0 || fs_write_all(fd, data, len, err))
		return err_set(err, errno, "cannot make the initramfs");
	return steal_fd(&fd);
}

/* The kernel unpacks archives that stand behind one another. */
int initramfs_add_job(int fd, int job_fd, struct err *err)
{
	auto_files struct files files = { 0 };
	auto_free char *from = must_printf("/proc/self/fd/%d", job_fd);
	auto_free void *job = NULL, *data = NULL;
	size_t job_len, len;

	if (fs_read(from, &job, &job_len, err))
		return err_code(err);
	files_add(&files, &PROTOCOL_JOB_FILE[1], 0600, job, job_len);
	return archive_pack(&files, &data, &len, err) || fs_write_all(fd, data, len, err) ?
		err_in(err, "cannot add the job to the initramfs") : 0;
}

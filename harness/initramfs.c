/* initramfs.c - the file system that a guest boots into */
#include "initramfs.h"

#include <glob.h>
#include <sys/stat.h>

#include "modules.h"
#include "program.h"

static const struct {
	const char *path;
	unsigned int mode;
	const char *text;
} fixed[] = {
	{ "init", S_IFLNK | 0777, "/twlab/twlab" },
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

/* Where the labs' programs are, seen from the folder that twlab is in. */
static const char *const lab_places[] = {
	"labs/*/*",			/* the source tree */
	"../lib/twlab/labs/*/*",	/* installed */
};

static int add_labs(struct files *files, const char *self, struct err *err)
{
	int dir_len = (int)(strrchr(self, '/') - self), ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lab_places); i++) {
		auto_free char *pattern = must_printf("%.*s/%s", dir_len, self, lab_places[i]);
		glob_t found = { 0 };
		struct stat st;

		if (glob(pattern, 0, NULL, &found) == 0)
			for (size_t k = 0; !ret && k < found.gl_pathc; k++) {
				const char *path = found.gl_pathv[k];
				auto_free char *to = must_printf("twlab%s", strstr(path, "/labs/"));

				if (!stat(path, &st) && S_ISREG(st.st_mode) && st.st_mode & 0111)
					ret = files_add_from(files, to, path, err);
			}
		globfree(&found);
	}
	return ret;
}

int initramfs_files(const struct kernel *kernel, struct files *files, struct err *err)
{
	auto_files struct files own = { 0 };
	auto_free char *self = program_self(err);

	if (!self || program_add(&own, NULL, self, err))
		return -err->code;
	free(own.item[0].path);
	own.item[0].path = must_strdup("twlab/twlab");
	*files = own;
	own = (struct files){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		files_add(files, fixed[i].path, fixed[i].mode, fixed[i].text,
			  fixed[i].text ? strlen(fixed[i].text) : 0);
	if (add_labs(files, self, err))
		return -err->code;
	return kernel->modules ? modules_add(files, kernel->modules, err) : 0;
}

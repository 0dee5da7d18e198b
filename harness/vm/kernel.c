/* kernel.c - the kernels that a guest can run: a folder of the cache each */
#include "harness/vm/kernel.h"

#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <glob.h>
#include <jansson.h>
#include <signal.h>
#include <sys/stat.h>

#include "harness/util/archive.h"
#include <twlab/fs.h>
#include "harness/vm/cache.h"
#include "harness/vm/kconfig.h"
#include <twlab/digest.h>
#include <twlab/json_text.h>

#define HEADER_MAGIC_AT   0x202
#define HEADER_VERSION_AT 0x20e	/* where the version text is, less 0x200 */

int kernel_release(const void *image, size_t len, char **release, struct err *err)
{
	const unsigned char *at = image;
	const char *text;
	size_t off, room, n;

	if (len < 0x1000 || memcmp(at + HEADER_MAGIC_AT, "HdrS", 4))
		return err_set(err, 0, "this is no bzImage (no boot header at 0x202)");
	off = 0x200 + (size_t)(at[HEADER_VERSION_AT] | at[HEADER_VERSION_AT + 1] << 8);
	if (off == 0x200 || off >= len)
		return err_set(err, 0, "this bzImage does not tell its version");
	text = (const char *)at + off;
	room = len - off < 128 ? len - off : 128;
	for (n = 0; n < room && text[n] != ' '; n++)
		if (text[n] < ' ' || text[n] > '~' || text[n] == '/')
			return err_set(err, 0, "this bzImage's version is garbage");
	if (n == room || !n)
		return err_set(err, 0, "this bzImage does not tell its version");
	*release = must_printf("%.*s", (int)n, text);
	return 0;
}

void kernel_free(struct kernel *kernel)
{
	free(kernel->name);
	free(kernel->image);
	free(kernel->modules);
	free(kernel->release);
	free(kernel->digest);
	free(kernel->words);
	*kernel = (struct kernel){ 0 };
}

static int load(const char *name, struct kernel *kernel, struct err *err)
{
	auto_free char *about = cache_path("kernels/%s/about.json", name);
	json_t *json = json_load_file(about, 0, NULL);
	const char *release, *digest, *machine = NULL, *words = NULL;

	if (json_unpack(json, "{s:s, s:s, s?s, s?s}", "release", &release, "sha256", &digest,
			"machine", &machine, "append", &words)) {
		json_decref(json);
		err_set(err, 0, "no kernel '%s' (twlab kernel list names those that are there, "
			"twlab kernel fetch gets one)", name);
		return err_as(err, ENOENT);
	}
	kernel->name = must_strdup(name);
	kernel->release = must_strdup(release);
	kernel->digest = must_strdup(digest);
	kernel->words = words ? must_strdup(words) : NULL;
	kernel->machine = machine_find(machine);
	if (!kernel->machine)
		kernel->machine = machines;
	kernel->image = cache_path("kernels/%s/vmlinuz", name);
	kernel->modules = cache_path("kernels/%s/modules", name);
	if (access(kernel->modules, F_OK)) {
		free(kernel->modules);
		kernel->modules = NULL;
	}
	json_decref(json);
	return 0;
}

int kernel_whole(const struct kernel *kernel, struct err *err)
{
	auto_free void *data = NULL;
	auto_free char *digest = NULL;
	size_t len;

	if (!fs_read(kernel->image, &data, &len, NULL))
		digest = digest_of(data, len);
	if (digest && !strcmp(digest, kernel->digest))
		return 0;
	return err_set(err, 0, "the kernel '%s' is damaged: %s is not what was put there "
		       "(twlab kernel fetch or add puts it there again)", kernel->name, kernel->image);
}

bool kernel_configured(const struct kernel *kernel, const char *line)
{
	auto_free char *path = cache_path("kernels/%s/config", kernel->name);
	auto_free char *text = NULL, *want = must_printf("\n%s\n", line ? line : "");
	size_t len;

	if (!line)
		return !access(path, R_OK);
	return !fs_read(path, (void **)&text, &len, NULL) && strstr(text, want);
}

static int by_release(const void *a, const void *b)
{
	return strverscmp(((const struct kernel *)a)->release,
			  ((const struct kernel *)b)->release);
}

size_t kernel_list(struct kernel **kernels)
{
	auto_free char *folder = cache_path("kernels");
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t n = 0;

	*kernels = NULL;
	while (dir && (entry = readdir(dir))) {
		struct kernel one = { 0 };

		if (*entry->d_name == '.' || load(entry->d_name, &one, NULL))
			continue;
		*(struct kernel *)grow(kernels, n++, sizeof(one)) = one;
	}
	if (dir)
		closedir(dir);
	if (n)
		qsort(*kernels, n, sizeof(**kernels), by_release);
	return n;
}

int kernel_find(const char *name, struct kernel *kernel, struct err *err)
{
	struct kernel *all;
	size_t n;

	*kernel = (struct kernel){ 0 };
	if (name && (strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, "..") || !*name)) {
		err_set(err, 0, "no kernel can be named '%s'", name);
		return err_as(err, ENOENT);
	}
	if (name)
		return load(name, kernel, err);
	if (!load(KERNEL_DEFAULT, kernel, NULL))
		return 0;
	n = kernel_list(&all);
	if (n)
		*kernel = all[--n];
	for (size_t i = 0; i < n; i++)
		kernel_free(&all[i]);
	free(all);
	if (kernel->name)
		return 0;
	err_set(err, 0, "no kernel in the cache (twlab kernel fetch " KERNEL_DEFAULT ")");
	return err_as(err, ENOENT);
}

static void add_name(char ***names, int *n, const char *name)
{
	*(char **)grow(names, (size_t)*n, sizeof(char *)) = must_strdup(name);
	++*n;
}

static int all_names(char ***names, struct err *err)
{
	struct kernel *all;
	size_t count = kernel_list(&all);
	int n = 0;

	for (size_t i = 0; i < count; i++) {
		add_name(names, &n, all[i].name);
		kernel_free(&all[i]);
	}
	free(all);
	if (n)
		return n;
	err_set(err, 0, "no kernel in the cache (twlab kernel fetch " KERNEL_DEFAULT ")");
	return err_as(err, ENOENT);
}

int kernel_names(const char *text, char ***names, struct err *err)
{
	auto_free char *list = must_strdup(text);
	int n = 0;

	*names = NULL;
	if (!strcmp(text, "all"))
		return all_names(names, err);
	for (char *name = list, *next; name; name = next) {
		auto_kernel struct kernel kernel = { 0 };

		next = strchr(name, ',');
		if (next)
			*next++ = '\0';
		if (kernel_find(name, &kernel, err)) {
			while (n)
				free((*names)[--n]);
			free(*names);
			*names = NULL;
			return err_code(err);
		}
		add_name(names, &n, name);
	}
	return n;
}

static int copy_file(const char *from, const char *to, struct err *err)
{
	auto_free void *data = NULL;
	size_t len;

	return fs_read(from, &data, &len, err) ? err_code(err) : fs_write_file(to, data, len, err);
}

/* The folders of a kernel's modules that labs can have a use for. */
static const char *const module_folders[] = { "net", "drivers/net", "lib", "crypto" };

/* Is the module @path one of @release? Its "vermagic=RELEASE ..." tells. */
static int check_module(const char *path, const char *release, struct err *err)
{
	static const char mark[] = "vermagic=";
	auto_free void *packed = NULL, *data = NULL;
	size_t packed_len, len, n;
	const char *at;

	if (fs_read(path, &packed, &packed_len, err) ||
	    archive_inflate(packed, packed_len, &data, &len, err))
		return err_in(err, path);
	at = memmem(data, len, mark, sizeof(mark) - 1);
	if (!at)
		return err_set(err, 0, "%s is no kernel module", path);
	at += sizeof(mark) - 1;
	n = strcspn(at, " ");	/* the data ends in a NUL */
	if (n == strlen(release) && !strncmp(at, release, n))
		return 0;
	return err_set(err, 0, "%s is a module for %.*s, not for %s", path, (int)(n < 64 ? n : 64),
		       at, release);
}

/* All modules below @from, beside each other in @to: their names are unique. The
 * kernel and modprobe take '-' in one for '_'.
 */
static int copy_modules(const char *from, const char *to, const char *release, bool *any,
			struct err *err)
{
	char *const roots[] = { (char *)from, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;
	int ret = 0;

	while (!ret && fts && (entry = fts_read(fts))) {
		auto_free char *path = must_printf("%s/%s", to, entry->fts_name);

		if (entry->fts_info != FTS_F || !strstr(entry->fts_name, ".ko"))
			continue;
		for (char *at = strrchr(path, '/'); *at; at++)
			if (*at == '-')
				*at = '_';
		ret = *any ? 0 : check_module(entry->fts_path, release, err);
		*any = true;
		if (!ret)
			ret = copy_file(entry->fts_path, path, err);
	}
	if (fts)
		fts_close(fts);
	return ret;
}

int kernel_wants(const char *name, const struct machine *machine, const char *words,
		 struct err *err)
{
	auto_free char *path = cache_path("kernels/%s/about.json", name), *text = NULL;
	json_t *json = json_load_file(path, 0, NULL);

	json_object_set_new(json, "machine", json_string(machine->name));
	if (words)
		json_object_set_new(json, "append", json_text(words));
	text = json_dumps(json, JSON_INDENT(1));
	json_decref(json);
	return text ? fs_write_file(path, text, strlen(text), err) : err_set(err, ENOENT, "no kernel %s", name);
}

int kernel_rename(const char *from, const char *to, struct err *err)
{
	auto_free char *old = cache_path("kernels/%s", from), *new = cache_path("kernels/%s", to);

	kernel_forget(to);
	return rename(old, new) ? err_set(err, errno, "cannot name the kernel %s", new) : 0;
}

void kernel_forget(const char *name)
{
	auto_free char *folder = cache_path("kernels/%s", name);
	auto_free char *pattern = cache_path("snapshots/%s-*.snap", name);
	glob_t found = { 0 };

	fs_remove(folder);
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			unlink(found.gl_pathv[i]);
	globfree(&found);
}

static int write_about(const char *folder, const char *release, const char *digest,
		       const char *from, struct err *err)
{
	auto_free char *path = must_printf("%s/about.json", folder);
	json_t *json = json_pack("{s:o, s:s, s:o}", "release", json_text(release),
				 "sha256", digest, "from", json_text(from));
	auto_free char *text = json_dumps(json, JSON_INDENT(1));

	json_decref(json);
	return fs_write_file(path, text, strlen(text), err);
}

/* The configuration: the file @config, or what the image itself holds of it, if it does. */
static int keep_config(const char *to, const char *config, const void *image, size_t len, struct err *err)
{
	auto_free char *text = NULL;

	if (config)
		return copy_file(config, to, err);
	return kconfig_read(image, len, &text, NULL) ? 0 : fs_write_file(to, text, strlen(text), err);
}

/* All of it in the folder @temp; about.json last, for without it it is no kernel. */
static int fill(const char *temp, const char *image, const char *modules,
		const char *config, const char *from, struct err *err)
{
	auto_free char *to_image = must_printf("%s/vmlinuz", temp);
	auto_free char *to_modules = must_printf("%s/modules", temp);
	auto_free char *to_config = must_printf("%s/config", temp);
	auto_free char *release = NULL, *digest = NULL;
	auto_free void *data = NULL;
	bool any = false;
	size_t len;

	if (fs_read(image, &data, &len, err))
		return err_code(err);
	if (kernel_release(data, len, &release, err))
		return err_in(err, image);
	digest = digest_of(data, len);
	if (copy_file(image, to_image, err) || keep_config(to_config, config, data, len, err))
		return err_code(err);
	for (size_t i = 0; modules && i < ARRAY_SIZE(module_folders); i++) {
		auto_free char *folder = must_printf("%s/%s", modules, module_folders[i]);

		if (!access(folder, F_OK) && copy_modules(folder, to_modules, release, &any, err))
			return err_code(err);
	}
	if (modules && !any)
		return err_set(err, 0, "there are no modules in %s (lib/modules/%s is the folder that has them)",
			       modules, release);
	return write_about(temp, release, digest, from, err);
}

int kernel_store(const char *name, const char *image, const char *modules,
		 const char *config, const char *from, struct err *err)
{
	auto_free char *folder = cache_path("kernels/%s", name);
	auto_free char *temp = cache_path("kernels/.new-%s", name);
	auto_free char *lock_path = cache_path("kernels/.lock");
	auto_close int lock = fs_lock(lock_path, false, err);
	sigset_t all, was;
	int ret;

	if (lock < 0)
		return err_code(err);
	/* Ctrl-C waits this second: nothing half done is left. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &was);
	fs_remove(temp);
	ret = fill(temp, image, modules, config, from, err);
	if (!ret) {
		fs_remove(folder);
		if (rename(temp, folder))
			ret = err_set(err, errno, "cannot name the kernel %s", folder);
	}
	if (ret)
		fs_remove(temp);
	sigprocmask(SIG_SETMASK, &was, NULL);
	return ret;
}

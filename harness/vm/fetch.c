/* fetch.c - kernels from Debian's archive, without installing any
 *
 * apt-get gets a configuration, lists and a cache of its own, in a folder that is
 * removed at the end: it downloads and checks, and dpkg only unpacks.
 */
#include "harness/vm/fetch.h"

#include "harness/util/command.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <twlab/fs.h>
#include "harness/vm/cache.h"
#include "harness/vm/kernel.h"
#include "harness/vm/executable.h"

#define KEYRING "/usr/share/keyrings/debian-archive-keyring.gpg"
#define META    "linux-image-cloud-amd64"

static const struct suite {
	const char *name;	/* as the user says it: what the kernel is */
	const char *suite;	/* the Debian release that has it */
	bool security;		/* has a security archive of its own */
} suites[] = {
	{ "5.10", "bullseye", true },
	{ "6.1", "bookworm", true },
	{ "6.12", "trixie", true },
	{ "sid", "sid", false },
};

/* Children of a kernel's package that hold a part of it (sid's is split). */
static const char *const parts[] = { "linux-image-", "linux-binary-", "linux-modules-" };

/* Where one fetch works: @dir, and apt's arguments for it. */
struct fetch {
	const struct suite *suite;
	char *dir;
	char *option[16];
	size_t n;
	void (*report)(const char *what);
};

static volatile sig_atomic_t stopped;

static void stop(int signo)
{
	stopped = signo;
}

/* Run @argv with its output in @out (to be freed; NULL: nowhere), in the folder
 * @dir (NULL: here). Its complaints go into @err, the last line of them.
 */
static int run(const char *dir, char *const *argv, char **out, struct err *err)
{
	auto_free char *errors = cache_path("kernels/.fetch/errors"), *text = NULL;
	auto_free void *complaint = NULL;
	size_t len;
	int status = command_run(&(struct command){ .argv = (const char *const *)argv, .dir = dir, .errors = errors }, &text, err);

	if (stopped)
		return err_set(err, EINTR, "%s", argv[0]);
	if (status < 0)
		return status;
	if (status) {
		if (fs_read(errors, &complaint, &len, NULL))
			complaint = must_strdup("it gave no reason");
		return err_set(err, 0, "%s failed: %.*s", argv[0],
			       (int)strcspn(complaint, "\n"), (char *)complaint);
	}
	if (out)
		*out = steal_ptr(&text);
	return 0;
}

/* apt with the private configuration, then @words. */
static int apt(struct fetch *fetch, const char *dir, const char *program,
	       const char *verb, const char *word, char **out, struct err *err)
{
	char *argv[32];
	size_t n = 0;

	argv[n++] = (char *)program;
	for (size_t i = 0; i < fetch->n; i++)
		argv[n++] = fetch->option[i];
	argv[n++] = (char *)verb;
	argv[n++] = (char *)word;
	argv[n] = NULL;
	return run(dir, argv, out, err);
}

static void option(struct fetch *fetch, char *text)
{
	fetch->option[fetch->n++] = text;
}

/* The machine's own Debian mirrors: the archive's and the security archive's. */
static int mirrors(char **archive, char **security, struct err *err)
{
	char *argv[] = { "apt-get", "indextargets", "--format",
			 "$(ORIGIN)|$(LABEL)|$(SITE)", "Created-By: Packages", NULL };
	auto_free char *list = NULL;

	if (run(NULL, argv, &list, err))
		return err_code(err);
	for (char *save, *line = strtok_r(list, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *label = strchr(line, '|'), *site = label ? strchr(label + 1, '|') : NULL;

		if (!site || strncmp(line, "Debian|", 7))
			continue;
		*site++ = '\0';
		if (!strcmp(label + 1, "Debian") && !*archive)
			*archive = must_strdup(site);
		else if (!strcmp(label + 1, "Debian-Security") && !*security)
			*security = must_strdup(site);
	}
	if (*archive)
		return 0;
	err_set(err, 0, "this machine's apt sources name no Debian mirror whose lists were "
		"fetched (apt-get update)");
	return err_as(err, ENOTSUP);
}

static int write_sources(struct fetch *fetch, struct err *err)
{
	auto_free char *archive = NULL, *security = NULL, *text = NULL;
	auto_free char *path = must_printf("%s/sources.list", fetch->dir);
	auto_close int fd = -1;

	if (mirrors(&archive, &security, err) || !archive)
		return err_code(err);
	text = must_printf("deb [arch=amd64 signed-by=" KEYRING "] %s %s main\n",
			   archive, fetch->suite->suite);
	if (fetch->suite->security && security) {
		char *both = must_printf("%sdeb [arch=amd64 signed-by=" KEYRING "] %s %s-security main\n",
					 text, security, fetch->suite->suite);

		free(text);
		text = both;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_set(err, errno, "cannot write %s", path);
	return fs_write_all(fd, text, strlen(text), err);
}

static int prepare(struct fetch *fetch, struct err *err)
{
	static const char *const folders[] = { "lists/partial", "cache/archives/partial", "debs", "tree" };
	static const char *const fixed[] = {
		"-oDir::Etc::SourceParts=/dev/null",
		"-oDir::State::status=/dev/null",
		"-oAPT::Architecture=amd64",
		"-oAPT::Architectures=amd64",
		"-oAPT::Sandbox::User=",	/* the folder is ours alone */
		"-oAcquire::Languages=none",
		"-oAcquire::Retries=3",
		"-q",
	};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		auto_free char *path = must_printf("%s/%s", fetch->dir, folders[i]);

		if (fs_mkdir(path, err))
			return err_code(err);
	}
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		option(fetch, must_strdup(fixed[i]));
	option(fetch, must_printf("-oDir::Etc::SourceList=%s/sources.list", fetch->dir));
	option(fetch, must_printf("-oDir::State::Lists=%s/lists", fetch->dir));
	option(fetch, must_printf("-oDir::Cache=%s/cache", fetch->dir));
	return write_sources(fetch, err);
}

/* Download @package and the parts of a kernel that it depends on. */
static int download(struct fetch *fetch, const char *package, int depth, struct err *err)
{
	auto_free char *debs = must_printf("%s/debs", fetch->dir), *depends = NULL;

	if (!depth)
		return 0;
	if (strcmp(package, META) &&
	    apt(fetch, debs, "apt-get", "download", package, NULL, err))
		return err_code(err);
	if (apt(fetch, NULL, "apt-cache", "depends", package, &depends, err))
		return err_code(err);
	for (char *save, *line = strtok_r(depends, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char name[128];

		if (sscanf(line, " Depends: %127s", name) != 1)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
			if (!strncmp(name, parts[i], strlen(parts[i])) &&
			    download(fetch, name, depth - 1, err))
				return err_code(err);
	}
	return 0;
}

static char *first_match(const char *dir, const char *pattern)
{
	auto_free char *full = must_printf("%s/%s", dir, pattern);
	glob_t found = { 0 };
	char *path = NULL;

	if (glob(full, GLOB_BRACE, NULL, &found) == 0)
		path = must_strdup(found.gl_pathv[0]);
	globfree(&found);
	return path;
}

/* Find the kernel below @tree and store it as @name; its @release, to be freed. */
static int store(const char *tree, const char *name, const char *from, char **release,
		 struct err *err)
{
	auto_free char *image = first_match(tree, "{boot,usr/lib/modules/*}/vmlinuz*");
	auto_free char *modules = first_match(tree, "{lib,usr/lib}/modules/*/kernel");
	auto_free char *config = first_match(tree, "{boot/config-*,usr/lib/modules/*/config}");
	auto_free void *data = NULL;
	size_t len;

	if (!image)
		return err_set(err, 0, "%s holds no kernel", from);
	if (fs_read(image, &data, &len, err) || kernel_release(data, len, release, err))
		return err_in(err, from);
	return kernel_store(name, image, modules, config, from, err);
}

static int unpack(const char *deb, const char *tree, struct err *err)
{
	return run(NULL, (char *[]){ "dpkg", "-x", (char *)deb, (char *)tree, NULL }, NULL, err);
}

static int unpack_all(struct fetch *fetch, struct err *err)
{
	auto_free char *tree = must_printf("%s/tree", fetch->dir);
	auto_free char *pattern = must_printf("%s/debs/*.deb", fetch->dir);
	auto_free char *from = must_printf("Debian %s", fetch->suite->suite), *release = NULL;
	glob_t found = { 0 };
	int ret = 0;

	if (glob(pattern, 0, NULL, &found))
		return err_set(err, 0, "apt-get downloaded nothing");
	for (size_t i = 0; !ret && i < found.gl_pathc; i++)
		ret = unpack(found.gl_pathv[i], tree, err);
	globfree(&found);
	return ret ? ret : store(tree, fetch->suite->name, from, &release, err);
}

/* Which of @programs this machine lacks, in words. */
static int need(const char *const *programs, struct err *err)
{
	for (; *programs; programs++) {
		auto_free char *path = executable_find(*programs);

		if (!path)
			break;
	}
	if (*programs) {
		err_set(err, 0, "there is no %s here: this needs a Debian's tools "
			"(twlab kernel add takes a bzImage as it is)", *programs);
		return err_as(err, ENOTSUP);
	}
	return 0;
}

static int work(struct fetch *fetch, struct err *err)
{
	static const char *const programs[] = { "apt-get", "apt-cache", "dpkg", NULL };

	if (need(programs, err))
		return err_code(err);
	if (access(KEYRING, R_OK)) {
		err_set(err, 0, KEYRING " is not there (Debian package debian-archive-keyring)");
		return err_as(err, ENOTSUP);
	}
	if (prepare(fetch, err))
		return err_code(err);
	fetch->report("fetching Debian's list of packages");
	/* An archive that is missing is judged by what can be downloaded then. */
	if (apt(fetch, NULL, "apt-get", "update", NULL, NULL, err) == -EINTR)
		return err_code(err);
	fetch->report("downloading the kernel (some 30 MB)");
	if (download(fetch, META, 4, err))
		return err_code(err);
	fetch->report("unpacking it");
	return unpack_all(fetch, err);
}

/* Do @work in a folder of its own, which is gone at the end: also when Ctrl-C is
 * pressed, which ends the children too, and then us.
 */
static int in_folder(const char *dir, int (*job)(void *arg, struct err *err), void *arg,
		     struct err *err)
{
	struct sigaction action = { .sa_handler = stop }, was_int, was_term;
	int ret;

	sigaction(SIGINT, &action, &was_int);
	sigaction(SIGTERM, &action, &was_term);
	fs_remove(dir);
	ret = fs_mkdir(dir, err);
	if (!ret)
		ret = job(arg, err);
	fs_remove(dir);
	sigaction(SIGINT, &was_int, NULL);
	sigaction(SIGTERM, &was_term, NULL);
	if (stopped)
		raise(stopped);
	return ret;
}

/* A damaged one is fetched again, and takes its place. */
static bool is_there(const char *name)
{
	auto_kernel struct kernel have = { 0 };

	return !kernel_find(name, &have, NULL) && !kernel_whole(&have, NULL);
}

static int fetch_one(void *arg, struct err *err)
{
	struct fetch *fetch = arg;

	/* Another process may have fetched it while we waited for the lock. */
	if (is_there(fetch->suite->name))
		return 0;
	return work(fetch, err);
}

int fetch_kernel(const char *name, void (*report)(const char *what), struct err *err)
{
	auto_free char *lock_path = cache_path("kernels/.fetch.lock");
	auto_free char *dir = cache_path("kernels/.fetch");
	struct fetch fetch = { .dir = dir, .report = report };
	auto_close int lock = -1;
	int ret;

	for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
		if (!strcmp(suites[i].name, name))
			fetch.suite = &suites[i];
	if (!fetch.suite) {
		err_set(err, 0, "no kernel '%s' to fetch (there are 5.10, 6.1, 6.12 and sid)", name);
		return err_as(err, ENOENT);
	}
	if (is_there(name))
		return 0;
	lock = fs_lock(lock_path, false, err);
	if (lock < 0)
		return err_code(err);
	ret = in_folder(dir, fetch_one, &fetch, err);
	for (size_t i = 0; i < fetch.n; i++)
		free(fetch.option[i]);
	return ret;
}

struct package {
	const char *file, *name, *dir;
	char *release;
};

static int add_one(void *arg, struct err *err)
{
	struct package *package = arg;

	if (unpack(package->file, package->dir, err))
		return err_set(err, 0, "%s is no package that dpkg can unpack", package->file);
	return store(package->dir, package->name, package->file, &package->release, err);
}

int fetch_package(const char *file, const char *name, char **release, struct err *err)
{
	static const char *const programs[] = { "dpkg", NULL };
	auto_free char *lock_path = cache_path("kernels/.fetch.lock");
	auto_free char *dir = cache_path("kernels/.fetch");
	struct package package = { file, name, dir };
	auto_close int lock = -1;
	int ret;

	if (need(programs, err))
		return err_code(err);
	lock = fs_lock(lock_path, false, err);
	if (lock < 0)
		return err_code(err);
	ret = in_folder(dir, add_one, &package, err);
	*release = package.release;
	return ret;
}

/* kernelcmd.c - twlab kernel list | fetch NAME | add FILE */
#include "harness.h"

#include <errno.h>
#include <getopt.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cache.h"
#include "fetch.h"
#include "kernel.h"

static const char usage[] = "usage: twlab kernel list | fetch NAME... | "
			    "add FILE [--modules DIR] [--name NAME]";

static void say(const char *what)
{
	fprintf(stderr, "twlab: kernel: %s\n", what);
}

static int status_of(const struct err *err)
{
	switch (err->code) {
	case 0: return 0;
	case ENOENT: return STATUS_USAGE;
	case ENOTSUP: return STATUS_SKIP;
	}
	return STATUS_ERROR;
}

static int show_main(int argc, char **argv, struct err *err)
{
	auto_kernel struct kernel usual = { 0 };
	struct kernel *all;
	size_t n = kernel_list(&all);

	(void)argv;
	if (argc != 1)
		return err_set(err, 0, "%s", usage), STATUS_USAGE;
	kernel_find(NULL, &usual, NULL);
	for (size_t i = 0; i < n; i++) {
		printf("%s\t%s\t%s%s\n", all[i].name, all[i].release,
		       all[i].modules ? "modules" : "no modules",
		       !strcmp(all[i].name, usual.name) ? "\tdefault" : "");
		kernel_free(&all[i]);
	}
	free(all);
	if (!n)
		say("none in the cache yet (twlab kernel fetch " KERNEL_DEFAULT ")");
	return 0;
}

static int fetch_main(int argc, char **argv, struct err *err)
{
	if (argc < 2)
		return err_set(err, 0, "%s", usage), STATUS_USAGE;
	for (int i = 1; i < argc; i++)
		if (fetch_kernel(argv[i], say, err))
			return status_of(err);
	return 0;
}

/* The name in the cache: what the user said, or the version of the file. */
static char *name_of(const char *said, const char *file, struct err *err)
{
	auto_free void *data = NULL;
	char *release = NULL;
	size_t len;

	if (said && (!*said || strchr(said, '/') || *said == '.'))
		err_set(err, ENOENT, "a kernel cannot be named '%s'", said);
	else if (said)
		return must_strdup(said);
	else if (!cache_read(file, &data, &len, err) && kernel_release(data, len, &release, err))
		err_in(err, file);
	return release;
}

static int add_image(const char *file, const char *modules, const char *said, struct err *err)
{
	auto_free char *name = name_of(said, file, err), *kernel_dir = NULL;
	auto_free char *from = realpath(file, NULL);

	if (!name)
		return err_code(err);
	/* DIR may be lib/modules/RELEASE or the kernel/ in it. */
	if (modules)
		kernel_dir = must_printf("%s/kernel", modules);
	if (modules && access(modules, R_OK))
		return err_set(err, errno, "cannot read %s", modules);
	return kernel_store(name, file, kernel_dir && !access(kernel_dir, F_OK) ? kernel_dir : modules,
			    NULL, from ? from : file, err);
}

static bool is_package(const char *file)
{
	char magic[8] = "";
	auto_fclose FILE *in = fopen(file, "re");

	return in && fread(magic, 1, sizeof(magic), in) == sizeof(magic) &&
		!memcmp(magic, "!<arch>\n", sizeof(magic));
}

static int add_main(int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "modules", required_argument, NULL, 'm' },
		{ "name", required_argument, NULL, 'n' },
		{ 0 }
	};
	const char *modules = NULL, *name = NULL;
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'm')
			modules = optarg;
		else if (opt == 'n')
			name = optarg;
		else
			return err_set(err, 0, "%s", usage), STATUS_USAGE;
	}
	if (optind != argc - 1)
		return err_set(err, 0, "%s", usage), STATUS_USAGE;
	if (access(argv[optind], R_OK))
		return err_set(err, errno, "cannot read %s", argv[optind]), STATUS_USAGE;
	if (is_package(argv[optind]) ? fetch_package(argv[optind], name, err) :
	    add_image(argv[optind], modules, name, err))
		return err->code == EINVAL ? STATUS_USAGE : status_of(err);
	return 0;
}

static const struct {
	const char *name;
	int (*main)(int argc, char **argv, struct err *err);
} verbs[] = {
	{ "list", show_main },
	{ "fetch", fetch_main },
	{ "add", add_main },
};

int kernel_main(int argc, char **argv, struct err *err)
{
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].main(argc - 1, argv + 1, err);
	err_set(err, 0, "%s", usage);
	return STATUS_USAGE;
}

/* kernel.c - twlab kernel list | fetch NAME | add FILE | show NAME | traits */
#include "harness/cli/commands.h"

#include <errno.h>
#include <getopt.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <twlab/fs.h>
#include "harness/vm/cache.h"
#include "harness/vm/fetch.h"
#include "harness/vm/kernel.h"
#include "harness/vm/protocol.h"
#include "harness/batch/traits.h"

static const char usage[] = "usage: twlab kernel list | fetch NAME... | "
			    "add FILE [--modules DIR] [--name NAME] [--machine M] [--append WORDS] | "
			    "show NAME | traits";

static void report(const char *what)
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

static int list_kernels(int argc, char **argv, struct err *err)
{
	auto_kernel struct kernel usual = { 0 };
	struct kernel *all;
	size_t n = kernel_list(&all);

	(void)argv;
	if (argc != 1)
		return err_set(err, 0, "%s", usage), STATUS_USAGE;
	kernel_find(NULL, &usual, NULL);
	for (size_t i = 0; i < n; i++) {
		printf("%s\t%s\t%s%s%s\n", all[i].name, all[i].release,
		       all[i].modules ? "modules" : "no modules",
		       !strcmp(all[i].name, usual.name) ? "\tdefault" : "",
		       kernel_whole(&all[i], NULL) ? "\tdamaged: fetch or add it again" : "");
		kernel_free(&all[i]);
	}
	free(all);
	if (!n)
		report("none in the cache yet (twlab kernel fetch " KERNEL_DEFAULT ")");
	return 0;
}

static int fetch_main(int argc, char **argv, struct err *err)
{
	if (argc < 2)
		return err_set(err, 0, "%s", usage), STATUS_USAGE;
	for (int i = 1; i < argc; i++)
		if (fetch_kernel(argv[i], report, err))
			return status_of(err);
	return 0;
}

/* What `kernel add` was asked for. */
struct addition {
	const char *file, *modules, *name, *words;
	const struct machine *machine;		/* NULL: try them all */
};

static int store_image(const struct addition *add, const char *as, char **release, struct err *err)
{
	auto_free char *kernel_dir = NULL, *config = NULL, *from = realpath(add->file, NULL);
	const char *base = strrchr(add->file, '/');
	const char *modules = add->modules;
	auto_free void *data = NULL;
	size_t len;

	if (fs_read(add->file, &data, &len, err))
		return err_code(err);
	if (kernel_release(data, len, release, err))
		return err_in(err, add->file);
	/* DIR may be lib/modules/RELEASE or the kernel/ in it. */
	if (modules)
		kernel_dir = must_printf("%s/kernel", modules);
	if (modules && access(modules, R_OK))
		return err_set(err, errno, "cannot read %s", modules);
	/* As distributions have it: /boot/vmlinuz-RELEASE, and config-RELEASE beside it. */
	config = must_printf("%.*sconfig-%s", base ? (int)(base - add->file) + 1 : 0, add->file, *release);
	return kernel_store(as, add->file, kernel_dir && !access(kernel_dir, F_OK) ? kernel_dir : modules,
			    access(config, R_OK) ? NULL : config, from ? from : add->file, err);
}

static bool is_package(const char *file)
{
	char magic[8] = "";
	auto_fclose FILE *in = fopen(file, "re");

	return in && fread(magic, 1, sizeof(magic), in) == sizeof(magic) &&
		!memcmp(magic, "!<arch>\n", sizeof(magic));
}

/* The last lines of a console: why a kernel died is told there. */
static void print_end(const char *console)
{
	const char *at = console + strlen(console);

	for (int lines = 0; at > console && lines < 20; at--)
		lines += at[-1] == '\n' && *at;
	fputs(at + (at > console), stderr);
	if (at > console && console[strlen(console) - 1] != '\n')
		fputc('\n', stderr);
}

/* Boot the kernel @as on one machine after the other: its traits on the first that
 * it boots on. Once it has refused the I/O ports, only serial ports are left to try.
 */
static json_t *try_machines(const char *as, const struct addition *add, struct err *err)
{
	auto_free char *console = NULL;
	bool refused = false;
	json_t *all = NULL;

	for (const struct machine *machine = machines; machine->name && !all; machine++) {
		auto_free char *what = must_printf("booting it on %s", machine->is);

		if (add->machine ? add->machine != machine : machine->serial != refused)
			continue;
		report(what);
		free(console);
		console = NULL;
		if (kernel_wants(as, machine, add->words, err))
			break;
		all = traits_of(as, &console, err);
		refused |= console && strstr(console, PROTOCOL_REFUSED);
	}
	if (all)
		*err = (struct err){ 0 };	/* of the machines before */
	else if (console)
		print_end(console);
	return all;
}

/* The name that it has until it has one is nobody's business. */
static void name_file(const char *as, const char *file, struct err *err)
{
	auto_free char *text = must_strdup(err->text);
	int code = err->code;
	size_t len = strlen(as);

	if (strncmp(text, as, len) || strncmp(text + len, ": ", 2))
		return;
	err_set(err, 0, "%s", text + len + 2);
	err_in(err, file);
	err_as(err, code);
}

/* It gets its name when all of it is known: until then it is ".try". */
static int add_kernel(const struct addition *add, bool package, struct err *err)
{
	static const char as[] = ".try";
	auto_free char *lock_path = cache_path("kernels/.add.lock"), *release = NULL;
	auto_close int lock = fs_lock(lock_path, false, err);
	const char *name;
	json_t *all;
	int ret;

	if (lock < 0)
		return err_code(err);
	kernel_forget(as);
	ret = package ? fetch_package(add->file, as, &release, err) : store_image(add, as, &release, err);
	all = ret ? NULL : try_machines(as, add, err);
	name = add->name ? add->name : release;
	if (all && !traits_keep(as, all, err) && !kernel_rename(as, name, err)) {
		printf("%s\n", name);
		traits_show(stdout, all);
	}
	json_decref(all);
	kernel_forget(as);
	name_file(as, add->file, err);
	return err_code(err);
}

static int no_machine(const char *name, struct err *err)
{
	auto_free char *all = must_strdup("");

	for (const struct machine *machine = machines; machine->name; machine++)
		must_append(&all, "%s%s", *all ? ", " : "", machine->name);
	return err_set(err, 0, "no machine '%s' (there are %s)", name, all);
}

static int parse_add(int argc, char **argv, struct addition *add, struct err *err)
{
	static const struct option options[] = {
		{ "modules", required_argument, NULL, 'm' },
		{ "name", required_argument, NULL, 'n' },
		{ "machine", required_argument, NULL, 'M' },
		{ "append", required_argument, NULL, 'a' },
		{ 0 }
	};
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'm': add->modules = optarg; break;
		case 'n': add->name = optarg; break;
		case 'a': add->words = optarg; break;
		case 'M':
			add->machine = machine_find(optarg);
			if (!add->machine)
				return no_machine(optarg, err);
			break;
		default: return err_set(err, 0, "%s", usage);
		}
	}
	if (optind != argc - 1)
		return err_set(err, 0, "%s", usage);
	add->file = argv[optind];
	for (const char *at = add->words; at && *at; at++)
		if (*at < ' ' || *at > '~' || at - add->words > 1000)
			return err_set(err, 0, "a kernel's command line is a line of at most 1000 characters");
	if (add->name && (!*add->name || strchr(add->name, '/') || *add->name == '.'))
		return err_set(err, 0, "a kernel cannot be named '%s'", add->name);
	return access(add->file, R_OK) ? err_set(err, errno, "cannot read %s", add->file) : 0;
}

static int add_main(int argc, char **argv, struct err *err)
{
	struct addition add = { 0 };

	if (parse_add(argc, argv, &add, err))
		return STATUS_USAGE;
	if (add_kernel(&add, is_package(add.file), err))
		return err->code == EINVAL ? STATUS_USAGE : status_of(err);
	return 0;
}

static int show_main(int argc, char **argv, struct err *err)
{
	auto_kernel struct kernel kernel = { 0 };
	auto_free char *console = NULL;
	json_t *all;

	if (argc != 2)
		return err_set(err, 0, "%s", usage), STATUS_USAGE;
	if (kernel_find(argv[1], &kernel, err))
		return status_of(err);
	all = traits_load(kernel.name);
	if (!all) {
		report("running it, to see what it can do (once)");
		all = traits_of(kernel.name, &console, err);
		if (!all && console)
			print_end(console);
		if (!all || traits_keep(kernel.name, all, err)) {
			json_decref(all);
			return status_of(err);
		}
	}
	printf("%s\n", kernel.name);
	traits_show(stdout, all);
	json_decref(all);
	return 0;
}

/* Of the kernel that runs this: what `add` and `show` have the guest do. */
static int traits_main(int argc, char **argv, struct err *err)
{
	json_t *all;

	(void)argv;
	if (argc != 1)
		return err_set(err, 0, "%s", usage), STATUS_USAGE;
	all = traits_probe();
	traits_print(stdout, all);
	json_decref(all);
	return 0;
}

static const struct {
	const char *name;
	int (*main)(int argc, char **argv, struct err *err);
} verbs[] = {
	{ "list", list_kernels },
	{ "fetch", fetch_main },
	{ "add", add_main },
	{ "show", show_main },
	{ "traits", traits_main },
};

int kernel_main(int argc, char **argv, struct err *err)
{
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].main(argc - 1, argv + 1, err);
	err_set(err, 0, "%s", usage);
	return STATUS_USAGE;
}

/* pack.c - twlab pack: an assignment as an autograder of somebody else's
 *
 * Gradescope builds a container once, by setup.sh, with the network, and then runs
 * run_autograder in it for each submission, without. What has to be there: the
 * sources (its distribution need not be ours), the kernel, the course's key.
 */
#include "harness/util/archive.h"
#include <twlab/fs.h>
#include "harness/vm/cache.h"
#include "harness/util/files.h"
#include "harness/grade/handout.h"
#include "harness/cli/commands.h"
#include "harness/vm/kernel.h"
#include "harness/vm/executable.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <getopt.h>

#define SETUP \
	"#!/bin/sh\n" \
	"# setup.sh - builds twlab where it will grade, and boots its guest once\n" \
	"set -eu\n" \
	"cd \"$(dirname \"$0\")\"\n" \
	"export XDG_CACHE_HOME=\"$PWD/cache\"\n" \
	"twlab/tests/deps gcc make pkg-config libnl-3-dev libnl-route-3-dev libnl-idiag-3-dev libnl-nf-3-dev \\\n" \
	"\tlibnftables-dev libjansson-dev libarchive-dev libkmod-dev nettle-dev \\\n" \
	"\tgraphviz fonts-dejavu-core qemu-system-x86 tcc libc6-dev\n" \
	"make -C twlab -j\"$(nproc)\"\n" \
	"[ ! -f key ] || chmod 600 key\n" \
	"twlab/twlab vm --kernel '%s' -- true\n"

#define RUN_AUTOGRADER \
	"#!/bin/sh\n" \
	"# run_autograder - grades /autograder/submission, into /autograder/results\n" \
	"#\n" \
	"# Where it cannot tell, it leaves no result: Gradescope then says that the autograder\n" \
	"# failed, and nobody's points are touched.\n" \
	"set -eu\n" \
	"at=${TWLAB_AUTOGRADER:-/autograder}\n" \
	"export XDG_CACHE_HOME=\"$at/source/cache\"\n" \
	"mkdir -p \"$at/results\"\n" \
	"out=$(mktemp -d)\n" \
	"trap 'rm -rf \"$out\"' EXIT\n" \
	"status=0\n" \
	"\"$at/source/twlab/twlab\" grade \"$at/submission\" --lab %s --kernel '%s' %s\\\n" \
	"\t--metadata \"$at/submission_metadata.json\" --format gradescope -o \"$out/evidence\" > \"$out/results.json\" || status=$?\n" \
	"[ \"$status\" -le 1 ] || exit \"$status\"\n" \
	"cp \"$out/results.json\" \"$at/results/results.json\"\n"

/* What of the sources is wanted there: nothing that is built, and no answers. */
static bool is_source(const FTSENT *entry)
{
	static const char *const endings[] = { ".c", ".h", ".conf", ".txt", ".nft", ".1", ".md", ".svg" };
	const char *name = entry->fts_name, *end = strrchr(name, '.');

	for (size_t e = 0; end && e < ARRAY_SIZE(endings); e++)
		if (!strcmp(end, endings[e]))
			return true;
	return false;
}

static bool is_passed_over(const FTSENT *entry)
{
	return (*entry->fts_name == '.' && entry->fts_level > 0) || !strcmp(entry->fts_name, "solution");
}

/* The plain files below @dir that @want says yes to, or all, as @at/... */
static int add_below(struct files *files, const char *at, const char *dir, bool (*want)(const FTSENT *entry), struct err *err)
{
	auto_walk FTS *fts = fs_walk(dir, err);
	int code = fts ? 0 : err_code(err);

	for (FTSENT *entry; !code && (entry = fts_read(fts)); ) {
		auto_free char *path = must_printf("%s/%s", at, entry->fts_path + strlen(dir) + 1);

		if (entry->fts_info == FTS_D && want && is_passed_over(entry))
			fts_set(fts, entry, FTS_SKIP);
		else if (entry->fts_info == FTS_F && (!want || want(entry)))
			code = files_add_from(files, path, entry->fts_path, err);
	}
	return code;
}

/* The folders of the source tree that this twlab lies in. */
static int add_sources(struct files *files, struct err *err)
{
	static const char *const parts[] = { "labs", "lib", "harness", "diagrams" }, *const alone[] = { "LICENSE", "Makefile", "tests/deps" };
	auto_free char *self = executable_self(err), *makefile = NULL;

	if (!self)
		return -err->code;
	*strrchr(self, '/') = '\0';
	makefile = must_printf("%s/Makefile", self);
	if (access(makefile, F_OK))
		return err_set(err, 0, "it is built from the sources there: run the twlab that lies in its source tree, not %s/twlab", self);
	for (size_t a = 0; a < ARRAY_SIZE(alone); a++) {
		auto_free char *from = must_printf("%s/%s", self, alone[a]), *at = must_printf("twlab/%s", alone[a]);

		if (files_add_from(files, at, from, err))
			return -err->code;
	}
	for (size_t p = 0; p < ARRAY_SIZE(parts); p++) {
		auto_free char *from = must_printf("%s/%s", self, parts[p]), *at = must_printf("twlab/%s", parts[p]);

		if (add_below(files, at, from, is_source, err))
			return -err->code;
	}
	return 0;
}

static int add_kernel(struct files *files, const struct kernel *kernel, struct err *err)
{
	auto_free char *from = cache_path("kernels/%s", kernel->name), *at = must_printf("cache/twlab/kernels/%s", kernel->name);

	return add_below(files, at, from, NULL, err);
}

struct asked {
	const struct lab *lab;
	const char *out, *key, *kernel;
};

static int fill(const struct asked *asked, struct files *files, struct err *err)
{
	auto_kernel struct kernel kernel = { 0 };
	auto_free char *first = NULL, *then = NULL;

	if (kernel_find(asked->kernel, &kernel, err) || add_sources(files, err) || add_kernel(files, &kernel, err) ||
	    (asked->key && files_add_from(files, "key", asked->key, err)))
		return -err->code;
	first = must_printf(SETUP, kernel.name);
	then = must_printf(RUN_AUTOGRADER, asked->lab->name, kernel.name, asked->key ? "--key \"$at/source/key\" " : "");
	files_add(files, "setup.sh", 0755, first, strlen(first));
	files_add(files, "run_autograder", 0755, then, strlen(then));
	return 0;
}

static int parse(int argc, char **argv, struct asked *asked, struct err *err)
{
	enum { OPT_KEY = 256, OPT_KERNEL };
	static const struct option options[] = {
		{ "key", required_argument, NULL, OPT_KEY }, { "kernel", required_argument, NULL, OPT_KERNEL },
		{ "output", required_argument, NULL, 'o' }, { 0 }
	};
	int opt;

	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, ":o:", options, NULL)) >= 0)
		switch (opt) {
		case OPT_KEY: asked->key = optarg; break;
		case OPT_KERNEL: asked->kernel = optarg; break;
		case 'o': asked->out = optarg; break;
		default: return options_unknown(opt, argv, err);
		}
	if (argc - optind != 2 || strcmp(argv[optind], "gradescope") || !asked->out)
		return err_set(err, 0, "for whom, which lab, into which file? twlab pack gradescope LAB -o FILE.zip");
	asked->lab = handout_lab(argv[optind + 1], err);
	return asked->lab ? 0 : -err->code;
}

int pack_main(int argc, char **argv, struct err *err)
{
	auto_files struct files files = { 0 };
	auto_free void *data = NULL;
	struct asked asked = { 0 };
	auto_close int fd = -1;
	size_t len;

	if (parse(argc, argv, &asked, err) || fill(&asked, &files, err))
		return STATUS_USAGE;
	if (archive_pack_zip(&files, &data, &len, err))
		return STATUS_ERROR;
	fd = open(asked.out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);	/* the key is in it */
	if (fd < 0) {
		err_set(err, errno, "cannot write %s", asked.out);
		return STATUS_USAGE;
	}
	return fs_write_all(fd, data, len, err) ? STATUS_ERROR : STATUS_HOLDS;
}

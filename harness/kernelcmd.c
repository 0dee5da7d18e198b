/* kernelcmd.c - twlab kernel list | fetch NAME | add FILE */
#include "harness.h"

#include <errno.h>
#include <getopt.h>

#include "fetch.h"
#include "kernel.h"

static int list(struct err *err)
{
	auto_kernel struct kernel usual = { 0 };
	struct kernel *all;
	size_t n = kernel_list(&all);

	(void)err;
	kernel_find(NULL, &usual, NULL);
	for (size_t i = 0; i < n; i++) {
		printf("%s\t%s\t%s%s\n", all[i].name, all[i].release,
		       all[i].modules ? "modules" : "no modules",
		       !strcmp(all[i].name, usual.name) ? "\tdefault" : "");
		kernel_free(&all[i]);
	}
	free(all);
	if (!n)
		fputs("no kernel in the cache (twlab kernel fetch " KERNEL_DEFAULT ")\n", stderr);
	return 0;
}

static void say(const char *what)
{
	fprintf(stderr, "twlab: kernel: %s\n", what);
}

static int status_of(int ret)
{
	switch (-ret) {
	case 0: return 0;
	case ENOENT: return STATUS_USAGE;
	case ENOTSUP: return STATUS_SKIP;
	}
	return STATUS_ERROR;
}

int kernel_main(int argc, char **argv, struct err *err)
{
	if (argc == 2 && !strcmp(argv[1], "list"))
		return list(err);
	if (argc == 3 && !strcmp(argv[1], "fetch"))
		return status_of(fetch_kernel(argv[2], say, err));
	err_set(err, 0, "usage: twlab kernel list | fetch NAME | add FILE [--modules DIR] [--name NAME]");
	return STATUS_USAGE;
}

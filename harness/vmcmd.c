/* vmcmd.c - twlab vm -- PROGRAM ARGS: any program, in the virtual machine */
#include "harness.h"

#include <errno.h>
#include <getopt.h>
#include <sys/wait.h>

#include "files.h"
#include "program.h"
#include "vm.h"

static void say(const char *what)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "twlab: vm: %s\n", what);
}

static void print(void *arg, int fd, const void *data, size_t len)
{
	FILE *to = fd == STDERR_FILENO ? stderr : stdout;

	(void)arg;
	fwrite(data, 1, len, to);
	fflush(to);
}

static int run(const struct vm_job *job, struct vm_result *result, struct err *err)
{
	struct vm *vm = vm_start(job, err);
	int ret;

	if (!vm)
		return -err->code;
	while ((ret = vm_step(vm, 1000, err)) == 0)
		;
	if (ret < 0)
		fputs(vm_console(vm), stderr);
	else
		vm_result(vm, result);
	vm_free(vm);
	return ret < 0 ? ret : 0;
}

int vm_main(int argc, char **argv, struct err *err)
{
	auto_files struct files system = { 0 };
	struct vm_job job = { .output = print };
	struct vm_result result;
	auto_free char *path = NULL;
	int status;

	while (argc > 1 && strcmp(argv[0], "--")) { argc--; argv++; }
	argc--; argv++;
	path = program_find(argv[0]);
	if (path) {
		if (program_add(&system, path, err))
			return STATUS_ERROR;
		argv[0] = path;
	}
	job.argv = (const char *const *)argv;
	job.system = system.item;
	job.n_system = system.n;
	if (vm_prepare(job.kernel, say, err) || run(&job, &result, err))
		return STATUS_ERROR;
	status = result.status;
	vm_result_free(&result);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

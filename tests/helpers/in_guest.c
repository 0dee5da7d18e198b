/* in_guest.c - run this very program once more, inside a guest */
#include "tests/helpers/in_guest.h"

#include <errno.h>
#include <limits.h>
#include <sys/wait.h>

#include "harness/util/files.h"
#include "harness/vm/executable.h"
#include "harness/vm/vm.h"

#define ARGS_MAX 16

static void pass_on(void *arg, int fd, const void *data, size_t len)
{
	FILE *out = fd == STDERR_FILENO ? stderr : stdout;

	(void)arg;
	fwrite(data, 1, len, out);
	fflush(out);
}

/* A guest that cannot be started, hangs or dies is no reason to skip. */
static int failed(const struct err *err)
{
	fprintf(stderr, "the guest failed: %s\n", err->text);
	return 1;
}

static int run(const struct vm_job *job, struct err *err)
{
	struct vm_result result;
	int code = vm_run(job, NULL, &result, err), status = result.status;

	if (code && code != -ENOTSUP && code != -ENOENT)	/* no QEMU, or no such kernel */
		fputs(result.console, stderr);
	vm_result_free(&result);
	if (code)
		return code == -ENOTSUP || code == -ENOENT ? code : failed(err);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int in_guest_run(const char *const *args, const char *const *paths, struct err *err)
{
	auto_files struct files files = { 0 }, system = { 0 };
	auto_free char *self = realpath("/proc/self/exe", NULL);
	const char *argv[ARGS_MAX + 2] = { self };
	struct vm_job job = { .argv = argv, .output = pass_on, .kernel = getenv("TWLAB_KERNEL") };

	if (!self)
		return err_set(err, errno, "cannot find this program"), failed(err);
	for (size_t i = 0; args && args[i] && i < ARGS_MAX; i++)
		argv[i + 1] = args[i];
	for (; paths && *paths; paths++)
		if (files_add_from(&files, *paths, *paths, err))
			return failed(err);
	if (executable_add(&system, self, err))
		return failed(err);
	job.files = files.item;
	job.n_files = files.n;
	job.system = system.item;
	job.n_system = system.n;
	return run(&job, err);
}

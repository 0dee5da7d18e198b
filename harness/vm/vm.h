/* vm.h - a guest: a virtual machine in virtual time, restored from a snapshot
 *
 * A guest reads one job (a set of files), runs it, and hands back one set of
 * files. Several guests live at once; the caller polls them. Everything here is
 * bounded in time: a guest that hangs, panics or dies ends in an error with the
 * last lines of its console.
 */
#ifndef TWLAB_VM_VM_H
#define TWLAB_VM_VM_H

#include "harness/util/files.h"

struct vm;

struct vm_job {
	const char *kernel;		/* a name from `twlab kernel list`, NULL for the default */
	const char *const *argv;	/* what PID 1 runs, as root, in an empty folder with the files */
	const struct file *files;	/* put in that folder first */
	size_t n_files;
	const struct file *system;	/* put below / first, where nothing is yet */
	size_t n_system;
	uint64_t seed;			/* of the guest's random numbers, given after the snapshot */
	int wall_limit_s;		/* 0 for the default (60) */
	unsigned int mem_mb;		/* 0 for the default */

	/* Told what the program prints, as it comes (@fd is 1 or 2); NULL: it becomes
	 * part of vm_console().
	 */
	void (*output)(void *arg, int fd, const void *data, size_t len);
	void *arg;
};

struct vm_result {
	int status;			/* the program's wait status, as waitpid gives it */
	struct file *files;		/* what lay in the folder `out/` at the end */
	size_t n_files;
	char *console;			/* all that the guest's console printed, bounded */
	int64_t virtual_ns;		/* how long the program took by the guest's clock */
	int64_t wall_ns;
	long rss_kb;			/* QEMU's peak resident memory */
	char kernel_release[96];	/* uname -r in the guest */
};

/* Make sure that a snapshot for @kernel is in the cache (a cold boot when it is
 * not: some seconds). Safe when several processes ask at once. @report, if not
 * NULL, is told in words what is being waited for.
 */
int vm_prepare(const char *kernel, void (*report)(const char *what), struct err *err);

/* What the console of this process's last cold boot said: the evidence when
 * vm_prepare() failed. Never NULL.
 */
const char *vm_boot_console(void);

/* Start a guest on @job. The job's memory may be freed after this. */
struct vm *vm_start(const struct vm_job *job, struct err *err);

/* Step @vm: handle what is there, wait at most @timeout_ms (0 = do not wait).
 * Returns 1 when the guest has ended and vm_result() may be asked, 0 when it
 * is still running, negative errno (with @err) when it failed.
 */
int vm_step(struct vm *vm, int timeout_ms, struct err *err);

/* The same for many: waits until one of @vms (NULL entries are passed over) has
 * something to say, or @timeout_ms is over.
 */
void vm_poll(struct vm *const *vms, size_t n, int timeout_ms);

/* All of it for one job: vm_prepare(), vm_start(), steps until the end, vm_result(). When it
 * fails, negative with @err, and @result->console alone is filled in: what the kernel or the guest said.
 */
int vm_run(const struct vm_job *job, void (*report)(const char *what), struct vm_result *result, struct err *err);

/* Virtual nanoseconds since the job began, as last reported by the guest; and its
 * last progress line (never NULL), for a terminal. Valid while running.
 */
int64_t vm_clock_ns(const struct vm *vm);
const char *vm_progress(const struct vm *vm);

/* Take the result out (owned by the caller, vm_result_free). */
void vm_result(struct vm *vm, struct vm_result *result);
void vm_result_free(struct vm_result *result);

/* What the console said so far: for the error's evidence. Owned by @vm. */
const char *vm_console(const struct vm *vm);

/* End the guest if it runs, and forget it. NULL is fine. */
void vm_free(struct vm *vm);

#endif

/* vm.c - a guest: a virtual machine in virtual time, restored from a snapshot
 *
 * Theory of operation. A guest's clock counts its instructions (-icount), and jumps to
 * the next timer when there is nothing to do. So whatever reaches a guest from outside while it
 * runs arrives at an instant that the host decides, and two runs would differ. Everything here
 * follows from that: nothing is sent to a guest that runs.
 *
 * Making a snapshot: QEMU boots the kernel with an initramfs (initramfs.c) whose /init is twlab.
 * PID 1 (guest/init.c) mounts, loads modules, makes the stock of namespaces, says "ready", and
 * stops the machine itself: it writes to pvpanic's port, and QEMU stops at that instruction.
 * Then QEMU saves the devices, and the RAM, which is a file, is kept with them (snapshot.c).
 *
 * Running a job: QEMU is started with the same words, on a private mapping of that file, takes the
 * devices in, and goes on ("cont") behind the instruction at which the guest was stopped. PID 1 reads the
 * job out of fw_cfg, which QEMU answers at once and without an interrupt, runs it, packs what is in out/
 * into its memory, says where, and stops the machine again. The memory is read from outside.
 *
 * So the guest pauses itself, at the beginning and at the end; only QEMU's "cont" comes from here. What it
 * says meanwhile goes out by debugcon, a port that takes bytes and asks for nothing. The words of both
 * sides are in protocol.h. A kernel that does not give PID 1 the ports cannot stop: it boots for
 * each job, finds that in its initramfs, and sends what came of it over a serial port.
 *
 * Both are lists of stages (lifecycle.c): what to ask of QEMU, and when the stage is over. vm_step()
 * looks and never waits for long; vm_poll() waits for many. Every stage has limits on the wall clock, a boot
 * also on QEMU's processor time, so that a guest that hangs, panics or dies is an error with its console's last lines.
 */
#include "harness/vm/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <time.h>

#include <twlab/clock.h>
#include "harness/vm/job.h"
#include "harness/vm/snapshot.h"
#include "harness/vm/lifecycle.h"
#include "harness/vm/device_state.h"

#define WALL_LIMIT_S	60	/* for a job that names no limit */
#define BOOT_LIMIT_S	120	/* a cold boot takes some 5 s on an idle machine */
#define BOOT_CPU_LIMIT_S 25	/* the same in QEMU's own time: it has hung, however busy the machine */
#define HELLO_LIMIT_S	20	/* a restore takes some 0.1 s */
#define SERIAL_LIMIT_S	300	/* more for a job that has to boot, and send, over a serial port */
#define VM_FDS		4	/* descriptors a guest is polled for */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int take_result(struct vm *vm, struct err *err)
{
	if (job_result(vm->take_fd, vm->len, &vm->result, err))
		return err_code(err);
	vm->clock_ns = vm->result.virtual_ns;
	vm->result.wall_ns = clock_ns(CLOCK_MONOTONIC) - vm->started_ns;
	vm->result.rss_kb = qemu_rss_kb(&vm->qemu);
	return 0;
}

/* Say what the console says of it, if it does: the reason comes last. */
static const char *const last_words[] = {
	"twlab: cannot", "Kernel panic", "Out of memory", "BUG:", "Oops", "general protection", NULL,
};

static int fail(struct vm *vm, struct err *err)
{
	auto_free char *line = NULL;
	struct err why = *err;

	if (vm->gave_up)
		err_set(&why, 0, "the guest: %s", vm->gave_up);
	for (size_t i = 0; i < ARRAY_SIZE(last_words) && !line; i++)
		line = tail_line(&vm->console, last_words[i]);
	qemu_stop(&vm->qemu);
	err_set(err, 0, "%s%s%s%s", why.text, line ? " (console: " : "",
		line ? line : "", line ? ")" : "");
	return err_as(err, why.code);
}

static int check(struct vm *vm, struct err *err)
{
	bool booting = !vm->hello && (vm->serial || !vm->restoring);
	int64_t now = clock_ns(CLOCK_MONOTONIC);

	if (vm->gave_up)
		return err_set(err, 0, "the guest gave up");
	if (now > vm->limit_ns)
		err_set(err, 0, "no end after %lld s on the wall (%s)",
			(long long)((vm->limit_ns - vm->started_ns) / NS_PER_S),
			vm->stage->what);
	else if (vm->restoring && !vm->hello && now > vm->hello_limit_ns)
		err_set(err, 0, "no word from the guest after %d s (%s)",
			vm->serial ? BOOT_LIMIT_S : HELLO_LIMIT_S, vm->stage->what);
	else if (booting && qemu_cpu_ns(&vm->qemu) > BOOT_CPU_LIMIT_S * NS_PER_S)
		err_set(err, 0, "it hangs: still no word from the guest after %d s of work", BOOT_CPU_LIMIT_S);
	else
		return 0;
	return err_as(err, ETIMEDOUT);
}

static int step(struct vm *vm, struct err *err)
{
	int ret = lifecycle_receive(vm, err);

	if (ret >= 0)
		ret = check(vm, err);
	return ret < 0 ? ret : lifecycle_advance(vm, err);
}

static size_t fds_of(const struct vm *vm, struct pollfd *fds)
{
	size_t n = 0;

	if (!vm->qemu.qmp)
		return 0;
	fds[n++] = (struct pollfd){ qmp_fd(vm->qemu.qmp), POLLIN };
	fds[n++] = (struct pollfd){ vm->qemu.console_fd, POLLIN };
	fds[n++] = (struct pollfd){ vm->qemu.protocol_fd, POLLIN };
	if (vm->state.fd >= 0)
		fds[n++] = (struct pollfd){ vm->state.fd, vm->state.sending ? POLLOUT : POLLIN };
	return n;
}

void vm_poll(struct vm *const *vms, size_t n, int timeout_ms)
{
	auto_free struct pollfd *fds = must_calloc(n * VM_FDS, sizeof(*fds));
	int64_t now = clock_ns(CLOCK_MONOTONIC);
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t left_ms;

		if (!vms[i])
			continue;
		used += fds_of(vms[i], fds + used);
		left_ms = ((vms[i]->hello ? vms[i]->limit_ns : vms[i]->hello_limit_ns) - now) /
			NS_PER_MS + 1;
		if (!vms[i]->qemu.qmp || left_ms < 0)
			left_ms = 0;	/* ended, or too late: vm_step() will tell */
		if (left_ms < timeout_ms)
			timeout_ms = (int)left_ms;
	}
	poll(fds, used, timeout_ms);
}

static struct vm *vm_new(struct image *image, bool restoring)
{
	struct vm *vm = must_calloc(1, sizeof(*vm));

	vm->image = image;
	vm->restoring = restoring;
	vm->serial = image->kernel.machine->serial;
	vm->stage = vm->serial ? lifecycle_serial : restoring ? lifecycle_running : lifecycle_saving;
	vm->initramfs_fd = vm->ram_fd = vm->job_fd = vm->take_fd = vm->state.fd = vm->state.theirs = -1;
	vm->qemu = (struct qemu){ -1, NULL, -1, -1 };
	return vm;
}

static int launch(struct vm *vm, struct err *err)
{
	struct qemu_setup setup = {
		.kernel = &vm->image->kernel,
		.mem_mb = vm->image->mem_mb,
		.initramfs_fd = vm->initramfs_fd,
		.ram_fd = vm->ram_fd,
		.restored = vm->restoring && !vm->serial,
		.in_turns = vm->restoring && !vm->image->out_of_turn,
		.job_fd = vm->serial ? -1 : vm->job_fd,
		.take_fd = vm->take_fd,
		.state_fd = vm->restoring ? vm->state.theirs : -1,
		.snapshot = vm->snapshot,
	};

	return qemu_start(&vm->qemu, &setup, err);
}

static int start_boot(struct vm *vm, struct err *err)
{
	if (kernel_whole(&vm->image->kernel, err))
		return err_code(err);
	vm->initramfs_fd = initramfs_build(&vm->image->plan, &vm->image->kernel, err);
	if (vm->initramfs_fd < 0)
		return err_code(err);
	vm->ram_fd = memfd_create("ram", MFD_CLOEXEC);
	if (vm->ram_fd < 0 || ftruncate(vm->ram_fd, (off_t)vm->image->mem_mb << 20))
		return err_set(err, errno, "no memory for a guest");
	if (vm->serial ? initramfs_add_job(vm->initramfs_fd, vm->job_fd, err) :
	    migration_open(&vm->state, false, NULL, 0, err))
		return err_code(err);
	return launch(vm, err);
}

static char *boot_console;	/* of the last cold boot */

static int boot(struct image *image, struct err *err)
{
	struct vm *vm = vm_new(image, false);
	int ret;

	vm->started_ns = clock_ns(CLOCK_MONOTONIC);
	vm->limit_ns = vm->hello_limit_ns = vm->started_ns + BOOT_LIMIT_S * NS_PER_S;
	ret = start_boot(vm, err);
	while (!ret && (ret = vm_step(vm, 1000, err)) == 0)
		;
	if (ret > 0) {
		device_state_settle(vm->state.data, vm->state.len, image->kernel.machine->shift);
		ret = snapshot_write(image->kernel.name, image->key, image->mem_mb, vm->ram_fd,
				     vm->state.data, vm->state.len, err);
	} else {
		err_in(err, "cannot boot the kernel");
	}
	free(boot_console);
	boot_console = steal_ptr(&vm->console.text);
	vm_free(vm);
	return ret < 0 ? ret : 0;
}

/* The image's snapshot, made if it is not there. */
static int find_snapshot(struct image *image, struct snapshot *snapshot,
			 void (*report)(const char *what), struct err *err)
{
	const char *kernel = image->kernel.name;
	auto_close int lock = -1;
	struct err none;

	if (!snapshot_open(kernel, image->key, image->mem_mb, snapshot, &none))
		return 0;
	if (none.code != ENOENT) {
		*err = none;
		return err_code(err);
	}
	if (report)
		report("booting a guest to make its snapshot (once, some seconds)");
	lock = snapshot_lock(kernel, err);
	if (lock < 0)
		return err_code(err);
	if (!snapshot_open(kernel, image->key, image->mem_mb, snapshot, &none))
		return 0;
	if (boot(image, err))
		return err_in(err, kernel);
	return snapshot_open(kernel, image->key, image->mem_mb, snapshot, err);
}

int vm_prepare(const char *kernel, void (*report)(const char *what), struct err *err)
{
	struct image *image = image_get(kernel, 0, err);
	struct snapshot snapshot;

	if (image && image->kernel.machine->serial)
		return 0;	/* it boots for each job */
	if (!image || find_snapshot(image, &snapshot, report, err))
		return err_code(err);
	snapshot_close(&snapshot);
	return 0;
}

/* Restore a guest from the snapshot, with the job that is there already. */
static int restore(struct vm *vm, struct err *err)
{
	struct snapshot snapshot;

	if (find_snapshot(vm->image, &snapshot, NULL, err))
		return err_code(err);
	vm->ram_fd = steal_fd(&snapshot.fd);
	strcpy(vm->snapshot, snapshot.digest);
	if (migration_open(&vm->state, true, steal_ptr(&snapshot.state), snapshot.state_len, err))
		return err_code(err);
	vm->hello_limit_ns = clock_ns(CLOCK_MONOTONIC) + HELLO_LIMIT_S * NS_PER_S;
	return launch(vm, err);
}

struct vm *vm_start(const struct vm_job *job, struct err *err)
{
	struct image *image = image_get(job->kernel, job->mem_mb, err);
	struct vm *vm;

	if (!image)
		return NULL;
	vm = vm_new(image, true);
	vm->output = job->output;
	vm->arg = job->arg;
	vm->take_fd = memfd_create("result", MFD_CLOEXEC);
	vm->job_fd = job_pack(job, &image->plan.to, err);
	vm->hello_limit_ns = clock_ns(CLOCK_MONOTONIC) + (vm->serial ? BOOT_LIMIT_S : HELLO_LIMIT_S) * NS_PER_S;
	if (vm->take_fd < 0)
		err_set(err, errno, "no memory for a result");
	if (vm->take_fd < 0 || vm->job_fd < 0 || (vm->serial ? start_boot(vm, err) : restore(vm, err))) {
		vm_free(vm);
		return NULL;
	}
	vm->started_ns = clock_ns(CLOCK_MONOTONIC);
	vm->limit_ns = vm->started_ns +
		((job->wall_limit_s ? job->wall_limit_s : WALL_LIMIT_S) +
		 (vm->serial ? SERIAL_LIMIT_S : 0)) * NS_PER_S;
	return vm;
}

const char *vm_console(const struct vm *vm)
{
	return vm->console.text ? vm->console.text : "";
}

/* QEMU counts for the first time when the guest first reads a clock, which is before
 * the job's program is started.
 */
static bool miscounted(const struct vm *vm)
{
	return !vm->image->out_of_turn && qemu_miscounted(vm_console(vm));
}

/* A restored guest that never said a word: QEMU cannot count that far, or the
 * snapshot is no good (cut short, or of another day's memory) and is made anew, once.
 */
static int start_again(struct vm *vm, struct err *err)
{
	int64_t now = clock_ns(CLOCK_MONOTONIC);
	int ret;

	qemu_stop(&vm->qemu);
	protocol_free(&vm->protocol);
	if (miscounted(vm)) {
		vm->image->out_of_turn = true;
	} else {
		snapshot_drop(vm->image->kernel.name, vm->image->key);
		vm->rebuilt = true;
	}
	migration_close(&vm->state);
	close_fd(&vm->ram_fd);
	vm->hello = vm->paused = vm->migrated = false;
	vm->stage = lifecycle_running;
	vm->asked = 0;
	ret = restore(vm, err);
	vm->limit_ns += clock_ns(CLOCK_MONOTONIC) - now;	/* the boot of a new one is not the job's */
	return ret;
}

int vm_step(struct vm *vm, int timeout_ms, struct err *err)
{
	struct err why = { 0 };
	int ret;

	if (timeout_ms)
		vm_poll(&vm, 1, timeout_ms);
	if (!vm->qemu.qmp)
		return err_set(err, 0, "the guest has ended");
	ret = step(vm, &why);
	if (ret == 1 && vm->restoring && (ret = take_result(vm, &why)) == 0)
		ret = 1;
	if (ret == 1 && vm->restoring && strstr(vm_console(vm), "Out of memory: "))
		ret = err_set(&why, 0, "the guest ran out of memory");
	if (ret < 0 && vm->restoring && !vm->serial && (!vm->hello ? !vm->rebuilt : miscounted(vm)))
		return start_again(vm, err);
	if (ret < 0)
		ret = fail(vm, &why);
	if (ret)
		qemu_stop(&vm->qemu);
	if (ret < 0 && err)
		*err = why;
	return ret;
}

const char *vm_boot_console(void)
{
	return boot_console ? boot_console : "";
}

int64_t vm_clock_ns(const struct vm *vm)
{
	return vm->clock_ns;
}

const char *vm_progress(const struct vm *vm)
{
	return vm->progress;
}

void vm_result(struct vm *vm, struct vm_result *result)
{
	*result = vm->result;
	result->console = must_strdup(vm_console(vm));
	vm->result = (struct vm_result){ 0 };
}

int vm_run(const struct vm_job *job, void (*report)(const char *what), struct vm_result *result, struct err *err)
{
	int code = vm_prepare(job->kernel, report, err);
	struct vm *vm = code ? NULL : vm_start(job, err);

	*result = (struct vm_result){ 0 };
	if (!vm) {
		result->console = must_strdup(code ? vm_boot_console() : "");
		return err_code(err);
	}
	while ((code = vm_step(vm, 1000, err)) == 0)
		;
	if (code > 0)
		vm_result(vm, result);
	else
		result->console = must_strdup(vm_console(vm));
	vm_free(vm);
	return code > 0 ? 0 : code;
}

void vm_result_free(struct vm_result *result)
{
	for (size_t i = 0; i < result->n_files; i++) {
		free(result->files[i].path);
		free(result->files[i].data);
	}
	free(result->files);
	free(result->console);
	*result = (struct vm_result){ 0 };
}

void vm_free(struct vm *vm)
{
	if (!vm)
		return;
	qemu_stop(&vm->qemu);
	protocol_free(&vm->protocol);
	free(vm->console.text);
	migration_close(&vm->state);
	free(vm->gave_up);
	vm_result_free(&vm->result);
	close_fd(&vm->initramfs_fd);
	close_fd(&vm->ram_fd);
	close_fd(&vm->job_fd);
	close_fd(&vm->take_fd);
	free(vm);
}

/* qemu.h - one QEMU process, and what ties it to us
 *
 * Everything it reads and writes it inherits as an open descriptor: there is no
 * socket file, no temporary file, and it dies with us (PR_SET_PDEATHSIG).
 */
#ifndef TWLAB_VM_QEMU_H
#define TWLAB_VM_QEMU_H

#include "harness/vm/kernel.h"
#include "harness/vm/qmp.h"

#define QEMU_PROGRAM "qemu-system-x86_64"

/* What one QEMU is started with. Descriptors stay the caller's; those of QEMU's
 * ends are not used by us. -1 where there is none.
 */
struct qemu_setup {
	const struct kernel *kernel;
	unsigned int mem_mb;
	int initramfs_fd;	/* read at boot only */
	int ram_fd;		/* holds the guest's RAM */
	bool restored;		/* RAM is a snapshot's: read it, never write it */
	bool in_turns;		/* restored: the guest and the clock take turns (qemu.c) */
	int job_fd;		/* what the guest finds in fw_cfg */
	int take_fd;		/* memsave's target */
	int state_fd;		/* the devices' state, to be restored from */
	const char *snapshot;	/* restored: the digest of what from, which the guest finds in fw_cfg */
};

struct qemu {
	pid_t pid;
	struct qmp *qmp;
	int console_fd;		/* pipes from it, non-blocking: what the kernel prints, */
	int protocol_fd;		/* and what PID 1 says */
};

/* Where the program is, to be freed; NULL (ENOTSUP) with the package to install. */
char *qemu_find(struct err *err);

/* What a snapshot depends on besides its contents: the QEMU program (path, size,
 * time of change) and its arguments, as one text to be freed. NULL on failure.
 */
char *qemu_identity(const struct kernel *kernel, unsigned int mem_mb, struct err *err);

int qemu_start(struct qemu *qemu, const struct qemu_setup *setup, struct err *err);

/* Did it end, as what it @said tells, for it cannot count so far? It can if it is
 * not started .in_turns.
 */
bool qemu_miscounted(const char *said);

/* Kill it if it runs, wait for it, close what ties it to us. */
void qemu_stop(struct qemu *qemu);

/* Its peak resident memory in kB (VmHWM); 0 when it is gone. */
long qemu_rss_kb(const struct qemu *qemu);

/* How long the processors have worked for it; 0 when it is gone. */
int64_t qemu_cpu_ns(const struct qemu *qemu);

#endif

/* lifecycle.h - the inside of a guest, and how far it has come
 *
 * Shared by vm.c, which starts and ends guests, and lifecycle.c, which talks with
 * them; nobody else looks in here.
 */
#ifndef TWLAB_VM_LIFECYCLE_H
#define TWLAB_VM_LIFECYCLE_H

#include "harness/vm/migration.h"
#include <twlab/digest.h>
#include "harness/vm/image.h"
#include "harness/vm/qemu.h"
#include "harness/vm/snapshot.h"
#include "harness/vm/protocol.h"
#include "harness/vm/vm.h"

struct vm {
	const struct stage *stage;
	int asked;			/* the id of the stage's command, 0 before */
	struct image *image;
	struct qemu qemu;
	struct protocol protocol;
	struct tail console;

	int initramfs_fd, ram_fd, job_fd, take_fd;
	char snapshot[DIGEST_LEN + 1];	/* what it is restored from; "" where it boots */
	struct migration state;

	/* What has happened. */
	bool restoring, hello, paused, migrated, rebuilt;
	bool serial;			/* boots with its job: never restored */
	bool sent;			/* all of the result, over the serial port */
	char *gave_up;			/* PID 1 says why */
	unsigned long long at;		/* the result in the guest's memory */
	size_t len;

	void (*output)(void *arg, int fd, const void *data, size_t len);
	void *arg;
	int64_t started_ns, limit_ns, hello_limit_ns;	/* CLOCK_MONOTONIC */
	int64_t clock_ns;
	char progress[256];
	struct vm_result result;
};

/* What to ask of QEMU (NULL: nothing; else an id), and whether the stage is over
 * when it has answered (NULL: it is).
 */
struct stage {
	const char *what;
	int (*ask)(struct vm *vm, struct err *err);
	bool (*over)(const struct vm *vm);
};

/* Booting a guest to make a snapshot of it, running a job in a restored one, and in
 * one that boots for it.
 */
extern const struct stage lifecycle_saving[], lifecycle_running[], lifecycle_serial[];

/* Take in what QEMU, PID 1 and the console have said. */
int lifecycle_receive(struct vm *vm, struct err *err);

/* Go through the stages that are over. 1 at the end, 0 when there is one to wait
 * for.
 */
int lifecycle_advance(struct vm *vm, struct err *err);

#endif

/* migration.h - the state of a guest's devices, through a pipe to or from QEMU */
#ifndef TWLAB_VM_MIGRATION_H
#define TWLAB_VM_MIGRATION_H

#include <twlab/err.h>

struct migration {
	bool sending;		/* to QEMU; else from it */
	int fd;			/* our end, non-blocking; -1 when all has passed */
	int theirs;		/* QEMU's end, until it was handed over */
	char *data;		/* owned */
	size_t len, sent;
};

/* Make the pipe. When @sending, @data is what will be sent, and is owned now. */
int migration_open(struct migration *state, bool sending, void *data, size_t len,
		   struct err *err);

/* Move what can be moved without waiting. */
int migration_step(struct migration *state, struct err *err);
void migration_close(struct migration *state);

#endif

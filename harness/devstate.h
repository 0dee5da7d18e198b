/* devstate.h - the state of a guest's devices, through a pipe to or from QEMU */
#ifndef TWLAB_DEVSTATE_H
#define TWLAB_DEVSTATE_H

#include "lib/err.h"

struct devstate {
	bool sending;		/* to QEMU; else from it */
	int fd;			/* our end, non-blocking; -1 when all has passed */
	int theirs;		/* QEMU's end, until it was handed over */
	char *data;		/* owned */
	size_t len, sent;
};

/* Make the pipe. When @sending, @data is what will be sent, and is owned now. */
int devstate_open(struct devstate *state, bool sending, void *data, size_t len,
		  struct err *err);

/* Move what can be moved without waiting. */
int devstate_step(struct devstate *state, struct err *err);
void devstate_close(struct devstate *state);

#endif

/* migration.c - the state of a guest's devices, through a pipe to or from QEMU */
#include "harness/vm/migration.h"

#include <errno.h>
#include <fcntl.h>

#define LEN_MAX	(8 << 20)	/* some 50 kB is what was seen */
#define CHUNK	65536

int migration_open(struct migration *state, bool sending, void *data, size_t len,
		   struct err *err)
{
	int ends[2];

	*state = (struct migration){ sending, -1, -1, data, len, 0 };
	if (pipe2(ends, O_CLOEXEC))
		return err_set(err, errno, "cannot make a pipe");
	state->fd = ends[sending];
	state->theirs = ends[!sending];
	fcntl(state->fd, F_SETFL, O_NONBLOCK);
	return 0;
}

/* A pipe holds less than a large state: what does not fit now is sent later. */
static int move_some(struct migration *state)
{
	ssize_t n;

	if (state->sending) {
		if (state->sent == state->len)
			return 0;
		n = write(state->fd, state->data + state->sent, state->len - state->sent);
		state->sent += n > 0 ? (size_t)n : 0;
	} else {
		state->data = must_realloc(state->data, state->len + CHUNK, 1);
		n = read(state->fd, state->data + state->len, CHUNK);
		state->len += n > 0 ? (size_t)n : 0;
	}
	return (int)n;
}

int migration_step(struct migration *state, struct err *err)
{
	int n = 1;

	while (state->fd >= 0 && n > 0) {
		n = move_some(state);
		if (n < 0 && errno != EAGAIN)
			return err_set(err, errno, "cannot pass the devices' state");
		if (state->len > LEN_MAX)
			return err_set(err, 0, "the devices' state is larger than %d MB",
				       LEN_MAX >> 20);
		if (n == 0) {
			close(state->fd);
			state->fd = -1;
		}
	}
	return 0;
}

void migration_close(struct migration *state)
{
	if (state->fd >= 0)
		close(state->fd);
	if (state->theirs >= 0)
		close(state->theirs);
	free(state->data);
	*state = (struct migration){ .fd = -1, .theirs = -1 };
}

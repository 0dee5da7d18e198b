/* run_state.c - a run while it goes on */
#include "harness/run/run_state.h"

#include <errno.h>
#include <sys/epoll.h>

int run_state_watch(struct run_state *run, int fd, enum source source, unsigned int index)
{
	struct epoll_event event = { .events = source == FROM_SANDBOX ? EPOLLPRI : EPOLLIN,
				     .data.u64 = (uint64_t)source << 32 | index };

	if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, fd, &event))
		return err_set(run->err, errno, "cannot watch a descriptor");
	return 0;
}

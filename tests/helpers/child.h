/* child.h - a process that another one started, and how far it has come */
#ifndef TWLAB_TESTS_CHILD_H
#define TWLAB_TESTS_CHILD_H

#include "tests/helpers/test.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

/* The first process that @pid has started, or 0. */
static inline pid_t child_of(pid_t pid)
{
	auto_free char *path = must_printf("/proc/%d/task/%d/children", (int)pid, (int)pid);
	auto_fclose FILE *file = fopen(path, "re");
	int child = 0;

	return file && fscanf(file, "%d", &child) == 1 ? child : 0;
}

/* Wait until @pid, a child of ours, has one itself that has used @ms of processor time: so far it has
 * come, however busy the machine. Returns that, or 0 when @pid has ended.
 */
static inline pid_t child_at(pid_t pid, int ms)
{
	siginfo_t ended = { 0 };

	while (!waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT) && !ended.si_pid) {
		pid_t child = child_of(pid);
		struct timespec used;
		clockid_t clock;

		if (child && !clock_getcpuclockid(child, &clock) && !clock_gettime(clock, &used) &&
		    used.tv_sec * 1000 + used.tv_nsec / 1000000 >= ms)
			return child;
		usleep(2000);
	}
	return 0;
}

#endif

/* clock.c - what time it is */
#include <twlab/clock.h>

#include <errno.h>

int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_wait_round(int seconds)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at = (struct timespec){ .tv_sec = (at.tv_sec / seconds + 1) * seconds };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
	return at.tv_sec * NS_PER_S;
}

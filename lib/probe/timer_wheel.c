/* timer_wheel.c - at which instants a timer of the kernel can run out */
#include <twlab/timer_wheel.h>

#include <time.h>

#define LEVELS 9			/* kernel/time/timer.c, LVL_DEPTH */
#define CLOCK_TICK_NS (NS_PER_S / 100)	/* of times(2): USER_HZ is 100, whatever HZ is */

int64_t timer_wheel_tick_ns(void)
{
	struct timespec jiffy;

	/* the coarse clocks advance once a jiffy */
	return clock_getres(CLOCK_MONOTONIC_COARSE, &jiffy) || jiffy.tv_sec ? 0 : jiffy.tv_nsec;
}

void timer_wheel_look(struct timer_wheel *timer_wheel, uint64_t clock_ticks, int64_t now_ns)
{
	/* Both are rounded down: so much of a clock tick and of a jiffy may be over. */
	int64_t by = now_ns - (int64_t)clock_ticks * CLOCK_TICK_NS;
	int64_t after = by - CLOCK_TICK_NS - timer_wheel->tick_ns;

	if (timer_wheel->by_ns == timer_wheel->after_ns || by <= timer_wheel->after_ns || after >= timer_wheel->by_ns) {
		timer_wheel->after_ns = after;	/* the first, or somebody has set the clock */
		timer_wheel->by_ns = by;
		return;
	}
	if (after > timer_wheel->after_ns)
		timer_wheel->after_ns = after;
	if (by < timer_wheel->by_ns)
		timer_wheel->by_ns = by;
}

/* The number of whole @size in @ns, which may be negative. */
static int64_t whole(int64_t ns, int64_t size)
{
	return ns / size - (ns % size < 0);
}

int64_t timer_wheel_next(const struct timer_wheel *timer_wheel, int64_t due_ns, int64_t now_ns)
{
	int64_t next = INT64_MAX, each = timer_wheel->tick_ns;

	for (int level = 0; each && level < LEVELS; level++, each *= 8) {
		/* The bucket is the first behind the timer's jiffy, which we know to within one. */
		int64_t first = whole(due_ns - timer_wheel->tick_ns - timer_wheel->by_ns, each) + 1;
		int64_t last = whole(due_ns + timer_wheel->tick_ns - timer_wheel->after_ns, each) + 1;
		int64_t bucket = whole(now_ns - timer_wheel->by_ns, each) + 1;

		if (bucket < first)
			bucket = first;
		if (bucket <= last && timer_wheel->by_ns + bucket * each < next)
			next = timer_wheel->by_ns + bucket * each;
	}
	return next;
}

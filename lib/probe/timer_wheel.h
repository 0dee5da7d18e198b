/* timer_wheel.h - at which instants a timer of the kernel can run out
 *
 * Since Linux 4.8 (500462a9de65, "timers: Switch to a non-cascading wheel") a timer
 * waits together with others, the longer it has to go, the more of them: on level n
 * for the first multiple of 8^n jiffies after its time. A TIME_WAIT of 60 s is on
 * level 3 with HZ=250, and up to 2.048 s late. sock_diag tells the time of a timer,
 * but neither its level nor the jiffies: those are known by times(2), which counts
 * them in hundredths of a second.
 *
 * All instants are ns on one clock, which the caller chooses.
 */
#ifndef TWLAB_TIMER_WHEEL_H
#define TWLAB_TIMER_WHEEL_H

#include <twlab/base.h>

struct timer_wheel {
	int64_t tick_ns;		/* a jiffy: timer_wheel_tick_ns() */
	int64_t after_ns, by_ns;	/* jiffy 0 began behind the one, and not behind the other; equal = no look yet */
};

/* How long a jiffy is here: 1 s / HZ. 0 when the kernel does not tell. */
int64_t timer_wheel_tick_ns(void);

/* times(2) returned @clock_ticks at @now_ns. Each look tells more of where jiffy 0 was. */
void timer_wheel_look(struct timer_wheel *timer_wheel, uint64_t clock_ticks, int64_t now_ns);

/* The first instant after @now_ns by which a timer may have run out that was to do so at
 * @due_ns, which may be wrong by a jiffy. When it has not run out then, ask again.
 * INT64_MAX: that cannot be told.
 */
int64_t timer_wheel_next(const struct timer_wheel *timer_wheel, int64_t due_ns, int64_t now_ns);

#endif

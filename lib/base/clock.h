/* clock.h - what time it is */
#ifndef TWLAB_CLOCK_H
#define TWLAB_CLOCK_H

#include <time.h>

#include <twlab/base.h>

/* In ns: of CLOCK_MONOTONIC for how long something takes, of CLOCK_REALTIME for what
 * goes on record (since the epoch). clock_gettime(2).
 */
int64_t clock_ns(clockid_t clock);

/* Sleep until CLOCK_MONOTONIC is at a multiple of @seconds, the next one. Returns it. */
int64_t clock_wait_round(int seconds);

#endif

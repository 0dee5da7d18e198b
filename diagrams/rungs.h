/* rungs.h - how far down the page each moment stands
 *
 * Time runs downwards, in order but not to scale: a packet takes 10 µs and
 * TIME_WAIT takes 60 s, and both must be seen. Each moment is a rung; rungs keep
 * their order, and as much distance as what is written there needs. Where much
 * time passes, a gap says how much.
 */
#ifndef TWLAB_RUNGS_H
#define TWLAB_RUNGS_H

#include <twlab/base.h>

#define RUNGS_GAP_NS (50 * NS_PER_MS)	/* longer than this without a moment is a gap */

struct rungs;

struct rungs_gap {
	double y;		/* its middle */
	int64_t ns;
};

struct rungs *rungs_new(void);

/* A moment, with room for what stands @above and @below its line. Returns its number. */
unsigned int rungs_add(struct rungs *rungs, int64_t at_ns, double above, double below);

/* Keep @after at least @distance below @before. Ignored if @after is the earlier one. */
void rungs_apart(struct rungs *rungs, unsigned int before, unsigned int after, double distance);

/* Place them all, the first at @top; then, if that takes less than @fill, spread
 * them to fill it (to 1.5 times at most). Returns where the last one stands.
 */
double rungs_place(struct rungs *rungs, double top, double fill);

double rungs_y(const struct rungs *rungs, unsigned int rung);
int64_t rungs_at(const struct rungs *rungs, unsigned int rung);
const struct rungs_gap *rungs_gaps(const struct rungs *rungs, unsigned int *n);
void rungs_free(struct rungs *rungs);

#endif

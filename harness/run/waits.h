/* waits.h - what a step waits for, in words
 *
 *	until dut is in TIME_WAIT					as the record has it
 *	waited 600 s for dut to be in TIME_WAIT; it had ESTABLISHED	when it did not come
 */
#ifndef TWLAB_RUN_WAITS_H
#define TWLAB_RUN_WAITS_H

#include "labs/plan/plan.h"

struct wait {
	enum step_do act;
	const char *on, *what;	/* of the step; either may be NULL */
	bool nat;		/* .on is a NAT: its entries are meant, not sockets */
	int ms;			/* how long it was waited for */
	const char *found;	/* what there was instead: a clause, without its full stop; "" = nothing to say */
};

/* The caller frees them. A DO_SLEEP does not fail. */
char *wait_words(const struct wait *wait);
char *wait_failed(const struct wait *wait);

#endif

/* guests.h - several guests, so many at a time, from the first to the last
 *
 * The one loop that drives guests; what they are for is their starter's business.
 */
#ifndef TWLAB_BATCH_GUESTS_H
#define TWLAB_BATCH_GUESTS_H

#include <signal.h>

#include "harness/vm/vm.h"

struct guests {
	unsigned int n;			/* how many there are to be */
	unsigned int parallel;		/* at a time */

	/* Start guest @number (from 0, in their order). NULL and @err when it cannot be. */
	struct vm *(*start)(void *arg, unsigned int number, struct err *err);

	/* Guest @number has ended: well (@failed is NULL, vm_result() may be asked), or not. @vm is NULL
	 * where it could not be started; it is freed afterwards.
	 */
	void (*ended)(void *arg, unsigned int number, struct vm *vm, const struct err *failed);

	/* A few times a second: the @n guests, NULL where one does not run. May be NULL. */
	void (*look)(void *arg, struct vm *const *vms);

	const volatile sig_atomic_t *stop;	/* end them all when it is set; may be NULL */
	void *arg;
};

/* Returns when all have ended, or were stopped: of these ended() is not told. */
void guests_run(const struct guests *guests);

#endif

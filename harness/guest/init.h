/* init.h - PID 1 of a guest */
#ifndef TWLAB_GUEST_INIT_H
#define TWLAB_GUEST_INIT_H

/* Set the guest up, run its job, hand back what came of it. Never returns. */
_Noreturn void init_main(void);

#endif

/* modules_load.h - load the kernel modules that the host put into the guest */
#ifndef TWLAB_GUEST_MODULES_LOAD_H
#define TWLAB_GUEST_MODULES_LOAD_H

/* Load them all, in their order. Those that fail are said on the host's channel. */
void modules_load(void);

#endif

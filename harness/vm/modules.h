/* modules.h - the kernel modules that a guest gets, and in which order */
#ifndef TWLAB_VM_MODULES_H
#define TWLAB_VM_MODULES_H

#include "harness/util/files.h"

/* Add the modules that the kit uses, from the folder @dir of a kernel, with what
 * they depend on, as GUEST_MODULES/000-NAME.ko: in the order to load them in. What
 * a kernel lacks (or has built in) is passed over: the guest says what it cannot
 * do when a lab asks for it. Their @signatures are left off if they need not be on.
 */
int modules_add(struct files *files, const char *dir, bool signatures, struct err *err);

#endif

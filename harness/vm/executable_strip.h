/* executable_strip.h - a program without what its build left in it */
#ifndef TWLAB_VM_EXECUTABLE_STRIP_H
#define TWLAB_VM_EXECUTABLE_STRIP_H

#include "harness/vm/vm.h"

/* What a guest is made of has to be the same wherever the same source was built. If @file is
 * a program (ELF, 64 bits), take out of it what follows from the folder it was built in and
 * from what was asked for beside: all that is not loaded (debug information, symbols, the table
 * of sections), and the build's id, which is a digest of these.
 */
void executable_strip(struct file *file);

#endif

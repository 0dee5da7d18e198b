/* toolchain.h - a C compiler for the inside of a guest
 *
 * What students hand in is compiled where it runs: a compiler reads what it is
 * told to (#include "/etc/shadow", linker scripts), and can be made to work
 * without end. tcc is small enough to be in every guest: with the headers
 * below and the C library's parts, under 2 MB.
 */
#ifndef TWLAB_VM_TOOLCHAIN_H
#define TWLAB_VM_TOOLCHAIN_H

#include "harness/vm/executable.h"

/* Add this machine's tcc and all that it needs to compile and link programs for
 * the C library. tcc is asked once, and the list kept in the cache. -ENOENT when
 * there is no tcc.
 */
int toolchain_paths(struct paths *paths, struct err *err);

#endif

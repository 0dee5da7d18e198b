/* cache.h - the folder where kernels and snapshots wait for the next run
 *
 * $XDG_CACHE_HOME/twlab, or ~/.cache/twlab.
 */
#ifndef TWLAB_VM_CACHE_H
#define TWLAB_VM_CACHE_H

#include <twlab/err.h>

/* The path of something in the cache ("kernels/%s"), to be freed. */
char *cache_path(const char *fmt, ...) PRINTF(1, 2);

#endif

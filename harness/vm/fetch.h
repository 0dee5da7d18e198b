/* fetch.h - kernels from Debian's archive, without installing any */
#ifndef TWLAB_VM_FETCH_H
#define TWLAB_VM_FETCH_H

#include <twlab/err.h>

/* Fetch kernel @name ("6.1") into the cache by apt-get, from the mirror that this
 * machine's own sources name, checked with Debian's keyring. Needs no root, and
 * touches neither apt's configuration nor its lists. One that is there already is
 * not fetched again. @report is told what is being waited for. -ENOENT for a name
 * that is not known, -ENOTSUP where there is no apt.
 */
int fetch_kernel(const char *name, void (*report)(const char *what), struct err *err);

/* Put the kernel of the .deb package @file into the cache, as @name. Its release, to
 * be freed, in @release. -EINVAL for one that holds no kernel.
 */
int fetch_package(const char *file, const char *name, char **release, struct err *err);

#endif

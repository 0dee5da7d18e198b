/* kconfig.h - what a kernel was built with, read out of its bzImage */
#ifndef TWLAB_VM_KCONFIG_H
#define TWLAB_VM_KCONFIG_H

#include <twlab/err.h>

/* The configuration that the bzImage @image holds if it was built with
 * CONFIG_IKCONFIG=y (what /proc/config.gz shows), as text to be freed. -ENOENT where
 * it holds none, or none that can be got at.
 */
int kconfig_read(const void *image, size_t len, char **text, struct err *err);

#endif

/* initramfs.h - the file system that a guest boots into
 *
 *	/init, /twlab/twlab	twlab itself, with the libraries it needs
 *	/twlab/labs/NN-name/	the labs' programs
 *	/twlab/modules/		the kernel's modules, in the order to load them in
 *	/etc			who root is, and localhost
 */
#ifndef TWLAB_INITRAMFS_H
#define TWLAB_INITRAMFS_H

#include "files.h"
#include "kernel.h"

/* All files of the initramfs for @kernel. */
int initramfs_files(const struct kernel *kernel, struct files *files, struct err *err);

#endif

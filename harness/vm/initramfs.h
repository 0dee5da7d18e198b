/* initramfs.h - the file system that a guest boots into
 *
 *	/init, /twlab/twlab	twlab itself, with the libraries it needs
 *	/twlab/labs/NN-name/	the labs' programs
 *	/usr/bin/tcc		a compiler with its headers (toolchain.h), if this machine has it
 *	/twlab/modules/		the kernel's modules, in the order to load them in
 *	/etc			who root is, and localhost
 */
#ifndef TWLAB_VM_INITRAMFS_H
#define TWLAB_VM_INITRAMFS_H

#include "harness/vm/kernel.h"
#include "harness/vm/executable.h"

/* Which files of this machine go where: to.item[i] from from.item[i]. */
struct initramfs {
	struct paths to, from;
};

/* Work out what goes in (but for the kernel's modules). */
int initramfs_plan(struct initramfs *plan, struct err *err);
void initramfs_free(struct initramfs *plan);

/* What it would be built from: each file with its size and time of change, as
 * one text to be freed.
 */
char *initramfs_identity(const struct initramfs *plan);

/* Build it for @kernel: a memory file's descriptor. */
int initramfs_build(const struct initramfs *plan, const struct kernel *kernel,
		    struct err *err);

/* Put the job of @job_fd into the initramfs @fd, for a guest on a serial port. */
int initramfs_add_job(int fd, int job_fd, struct err *err);

#endif

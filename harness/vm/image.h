/* image.h - a kernel ready to run: its initramfs, and the name of its snapshot */
#ifndef TWLAB_VM_IMAGE_H
#define TWLAB_VM_IMAGE_H

#include "harness/vm/initramfs.h"

struct image {
	char *asked;		/* the name it was asked for by, "" for the default */
	struct kernel kernel;
	unsigned int mem_mb;
	struct initramfs plan;
	char *key;		/* names the snapshot: a digest of all it depends on */
	bool out_of_turn;	/* its guests cannot be started .in_turns (qemu.h) */
	struct image *next;
};

/* The image for kernel @name (NULL: the default) with @mem_mb (0: the default) of
 * memory. Made once a process, and kept.
 */
struct image *image_get(const char *name, unsigned int mem_mb, struct err *err);

/* Forget the images of kernel @name: it has changed. No guest of it may be there. */
void image_forget(const char *name);

#endif

/* machine.h - the machines that a kernel can be run on
 *
 * All in virtual time, with the same few devices. Which one a kernel wants is
 * found out when it is added: the first on which it boots.
 *
 * Each is there twice. A guest gets its job and hands its result back over I/O ports;
 * where the kernel does not let PID 1 have them, a serial port and the initramfs do.
 * That is slower: such a guest boots for each job.
 */
#ifndef TWLAB_VM_MACHINE_H
#define TWLAB_VM_MACHINE_H

#include <twlab/err.h>

struct machine {
	const char *name;	/* "microvm" */
	const char *type;	/* for -M */
	int shift;		/* an instruction takes 2^shift ns */
	const char *words;	/* on the kernel's command line */
	const char *is;		/* in words */
	bool serial;		/* no I/O ports: the job in the initramfs, the rest over ttyS1 */
};

/* All of them, in the order to try them in; ends in a row of zeros. */
extern const struct machine machines[];

/* By name; NULL if there is none. The first for NULL. */
const struct machine *machine_find(const char *name);

#endif

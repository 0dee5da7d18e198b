/* port.h - how the guest talks to QEMU: x86 I/O ports, from user space
 *
 * No driver, no module, no interrupt: a few instructions, each done before the
 * next begins, so that nothing arrives at an instant that the host decides.
 *	0x505		pvpanic: stops the virtual machine at this instruction
 *	0x510, 0x511	fw_cfg: files that the host hands in
 *	0xe9		debugcon: bytes to the host
 */
#ifndef TWLAB_PORT_H
#define TWLAB_PORT_H

#include "lib/err.h"

#define PORT_JOB "opt/twlab/job"	/* the job's name in fw_cfg */

/* Allow this process these ports (root only). */
int port_open(struct err *err);

/* Give them back: what a process is started from may not have them. */
void port_close(void);

/* Stop here until the host says "cont". */
void port_pause(void);

/* Send bytes, or one line, to the host. */
void port_send(const void *data, size_t len);
void port_say(const char *fmt, ...) PRINTF(1, 2);

/* Read the fw_cfg file @name, to be freed. -ENOENT when there is none. */
int port_read(const char *name, void **data, size_t *len, struct err *err);

#endif

/* transport.h - how the guest talks to QEMU: x86 I/O ports, from user space, or a serial port
 *
 * Usually no driver, no module, no interrupt: a few instructions, each done before the
 * next begins, so that nothing arrives at an instant that the host decides.
 *	0x505		pvpanic: stops the virtual machine at this instruction
 *	0x510, 0x511	fw_cfg: files that the host hands in, by the byte
 *	0x514 to 0x51b	or by the page
 *	0xe9		debugcon: bytes to the host
 *
 * A kernel may not let PID 1 have them (built without ioperm(2), or lockdown=). Then
 * the host boots it with the job in the initramfs, where PID 1 finds it, and a second
 * serial port takes the bytes. There is no way to stop: a pause is the end.
 */
#ifndef TWLAB_GUEST_TRANSPORT_H
#define TWLAB_GUEST_TRANSPORT_H

#include <twlab/err.h>

#define TRANSPORT_JOB "opt/twlab/job"	/* the job's name in fw_cfg */
#define TRANSPORT_SNAPSHOT "opt/twlab/snapshot"	/* the digest of what the guest was restored from */

#define TRANSPORT_JOB_FILE "/twlab/job"	/* the job in the initramfs: the serial port is meant */
#define TRANSPORT_SERIAL "/dev/ttyS1"

/* What a kernel says on its console that does not give PID 1 the ports. */
#define TRANSPORT_REFUSED "cannot use I/O ports"

/* Allow this process these ports (root only), or open the serial port. */
int transport_open(struct err *err);

/* Is it the serial port? */
bool transport_is_serial(void);

/* Give them back: what a process is started from may not have them. */
void transport_close(void);

/* Have a page ready through which files are read a page at a time. Without it they
 * are read a byte at a time. Wants /proc.
 */
void transport_prepare(void);

/* Stop here until the host says "cont"; on the serial port, end the kernel. */
void transport_pause(void);

/* Send bytes, or one line, to the host. */
void transport_send(const void *data, size_t len);
void transport_print(const char *fmt, ...) PRINTF(1, 2);

/* Hand @data over: memory that the host takes at the next pause, or sent in blocks,
 * with its length and its digest at the end.
 */
void transport_result(const void *data, size_t len);

/* Read the fw_cfg file @name (on the serial port, PORT_JOB_FILE), to be freed. -ENOENT when there is none. */
int transport_read(const char *name, void **data, size_t *len, struct err *err);

#endif

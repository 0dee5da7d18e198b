/* pcapng.h - packets.pcapng: the one file that Wireshark opens
 *
 * Layout (draft-ietf-opsawg-pcapng): one section header, one interface block
 * per node interface (if_name "client/eth0", nanoseconds), names for addresses,
 * then the frames by time, each with its direction (epb_flags), its
 * epb_packetid and, where there is something to say, comments.
 */
#ifndef TWLAB_PCAPNG_H
#define TWLAB_PCAPNG_H

#include <twlab/trace.h>
#include <twlab/pcapng_read.h>

#pragma GCC visibility push(default)	/* public */

struct pcapng_about {
	const char *userappl;	/* "twlab 1.0" */
	const char *os;		/* the kernel */
	const char *comment;	/* what was run, in words */
	const char *const *names;	/* "10.0.0.1 client", ..., NULL-terminated; may be NULL */
	int64_t start_ns;	/* CLOCK_REALTIME of the trace's zero */
};

int pcapng_write(const char *path, const struct trace *trace, const struct pcapng_about *about, struct err *err);

#pragma GCC visibility pop

#endif

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

struct pcapng_about {
	const char *userappl;	/* "twlab 1.0" */
	const char *os;		/* the kernel */
	const char *comment;	/* what was run, in words */
	const char *const *names;	/* "10.0.0.1 client", ..., NULL-terminated; may be NULL */
	int64_t start_ns;	/* CLOCK_REALTIME of the trace's zero */
};

int pcapng_write(const char *path, const struct trace *trace, const struct pcapng_about *about, struct err *err);

/* Read @path, of either byte order, into a new trace. It comes followed
 * (trace_follow()); ids and comments that stand in the file take the place of
 * those that were found. @start_ns is what the stamps are made relative to, and
 * trace.end_ns is @end_ns.
 * Blocks of unknown kinds are skipped. Refuses, naming the byte, what is cut
 * short or broken: block lengths that disagree, an interface that was not
 * declared, a captured length beyond the block, ... Returns NULL then.
 *
 * An interface whose if_description is neither of the two that pcapng_write()
 * writes is taken for a host's if it is its node's only one.
 */
struct trace *pcapng_read(const char *path, int64_t start_ns, int64_t end_ns, struct err *err);

/* The same into @trace, which has nothing yet but sends (trace_add_send()). Returns it; on
 * failure NULL, and it is gone.
 */
struct trace *pcapng_read_into(struct trace *trace, const char *path, int64_t start_ns, int64_t end_ns,
			       struct err *err);

#endif

/* pcapng_read.h - read packets.pcapng, or a capture of that form */
#ifndef TWLAB_PCAPNG_READ_H
#define TWLAB_PCAPNG_READ_H

#include <twlab/trace.h>

#pragma GCC visibility push(default)	/* public */

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

#pragma GCC visibility pop

#endif

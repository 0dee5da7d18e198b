/* capture.h - every frame that a node sends or gets (packet(7))
 *
 * One packet socket per node sees all its devices: what leaves is seen after
 * the device's qdisc (what netem dropped is not there), what comes in before
 * anything else looks at it. A VLAN tag that the kernel keeps beside the frame is
 * put back into it, so that it stands as on a cable.
 */
#ifndef TWLAB_CAPTURE_H
#define TWLAB_CAPTURE_H

#include <twlab/err.h>

#pragma GCC visibility push(default)	/* public */

struct capture_frame {
	int64_t at_ns;		/* CLOCK_REALTIME, by the kernel */
	int ifindex;
	bool out;
	const uint8_t *data;	/* valid until the next call */
	uint32_t len;
};

/* Open one in the namespace @ns. Returns a nonblocking fd, or negative. */
int capture_open(int ns, struct err *err);

/* The next frame: 1, or 0 when there is none now, or negative. */
int capture_next(int fd, struct capture_frame *frame, struct err *err);

/* Frames that came faster than they were read, since the last call. */
unsigned int capture_missed(int fd);

#pragma GCC visibility pop

#endif

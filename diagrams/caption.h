/* caption.h - what stands on the arrow of a segment */
#ifndef TWLAB_CAPTION_H
#define TWLAB_CAPTION_H

#include "diagrams/scene.h"
#include <twlab/icmp.h>

struct caption {
	char *bold;	/* "FIN,ACK again" */
	char *plain;	/* "  seq 7 ack 8", "  seq 7 ack 8 – second FIN" */
};

/* Flags, numbers and what @segment is in the story: as much as fits into @room. With
 * @stamps a SYN's timestamp is among the numbers.
 */
struct caption caption_of(const struct segment *segment, bool stamps, double room);

/* "ICMP" and its name: it quotes what it is about, so no numbers. */
struct caption caption_of_icmp(const struct icmp_error *icmp);
double caption_width(const struct caption *caption);
void caption_free(struct caption *caption);

#endif

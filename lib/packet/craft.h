/* craft.h - a segment that no program would send, from a few words
 *
 *	SYN from=10.0.0.1:40001 to=10.0.0.2:8080 seq=+1 ts=-1
 *
 * First its kind: SYN, FIN, RST, ACK or DATA. Then, in any order:
 *
 *	from=, to=	its ends (needed). Their last connection is what the numbers are relative to:
 *	seq=+N, -N	sequence number, from the next one that "from" would send (default +0)
 *	ack=+N, -N	acknowledgement, from what "to" would send next (default +0; SYN and RST have none if it is not given)
 *	ts=+N, -N	TSval, from the last one that "from" sent, as its peer saw it (a clock of the node's own is in it);
 *			TSecr is the last that "to" sent, 0 in a SYN (default: no timestamp)
 *	data=TEXT	payload, without spaces (DATA)
 *
 * Numbers that stand alone (seq=1000) are taken as they are.
 */
#ifndef TWLAB_CRAFT_H
#define TWLAB_CRAFT_H

#include <twlab/packet.h>

#pragma GCC visibility push(default)	/* public */

struct craft_number {
	bool given, relative;
	uint32_t value;
};

struct craft_end {		/* what one end has sent in their last connection */
	bool sent, stamped;
	uint32_t next;		/* sequence number after all of it */
	uint32_t tsval;
};

struct craft {
	struct packet_spec spec;	/* complete after craft_finish() */
	struct craft_number seq, ack, ts;
	struct craft_end from, to;
	char *words;			/* spec.data points into it */
};

/* Read @what. On failure says what is wrong with it. Free with craft_free(),
 * after failure too.
 */
int craft_read(const char *what, struct craft *craft, struct err *err);

/* A segment has passed the node that is to send: all of them, in order. */
void craft_see(struct craft *craft, const struct tcp_view *tcp);

/* All has been seen: fill in the numbers. Refuses to count from what nobody sent. */
int craft_finish(struct craft *craft, struct err *err);
void craft_free(struct craft *craft);

#pragma GCC visibility pop

#endif

/* protocol.h - take apart what a guest says on debugcon, and keep its console
 *
 * The words are in init.h. A program in the guest may be root there and write
 * anything: nothing said is believed further than its form.
 */
#ifndef TWLAB_VM_PROTOCOL_H
#define TWLAB_VM_PROTOCOL_H

#include <twlab/err.h>

/* What has arrived and was not taken yet. { 0 } is an empty one. */
struct protocol {
	char *buf;
	size_t len, taken;
	int out_fd;		/* of the output block under way */
	size_t out_left;
};

/* One thing said: a line ("say 12 text": word "say", rest "12 text"), or a piece
 * of the program's output (word NULL). Good until the next talk_ call.
 */
struct message {
	const char *word, *rest;
	int fd;
	const char *data;
	size_t len;
};

void protocol_add(struct protocol *protocol, const void *data, size_t len);

/* The next thing said: 1, or 0 when there is none yet. */
int protocol_next(struct protocol *protocol, struct message *message);
void protocol_free(struct protocol *protocol);

/* Text of which the beginning and the end are kept, whatever its length. */
struct tail {
	char *text;		/* NUL-terminated; NULL when nothing came */
	size_t len;
	bool cut;		/* the middle is gone */
};

#define TAIL_KEEP (64 << 10)	/* bytes at each end */

void tail_add(struct tail *tail, const void *data, size_t len);

/* The last line in it that has @what in it (NULL: any that is not empty), without
 * the kernel's time stamp; to be freed, NULL when there is none.
 */
char *tail_line(const struct tail *tail, const char *what);

#endif

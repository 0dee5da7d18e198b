/* protocol.h - what the host and PID 1 of a guest say to each other, and the host's reader of it
 *
 * Host to guest: one bundle (PROTOCOL_JOB): {"argv": [...], "seed": "12345"} and
 *	work/...	files for the folder that the program runs in
 *	root/...	files for anywhere else, where nothing is yet
 * and, where it was restored from a snapshot, that one's digest (PROTOCOL_SNAPSHOT).
 *
 * Guest to host: lines on debugcon, or on a serial port (transport.h).
 *	ready RELEASE			before the snapshot; then it pauses
 *	hello				the first thing after it
 *	say NS TEXT			progress; NS since the program began
 *	out FD LEN			LEN bytes of the program's output follow
 *	note TEXT			worth keeping, nothing to stop for
 *	result ADDRESS LEN		memory to take: a bundle with what was in out/;
 *					then it pauses
 *	failed TEXT			PID 1 cannot go on; then it pauses
 *
 * On a serial port there is no "ready", a pause is the end, and in place of "result":
 *	out 3 LEN			LEN bytes of the bundle follow
 *	sent LEN SHA256			that was all of it
 *
 * A program in the guest may be root there and write
 * anything: nothing said is believed further than its form.
 */
#ifndef TWLAB_VM_PROTOCOL_H
#define TWLAB_VM_PROTOCOL_H

#include <twlab/err.h>

#define PROTOCOL_JOB		"opt/twlab/job"	/* the job's name in fw_cfg */
#define PROTOCOL_SNAPSHOT	"opt/twlab/snapshot"	/* the digest of what the guest was restored from */
#define PROTOCOL_JOB_FILE	"/twlab/job"	/* the job in the initramfs: the serial port is meant */

/* What a kernel says on its console that does not give PID 1 the I/O ports. */
#define PROTOCOL_REFUSED	"cannot use I/O ports"

#define PROTOCOL_RESULT_FD	3		/* of "out": no output, but the result */
#define PROTOCOL_OUT_MAX	(48 << 20)	/* bytes of out/ that a guest may hand back */
#define PROTOCOL_FILES_MAX	4096		/* files in it */
#define PROTOCOL_PRINT_MAX	(4 << 20)	/* bytes of stdout and stderr that are passed on */

/* The program finds in its environment: TWLAB_GUEST=1; in TWLAB_SAY_FD a
 * descriptor: a line written there becomes the run's progress on the host; and in
 * TWLAB_SNAPSHOT the digest of the snapshot, if there was one.
 */

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

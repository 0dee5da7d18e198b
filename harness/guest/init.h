/* init.h - what PID 1 and the host say to each other
 *
 * Host to guest: one bundle (PORT_JOB): {"argv": [...], "seed": "12345"} and
 *	work/...	files for the folder that the program runs in
 *	root/...	files for anywhere else, where nothing is yet
 * and, where it was restored from a snapshot, that one's digest (PORT_SNAPSHOT).
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
 */
#ifndef TWLAB_GUEST_INIT_H
#define TWLAB_GUEST_INIT_H

#include <twlab/err.h>

#define GUEST_TWLAB	"/twlab/twlab"	/* twlab itself, for a job's argv */
#define GUEST_RESULT_FD	3	/* of "out": no output, but the result */
#define GUEST_OUT_MAX	(48 << 20)	/* bytes of out/ that a guest may hand back */
#define GUEST_FILES_MAX	4096		/* files in it */
#define GUEST_PRINT_MAX	(4 << 20)	/* bytes of stdout and stderr that are passed on */

/* The program finds in its environment: TWLAB_GUEST=1; in TWLAB_SAY_FD a
 * descriptor: a line written there becomes the run's progress on the host; and in
 * TWLAB_SNAPSHOT the digest of the snapshot, if there was one.
 */

/* The result as a bundle in memory, made without a copy: the files of the folder
 * @dir, with {"status", "virtual_ns", "release"}.
 */
int result_pack(const char *dir, int status, int64_t virtual_ns, void **region,
	       size_t *len, struct err *err);

#endif

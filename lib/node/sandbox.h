/* sandbox.h - where a program runs that nobody here has written
 *
 * An own user, an own root with nothing in it but libraries, what was put there
 * and a small /tmp, no descriptor but its three, and a cgroup that bounds and
 * ends everything that comes of it. No /proc, no /sys, no other process' files.
 * Needs root, and a kernel with cgroup2: it is for the inside of a guest.
 */
#ifndef TWLAB_SANDBOX_H
#define TWLAB_SANDBOX_H

#include <twlab/err.h>

struct sandbox;

struct sandbox_limits {
	int cpu_ms;		/* of processor time, all its processes together */
	int memory_mb;
	int processes;
	int file_kb;		/* a file's size */
};

/* What a student's program gets by. */
extern const struct sandbox_limits sandbox_usual;

/* Build one at the folder @dir, which is made. NULL and @err; -ENOTSUP when this
 * kernel cannot. Free with sandbox_close(), which ends all that runs in it.
 */
struct sandbox *sandbox_open(const char *dir, const struct sandbox_limits *limits, struct err *err);
void sandbox_close(struct sandbox *sandbox);

/* Put a file in it ("bin/server"), which its inhabitants can read, or execute,
 * but not change.
 */
int sandbox_put(struct sandbox *sandbox, const char *path, unsigned int mode, const void *data, size_t len,
		struct err *err);

/* Take a file out of its /tmp, at most @max bytes: only a plain one that an
 * inhabitant has made there. To be freed.
 */
int sandbox_take(struct sandbox *sandbox, const char *name, size_t max, void **data, size_t *len, struct err *err);

/* Move the calling process in, for good: to be followed by execve with the environment
 * sandbox_env. 0, or -1 and errno. Changes nothing in memory: see proc_start().
 */
int sandbox_enter(const struct sandbox *sandbox);
extern char *const sandbox_env[];

/* Has it gone over a limit? NULL, or a sentence: "it took more than 1000 ms of
 * processor time". Whoever asks ends it then.
 */
const char *sandbox_trouble(struct sandbox *sandbox);

/* Descriptors that poll(2) finds POLLPRI when there may be trouble with memory or processes;
 * sandbox_trouble() settles that. -1 behind the last.
 */
int sandbox_event(const struct sandbox *sandbox, unsigned int n);

/* End every process in it. It can be used again. */
void sandbox_kill(struct sandbox *sandbox);

#endif

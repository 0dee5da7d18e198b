/* snapshot.h - a guest at one instant: one file of the cache
 *
 *	the RAM, as the guest sees it (sparse)
 *	the devices' state, as QEMU wrote it
 *	512 bytes of JSON: the lengths of both, a digest of the second, one of all
 *
 * A restored guest maps the file copy on write, so guests share what they do not
 * change, and the file may be deleted under them.
 */
#ifndef TWLAB_VM_SNAPSHOT_H
#define TWLAB_VM_SNAPSHOT_H

#include <twlab/digest.h>
#include <twlab/err.h>

struct snapshot {
	int fd;			/* the file: RAM from offset 0 */
	void *state;
	size_t state_len;
	char digest[DIGEST_LEN + 1];	/* of the guest: see snapshot_write() */
};

/* Open the snapshot @key of @kernel. -ENOENT when there is none; one that is not
 * whole is thrown away, and then there is none.
 */
int snapshot_open(const char *kernel, const char *key, unsigned int mem_mb,
		  struct snapshot *snapshot, struct err *err);
void snapshot_close(struct snapshot *snapshot);

/* Keep @ram_fd (@mem_mb of RAM) and @state as that snapshot, and forget the ones
 * of this kernel that were not used for longest.
 *
 * Guests are alike, to the last bit, whose snapshots have one digest. It is made once,
 * here: SHA-256 of each page of RAM (4096 bytes) that is not all zero, in order, its
 * offset (8 bytes, big endian) before it; then of @state.
 */
int snapshot_write(const char *kernel, const char *key, unsigned int mem_mb, int ram_fd,
		   const void *state, size_t state_len, struct err *err);

/* Throw it away: a guest restored from it does not live. */
void snapshot_drop(const char *kernel, const char *key);

/* Wait for the right to make one: several processes may want the same. Returns a
 * descriptor; closing it lets go.
 */
int snapshot_lock(const char *kernel, struct err *err);

#endif

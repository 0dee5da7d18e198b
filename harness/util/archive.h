/* archive.h - sets of files in memory, in and out of libarchive
 *
 * The initramfs and a guest's job are "newc" cpio archives: what the kernel
 * itself reads, and equal bytes for equal files (no times, no owners).
 */
#ifndef TWLAB_UTIL_ARCHIVE_H
#define TWLAB_UTIL_ARCHIVE_H

#include "harness/util/files.h"

/* Pack @files, in order, parents before what is in them, into one archive. */
int archive_pack(const struct files *files, void **data, size_t *len, struct err *err);

/* The same as a .tar.gz, for people. */
int archive_pack_tar(const struct files *files, void **data, size_t *len, struct err *err);

/* Of one file in what follows: more than any kernel or module. What unpacks to more is refused. */
#define ARCHIVE_FILE_MAX (256UL << 20)

/* Unpack what archive_pack() made, or any archive that libarchive reads. */
int archive_unpack(const void *data, size_t len, struct files *files, struct err *err);

/* The same as a .zip. */
int archive_pack_zip(const struct files *files, void **data, size_t *len, struct err *err);

/* How much of a stranger's archive is looked at. */
struct archive_limit {
	size_t entries;		/* in it */
	size_t all;		/* bytes that it unpacks to */
	size_t file;		/* bytes of one file that are kept, and one more: who sees it knows that there are more */
};

/* Add those files of a stranger's zip or tar (also .gz, .bz2, .xz, .zst) whose names @want says
 * yes to. One that is no plain file, a link or a device, is added as a folder. Refused with a
 * sentence that goes on from the archive's name: what is no archive, or broken, or goes
 * over @limit, or holds a path that leads out of it.
 */
int archive_pick(const void *data, size_t len, const struct archive_limit *limit, bool (*want)(const char *name),
		 struct files *files, struct err *err);

/* What the compressed file @data holds (gzip, xz, zstd); as it is if it is not
 * compressed. To be freed.
 */
int archive_inflate(const void *data, size_t len, void **out, size_t *out_len,
		    struct err *err);

#endif

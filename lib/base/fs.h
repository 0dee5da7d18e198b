/* fs.h - files and folders
 *
 * A file that is written here appears whole or not at all, whatever kills its
 * writer: it has no name until it is complete.
 */
#ifndef TWLAB_FS_H
#define TWLAB_FS_H

#include <fts.h>
#include <stdio.h>
#include <sys/stat.h>

#include <twlab/err.h>

/* Make the folder @path and those above it, those that are missing with @mode (fs_mkdir: 0777)
 * less the umask.
 */
int fs_mkdir(const char *path, struct err *err);
int fs_mkdir_mode(const char *path, mode_t mode, struct err *err);

/* A file to be written: its folder is made, its fd returned. It has no name yet.
 * fs_commit() gives it the name @path (replacing what had it) when all of it
 * is on disk (fsync(2)); closing the fd instead forgets it.
 */
int fs_create(const char *path, struct err *err);
int fs_commit(int fd, const char *path, struct err *err);

/* Write all of @data to @fd. */
int fs_write_all(int fd, const void *data, size_t len, struct err *err);

/* All of the above at once: the file @path is @data. */
int fs_write_file(const char *path, const void *data, size_t len, struct err *err);

/* Open the plain file @path for reading. Nothing else is opened: a pipe that others put there would be
 * waited for, and a device has no end. NULL and errno then (EISDIR, EINVAL).
 */
FILE *fs_open(const char *path);

/* The whole file in memory, with a NUL behind it (to be freed). */
int fs_read(const char *path, void **data, size_t *len, struct err *err);

/* Take the lock @path (a file that stays): waits, unless @try, which returns
 * -EWOULDBLOCK. Returns an fd; closing it lets go.
 */
int fs_lock(const char *path, bool try, struct err *err);

/* All that is in the folder @dir and below it, by name, as fts_read(3) gives it; links are not
 * followed. NULL and @err when there is no such folder.
 */
FTS *fs_walk(const char *dir, struct err *err);
#define auto_walk __attribute__((cleanup(fs_walk_end)))
void fs_walk_end(FTS **walk);

/* Where @path lies: "." for one without a '/'. To be freed. */
char *fs_folder(const char *path);

/* Remove the folder @path and all in it. What is not there is fine. */
void fs_remove(const char *path);

#endif

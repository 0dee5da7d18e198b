/* files.h - a set of files in memory: a job, what came back, an initramfs */
#ifndef TWLAB_UTIL_FILES_H
#define TWLAB_UTIL_FILES_H

#include <twlab/err.h>

/* One file of a job or of what came back. @data is owned by whoever owns the list. */
struct file {
	char *path;		/* relative, no "..", '/' between parts */
	unsigned int mode;	/* permission bits */
	void *data;
	size_t len;
};

/* A growing list of files; { 0 } is an empty one. Owns all it holds. */
struct files {
	struct file *item;
	size_t n;
};

/* Add a file; @data is copied. @mode are permission bits, or S_IFDIR with them,
 * or S_IFLNK (@data is then the target).
 */
void files_add(struct files *files, const char *path, unsigned int mode,
	       const void *data, size_t len);

/* Add the host's file @from as @path, with its permission bits. */
int files_add_from(struct files *files, const char *path, const char *from,
		   struct err *err);

/* Is there a file @path in it? */
bool files_have(const struct files *files, const char *path);

void files_free(struct files *files);
#define auto_files __attribute__((cleanup(files_free)))

/* May @path be written below a folder: relative, without ".." or empty parts? */
bool files_path_is_safe(const char *path);

/* Write @files below the folder @dir, which is made. */
int files_write(const struct file *files, size_t n, const char *dir, struct err *err);

/* The same of those alone whose path begins with @below ("evidence/"), and without that.
 * Returns how many there are; where there is none, @dir is not made.
 */
int files_write_below(const struct file *files, size_t n, const char *below, const char *dir, struct err *err);

#endif

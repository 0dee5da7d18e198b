/* dir.h - a folder of a test's own, which goes with it */
#ifndef TWLAB_TESTS_DIR_H
#define TWLAB_TESTS_DIR_H

#include <twlab/fs.h>
#include "harness/util/files.h"

static char dir[] = "/tmp/twlab-test-XXXXXX";

static inline int dir_make(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static inline int dir_remove(void **state)
{
	(void)state;
	fs_remove(dir);
	return 0;
}

/* A file in it, and the folders above that. */
static inline void dir_put(const char *path, const void *data, size_t len)
{
	const struct file file = { (char *)(uintptr_t)path, 0644, (void *)(uintptr_t)data, len };
	struct err err = { 0 };

	if (files_write(&file, 1, dir, &err))
		fail_msg("%s", err.text);
}

static inline void dir_put_text(const char *path, const char *text)
{
	dir_put(path, text, strlen(text));
}

#endif

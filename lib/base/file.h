/* file.h - files that others may have put there */
#ifndef TWLAB_FILE_H
#define TWLAB_FILE_H

#include <twlab/base.h>

/* Open the plain file @path for reading. Nothing else is opened: a pipe would be waited
 * for, and a device has no end. NULL and errno then (EISDIR, EINVAL).
 */
FILE *file_open(const char *path);

#endif

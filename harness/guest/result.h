/* result.h - what a job left, as one piece of memory for the host to take */
#ifndef TWLAB_GUEST_RESULT_H
#define TWLAB_GUEST_RESULT_H

#include <twlab/err.h>

/* The result as a bundle in memory, made without a copy: the files of the folder
 * @dir, with {"status", "virtual_ns", "release"}.
 */
int result_pack(const char *dir, int status, int64_t virtual_ns, void **region,
		size_t *len, struct err *err);

#endif

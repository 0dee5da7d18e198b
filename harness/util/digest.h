/* digest.h - SHA-256 */
#ifndef TWLAB_UTIL_DIGEST_H
#define TWLAB_UTIL_DIGEST_H

#include <twlab/base.h>

/* SHA-256 in hex, to be freed. */
char *digest_hex(const void *data, size_t len);

#endif

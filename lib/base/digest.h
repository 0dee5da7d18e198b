/* digest.h - SHA-256, in hex */
#ifndef TWLAB_DIGEST_H
#define TWLAB_DIGEST_H

#include <twlab/err.h>

#define DIGEST_LEN 64		/* characters of one */

/* Of @len bytes of @data. To be freed. */
char *digest_of(const void *data, size_t len);

/* Of what was put into @sha, piece by piece (nettle/sha2.h). */
struct sha256_ctx;
void digest_end(struct sha256_ctx *sha, char hex[DIGEST_LEN + 1]);

/* Of the file @path, which is no link: in @hex, with how many bytes it has in *@bytes. */
int digest_of_file(const char *path, char hex[DIGEST_LEN + 1], int64_t *bytes, struct err *err);

#endif

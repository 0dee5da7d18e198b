/* digest.c - SHA-256 */
#include "harness/util/digest.h"

#include <nettle/base16.h>
#include <nettle/sha2.h>

char *digest_hex(const void *data, size_t len)
{
	char hex[BASE16_ENCODE_LENGTH(SHA256_DIGEST_SIZE) + 1] = "";
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, len, data);
	sha256_digest(&sha, sizeof(digest), digest);
	base16_encode_update(hex, sizeof(digest), digest);
	return must_strdup(hex);
}

/* digest.c - SHA-256, in hex */
#include <twlab/digest.h>

#include <errno.h>
#include <fcntl.h>
#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <sys/stat.h>

static_assert(BASE16_ENCODE_LENGTH(SHA256_DIGEST_SIZE) == DIGEST_LEN, "SHA-256 has another length");

void digest_end(struct sha256_ctx *sha, char hex[DIGEST_LEN + 1])
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_digest(sha, sizeof(digest), digest);
	base16_encode_update(hex, sizeof(digest), digest);
	hex[DIGEST_LEN] = '\0';
}

char *digest_of(const void *data, size_t len)
{
	char *hex = must_calloc(DIGEST_LEN + 1, 1);
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, len, data);
	digest_end(&sha, hex);
	return hex;
}

int digest_of_file(const char *path, char hex[DIGEST_LEN + 1], int64_t *bytes, struct err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	uint8_t block[1 << 16];
	struct sha256_ctx sha;
	struct stat st;
	ssize_t n;

	*bytes = 0;
	if (fd < 0 || fstat(fd, &st))
		return err_set(err, errno, "cannot read %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, 0, "%s is no regular file", path);
	sha256_init(&sha);
	while ((n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, errno, "cannot read %s", path);
		sha256_update(&sha, (size_t)n, block);
		*bytes += n;
	}
	digest_end(&sha, hex);
	return 0;
}

/* kconfig.c - what a kernel was built with, read out of its bzImage
 *
 * A bzImage is a small loader and the compressed kernel (Documentation/arch/x86/
 * boot.rst: payload_offset). The kernel has its configuration between two marks,
 * compressed by itself (kernel/configs.c).
 */
#include "harness/vm/kconfig.h"

#include <errno.h>

#include "harness/util/archive.h"

#define SETUP_SECTS_AT	  0x1f1	/* 0 means 4; and the boot sector */
#define MAGIC_AT	  0x202
#define PROTOCOL_AT	  0x206	/* 2.08 and later tell where the payload is */
#define PAYLOAD_OFFSET_AT 0x248
#define PAYLOAD_LENGTH_AT 0x24c

static const char first[] = "IKCFG_ST", last[] = "IKCFG_ED";

static uint32_t number(const unsigned char *at, size_t bytes)
{
	uint32_t value = 0;

	for (size_t i = bytes; i-- > 0; )
		value = value << 8 | at[i];
	return value;
}

/* Where the compressed kernel is in @image: its length, 0 if it does not say. */
static size_t payload_of(const unsigned char *image, size_t len, const unsigned char **payload)
{
	size_t sectors, from, size;

	if (len < 0x260 || memcmp(image + MAGIC_AT, "HdrS", 4) || number(image + PROTOCOL_AT, 2) < 0x208)
		return 0;
	sectors = image[SETUP_SECTS_AT] ? image[SETUP_SECTS_AT] : 4;
	from = (sectors + 1) * 512 + number(image + PAYLOAD_OFFSET_AT, 4);
	size = number(image + PAYLOAD_LENGTH_AT, 4);
	if (from > len || size > len - from)
		return 0;
	*payload = image + from;
	return size;
}

/* Behind most formats (not gzip) stand 4 bytes more: how long it is unpacked. */
static int unpack(const unsigned char *payload, size_t len, void **kernel, size_t *kernel_len, struct err *err)
{
	if (!archive_inflate(payload, len, kernel, kernel_len, NULL))
		return 0;
	return len > 4 ? archive_inflate(payload, len - 4, kernel, kernel_len, err) :
		err_set(err, 0, "cannot unpack the kernel");
}

static int none(struct err *err, const char *why)
{
	err_set(err, 0, "%s", why);
	return err_as(err, ENOENT);
}

int kconfig_read(const void *image, size_t len, char **text, struct err *err)
{
	const unsigned char *payload;
	size_t size = payload_of(image, len, &payload), kernel_len, text_len;
	auto_free void *kernel = NULL;
	char *begin, *end;

	if (!size)
		return none(err, "this bzImage does not tell where its kernel is");
	if (unpack(payload, size, &kernel, &kernel_len, err))
		return none(err, "this bzImage's kernel cannot be unpacked");
	begin = memmem(kernel, kernel_len, first, sizeof(first) - 1);
	end = begin ? memmem(begin, kernel_len - (size_t)(begin - (char *)kernel), last, sizeof(last) - 1) : NULL;
	if (!end)
		return none(err, "this kernel does not hold its configuration");
	begin += sizeof(first) - 1;
	if (archive_inflate(begin, (size_t)(end - begin), (void **)text, &text_len, err))
		return none(err, "this kernel's configuration cannot be unpacked");
	*text = must_realloc(*text, text_len + 1, 1);
	(*text)[text_len] = '\0';
	return 0;
}

/* image.c - a kernel ready to run: its initramfs, and the name of its snapshot */
#include "image.h"

#include <errno.h>
#include <sys/mman.h>

#include "archive.h"
#include "cache.h"
#include "initramfs.h"
#include "qemu.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SHADOW_MEMORY
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_SHADOW_MEMORY
#endif

#ifdef WITH_SHADOW_MEMORY
#define MEM_MB 512		/* the sanitizer's shadow is in the guest's memory too */
#else
#define MEM_MB 192
#endif

static struct image *images;

static int make_initramfs(struct image *image, char **digest, struct err *err)
{
	auto_files struct files files = { 0 };
	auto_free void *data = NULL;
	size_t len;

	if (initramfs_files(&image->kernel, &files, err) ||
	    archive_pack(&files, &data, &len, err))
		return err_in(err, "cannot make the initramfs");
	image->initramfs_fd = memfd_create("initramfs", MFD_CLOEXEC);
	if (image->initramfs_fd < 0)
		return err_set(err, errno, "cannot make the initramfs");
	*digest = kernel_digest(data, len);
	return cache_write(image->initramfs_fd, data, len, err);
}

static int make(struct image *image, const char *name, struct err *err)
{
	auto_free char *identity = NULL, *digest = NULL, *all = NULL, *key = NULL;

	if (kernel_find(name, &image->kernel, err) || make_initramfs(image, &digest, err))
		return -err->code;
	identity = qemu_identity(&image->kernel, image->mem_mb, err);
	if (!identity)
		return -err->code;
	all = must_printf("%s\n%s\n%s\n", identity, image->kernel.digest, digest);
	key = kernel_digest(all, strlen(all));
	image->key = must_printf("%.32s", key);
	return 0;
}

struct image *image_get(const char *name, unsigned int mem_mb, struct err *err)
{
	struct image *image;

	if (!mem_mb)
		mem_mb = MEM_MB;
	if (!name)
		name = "";	/* the default: asked for by no name */
	for (image = images; image; image = image->next)
		if (image->mem_mb == mem_mb && !strcmp(image->asked, name))
			return image;
	image = must_calloc(1, sizeof(*image));
	image->mem_mb = mem_mb;
	image->initramfs_fd = -1;
	if (make(image, *name ? name : NULL, err)) {
		kernel_free(&image->kernel);
		if (image->initramfs_fd >= 0)
			close(image->initramfs_fd);
		free(image);
		return NULL;
	}
	image->asked = must_strdup(name);
	image->next = images;
	images = image;
	return image;
}

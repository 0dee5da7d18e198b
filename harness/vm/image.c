/* image.c - a kernel ready to run: its initramfs, and the name of its snapshot */
#include "harness/vm/image.h"

#include <sys/stat.h>

#include <twlab/digest.h>
#include "harness/vm/qemu.h"

#define MEM_MB 512		/* 200 hosts; a sanitizer's shadow is in the guest's memory too */

static struct image *images;

static int make(struct image *image, const char *name, struct err *err)
{
	auto_free char *qemu = NULL, *initramfs = NULL, *modules = NULL;
	auto_free char *all = NULL, *key = NULL;
	struct stat st;

	if (kernel_find(name, &image->kernel, err) || initramfs_plan(&image->plan, err))
		return err_code(err);
	qemu = qemu_identity(&image->kernel, image->mem_mb, err);
	if (!qemu)
		return err_code(err);
	initramfs = initramfs_identity(&image->plan);
	if (image->kernel.modules && !stat(image->kernel.modules, &st))
		modules = must_printf("%lld.%09ld", (long long)st.st_mtim.tv_sec,
				      st.st_mtim.tv_nsec);
	else
		modules = must_strdup("none");
	all = must_printf("%s\n%s\n%s\n%s\n", qemu, image->kernel.digest, modules, initramfs);
	key = digest_of(all, strlen(all));
	image->key = must_printf("%.32s", key);
	return 0;
}

static void image_free(struct image *image)
{
	kernel_free(&image->kernel);
	initramfs_free(&image->plan);
	free(image->asked);
	free(image->key);
	free(image);
}

void image_forget(const char *name)
{
	for (struct image **at = &images; *at; ) {
		struct image *image = *at;

		if (strcmp(image->asked, name)) {
			at = &image->next;
			continue;
		}
		*at = image->next;
		image_free(image);
	}
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
	if (make(image, *name ? name : NULL, err)) {
		image_free(image);
		return NULL;
	}
	image->asked = must_strdup(name);
	image->next = images;
	images = image;
	return image;
}

/* modules_load.c - load the kernel modules that the host put into the guest */
#include "harness/guest/modules_load.h"

#include <dirent.h>
#include <errno.h>
#include <libkmod.h>
#include <string.h>
#include <unistd.h>

#include "harness/guest/transport.h"
#include "harness/util/guest.h"

/* Without these a module makes devices nobody asked for. */
static const struct {
	const char *name, *options;
} tamed[] = {
	{ "dummy", "numdummies=0" },
	{ "ifb", "numifbs=0" },
};

/* @file is "000-NAME.ko". */
static const char *options_of(const char *file)
{
	const char *name = strchr(file, '-') + 1;

	for (size_t i = 0; i < ARRAY_SIZE(tamed); i++)
		if (!strncmp(name, tamed[i].name, strlen(tamed[i].name)) &&
		    name[strlen(tamed[i].name)] == '.')
			return tamed[i].options;
	return NULL;
}

static int not_dot(const struct dirent *entry)
{
	return *entry->d_name != '.' && strchr(entry->d_name, '-');
}

void modules_load(void)
{
	static const char *const no_config = NULL;
	struct kmod_ctx *kmod = kmod_new("/" GUEST_MODULES, &no_config);
	struct dirent **list;
	int n = scandir("/" GUEST_MODULES, &list, not_dot, alphasort);

	for (int i = 0; i < n; i++) {
		auto_free char *path = must_printf("/" GUEST_MODULES "/%s", list[i]->d_name);
		struct kmod_module *module = NULL;
		int ret = kmod_module_new_from_path(kmod, path, &module);

		if (ret >= 0)
			ret = kmod_module_insert_module(module, 0, options_of(list[i]->d_name));
		if (ret < 0 && ret != -EEXIST)
			transport_print("note cannot load %s: %s", list[i]->d_name, strerror(-ret));
		kmod_module_unref(module);
		unlink(path);	/* its memory is the guest's */
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	kmod_unref(kmod);
}

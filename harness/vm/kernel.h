/* kernel.h - the kernels that a guest can run: a folder of the cache each
 *
 *	kernels/NAME/vmlinuz	 a bzImage
 *	kernels/NAME/modules/	 its modules for networks, NAME.ko[.xz], if it has any
 *	kernels/NAME/config	 what it was built with, if known
 *	kernels/NAME/about.json	 release, digest, where it is from, the machine and words it wants
 *	kernels/NAME/traits.json what it can do (traits.h)
 *
 * A name that begins with a dot is of one that is not yet known to boot.
 */
#ifndef TWLAB_VM_KERNEL_H
#define TWLAB_VM_KERNEL_H

#include "harness/vm/machine.h"

#define KERNEL_DEFAULT "6.1"	/* Debian 12's: the newest whose package is one file */

struct kernel {
	char *name;
	char *image;		/* path of the bzImage */
	char *modules;		/* path of the folder with modules, NULL without */
	char *release;		/* "6.1.0-56-cloud-amd64" */
	char *digest;		/* SHA-256 of the image, in hex */
	char *words;		/* for the end of its command line, NULL without */
	const struct machine *machine;
};

/* Find kernel @name, or the default (KERNEL_DEFAULT if it is there, else the
 * newest) for NULL. -ENOENT when there is none, with what to do about it.
 */
int kernel_find(const char *name, struct kernel *kernel, struct err *err);
void kernel_free(struct kernel *kernel);
#define auto_kernel __attribute__((cleanup(kernel_free)))

/* Is @kernel's image still the one that was stored? It takes a tenth of a second, so this is
 * asked before a boot, not before each run: a snapshot does without the image. Says in @err what to do.
 */
int kernel_whole(const struct kernel *kernel, struct err *err);

/* Does what is known of @kernel's configuration have the line @line? (NULL: is anything
 * known of it?)
 */
bool kernel_configured(const struct kernel *kernel, const char *line);

/* All of them, sorted by release, oldest first: an array to be freed, each
 * with kernel_free(). Returns how many.
 */
size_t kernel_list(struct kernel **kernels);

/* The names in @text ("6.1", "5.10,sid", or "all": those in the cache, oldest
 * release first): an array to be freed, each too. Returns how many, or -ENOENT with
 * @err for one that is not there.
 */
int kernel_names(const char *text, char ***names, struct err *err);

/* Put a bzImage into the cache as @name, with the modules below @modules (the
 * folder that holds kernel/, or NULL) and the @config file (or NULL: what the image itself holds, if it does). @from says
 * where it came from. Refuses what is no x86 kernel, and modules of another one.
 */
int kernel_store(const char *name, const char *image, const char *modules,
		 const char *config, const char *from, struct err *err);

/* Remember that kernel @name wants @machine, and @words (or NULL) on its command line. */
int kernel_wants(const char *name, const struct machine *machine, const char *words,
		 struct err *err);

/* Give the kernel @from the name @to, in place of the one that had it. */
int kernel_rename(const char *from, const char *to, struct err *err);

/* Forget kernel @name, and its snapshots. */
void kernel_forget(const char *name);

/* The release in a bzImage's header ("6.1.0-56-cloud-amd64"), to be freed.
 * Documentation/arch/x86/boot.rst: "HdrS" at 0x202, kernel_version at 0x20e.
 */
int kernel_release(const void *image, size_t len, char **release, struct err *err);

#endif

/* modules.c - the kernel modules that a guest gets, and in which order
 *
 * Debian's packages hold no modules.dep (depmod makes it on installation), so
 * the order is worked out here, from what each module says it depends on.
 */
#include "modules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <libkmod.h>

#include "archive.h"
#include "cache.h"
#include "port.h"

static const char *const wanted[] = {
	/* links */
	"veth", "dummy", "tun", "bridge", "ifb",
	/* wires: delay, loss, duplicates, and choosing a direction */
	"sch_netem", "sch_ingress", "sch_tbf", "cls_matchall", "cls_u32",
	"act_mirred", "act_gact",
	/* nft: NAT, queues, what student rule sets use */
	"nf_tables", "nft_chain_nat", "nft_nat", "nft_masq", "nft_redir", "nft_ct",
	"nft_queue", "nft_limit", "nft_log", "nft_reject", "nft_reject_inet",
	"nft_reject_ipv4", "nft_numgen", "nft_hash", "nft_counter", "nft_compat",
	"nfnetlink_queue", "nf_conntrack_netlink",
	/* socket states */
	"tcp_diag", "udp_diag", "raw_diag", "unix_diag", "af_packet_diag",
	/* built in everywhere seen, a module where somebody made it one */
	"af_packet", "ipv6",
};

/* A module's file among those of the kernel. */
struct module {
	char *name;		/* as modprobe writes it: with '_' */
	char *path;
	bool added;
};

struct pool {
	struct module *item;
	size_t n;
	size_t added;
	struct kmod_ctx *kmod;
};

static char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = must_strdup(slash ? slash + 1 : path);

	name[strcspn(name, ".")] = '\0';
	for (char *at = name; *at; at++)
		if (*at == '-')
			*at = '_';
	return name;
}

static void pool_read(struct pool *pool, const char *dir)
{
	char *const roots[] = { (char *)dir, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	while (fts && (entry = fts_read(fts))) {
		if (entry->fts_info != FTS_F || !strstr(entry->fts_name, ".ko"))
			continue;
		*(struct module *)grow(&pool->item, pool->n++, sizeof(*pool->item)) =
			(struct module){ name_of(entry->fts_name), must_strdup(entry->fts_path), false };
	}
	if (fts)
		fts_close(fts);
}

static void pool_free(struct pool *pool)
{
	for (size_t i = 0; i < pool->n; i++) {
		free(pool->item[i].name);
		free(pool->item[i].path);
	}
	free(pool->item);
	kmod_unref(pool->kmod);
}

/* "nf_conntrack,nf_nat" out of the module's own description. */
static char *depends_of(struct kmod_ctx *kmod, const char *path)
{
	struct kmod_module *module;
	struct kmod_list *info = NULL, *at;
	char *depends = NULL;

	if (kmod_module_new_from_path(kmod, path, &module) < 0)
		return must_strdup("");
	if (kmod_module_get_info(module, &info) >= 0)
		kmod_list_foreach(at, info)
			if (!strcmp(kmod_module_info_get_key(at), "depends") && !depends)
				depends = must_strdup(kmod_module_info_get_value(at));
	kmod_module_info_free_list(info);
	kmod_module_unref(module);
	return depends ? depends : must_strdup("");
}

static int add_file(struct pool *pool, const struct module *module,
		    struct files *files, struct err *err)
{
	auto_free char *path = must_printf(MODULES_DIR "/%03zu-%s.ko",
					   pool->added++, module->name);
	auto_free void *packed = NULL, *data = NULL;
	size_t packed_len, len;

	/* Not every libkmod in a guest, nor every kernel, knows xz and zstd. */
	if (cache_read(module->path, &packed, &packed_len, err))
		return -err->code;
	if (archive_inflate(packed, packed_len, &data, &len, err))
		return err_in(err, module->path);
	files_add(files, path, 0644, data, len);
	return 0;
}

static int add(struct pool *pool, const char *name, struct files *files, struct err *err)
{
	for (size_t i = 0; i < pool->n; i++) {
		struct module *module = &pool->item[i];
		auto_free char *depends = NULL;

		if (module->added || strcmp(module->name, name))
			continue;
		module->added = true;
		depends = depends_of(pool->kmod, module->path);
		for (char *save, *one = strtok_r(depends, ",", &save); one;
		     one = strtok_r(NULL, ",", &save))
			if (add(pool, one, files, err))
				return -err->code;
		return add_file(pool, module, files, err);
	}
	return 0;
}

int modules_add(struct files *files, const char *dir, struct err *err)
{
	static const char *const no_config = NULL;
	struct pool pool = { .kmod = kmod_new(dir, &no_config) };
	int ret = 0;

	pool_read(&pool, dir);
	for (size_t i = 0; !ret && i < ARRAY_SIZE(wanted); i++)
		ret = add(&pool, wanted[i], files, err);
	pool_free(&pool);
	return ret;
}

static int not_dot(const struct dirent *entry)
{
	return *entry->d_name != '.';
}

void modules_load(void)
{
	static const char *const no_config = NULL;
	struct kmod_ctx *kmod = kmod_new("/" MODULES_DIR, &no_config);
	struct dirent **list;
	int n = scandir("/" MODULES_DIR, &list, not_dot, alphasort);

	for (int i = 0; i < n; i++) {
		auto_free char *path = must_printf("/" MODULES_DIR "/%s", list[i]->d_name);
		struct kmod_module *module = NULL;
		int ret = kmod_module_new_from_path(kmod, path, &module);

		if (ret >= 0)
			ret = kmod_module_insert_module(module, 0, NULL);
		if (ret < 0 && ret != -EEXIST)
			port_say("note cannot load %s: %s", list[i]->d_name, strerror(-ret));
		kmod_module_unref(module);
		unlink(path);	/* its memory is the guest's */
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	kmod_unref(kmod);
}

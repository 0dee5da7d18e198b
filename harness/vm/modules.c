/* modules.c - the kernel modules that a guest gets, and in which order
 *
 * Debian's packages hold no modules.dep (depmod makes it on installation), so
 * the order is worked out here, from what each module says it depends on.
 */
#include "harness/vm/modules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>

#include "harness/util/archive.h"
#include <twlab/fs.h>
#include "harness/util/guest.h"

static const char *const wanted[] = {
	/* links */
	"veth", "dummy", "tun", "bridge", "ifb",
	/* wires: delay, loss, duplicates, and choosing a direction */
	"sch_netem", "sch_ingress", "sch_tbf", "cls_matchall", "cls_u32",
	"act_mirred", "act_gact",
	/* nft: NAT, queues, what student rule sets use */
	"nf_tables", "nft_chain_nat", "nft_nat", "nft_masq", "nft_redir", "nft_ct",
	"nft_queue", "nft_limit", "nft_log", "nft_reject", "nft_reject_inet",
	"nft_reject_ipv4", "nft_reject_ipv6", "nft_numgen", "nft_hash", "nft_counter", "nft_compat",
	"nfnetlink_queue", "nf_conntrack_netlink",
	/* what the same was called, or was apart, before 4.18 or 5.2 */
	"nf_tables_ipv4", "nf_tables_inet", "nf_conntrack_ipv4", "nft_chain_nat_ipv4",
	"nf_tables_ipv6", "nf_conntrack_ipv6", "nft_chain_nat_ipv6", "nft_masq_ipv6",
	"nft_masq_ipv4", "nft_redir_ipv4", "nft_meta", "nft_exthdr",
	/* socket states */
	"tcp_diag", "udp_diag", "raw_diag", "unix_diag", "af_packet_diag",
	/* built in everywhere seen, a module where somebody made it one */
	"af_packet", "ipv6",
};

static const char *const endings[] = { ".ko", ".ko.xz", ".ko.zst", ".ko.gz" };

/* Where modules are taken from and put to. */
struct move {
	const char *dir;
	bool signatures;	/* stay on */
	struct kmod_ctx *kmod;
	struct files *files;
	size_t n;
};

/* The file of module @name, to be freed, or NULL. */
static char *path_of(const char *dir, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		auto_free char *path = must_printf("%s/%s%s", dir, name, endings[i]);

		if (!access(path, F_OK))
			return steal_ptr(&path);
	}
	return NULL;
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

static bool is_added(const struct move *move, const char *name)
{
	auto_free char *end = must_printf("-%s.ko", name);

	for (size_t i = 0; i < move->files->n; i++) {
		const char *path = move->files->item[i].path;

		if (!strncmp(path, GUEST_MODULES, strlen(GUEST_MODULES)) &&
		    !strcmp(path + strlen(GUEST_MODULES "/000"), end))
			return true;
	}
	return false;
}

/* The length of @module without the signature behind it (scripts/sign-file.c). To
 * look at it takes a kernel ten times as long as all else that it does to load a
 * module, and only one that insists on it wants it.
 */
static size_t unsigned_len(const void *module, size_t len)
{
	static const char magic[] = "~Module signature appended~\n";
	const size_t info_len = 12;	/* its last 4 bytes: the signature's length, big endian */
	const size_t tail = info_len + sizeof(magic) - 1;
	const unsigned char *at = module;
	size_t signature;

	if (len < tail || memcmp(at + len - sizeof(magic) + 1, magic, sizeof(magic) - 1))
		return len;
	at += len - sizeof(magic) + 1 - 4;
	signature = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
	return signature > len - tail ? len : len - tail - signature;
}

static int add_file(struct move *move, const char *name, const char *from, struct err *err)
{
	auto_free char *path = must_printf(GUEST_MODULES "/%03zu-%s.ko", move->n++, name);
	auto_free void *packed = NULL, *data = NULL;
	size_t packed_len, len;

	/* Not every libkmod in a guest, nor every kernel, knows xz and zstd. */
	if (fs_read(from, &packed, &packed_len, err))
		return err_code(err);
	if (archive_inflate(packed, packed_len, &data, &len, err))
		return err_in(err, from);
	files_add(move->files, path, 0644, data, move->signatures ? len : unsigned_len(data, len));
	return 0;
}

/* A module, after those it depends on; one that is not there is passed over. */
static int add(struct move *move, const char *name, struct err *err)
{
	auto_free char *from = path_of(move->dir, name), *depends = NULL;

	if (!from || is_added(move, name))
		return 0;
	depends = depends_of(move->kmod, from);
	for (char *save, *one = strtok_r(depends, ",", &save); one;
	     one = strtok_r(NULL, ",", &save)) {
		for (char *at = one; *at; at++)
			if (*at == '-')
				*at = '_';
		if (add(move, one, err))
			return err_code(err);
	}
	return add_file(move, name, from, err);
}

int modules_add(struct files *files, const char *dir, bool signatures, struct err *err)
{
	static const char *const no_config = NULL;
	struct move move = { dir, signatures, kmod_new(dir, &no_config), files, 0 };
	int ret = 0;

	for (size_t i = 0; !ret && i < ARRAY_SIZE(wanted); i++)
		ret = add(&move, wanted[i], err);
	kmod_unref(move.kmod);
	return ret;
}

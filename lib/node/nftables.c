/* nftables.c - what the nft language says on one node */
#include <twlab/nftables.h>

#include <twlab/ns.h>

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <nftables/libnftables.h>

/* libnftables ends the whole process where it gets no such socket. */
static bool has_netfilter(void)
{
	auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	return fd >= 0;
}

int nftables_run(int ns, const char *nft, struct err *err)
{
	struct nft_ctx *ctx = NULL;
	int home = ns_enter(ns, err);
	int failed = 0;

	if (home < 0)
		return home;
	if (!has_netfilter())
		failed = err_set(err, errno, "no netfilter");
	else
		ctx = nft_ctx_new(NFT_CTX_DEFAULT);	/* its socket opens here, and stays */
	ns_leave(home);
	if (failed)
		return failed;
	if (!ctx)
		return err_set(err, ENOMEM, "cannot open nftables");
	nft_ctx_buffer_error(ctx);
	nft_ctx_buffer_output(ctx);
	failed = nft_run_cmd_from_buffer(ctx, nft);
	if (failed) {
		const char *said = nft_ctx_get_error_buffer(ctx);

		err_set(err, 0, "nft: %.*s", (int)strcspn(said, "\n"), said);
	}
	nft_ctx_free(ctx);
	return failed ? err_code(err) : 0;
}

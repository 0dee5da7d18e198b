/* fw.c - what the nft language says on one node */
#include "lib/fw.h"

#include "lib/ns.h"

#include <errno.h>
#include <nftables/libnftables.h>

int fw_run(int ns, const char *nft, struct err *err)
{
	struct nft_ctx *ctx;
	int home = ns_enter(ns, err);
	int failed;

	if (home < 0)
		return home;
	ctx = nft_ctx_new(NFT_CTX_DEFAULT);	/* its socket opens here, and stays */
	ns_leave(home);
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
	return failed ? -err->code : 0;
}

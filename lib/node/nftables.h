/* nftables.h - what the nft language says on one node (libnftables, no child process) */
#ifndef TWLAB_NFTABLES_H
#define TWLAB_NFTABLES_H

#include <twlab/err.h>

#pragma GCC visibility push(default)	/* public */

/* Run @nft, text in the language of nft(8), in the namespace @ns. The sentence
 * in @err is nft's own.
 */
int nftables_run(int ns, const char *nft, struct err *err);

#pragma GCC visibility pop

#endif

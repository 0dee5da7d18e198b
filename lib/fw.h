/* fw.h - what the nft language says on one node (libnftables, no child process) */
#ifndef TWLAB_FW_H
#define TWLAB_FW_H

#include "lib/err.h"

/* Run @nft, text in the language of nft(8), in the namespace @ns. The sentence
 * in @err is nft's own.
 */
int fw_run(int ns, const char *nft, struct err *err);

#endif

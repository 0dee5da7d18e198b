/* sysctl.h - settings of one node */
#ifndef TWLAB_SYSCTL_H
#define TWLAB_SYSCTL_H

#include <twlab/err.h>

#pragma GCC visibility push(default)	/* public */

/* Where a setting is: nowhere; in each namespace; only in the first, for all of them. */
enum sysctl_place { SYSCTL_NOWHERE, SYSCTL_EACH, SYSCTL_FIRST };

/* Where @key is on this kernel. @ns is any namespace but the first, which the caller is
 * in (elsewhere what only the first one has is nowhere).
 */
enum sysctl_place sysctl_place(int ns, const char *key);

/* Set @key ("net.ipv4.tcp_fin_timeout") to @value in the namespace @ns. -ENOENT
 * when this kernel has no such setting there.
 */
int sysctl_set(int ns, const char *key, const char *value, struct err *err);

/* Its value, without the line end. The caller frees it; NULL and @err. */
char *sysctl_get(int ns, const char *key, struct err *err);

#pragma GCC visibility pop

#endif

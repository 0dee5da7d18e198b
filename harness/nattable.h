/* nattable.h - what becomes of a NAT's entries, while a run happens */
#ifndef TWLAB_NATTABLE_H
#define TWLAB_NATTABLE_H

#include "lib/err.h"

#include <stdio.h>

struct nattable;

/* Follow the table of @node, in namespace @ns, into the lines of @file
 * (nat.jsonl: lib/evidence.h). NULL and @err on failure: -EOPNOTSUPP where this kernel
 * does not tell.
 */
struct nattable *nattable_open(const char *node, int ns, FILE *file, struct err *err);
void nattable_close(struct nattable *table);

/* Look, at @now_ns of the run; @why is "packet", "timer" or "step". */
int nattable_look(struct nattable *table, int64_t now_ns, const char *why, struct err *err);

/* When to look again if nothing stirs; INT64_MAX = never. */
int64_t nattable_next(const struct nattable *table, int64_t now_ns);

/* Its entries in conntrack's @state; "" = all of them. */
unsigned int nattable_count(const struct nattable *table, const char *state);

#endif

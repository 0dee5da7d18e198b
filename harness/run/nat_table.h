/* nat_table.h - what becomes of a NAT's entries, while a run happens */
#ifndef TWLAB_RUN_NAT_TABLE_H
#define TWLAB_RUN_NAT_TABLE_H

#include <twlab/err.h>

#include <stdio.h>

struct nat_table;

/* Follow the table of @node, in namespace @ns, into the lines of @file
 * (nat.jsonl: lib/evidence/evidence.h). NULL and @err on failure: -EOPNOTSUPP where this kernel
 * does not tell.
 */
struct nat_table *nat_table_open(const char *node, int ns, FILE *file, struct err *err);
void nat_table_close(struct nat_table *table);

/* Look, at @now_ns of the run; @why is "packet", "timer" or "step". */
int nat_table_look(struct nat_table *table, int64_t now_ns, const char *why, struct err *err);

/* When to look again if nothing stirs; INT64_MAX = never. */
int64_t nat_table_next(const struct nat_table *table, int64_t now_ns);

/* "2 in ESTABLISHED, 1 in SYN_SENT"; "" where it has none. The caller frees it. */
char *nat_table_states(const struct nat_table *table);

/* Its entries in conntrack's @state; "" = all of them. */
unsigned int nat_table_count(const struct nat_table *table, const char *state);

#endif

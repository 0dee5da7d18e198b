/* facts_icmp.h - facts about ICMP errors: a step of facts_collect() */
#ifndef TWLAB_FACTS_ICMP_H
#define TWLAB_FACTS_ICMP_H

#include <twlab/facts_conn.h>

/* Add connK.ICMP.J.* of @side: the errors about what it sent. */
void facts_icmp(struct facts *facts, const struct facts_side *side);

#endif

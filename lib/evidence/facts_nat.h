/* facts_nat.h - facts about what a NAT remembered: a step of facts_collect() */
#ifndef TWLAB_FACTS_NAT_H
#define TWLAB_FACTS_NAT_H

#include <twlab/facts.h>

/* Add nats and natK.* of each NAT. */
void facts_nat(struct facts *facts, const struct evidence *evidence);

#endif

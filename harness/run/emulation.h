/* emulation.h - what works on a node's packets in the kernel's place: a clock of its own, recycling */
#ifndef TWLAB_RUN_EMULATION_H
#define TWLAB_RUN_EMULATION_H

#include "harness/run/run_state.h"

/* Open on each node what its row asks for: a clock of its own, recycling. */
int emulation_open(struct run_state *run);
void emulation_close(struct run_state *run);

/* Packets wait for emulation @index. */
int emulation_handle(struct run_state *run, unsigned int index);

/* When the next timer of a node's recycling is due, in ns from now; INT64_MAX = none. */
int64_t emulation_next(const struct run_state *run);

/* Let the recycling end the TIME_WAITs that are due; what it ended is put on record. */
int emulation_tick(struct run_state *run);

/* Put on record what the emulation counted, under the names that the kernel had for it. */
void emulation_count(struct run_state *run);

/* For run.json: "" where no node recycles. */
const char *emulation_recycling(const struct run_state *run);

#endif

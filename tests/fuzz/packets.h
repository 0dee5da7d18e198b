/* packets.h - targets that read packets */
#ifndef TWLAB_TESTS_FUZZ_PACKETS_H
#define TWLAB_TESTS_FUZZ_PACKETS_H

#include "tests/fuzz/fuzz.h"

/* packets.pcapng, and what follows from it. */
void fuzz_pcapng(const struct fuzz_target *target, const uint8_t *data, size_t len);

/* A frame that was recorded. */
void fuzz_frame(const struct fuzz_target *target, const uint8_t *data, size_t len);

/* A packet out of a queue; changing its timestamps keeps a right checksum right, and a wrong one wrong. */
void fuzz_packet(const struct fuzz_target *target, const uint8_t *data, size_t len);

#endif

/* evidence.h - targets that read the folder of a run */
#ifndef TWLAB_TESTS_FUZZ_EVIDENCE_H
#define TWLAB_TESTS_FUZZ_EVIDENCE_H

#include "tests/fuzz/fuzz.h"

/* Read it, and collect its facts. */
void fuzz_evidence(const struct fuzz_target *target, const uint8_t *data, size_t len);

/* Read it, and draw it. */
void fuzz_draw(const struct fuzz_target *target, const uint8_t *data, size_t len);

#endif

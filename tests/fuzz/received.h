/* received.h - targets that read what students and guests hand over, and kernels that users bring */
#ifndef TWLAB_TESTS_FUZZ_RECEIVED_H
#define TWLAB_TESTS_FUZZ_RECEIVED_H

#include "tests/fuzz/fuzz.h"

/* A folder with twlab.json, as its owner and as somebody who grades strangers sees it. */
void fuzz_submission(const struct fuzz_target *target, const uint8_t *data, size_t len);

/* submission_metadata.json: who hands in. */
void fuzz_users(const struct fuzz_target *target, const uint8_t *data, size_t len);

/* A zip or tar, within its limits. */
void fuzz_archive(const struct fuzz_target *target, const uint8_t *data, size_t len);

/* What a guest hands back, and what it says. */
void fuzz_bundle(const struct fuzz_target *target, const uint8_t *data, size_t len);
void fuzz_talk(const struct fuzz_target *target, const uint8_t *data, size_t len);
void fuzz_traits(const struct fuzz_target *target, const uint8_t *data, size_t len);

/* A bzImage: its release, and its configuration. */
void fuzz_kernel(const struct fuzz_target *target, const uint8_t *data, size_t len);

#endif

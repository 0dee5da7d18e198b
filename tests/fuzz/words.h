/* words.h - targets that read what people write, and tables */
#ifndef TWLAB_TESTS_FUZZ_WORDS_H
#define TWLAB_TESTS_FUZZ_WORDS_H

#include "tests/fuzz/fuzz.h"

/* The sums in a lab's tables, also between braces. */
void fuzz_expr(const struct fuzz_target *target, const uint8_t *data, size_t len);

/* "delay 10ms loss 5%" */
void fuzz_netem(const struct fuzz_target *target, const uint8_t *data, size_t len);

/* A student's sysctl.conf. */
void fuzz_conf(const struct fuzz_target *target, const uint8_t *data, size_t len);

/* "SYN from=10.0.0.1:40001 to=10.0.0.2:80", made into a segment. */
void fuzz_craft(const struct fuzz_target *target, const uint8_t *data, size_t len);

/* A student's predictions. */
void fuzz_predict(const struct fuzz_target *target, const uint8_t *data, size_t len);

/* What is expected ("1..3"), then on the next line what was seen: a program may have said it. */
void fuzz_expect(const struct fuzz_target *target, const uint8_t *data, size_t len);

/* A lab, a variant, then "name=value", a line each. */
void fuzz_plan(const struct fuzz_target *target, const uint8_t *data, size_t len);

/* A text with addresses, and rules of nft, for IPv6. */
void fuzz_six(const struct fuzz_target *target, const uint8_t *data, size_t len);

/* facts.tsv */
void fuzz_facts(const struct fuzz_target *target, const uint8_t *data, size_t len);

/* trials.tsv, and what a program says to a trial. */
void fuzz_trials(const struct fuzz_target *target, const uint8_t *data, size_t len);

#endif

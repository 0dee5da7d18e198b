/* fuzz.h - the readers of bytes that others wrote, each as a target
 *
 * A target takes any bytes and ends: no crash, no leak, no undefined behaviour, no
 * work or memory without bound. What it reads must not depend on what was read before.
 *
 *	tests/fuzz/seeds/TARGET/	what the reader is meant to read, to begin from
 *	tests/fuzz/found/TARGET/	what it once broke on; each is cured
 *
 * libFuzzer runs one of them (libfuzzer.c, tests/fuzz/run); test_fuzz.c runs every file
 * of these two folders under any compiler.
 */
#ifndef TWLAB_TESTS_FUZZ_H
#define TWLAB_TESTS_FUZZ_H

#include <twlab/err.h>

struct fuzz_target {
	const char *name;
	void (*run)(const struct fuzz_target *target, const uint8_t *data, size_t len);
	const char *file;	/* of a run's folder: which one the bytes are; NULL: all of them */
};

/* Ends in { 0 }. */
extern const struct fuzz_target fuzz_targets[];

const struct fuzz_target *fuzz_find(const char *name);	/* NULL if there is none */

/* A file that holds @data, for who wants a path: good until the next call. */
const char *fuzz_file(const void *data, size_t len);

/* @data as a text, to be freed. It has room for no byte more. */
char *fuzz_text(const void *data, size_t len);

/* Some files in one input: "== NAME" on a line, then what is in it up to the line end
 * before the next of these lines.
 */
struct fuzz_part {
	char name[32];
	const uint8_t *data;
	size_t len;
};

#define FUZZ_PARTS 12

/* Returns how many there are. Of two of a name the first counts. */
unsigned int fuzz_parts(const uint8_t *data, size_t len, struct fuzz_part parts[FUZZ_PARTS]);

/* Where @name stands in @parts; NULL if it does not. */
const struct fuzz_part *fuzz_part(const struct fuzz_part *parts, unsigned int n, const char *name);

/* Those of @names (NULL-terminated, no more than FUZZ_PARTS; "a/b" has its folder made) that are
 * in @parts as the files of a folder, others not. Returns its path: good until the next call.
 */
const char *fuzz_folder(const char *const *names, const struct fuzz_part *parts, unsigned int n);

#endif

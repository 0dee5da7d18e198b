/* libfuzzer.c - what libFuzzer calls, for the target that TARGET names */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct fuzz_target *target;
	const char *name = getenv("TARGET");

	if (!target)
		target = name ? fuzz_find(name) : NULL;
	if (!target) {
		fputs("TARGET is none of:", stderr);
		for (target = fuzz_targets; target->name; target++)
			fprintf(stderr, " %s", target->name);
		fputs("\n", stderr);
		_exit(2);
	}
	target->run(target, data, len);
	return 0;
}

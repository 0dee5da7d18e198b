/* test_hashmap.c - the hash map, held against an array */
#include "tests/helpers/test.h"

#include <twlab/hashmap.h>

#define KEYS 512

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static void it_keeps_what_was_put(void **state)
{
	uint64_t value[KEYS] = { 0 }, seed = 1;
	bool there[KEYS] = { false };
	struct hashmap map = { 0 };
	size_t n = 0;

	(void)state;
	for (int step = 0; step < 100000; step++) {
		uint64_t k = next(&seed) % KEYS, key = k % 3 ? k : k << 40;	/* some alike in their lower bits */

		switch (next(&seed) % 3) {
		case 0:
			if (!there[k])
				assert_int_equal(*hashmap_put(&map, key), 0);
			*hashmap_put(&map, key) = value[k] = next(&seed);
			n += !there[k];
			there[k] = true;
			break;
		case 1:
			hashmap_remove(&map, key);
			n -= there[k];
			there[k] = false;
			break;
		default:
			assert_int_equal(hashmap_find(&map, key) != NULL, there[k]);
			if (there[k])
				assert_int_equal(*hashmap_find(&map, key), value[k]);
		}
		assert_int_equal(map.n, n);
	}
	hashmap_free(&map);
	assert_null(hashmap_find(&map, 1));
}

static void a_hash_goes_on_from_another(void **state)
{
	(void)state;
	assert_int_equal(hashmap_hash(0, "ab", 2), hashmap_hash(0, "ab", 2));
	assert_int_not_equal(hashmap_hash(0, "ab", 2), hashmap_hash(0, "ba", 2));
	assert_int_not_equal(hashmap_hash(1, "ab", 2), hashmap_hash(0, "ab", 2));
	assert_int_not_equal(hashmap_next(7), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_keeps_what_was_put),
		cmocka_unit_test(a_hash_goes_on_from_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

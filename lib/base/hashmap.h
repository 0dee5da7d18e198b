/* hashmap.h - a hash table from numbers to numbers
 *
 * A key is a hash that its user made (hashmap_hash(), endpoint_hash()), a value an index, or where
 * something is that does not move. Two things can have one hash: whoever minds compares what the value
 * stands for, and (if nothing is ever removed) goes on with hashmap_next().
 */
#ifndef TWLAB_HASHMAP_H
#define TWLAB_HASHMAP_H

#include <twlab/base.h>

/* { 0 } is an empty one. */
struct hashmap {
	struct hashmap_slot { uint64_t key, value; bool used; } *slots;
	size_t n, room;		/* room is a power of two */
};

/* Of @len bytes, going on from @hash (0 to begin with). */
uint64_t hashmap_hash(uint64_t hash, const void *data, size_t len);

/* Where the value of @key is; NULL if there is none. Good until the next change. */
uint64_t *hashmap_find(const struct hashmap *map, uint64_t key);

/* The same; if there is none, it is made, as 0. */
uint64_t *hashmap_put(struct hashmap *map, uint64_t key);

void hashmap_remove(struct hashmap *map, uint64_t key);
void hashmap_free(struct hashmap *map);

/* The key to try when @key is something else's. */
static inline uint64_t hashmap_next(uint64_t key)
{
	return key * 0x9e3779b97f4a7c15 + 1;
}

#endif

/* hashmap.c - a hash table from numbers to numbers: open addressing, one step at a time */
#include <twlab/hashmap.h>

static size_t home(const struct hashmap *map, uint64_t key)
{
	return (size_t)((key * 0x9e3779b97f4a7c15) >> 20) & (map->room - 1);
}

/* The slot that has @key, or the free one where it would go. There is always a free one. */
static struct hashmap_slot *slot_of(const struct hashmap *map, uint64_t key)
{
	size_t at = home(map, key);

	while (map->slots[at].used && map->slots[at].key != key)
		at = (at + 1) & (map->room - 1);
	return &map->slots[at];
}

static void widen(struct hashmap *map)
{
	struct hashmap wider = { .room = map->room ? 2 * map->room : 64, .n = map->n };

	wider.slots = must_calloc(wider.room, sizeof(*wider.slots));
	for (size_t s = 0; s < map->room; s++)
		if (map->slots[s].used)
			*slot_of(&wider, map->slots[s].key) = map->slots[s];
	free(map->slots);
	*map = wider;
}

uint64_t hashmap_hash(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *at = data;

	hash ^= 0xcbf29ce484222325;	/* FNV-1a */
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * 0x100000001b3;
	return hash;
}

uint64_t *hashmap_find(const struct hashmap *map, uint64_t key)
{
	struct hashmap_slot *slot = map->room ? slot_of(map, key) : NULL;

	return slot && slot->used ? &slot->value : NULL;
}

uint64_t *hashmap_put(struct hashmap *map, uint64_t key)
{
	struct hashmap_slot *slot;

	if (2 * (map->n + 1) > map->room)
		widen(map);
	slot = slot_of(map, key);
	if (!slot->used) {
		*slot = (struct hashmap_slot){ .key = key, .used = true };
		map->n++;
	}
	return &slot->value;
}

/* Those behind it move up, unless they are at home there: no slot is marked as deleted. */
void hashmap_remove(struct hashmap *map, uint64_t key)
{
	size_t mask = map->room - 1, hole, at;

	if (!hashmap_find(map, key))
		return;
	hole = (size_t)(slot_of(map, key) - map->slots);
	map->n--;
	for (at = (hole + 1) & mask; map->slots[at].used; at = (at + 1) & mask) {
		size_t from_home = (at - home(map, map->slots[at].key)) & mask;

		if (from_home < ((at - hole) & mask))
			continue;
		map->slots[hole] = map->slots[at];
		hole = at;
	}
	map->slots[hole].used = false;
}

void hashmap_free(struct hashmap *map)
{
	free(map->slots);
	*map = (struct hashmap){ 0 };
}

/* closing.c - the connections that a host is closing, by four-tuple and by time */
#include <twlab/closing.h>

#include <twlab/hashmap.h>

struct closing_table {
	struct hashmap by_tuple;	/* where each struct closing is */
	struct closing_list half_closed;
	struct closing **heap;	/* earliest look_ms first: heap[i] is not later than heap[2i+1], heap[2i+2] */
	unsigned int n;
};

struct closing_table *closing_table_new(void)
{
	return must_calloc(1, sizeof(struct closing_table));
}

void closing_table_free(struct closing_table *table)
{
	if (!table)
		return;
	for (unsigned int i = 0; i < table->n; i++)
		free(table->heap[i]);
	free(table->heap);
	hashmap_free(&table->by_tuple);
	free(table);
}

static uint64_t key_of(const struct endpoint *local, const struct endpoint *remote)
{
	return endpoint_hash(remote, endpoint_hash(local, 0));
}

struct closing *closing_find(struct closing_table *table, const struct endpoint *local, const struct endpoint *remote)
{
	const uint64_t *at = hashmap_find(&table->by_tuple, key_of(local, remote));
	struct closing *closing = at ? (struct closing *)(uintptr_t)*at : NULL;

	return closing && endpoint_equal(&closing->local, local) && endpoint_equal(&closing->remote, remote) ? closing : NULL;
}

/* --- the heap --- */

static void put(struct closing_table *table, unsigned int place, struct closing *closing)
{
	table->heap[place] = closing;
	closing->place = place;
}

/* Let @flow sink or rise from @place to where it belongs. */
static void settle(struct closing_table *table, struct closing *closing, unsigned int place)
{
	unsigned int child;

	for (; place && closing->look_ms < table->heap[(place - 1) / 2]->look_ms; place = (place - 1) / 2)
		put(table, place, table->heap[(place - 1) / 2]);
	for (; (child = 2 * place + 1) < table->n; place = child) {
		if (child + 1 < table->n &&
		    table->heap[child + 1]->look_ms < table->heap[child]->look_ms)
			child++;
		if (closing->look_ms <= table->heap[child]->look_ms)
			break;
		put(table, place, table->heap[child]);
	}
	put(table, place, closing);
}

void closing_look_at(struct closing_table *table, struct closing *closing, int64_t look_ms)
{
	closing->look_ms = look_ms;
	settle(table, closing, closing->place);
}

struct closing *closing_first(struct closing_table *table)
{
	return table->n ? table->heap[0] : NULL;
}

/* --- come and go --- */

struct closing *closing_add(struct closing_table *table, const struct endpoint *local,
			    const struct endpoint *remote, int64_t look_ms)
{
	struct closing *closing;
	uint64_t *at;

	if (table->n == CLOSING_MAX)
		return NULL;
	at = hashmap_put(&table->by_tuple, key_of(local, remote));
	if (*at)	/* two four-tuples with one hash of 64 bits: the second is left to the kernel */
		return NULL;
	closing = must_calloc(1, sizeof(*closing));
	closing->local = *local;
	closing->remote = *remote;
	closing->look_ms = look_ms;
	*at = (uintptr_t)closing;
	grow(&table->heap, table->n, sizeof(closing));
	settle(table, closing, table->n++);
	return closing;
}

void closing_forget(struct closing_table *table, struct closing *closing)
{
	struct closing *last = table->heap[--table->n];

	if (last != closing)
		settle(table, last, closing->place);
	closing_set_half_closed(table, closing, false);
	hashmap_remove(&table->by_tuple, key_of(&closing->local, &closing->remote));
	free(closing);
}

void closing_set_half_closed(struct closing_table *table, struct closing *closing, bool half_closed)
{
	if (half_closed && !closing->half_closed)
		LIST_INSERT_HEAD(&table->half_closed, closing, in_half);
	else if (!half_closed && closing->half_closed)
		LIST_REMOVE(closing, in_half);
	closing->half_closed = half_closed;
}

struct closing_list *closing_half_closed(struct closing_table *table)
{
	return &table->half_closed;
}

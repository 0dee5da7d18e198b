/* flow.c - the connections that a host is closing, by four-tuple and by time */
#include "lib/flow.h"

#define BUCKETS 4096

struct flow_table {
	struct flow_list bucket[BUCKETS], half_closed;
	struct flow **heap;	/* earliest look_ms first: heap[i] is not later than heap[2i+1], heap[2i+2] */
	unsigned int n;
};

struct flow_table *flow_table_new(void)
{
	return must_calloc(1, sizeof(struct flow_table));
}

void flow_table_free(struct flow_table *table)
{
	if (!table)
		return;
	for (unsigned int i = 0; i < table->n; i++)
		free(table->heap[i]);
	free(table->heap);
	free(table);
}

static bool same(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && !memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

static struct flow_list *bucket_of(struct flow_table *table, const struct endpoint *local,
				   const struct endpoint *remote)
{
	uint32_t word[4], hash = (uint32_t)local->port << 16 | remote->port;

	memcpy(word, &remote->addr, sizeof(word));
	for (unsigned int i = 0; i < 4; i++)
		hash = (hash ^ word[i]) * 0x9e3779b1u;
	return &table->bucket[hash >> 20];
}
static_assert(BUCKETS == 1 << (32 - 20), "the hash has as many values as there are buckets");

struct flow *flow_find(struct flow_table *table, const struct endpoint *local, const struct endpoint *remote)
{
	struct flow *flow;

	LIST_FOREACH(flow, bucket_of(table, local, remote), in_bucket)
		if (same(&flow->local, local) && same(&flow->remote, remote))
			return flow;
	return NULL;
}

/* --- the heap --- */

static void put(struct flow_table *table, unsigned int place, struct flow *flow)
{
	table->heap[place] = flow;
	flow->place = place;
}

/* Let @flow sink or rise from @place to where it belongs. */
static void settle(struct flow_table *table, struct flow *flow, unsigned int place)
{
	unsigned int child;

	for (; place && flow->look_ms < table->heap[(place - 1) / 2]->look_ms; place = (place - 1) / 2)
		put(table, place, table->heap[(place - 1) / 2]);
	for (; (child = 2 * place + 1) < table->n; place = child) {
		if (child + 1 < table->n &&
		    table->heap[child + 1]->look_ms < table->heap[child]->look_ms)
			child++;
		if (flow->look_ms <= table->heap[child]->look_ms)
			break;
		put(table, place, table->heap[child]);
	}
	put(table, place, flow);
}

void flow_look_at(struct flow_table *table, struct flow *flow, int64_t look_ms)
{
	flow->look_ms = look_ms;
	settle(table, flow, flow->place);
}

struct flow *flow_first(struct flow_table *table)
{
	return table->n ? table->heap[0] : NULL;
}

/* --- come and go --- */

struct flow *flow_add(struct flow_table *table, const struct endpoint *local,
		      const struct endpoint *remote, int64_t look_ms)
{
	struct flow *flow;

	if (table->n == FLOW_MAX)
		return NULL;
	flow = must_calloc(1, sizeof(*flow));
	flow->local = *local;
	flow->remote = *remote;
	flow->look_ms = look_ms;
	LIST_INSERT_HEAD(bucket_of(table, local, remote), flow, in_bucket);
	grow(&table->heap, table->n, sizeof(flow));
	settle(table, flow, table->n++);
	return flow;
}

void flow_forget(struct flow_table *table, struct flow *flow)
{
	struct flow *last = table->heap[--table->n];

	if (last != flow)
		settle(table, last, flow->place);
	flow_set_half_closed(table, flow, false);
	LIST_REMOVE(flow, in_bucket);
	free(flow);
}

void flow_set_half_closed(struct flow_table *table, struct flow *flow, bool half_closed)
{
	if (half_closed && !flow->half_closed)
		LIST_INSERT_HEAD(&table->half_closed, flow, in_half);
	else if (!half_closed && flow->half_closed)
		LIST_REMOVE(flow, in_half);
	flow->half_closed = half_closed;
}

struct flow_list *flow_half_closed(struct flow_table *table)
{
	return &table->half_closed;
}

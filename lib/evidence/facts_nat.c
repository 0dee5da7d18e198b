/* facts_nat.c - what a NAT remembered, as facts */
#include <twlab/facts_nat.h>

#include <twlab/facts_conn.h>

enum { MOST_STATES = 12 };

struct stayed {			/* of an entry, in one state */
	const char *state;
	int64_t ns;
	unsigned int rearmed, line;
	bool over;		/* it was left */
};

struct entry {
	const struct nat_row *last;
	int64_t born_ns, since_ns;	/* since: in its state */
	unsigned int born_line;
	char *path;
	struct stayed states[MOST_STATES];
	unsigned int n_states;
	bool gone;
};

struct table {
	const char *node;
	struct entry *entries;
	unsigned int n;
};

static bool same_entry(const struct entry *entry, const struct nat_row *row)
{
	return !entry->gone && !strcmp(entry->last->from, row->from) && !strcmp(entry->last->to, row->to) &&
	       !strcmp(entry->last->target, row->target) && !strcmp(entry->last->as, row->as);
}

static struct stayed *state_of(struct entry *entry, const char *name, unsigned int line)
{
	for (unsigned int s = 0; s < entry->n_states; s++)
		if (!strcmp(entry->states[s].state, name))
			return &entry->states[s];
	if (entry->n_states == MOST_STATES)
		return NULL;
	entry->states[entry->n_states] = (struct stayed){ .state = name, .line = line };
	return &entry->states[entry->n_states++];
}

static void leave(struct entry *entry, const struct nat_row *row)
{
	struct stayed *state = state_of(entry, entry->last->state, row->line);

	if (state) {
		state->ns += row->at_ns - entry->since_ns;
		state->over = true;
	}
}

static void enter(struct entry *entry, const struct nat_row *row)
{
	must_append(&entry->path, "%s%s", entry->path ? " " : "", row->state);
	entry->since_ns = row->at_ns;
	entry->last = row;
	state_of(entry, row->state, row->line);
}

static void follow(struct table *table, const struct nat_row *row)
{
	struct entry *entry = NULL;
	struct stayed *state;

	for (unsigned int e = 0; e < table->n && row->event != SEEN_NEW; e++)
		if (same_entry(&table->entries[e], row))
			entry = &table->entries[e];
	if (!entry) {
		entry = grow(&table->entries, table->n++, sizeof(*entry));
		*entry = (struct entry){ .born_ns = row->at_ns, .born_line = row->line };
		enter(entry, row);
		return;
	}
	switch (row->event) {
	case SEEN_CHANGE:
		leave(entry, row);
		enter(entry, row);
		break;
	case SEEN_GONE:
		leave(entry, row);
		entry->gone = true;
		entry->since_ns = row->at_ns;
		break;
	case SEEN_REARM:
		state = state_of(entry, row->state, row->line);
		if (state)
			state->rearmed++;
		break;
	case SEEN_NEW: case SEEN_TICK: case STATE_EVENTS:
		break;
	}
}

/* natK.@part */
static void format(struct facts *facts, const struct table *table, unsigned int k, const char *part,
		   const char *value, unsigned int line)
{
	auto_free char *name = must_printf("nat%u.%s", k + 1, part);
	auto_free char *where = must_printf("nat.jsonl:%u", line);

	facts_add(facts, table->node, name, value, where);
}

static void report_entry(struct facts *facts, const struct table *table, unsigned int k)
{
	const struct entry *entry = &table->entries[k];
	char text[32];

	format(facts, table, k, "from", entry->last->from, entry->born_line);
	format(facts, table, k, "to", entry->last->to, entry->born_line);
	format(facts, table, k, "target", entry->last->target, entry->born_line);
	format(facts, table, k, "as", entry->last->as, entry->born_line);
	format(facts, table, k, "path", entry->path, entry->born_line);
	format(facts, table, k, "ms", entry->gone ? facts_ms(entry->since_ns - entry->born_ns, text) : "",
	     entry->born_line);
	for (unsigned int s = 0; s < entry->n_states; s++) {
		const struct stayed *state = &entry->states[s];
		auto_free char *ms = must_printf("%s.ms", state->state);
		auto_free char *rearmed = must_printf("%s.rearmed", state->state);

		format(facts, table, k, ms, state->over ? facts_ms(state->ns, text) : "", state->line);
		snprintf(text, sizeof(text), "%u", state->rearmed);
		format(facts, table, k, rearmed, text, state->line);
	}
}

void facts_nat(struct facts *facts, const struct evidence *evidence)
{
	struct table *tables = NULL;
	unsigned int n = 0, t;

	for (unsigned int r = 0; r < evidence->n_nats; r++) {
		for (t = 0; t < n && strcmp(tables[t].node, evidence->nats[r].node); t++)
			continue;
		if (t == n)
			*(struct table *)grow(&tables, n++, sizeof(*tables)) =
				(struct table){ .node = evidence->nats[r].node };
		follow(&tables[t], &evidence->nats[r]);
	}
	for (t = 0; t < n; t++) {
		char count[32];

		snprintf(count, sizeof(count), "%u", tables[t].n);
		facts_add(facts, tables[t].node, "nats", count, "nat.jsonl");
		for (unsigned int k = 0; k < tables[t].n; k++) {
			report_entry(facts, &tables[t], k);
			free(tables[t].entries[k].path);
		}
		free(tables[t].entries);
	}
	free(tables);
}

/* nat_table.c - what becomes of a NAT's entries, while a run happens
 *
 * The kernel tells whole seconds, rounded down: an entry is over not before some
 * instant, and within a second of it. In which part of that second it will be is
 * found out while there is time: each second before has the same parts, and a look
 * in the middle of what is left tells in which half it is. What is left at the end is
 * gone through step by step.
 *
 * Which entries there are, and which states they go through, is what the kernel's own events say: a SYN
 * that ends an entry and makes the next one at once, in the same place, changes nothing else that a
 * dump would show; the order of a dump is that of hashes; and some states last some microseconds.
 * A dump says how long is left: there is no event when a segment only sets that anew.
 */
#include "harness/run/nat_table.h"

#include <twlab/conntrack.h>
#include <twlab/json_text.h>

#include <errno.h>

#define EXPIRY_NS (10 * NS_PER_MS)	/* so well the end of one is to be known: 1 s, halved seven times */
#define HALVINGS  7
#define MOST_TRIES 8			/* of a dump in which nothing happens */
#define REARM_NS  (1100 * NS_PER_MS)	/* a deadline that moved by more was set anew (a second is lost in rounding) */

struct entry {
	struct ct_seen seen;
	int64_t deadline_ns;	/* not before */
	int64_t over_ns;	/* and by then */
	bool here;		/* in the dump that is being read */
	bool told;		/* the kernel has said that it was made */
};

struct nat_table {
	char *node, *quoted;	/* its name, and the same in JSON */
	struct conntrack *conntrack;
	FILE *file;
	struct entry *entries;
	unsigned int n;
};

struct nat_table *nat_table_open(const char *node, int ns, FILE *file, struct err *err)
{
	struct nat_table *table = must_calloc(1, sizeof(*table));
	const struct ct_seen *seen;

	table->node = must_strdup(node);
	table->quoted = json_text_quoted(node);
	table->file = file;
	table->conntrack = conntrack_open(ns, err);
	if (!table->conntrack || conntrack_dump(table->conntrack, &seen, err) < 0) {
		nat_table_close(table);
		return NULL;
	}
	return table;
}

void nat_table_close(struct nat_table *table)
{
	if (!table)
		return;
	conntrack_close(table->conntrack);
	free(table->entries);
	free(table->node);
	free(table->quoted);
	free(table);
}

static void put(const struct nat_table *table, const struct entry *entry, const char *event,
		int64_t now_ns, const char *why)
{
	char from[64], to[64], target[64], as[64];
	bool gone = !strcmp(event, "gone");

	fprintf(table->file, "{\"t_ns\":%lld,\"node\":%s,\"from\":\"%s\",\"to\":\"%s\",\"target\":\"%s\",\"as\":\"%s\","
		"\"state\":\"%s\",\"expires_ms\":%lld,\"event\":\"%s\",\"seen\":\"%s\"}\n", (long long)now_ns, table->quoted,
		endpoint_text(&entry->seen.from, from), endpoint_text(&entry->seen.to, to),
		endpoint_text(&entry->seen.target, target), endpoint_text(&entry->seen.as, as), entry->seen.state,
		(long long)(gone ? -1 : entry->seen.expires_ms), event, why);
}

static struct entry *find(const struct nat_table *table, const struct ct_seen *seen)
{
	for (unsigned int e = 0; e < table->n; e++) {
		const struct ct_seen *known = &table->entries[e].seen;

		if (known->id == seen->id && endpoint_equal(&known->from, &seen->from) &&
		    endpoint_equal(&known->to, &seen->to) && endpoint_equal(&known->target, &seen->target) &&
		    endpoint_equal(&known->as, &seen->as))
			return &table->entries[e];
	}
	return NULL;
}

static void see(struct nat_table *table, const struct ct_seen *seen, int64_t now_ns, const char *why)
{
	struct entry *entry = find(table, seen);
	int64_t deadline = now_ns + seen->expires_ms * NS_PER_MS;
	const char *event = NULL;

	if (!entry) {
		entry = grow(&table->entries, table->n++, sizeof(*entry));
		event = "new";
	} else if (strcmp(entry->seen.state, seen->state)) {
		event = "change";
	} else if (deadline > entry->deadline_ns + REARM_NS) {
		event = "rearm";
	}
	if (event || deadline > entry->deadline_ns)
		entry->deadline_ns = deadline;
	if (event || deadline + NS_PER_S < entry->over_ns)
		entry->over_ns = deadline + NS_PER_S;
	entry->seen = *seen;
	entry->here = true;
	if (event)
		put(table, entry, event, now_ns, why);
}

/* @entry is over; the others keep their order. */
static void gone(struct nat_table *table, struct entry *entry, int64_t now_ns, const char *why)
{
	put(table, entry, "gone", now_ns, why);
	memmove(entry, entry + 1, (size_t)(table->entries + --table->n - entry) * sizeof(*entry));
}

/* An entry that a dump has shown before its event was read is no other one. */
static void happened(struct nat_table *table, const struct ct_event *event, int64_t now_ns, const char *why)
{
	bool made = event->turn == CT_MADE, ended = event->turn == CT_ENDED;
	struct entry *entry = find(table, &event->seen);

	if (entry && (ended || (made && entry->told)))
		gone(table, entry, now_ns, why);
	entry = find(table, &event->seen);
	if (made && entry)
		entry->told = true;
	else if (made || (entry && !ended))
		see(table, &event->seen, now_ns, why);
	if (made && !entry)
		table->entries[table->n - 1].told = true;
}

/* The events, then a dump; once more if something happened meanwhile, so that each entry in the dump is
 * one that was told of, where the kernel tells. Returns how many it has.
 */
static int listen_and_dump(struct nat_table *table, int64_t now_ns, const char *why,
			   const struct ct_seen **seen, struct err *err)
{
	const struct ct_event *events;
	int n;

	for (int tries = 0; ; tries++) {
		n = conntrack_events(table->conntrack, &events, err);
		for (int e = 0; e < n; e++)
			happened(table, &events[e], now_ns, why);
		if (n >= 0)
			n = conntrack_dump(table->conntrack, seen, err);
		if (n < 0 || tries == MOST_TRIES || !conntrack_waits(table->conntrack))
			return n;
	}
}

int nat_table_look(struct nat_table *table, int64_t now_ns, const char *why, struct err *err)
{
	const struct ct_seen *seen;
	int n = listen_and_dump(table, now_ns, why, &seen, err);

	if (n < 0)
		return err_in(err, table->node);
	for (unsigned int e = 0; e < table->n; e++)
		table->entries[e].here = false;
	for (int s = 0; s < n; s++)
		see(table, &seen[s], now_ns, why);
	for (unsigned int e = 0; e < table->n; )
		if (table->entries[e].here)
			e++;
		else
			gone(table, &table->entries[e], now_ns, why);
	return 0;
}

/* When to look at @entry next, if nothing stirs. */
static int64_t next_look(const struct entry *entry, int64_t now_ns)
{
	int64_t left_ns = entry->over_ns - entry->deadline_ns, middle_ns = entry->deadline_ns + left_ns / 2;
	int64_t seconds = (middle_ns - now_ns - 1) / NS_PER_S;

	if (left_ns <= EXPIRY_NS && entry->over_ns > now_ns)
		return entry->over_ns;
	if (left_ns > EXPIRY_NS && seconds > 0)
		return middle_ns - (seconds < HALVINGS ? seconds : HALVINGS) * NS_PER_S;
	return entry->deadline_ns > now_ns ? entry->deadline_ns : now_ns + EXPIRY_NS;
}

int64_t nat_table_next(const struct nat_table *table, int64_t now_ns)
{
	int64_t next = INT64_MAX;

	for (unsigned int e = 0; e < table->n; e++) {
		int64_t at = next_look(&table->entries[e], now_ns);

		if (at < next)
			next = at;
	}
	return next;
}

unsigned int nat_table_count(const struct nat_table *table, const char *state)
{
	unsigned int count = 0;

	for (unsigned int e = 0; e < table->n; e++)
		count += !*state || !strcmp(table->entries[e].seen.state, state);
	return count;
}

char *nat_table_states(const struct nat_table *table)
{
	char *text = NULL;

	for (unsigned int e = 0; e < table->n; e++) {
		const char *state = table->entries[e].seen.state;
		bool before = false;

		for (unsigned int b = 0; b < e && !before; b++)
			before = !strcmp(table->entries[b].seen.state, state);
		if (!before)
			must_append(&text, "%s%u in %s", text ? ", " : "", nat_table_count(table, state), state);
	}
	return text ? text : must_strdup("");
}

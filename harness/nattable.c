/* nattable.c - what becomes of a NAT's entries, while a run happens
 *
 * The kernel tells whole seconds, rounded down: an entry is over not before some
 * instant, and within a second of it. The looks of a run do not come at whole
 * seconds, so that the last of these instants and the first of these ends lie
 * close together: at both it is looked whether the entry is gone.
 */
#include "harness/nattable.h"

#include "lib/conntrack.h"

#include <errno.h>

#define EXPIRY_NS (10 * NS_PER_MS)	/* how often one is looked at that should be over */
#define REARM_NS  (1100 * NS_PER_MS)	/* a deadline that moved by more was set anew (a second is lost in rounding) */

struct entry {
	struct ct_seen seen;
	int64_t deadline_ns;	/* not before */
	int64_t over_ns;	/* and by then */
	bool here;		/* in the dump that is being read */
};

struct nattable {
	char *node;
	struct conntrack *conntrack;
	FILE *file;
	struct entry *entries;
	unsigned int n;
};

struct nattable *nattable_open(const char *node, int ns, FILE *file, struct err *err)
{
	struct nattable *table = must_calloc(1, sizeof(*table));
	const struct ct_seen *seen;

	table->node = must_strdup(node);
	table->file = file;
	table->conntrack = conntrack_open(ns, err);
	if (!table->conntrack || conntrack_dump(table->conntrack, &seen, err) < 0) {
		nattable_close(table);
		return NULL;
	}
	return table;
}

void nattable_close(struct nattable *table)
{
	if (!table)
		return;
	conntrack_close(table->conntrack);
	free(table->entries);
	free(table->node);
	free(table);
}

static void put(const struct nattable *table, const struct entry *entry, const char *event,
		int64_t now_ns, const char *why)
{
	char from[64], to[64], as[64];
	bool gone = !strcmp(event, "gone");

	fprintf(table->file, "{\"t_ns\":%lld,\"node\":\"%s\",\"from\":\"%s\",\"to\":\"%s\",\"as\":\"%s\",\"state\":\"%s\","
		"\"expires_ms\":%lld,\"event\":\"%s\",\"seen\":\"%s\"}\n", (long long)now_ns, table->node,
		endpoint_text(&entry->seen.from, from), endpoint_text(&entry->seen.to, to),
		endpoint_text(&entry->seen.as, as), entry->seen.state,
		(long long)(gone ? -1 : entry->seen.expires_ms), event, why);
}

static struct entry *find(const struct nattable *table, const struct ct_seen *seen)
{
	for (unsigned int e = 0; e < table->n; e++) {
		const struct ct_seen *known = &table->entries[e].seen;

		if (known->id == seen->id && endpoint_equal(&known->from, &seen->from) &&
		    endpoint_equal(&known->to, &seen->to) && endpoint_equal(&known->as, &seen->as))
			return &table->entries[e];
	}
	return NULL;
}

static void see(struct nattable *table, const struct ct_seen *seen, int64_t now_ns, const char *why)
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

int nattable_look(struct nattable *table, int64_t now_ns, const char *why, struct err *err)
{
	const struct ct_seen *seen;
	unsigned int left = 0;
	int n = conntrack_dump(table->conntrack, &seen, err);

	if (n < 0)
		return err_in(err, table->node);
	for (unsigned int e = 0; e < table->n; e++)
		table->entries[e].here = false;
	for (int s = 0; s < n; s++)
		see(table, &seen[s], now_ns, why);
	for (unsigned int e = 0; e < table->n; e++) {
		if (table->entries[e].here)
			table->entries[left++] = table->entries[e];
		else
			put(table, &table->entries[e], "gone", now_ns, why);
	}
	table->n = left;
	return 0;
}

int64_t nattable_next(const struct nattable *table, int64_t now_ns)
{
	int64_t next = INT64_MAX;

	for (unsigned int e = 0; e < table->n; e++) {
		const struct entry *entry = &table->entries[e];
		int64_t at = entry->deadline_ns > now_ns ? entry->deadline_ns : entry->over_ns;

		if (at <= now_ns)
			at = now_ns + EXPIRY_NS;
		if (at < next)
			next = at;
	}
	return next;
}

unsigned int nattable_count(const struct nattable *table, const char *state)
{
	unsigned int count = 0;

	for (unsigned int e = 0; e < table->n; e++)
		count += !*state || !strcmp(table->entries[e].seen.state, state);
	return count;
}

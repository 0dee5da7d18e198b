/* facts_file.h - facts as a list to be looked up, and facts.tsv */
#ifndef TWLAB_FACTS_FILE_H
#define TWLAB_FACTS_FILE_H

#include <twlab/err.h>

#pragma GCC visibility push(default)	/* public */

struct fact {
	char *node;
	char *name;
	char *value;
	char *where;	/* "packets.pcapng:12,14" (frame numbers as Wireshark counts), "states.jsonl:7", "counters.json", "programs/client.out:2" */
};

struct hashmap;

struct facts {
	struct fact *rows;
	unsigned int n;
	struct hashmap *index;	/* of rows, by node and name */
};

/* Add a fact, or put it in the place of the one of that node and name. Texts are
 * copied as UTF-8; what would break a line or a column becomes '?'.
 */
void facts_add(struct facts *facts, const char *node, const char *name, const char *value,
	       const char *where);

/* NULL if there is none. */
const struct fact *facts_find(const struct facts *facts, const char *node, const char *name);

int facts_write(const struct facts *facts, const char *path, struct err *err);

/* Read what facts_write() wrote; refuses, naming the line, what is not that. */
int facts_read(const char *path, struct facts *facts, struct err *err);
void facts_free(struct facts *facts);

#pragma GCC visibility pop

#endif

/* personal.h - what is different for each student
 *
 * HMAC-SHA256 under the course's key, over the lab and the sorted ids of those
 * who hand in together. The same ids and key give the same run, to the byte, and
 * nobody can tell another's without the key.
 */
#ifndef TWLAB_GRADE_PERSONAL_H
#define TWLAB_GRADE_PERSONAL_H

#include <twlab/lab.h>

struct personal {
	char **ids;		/* sorted, each once */
	unsigned int n_ids;
	char **sets;		/* "delay=17", for the lab's params that have .personal; then net, mac and hello (plan.h) */
	unsigned int n_sets;
	uint64_t seed;
	char key_is[17];	/* tells this key from another, and no more */
	char tag[17];		/* tells these students from others: on their predictions */
};

/* @key may be empty: then anybody can work the values out. */
void personal_make(const struct lab *lab, const void *key, size_t key_len, const char *const *ids,
		   unsigned int n_ids, struct personal *personal);
void personal_free(struct personal *personal);

/* The sets that @variant leaves alone: what it sets itself is its subject. An
 * array of borrowed texts, to be freed; *@n of them.
 */
const char **personal_for(const struct personal *personal, const struct variant *variant, unsigned int *n);

/* The ids with commas between, to be freed. */
char *personal_name(const struct personal *personal);

#endif

/* personal.c - what is different for each student */
#include "harness/grade/personal.h"

#include "labs/plan/plan.h"

#include <nettle/hmac.h>

/* HMAC of the lab, the ids and @what: 64 bits of it. Each part ends in a zero
 * byte, so that no two lists make one text.
 */
static uint64_t number_for(const struct lab *lab, const void *key, size_t key_len,
			   const struct personal *personal, const char *what)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct hmac_sha256_ctx hmac;
	uint64_t n = 0;

	hmac_sha256_set_key(&hmac, key_len, key);
	hmac_sha256_update(&hmac, strlen(lab->name) + 1, (const uint8_t *)lab->name);
	for (unsigned int i = 0; i < personal->n_ids; i++)
		hmac_sha256_update(&hmac, strlen(personal->ids[i]) + 1, (const uint8_t *)personal->ids[i]);
	hmac_sha256_update(&hmac, 1, (const uint8_t *)"");
	hmac_sha256_update(&hmac, strlen(what) + 1, (const uint8_t *)what);
	hmac_sha256_digest(&hmac, sizeof(digest), digest);
	for (int b = 0; b < 8; b++)
		n = n << 8 | digest[b];
	return n;
}

/* Which of "10..40" or "a|b|c" @n falls on; to be freed. */
static char *choose(const char *from, uint64_t n)
{
	const char *dots = strstr(from, "..");
	unsigned int words = 1;

	if (dots) {
		long long low = strtoll(from, NULL, 10), high = strtoll(dots + 2, NULL, 10);

		return must_printf("%lld", low + (long long)(n % (uint64_t)(high - low + 1)));
	}
	for (const char *bar = from; (bar = strchr(bar, '|')); bar++)
		words++;
	for (n %= words; n; n--)
		from = strchr(from, '|') + 1;
	return must_printf("%.*s", (int)strcspn(from, "|"), from);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_ids(struct personal *personal, const char *const *ids, unsigned int n)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < n; i++)
		*(char **)grow(&personal->ids, i, sizeof(char *)) = must_strdup(ids[i]);
	if (n)
		qsort(personal->ids, n, sizeof(char *), by_text);
	for (unsigned int i = 0; i < n; i++)
		if (kept && !strcmp(personal->ids[kept - 1], personal->ids[i]))
			free(personal->ids[i]);
		else
			personal->ids[kept++] = personal->ids[i];
	personal->n_ids = kept;
}

static void add_set(struct personal *personal, char *set)
{
	*(char **)grow(&personal->sets, personal->n_sets++, sizeof(char *)) = set;
}

/* As long as "hello", which no count of bytes in a lab then notices. */
static const char *word_of(uint64_t n, char word[6])
{
	for (int i = 0; i < 5; i++, n /= 26)
		word[i] = (char)('a' + n % 26);
	word[5] = '\0';
	return word;
}

void personal_make(const struct lab *lab, const void *key, size_t key_len, const char *const *ids,
		   unsigned int n_ids, struct personal *personal)
{
	static const struct lab no_lab = { .name = "" };
	static const struct personal nobody;
	char word[6];

	*personal = (struct personal){ 0 };
	sort_ids(personal, ids, n_ids);
	for (const struct param *param = lab->params; param && param->name; param++)
		if (param->personal) {
			auto_free char *value = choose(param->personal, number_for(lab, key, key_len, personal, param->name));

			add_set(personal, must_printf("%s=%s", param->name, value));
		}
	add_set(personal, must_printf("net=%llu", (unsigned long long)(number_for(lab, key, key_len, personal, "net") % PLAN_NETS)));
	add_set(personal, must_printf("mac=%llu", (unsigned long long)(number_for(lab, key, key_len, personal, "mac") % 256)));
	add_set(personal, must_printf("hello=%s", word_of(number_for(lab, key, key_len, personal, "hello"), word)));
	personal->seed = number_for(lab, key, key_len, personal, "seed") >> 1;	/* a seed is no more than INT64_MAX */
	snprintf(personal->tag, sizeof(personal->tag), "%016llx",
		 (unsigned long long)number_for(lab, key, key_len, personal, "tag"));
	snprintf(personal->key_is, sizeof(personal->key_is), "%016llx",
		 (unsigned long long)number_for(&no_lab, key, key_len, &nobody, "key"));
}

void personal_free(struct personal *personal)
{
	for (unsigned int i = 0; i < personal->n_ids; i++)
		free(personal->ids[i]);
	for (unsigned int s = 0; s < personal->n_sets; s++)
		free(personal->sets[s]);
	free(personal->ids);
	free(personal->sets);
	*personal = (struct personal){ 0 };
}

static bool sets_it(const struct variant *variant, const char *set)
{
	size_t len = strcspn(set, "=") + 1;

	for (const char *word = variant->set; word && *word; word += strspn(word, " ")) {
		if (!strncmp(word, set, len))
			return true;
		word += strcspn(word, " ");
	}
	return false;
}

const char **personal_for(const struct personal *personal, const struct variant *variant, unsigned int *n)
{
	const char **sets = must_calloc(personal->n_sets + 1, sizeof(*sets));

	*n = 0;
	for (unsigned int s = 0; s < personal->n_sets; s++)
		if (!sets_it(variant, personal->sets[s]))
			sets[(*n)++] = personal->sets[s];
	return sets;
}

char *personal_name(const struct personal *personal)
{
	char *name = must_strdup(personal->n_ids ? personal->ids[0] : "");

	for (unsigned int i = 1; i < personal->n_ids; i++)
		must_append(&name, ",%s", personal->ids[i]);
	return name;
}

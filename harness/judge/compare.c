/* compare.c - one run on several kernels, side by side */
#include "harness/judge/compare.h"

#include <twlab/json_text.h>
#include <twlab/number.h>


#define CELL 18		/* columns; what is longer gets a line of its own */

/* Names that end so are times, in ms or in ticks of the timestamp clock. */
static const char *const times[] = { "ms", "tsval", "tsecr" };

/* And so endpoints, whose port the kernel chose. */
static const char *const endpoints[] = { ".from", ".as" };

/* Which of the timers that run for some ms a look at the sockets catches is no
 * difference.
 */
static const char *const glimpses[] = { ".timer_ms", ".rearmed" };

/* Numbers that are chosen anew: only their size can be compared. */
static const char *const steps[] = { "isn_step" };

static bool ends_in(const char *name, const char *const *endings, size_t n)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (len > strlen(endings[i]) && !strcmp(name + len - strlen(endings[i]), endings[i]))
			return true;
	return false;
}

static size_t host_len(const char *endpoint)
{
	const char *colon = strrchr(endpoint, ':');

	return colon ? (size_t)(colon - endpoint) : strlen(endpoint);
}

static bool is_none(const char *value)
{
	return !strcmp(value, "-");
}

bool compare_differs(const char *name, const char *a, const char *b)
{
	long double x, y, apart;
	bool numbers = number_decimal(a, &x) && number_decimal(b, &y);

	if (ends_in(name, endpoints, ARRAY_SIZE(endpoints)))
		return host_len(a) != host_len(b) || strncmp(a, b, host_len(a));
	if (ends_in(name, glimpses, ARRAY_SIZE(glimpses)) && is_none(a) != is_none(b))
		return false;
	if ((!ends_in(name, times, ARRAY_SIZE(times)) && !ends_in(name, steps, ARRAY_SIZE(steps))) ||
	    !numbers)
		return strcmp(a, b) != 0;
	apart = x > y ? x - y : y - x;
	return apart > 8 && apart > 0.05 * (x > y ? x : y);
}

static struct comparison_row *add_row(struct comparison *comparison, const char *node, const char *name)
{
	struct comparison_row *row = grow(&comparison->rows, comparison->n++, sizeof(*row));

	*row = (struct comparison_row){ .node = node, .name = name, .times = 1 };
	row->verdict = must_calloc(comparison->n_kernels, sizeof(char *));
	row->value = must_calloc(comparison->n_kernels, sizeof(char *));
	return row;
}

static void compare(struct comparison_row *row, const struct outcome *outcomes, unsigned int n)
{
	const char *first = NULL, *verdict = NULL;

	for (unsigned int k = 0; k < n; k++) {
		if (!outcomes[k].evidence)
			continue;
		if (first && (compare_differs(row->name, first, row->value[k]) ||
			      (row->claim && strcmp(verdict, row->verdict[k]))))
			row->differs = true;
		first = first ? first : row->value[k];
		verdict = row->verdict[k];
	}
}

static void add_claims(struct comparison *comparison, const struct outcome *outcomes)
{
	for (unsigned int v = 0; v < outcomes[0].verdicts.n; v++) {
		const struct claim *claim = outcomes[0].verdicts.rows[v].claim;
		struct comparison_row *row = add_row(comparison, claim->node, claim->fact);

		row->claim = claim;
		for (unsigned int k = 0; k < comparison->n_kernels; k++) {
			const struct verdicts *all = &outcomes[k].verdicts;
			bool has = v < all->n && outcomes[k].evidence;

			row->verdict[k] = must_strdup(v < all->n ? result_name[all->rows[v].result] : "-");
			row->value[k] = must_strdup(has ? all->rows[v].seen : "-");
		}
		compare(row, outcomes, comparison->n_kernels);
	}
}

static bool is_there(const struct comparison *comparison, const char *node, const char *name)
{
	for (unsigned int r = 0; r < comparison->n; r++)
		if (!strcmp(comparison->rows[r].node, node) && !strcmp(comparison->rows[r].name, name))
			return true;
	return false;
}

static void row_free(struct comparison_row *row, unsigned int n_kernels)
{
	for (unsigned int k = 0; k < n_kernels; k++) {
		free(row->verdict[k]);
		free(row->value[k]);
	}
	free(row->verdict);
	free(row->value);
	free(row->pattern);
}

static void drop_last(struct comparison *comparison)
{
	row_free(&comparison->rows[--comparison->n], comparison->n_kernels);
}

/* A fact of which there may be none on a kernel: its counter has another name there. */
static void add_fact(struct comparison *comparison, const struct outcome *outcomes, const struct fact *fact)
{
	struct comparison_row *row;

	if (is_there(comparison, fact->node, fact->name))
		return;
	row = add_row(comparison, fact->node, fact->name);
	for (unsigned int k = 0; k < comparison->n_kernels; k++) {
		const struct fact *here = facts_find(&outcomes[k].facts, fact->node, fact->name);

		row->value[k] = must_strdup(here && *here->value ? here->value : "-");
		row->verdict[k] = NULL;
	}
	compare(row, outcomes, comparison->n_kernels);
	if (!row->differs)
		drop_last(comparison);
}

void compare_outcomes(const struct outcome *outcomes, unsigned int n, struct comparison *comparison)
{
	*comparison = (struct comparison){ .n_kernels = n };
	add_claims(comparison, outcomes);
	for (unsigned int k = 0; k < n; k++)
		for (unsigned int f = 0; f < outcomes[k].facts.n; f++)
			add_fact(comparison, outcomes, &outcomes[k].facts.rows[f]);
}

void compare_free(struct comparison *comparison)
{
	while (comparison->n)
		drop_last(comparison);
	free(comparison->rows);
	*comparison = (struct comparison){ 0 };
}

/* "conn1.SYN.12.options" as "conn*.SYN.*.options". */
static char *pattern_of(const char *name)
{
	char *pattern = must_strdup(name), *to = pattern;

	for (const char *at = name; *at; at++) {
		bool digit = *at >= '0' && *at <= '9';

		if (digit && to > pattern && to[-1] == '*')
			continue;
		*to++ = digit ? '*' : *at;
	}
	*to = '\0';
	return pattern;
}

static bool same_but_numbers(const struct comparison_row *a, const struct comparison_row *b, unsigned int n)
{
	auto_free char *one = pattern_of(a->name), *other = pattern_of(b->name);

	for (unsigned int k = 0; k < n; k++)
		if (strcmp(a->value[k], b->value[k]))
			return false;
	return !a->claim && !b->claim && !strcmp(a->node, b->node) && !strcmp(one, other);
}

static void fold_same(struct comparison *comparison)
{
	unsigned int kept = 0;

	for (unsigned int r = 0; r < comparison->n; r++) {
		struct comparison_row *row = &comparison->rows[r], *first = NULL;

		for (unsigned int k = 0; k < kept && !first; k++)
			if (same_but_numbers(&comparison->rows[k], row, comparison->n_kernels))
				first = &comparison->rows[k];
		if (!first) {
			comparison->rows[kept++] = *row;
			continue;
		}
		if (first->times++ == 1)
			first->pattern = pattern_of(first->name);
		row_free(row, comparison->n_kernels);
	}
	comparison->n = kept;
}

#define CHANCE 3	/* so many alike facts may differ each in its own way; more are a range */

/* The facts of @row's node that are called like it, numbers apart: their rows into @group. */
static unsigned int group_of(const struct comparison *comparison, const struct comparison_row *row, struct comparison_row **group)
{
	auto_free char *pattern = pattern_of(row->name);
	unsigned int n = 0;

	for (unsigned int r = 0; r < comparison->n; r++) {
		auto_free char *other = pattern_of(comparison->rows[r].name);

		if (!comparison->rows[r].claim && !strcmp(comparison->rows[r].node, row->node) && !strcmp(other, pattern))
			group[n++] = &comparison->rows[r];
	}
	return n;
}

/* The least and the greatest of what kernel @k has in @group: false if it is no number. */
static bool span(struct comparison_row *const *group, unsigned int n, unsigned int k, const char **least,
		 const char **most)
{
	long double low = 0, high = 0;

	*least = *most = NULL;
	for (unsigned int g = 0; g < n; g++) {
		const char *value = group[g]->value[k];
		long double number;

		if (is_none(value))
			continue;
		if (!number_decimal(value, &number))
			return false;
		if (!*least || number < low) {
			*least = value;
			low = number;
		}
		if (!*most || number > high) {
			*most = value;
			high = number;
		}
	}
	if (!*least)
		*least = *most = "-";
	return true;
}

/* The first of @group gets the values of all, "300..33064", and is told to differ if
 * one of the ends does.
 */
static bool make_range(struct comparison_row **group, unsigned int n, unsigned int n_kernels)
{
	auto_free char **values = must_calloc(n_kernels, sizeof(*values));
	const char *least, *most, *least_of_first = NULL, *most_of_first = NULL;
	bool differs = false, numbers = true;

	for (unsigned int k = 0; k < n_kernels && numbers; k++) {
		numbers = span(group, n, k, &least, &most);
		if (!numbers)
			break;
		differs |= least_of_first && (compare_differs(group[0]->name, least_of_first, least) ||
					      compare_differs(group[0]->name, most_of_first, most));
		least_of_first = least_of_first ? least_of_first : least;
		most_of_first = most_of_first ? most_of_first : most;
		values[k] = strcmp(least, most) ? must_printf("%s..%s", least, most) : must_strdup(least);
	}
	for (unsigned int k = 0; k < n_kernels; k++) {
		if (numbers)
			free(group[0]->value[k]);
		else
			free(values[k]);
		if (numbers)
			group[0]->value[k] = values[k];
	}
	if (numbers)
		group[0]->differs = differs;
	return numbers;
}

/* Which port a connection gets, and so how long one TIME_WAIT lasts, may be chance. */
static void fold_ranges(struct comparison *comparison)
{
	auto_free struct comparison_row **group = must_calloc(comparison->n + 1, sizeof(*group));
	unsigned int kept = 0;

	for (unsigned int r = 0; r < comparison->n; r++) {
		struct comparison_row *row = &comparison->rows[r];
		unsigned int n = row->claim || row->times == 0 ? 0 : group_of(comparison, row, group);

		if (n <= CHANCE || !make_range(group, n, comparison->n_kernels))
			continue;
		for (unsigned int g = 1; g < n; g++) {
			row->times += group[g]->times;
			group[g]->times = 0;	/* to be taken out */
		}
		if (!row->pattern)
			row->pattern = pattern_of(row->name);
		row->times = row->differs ? row->times : 0;
	}
	for (unsigned int r = 0; r < comparison->n; r++) {
		if (comparison->rows[r].times)
			comparison->rows[kept++] = comparison->rows[r];
		else
			row_free(&comparison->rows[r], comparison->n_kernels);
	}
	comparison->n = kept;
}

void compare_fold(struct comparison *comparison)
{
	fold_same(comparison);
	fold_ranges(comparison);
}

/* ---- text ---- */

static bool fits(const struct comparison_row *row, unsigned int n)
{
	for (unsigned int k = 0; k < n; k++)
		if (strlen(row->value[k]) > CELL)
			return false;
	return true;
}

/* A cell of a claim has the verdict before what was seen. */
static void print_cells(FILE *out, const struct comparison_row *row, unsigned int n)
{
	bool wide = fits(row, n);

	for (unsigned int k = 0; k < n; k++) {
		auto_free char *cell = must_printf("%s%s%s", row->claim ? row->verdict[k] : "",
			row->claim && wide ? " " : "", wide ? row->value[k] : row->claim ? "" : "below");

		fprintf(out, "%s%-*s", k ? " " : "", CELL + (row->claim ? 4 : 0), cell);
	}
	fprintf(out, " %s %s", row->node, row->pattern ? row->pattern : row->name);
	if (row->times > 1)
		fprintf(out, " (%u facts)", row->times);
	fputc('\n', out);
}

/* What is too long for a column: each value once, with those that have it. */
static void print_long(FILE *out, const struct comparison_row *row, const char *const *kernels, unsigned int n)
{
	for (unsigned int k = 0; k < n; k++) {
		unsigned int before = 0;

		while (before < k && strcmp(row->value[before], row->value[k]))
			before++;
		if (before < k)
			continue;
		fprintf(out, "      %s", kernels[k]);
		for (unsigned int same = k + 1; same < n; same++)
			if (!strcmp(row->value[same], row->value[k]))
				fprintf(out, ", %s", kernels[same]);
		fprintf(out, ": %s\n", row->value[k]);
	}
}

static void print_one(FILE *out, const char *const *kernels, unsigned int n, const struct outcome *outcomes)
{
	struct comparison comparison;
	bool claims = false, facts = false;

	compare_outcomes(outcomes, n, &comparison);
	compare_fold(&comparison);
	fprintf(out, "%s/%s\n", outcomes[0].plan->lab->name, outcomes[0].plan->variant);
	for (unsigned int k = 0; k < n; k++)
		if (outcomes[k].failed)
			fprintf(out, "  %s: %s\n", kernels[k], outcomes[k].failed);
	for (unsigned int r = 0; r < comparison.n; r++) {
		const struct comparison_row *row = &comparison.rows[r];
		bool *begun = row->claim ? &claims : &facts;

		if (!*begun) {
			fputs(row->claim ? "    " : "  other facts that differ\n    ", out);
			for (unsigned int k = 0; k < n; k++)
				fprintf(out, "%s%-*s", k ? " " : "", CELL + (row->claim ? 4 : 0), kernels[k]);
			fputc('\n', out);
			*begun = true;
		}
		fprintf(out, "  %c ", row->differs ? '*' : ' ');
		print_cells(out, row, n);
		if (!fits(row, n) && row->differs)
			print_long(out, row, kernels, n);
	}
	fputc('\n', out);
	compare_free(&comparison);
}

static void print_sum(FILE *out, const char *const *kernels, unsigned int n, const struct outcome *outcomes,
		      unsigned int variants)
{
	for (unsigned int k = 0; k < n; k++) {
		unsigned int count[RESULTS] = { 0 };

		for (unsigned int v = 0; v < variants; v++)
			for (int r = 0; r < RESULTS; r++)
				count[r] += verdicts_count(&outcomes[v * n + k].verdicts, r);
		fprintf(out, "%-12s %u claims hold, %u fail, %u could not be told, %u skipped\n", kernels[k],
			count[RESULT_PASS], count[RESULT_FAIL], count[RESULT_ERROR], count[RESULT_SKIP]);
	}
}

/* ---- for programs ---- */

static void print_tsv(FILE *out, const struct outcome *outcome, const struct comparison *comparison)
{
	for (unsigned int r = 0; r < comparison->n; r++) {
		const struct comparison_row *row = &comparison->rows[r];

		fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s", outcome->plan->lab->name, outcome->plan->variant,
			row->claim ? "claim" : "fact", row->differs ? "differs" : "same", row->node, row->name);
		for (unsigned int k = 0; k < comparison->n_kernels; k++)
			fprintf(out, "\t%s%s%s", row->claim ? row->verdict[k] : "", row->claim ? " " : "",
				row->value[k]);
		fputc('\n', out);
	}
}

static json_t *row_json(const struct comparison_row *row, const char *const *kernels, unsigned int n)
{
	json_t *json = json_pack("{s:o, s:o, s:b}", "node", json_text(row->node), "fact", json_text(row->name),
				 "differs", row->differs);
	json_t *values = json_object(), *verdicts = json_object();

	for (unsigned int k = 0; k < n; k++) {
		json_text_set(values, kernels[k], json_text(row->value[k]));
		if (row->claim)
			json_text_set(verdicts, kernels[k], json_text(row->verdict[k]));
	}
	json_object_set_new(json, "seen", values);
	if (row->claim)
		json_object_set_new(json, "claim", json_text(row->claim->words));
	if (row->claim)
		json_object_set(json, "verdicts", verdicts);
	json_decref(verdicts);
	return json;
}

static json_t *compare_json(const struct outcome *outcomes, const struct comparison *comparison, const char *const *kernels)
{
	json_t *claims = json_array(), *facts = json_array();

	for (unsigned int r = 0; r < comparison->n; r++)
		json_array_append_new(comparison->rows[r].claim ? claims : facts,
				      row_json(&comparison->rows[r], kernels, comparison->n_kernels));
	return json_pack("{s:o, s:o, s:o, s:o}", "lab", json_text(outcomes[0].plan->lab->name), "variant",
			 json_text(outcomes[0].plan->variant), "claims", claims, "facts", facts);
}

void compare_print(FILE *out, enum print_format how, const char *const *kernels, unsigned int n,
		   const struct outcome *outcomes, unsigned int variants)
{
	json_t *all = json_array();

	if (how == PRINT_TSV) {
		fputs("lab\tvariant\tkind\tdiffers\tnode\tfact", out);
		for (unsigned int k = 0; k < n; k++)
			fprintf(out, "\t%s", kernels[k]);
		fputc('\n', out);
	}
	for (unsigned int v = 0; v < variants; v++) {
		const struct outcome *on = &outcomes[v * n];
		struct comparison comparison;

		if (how == PRINT_TEXT) {
			print_one(out, kernels, n, on);
			continue;
		}
		compare_outcomes(on, n, &comparison);
		if (how == PRINT_TSV)
			print_tsv(out, on, &comparison);
		else
			json_array_append_new(all, compare_json(on, &comparison, kernels));
		compare_free(&comparison);
	}
	if (how == PRINT_TEXT)
		print_sum(out, kernels, n, outcomes, variants);
	if (how == PRINT_JSON) {
		json_dumpf(all, out, JSON_INDENT(1));
		fputc('\n', out);
	}
	json_decref(all);
}

/* compare_draw.c - one run on several kernels, side by side, as a picture */
#include "harness/judge/compare_draw.h"

#include "diagrams/render.h"
#include "diagrams/sheet.h"

#define FACTS_MOST 16	/* rows of facts that no claim is about: a slide holds no more */

static const enum sheet_verdict verdict_of[] = {
	[RESULT_PASS] = SHEET_PASS, [RESULT_FAIL] = SHEET_FAIL,
	[RESULT_ERROR] = SHEET_ERROR, [RESULT_SKIP] = SHEET_SKIP,
};
static_assert(ARRAY_SIZE(verdict_of) == RESULTS, "verdict_of[] lacks one");

/* What @outcomes say of the claim that stands @at in all of them. */
static void fill_cells(struct sheet_row *to, const struct comparison_row *row, unsigned int at,
		       const struct outcome *outcomes, unsigned int n)
{
	to->cells = must_calloc(n, sizeof(*to->cells));
	for (unsigned int k = 0; k < n; k++) {
		const struct verdicts *all = &outcomes[k].verdicts;
		bool has = row->claim && at < all->n;

		to->cells[k].verdict = has ? verdict_of[all->rows[at].result] : SHEET_NONE;
		to->cells[k].value = row->value[k];
	}
}

static char *name_of(const struct comparison_row *row)
{
	return row->times > 1 ? must_printf("%s %s (%u facts)", row->node, row->pattern, row->times) :
		must_printf("%s %s", row->node, row->name);
}

static void add_row(struct sheet_row *to, const struct comparison_row *row, unsigned int at,
		    const struct outcome *outcomes, unsigned int n)
{
	*to = (struct sheet_row){ .words = row->claim ? row->claim->words : NULL,
				  .name = name_of(row), .differs = row->differs };
	fill_cells(to, row, at, outcomes, n);
}

/* Each kernel's release, where it ran. */
static char *caption_of(const char *const *kernels, const struct outcome *outcomes, unsigned int n)
{
	char *text = must_strdup("Linux");

	for (unsigned int k = 0; k < n; k++) {
		const struct evidence *evidence = outcomes[k].evidence;
		const char *is = evidence && evidence->kernel ? evidence->kernel : "";

		must_append(&text, "%s %s%s%s", k ? " ·" : "", kernels[k], *is ? ": " : "", is);
	}
	return text;
}

/* Adds a line to *@text. */
static void add_line(char **text, char *line)
{
	must_append(text, "%s%s", **text ? "\n" : "", line);
	free(line);
}

/* What stands under the table: why a kernel has no evidence, and what is left out. */
static char *rest_of(const char *const *kernels, const struct outcome *outcomes, unsigned int n,
		     unsigned int left_out)
{
	char *text = must_strdup("");

	for (unsigned int k = 0; k < n; k++)
		if (outcomes[k].failed)
			add_line(&text, must_printf("%s: %s", kernels[k], outcomes[k].failed));
	if (left_out)
		add_line(&text, must_printf("%u more facts differ: the table in words has them.", left_out));
	return text;
}

static int draw(struct sheet *sheet, const char *dir, struct err *err)
{
	struct picture picture = { must_strdup("kernels"), sheet_draw(sheet), true };
	int ret = render_pictures(&picture, 1, dir, err);

	picture_free(&picture);
	return ret;
}

int compare_draw(const char *const *kernels, unsigned int n, const struct outcome *outcomes,
		 const char *dir, struct err *err)
{
	const struct plan *plan = outcomes[0].plan;
	auto_free char *title = must_printf("%s · %s, side by side", plan->lab->name, plan->variant);
	auto_free char *caption = caption_of(kernels, outcomes, n), *rest = NULL;
	unsigned int claims = 0, rows = 0;
	struct sheet_row *row;
	struct comparison comparison;
	int ret;

	compare_outcomes(outcomes, n, &comparison);
	compare_fold(&comparison);
	row = must_calloc(comparison.n + 1, sizeof(*row));
	for (unsigned int r = 0; r < comparison.n; r++) {
		claims += comparison.rows[r].claim != NULL;
		if (rows < claims + FACTS_MOST)
			add_row(&row[rows++], &comparison.rows[r], r, outcomes, n);
	}
	rest = rest_of(kernels, outcomes, n, comparison.n - rows);
	ret = draw(&(struct sheet){ title, caption, kernels, n, row, rows, *rest ? rest : NULL }, dir, err);
	for (unsigned int r = 0; r < rows; r++) {
		free(row[r].name);
		free(row[r].cells);
	}
	free(row);
	compare_free(&comparison);
	return ret;
}

/* test_claims.c - every claim accepts a right run and refuses a wrong one
 *
 * tests/data/runs holds the facts of real runs, one file each:
 *
 *	LAB/VARIANT.tsv		what that run showed, as it should
 *	LAB/VARIANT,SET.tsv	a run of the variant with another parameter (--set SET): see sets[]
 *	LAB/wrong-NAME.tsv	runs in which something was broken on purpose:
 *				tests/data/runs/README says what
 *
 * The claims of a run must hold on its own facts. And each claim must be
 * refused by at least one other file of its lab, a wrong one or a right one: a
 * claim that nothing has ever refused says nothing. Nor does one that no run makes.
 */
#include "tests/helpers/test.h"

#include <glob.h>

#include "harness/judge/judge.h"
#include "labs/index.h"

#define RUNS "tests/data/runs/"

static struct { char *path; struct facts facts; } files[256];
static unsigned int n_files;

static int read_all(void **state)
{
	glob_t found = { 0 };
	struct err err = { 0 };

	(void)state;
	if (glob(RUNS "*/*.tsv", 0, NULL, &found))
		return -1;
	for (size_t f = 0; f < found.gl_pathc; f++) {
		files[n_files].path = must_strdup(found.gl_pathv[f]);
		if (facts_read(found.gl_pathv[f], &files[n_files++].facts, &err)) {
			print_error("%s\n", err.text);
			return -1;
		}
	}
	globfree(&found);
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	for (unsigned int f = 0; f < n_files; f++) {
		free(files[f].path);
		facts_free(&files[f].facts);
	}
	return 0;
}

static bool refuses(unsigned int f, const struct plan *plan, unsigned int claim)
{
	struct verdicts verdicts;
	bool refused;

	judge(plan, &files[f].facts, &verdicts);
	refused = verdicts.rows[claim].result == RESULT_FAIL;
	verdicts_free(&verdicts);
	return refused;
}

/* Does any file of @plan's lab but @own have its claim fail? */
static bool refused_somewhere(const struct plan *plan, unsigned int claim, const char *own)
{
	auto_free char *folder = must_printf(RUNS "%s/", plan->lab->name);

	for (unsigned int f = 0; f < n_files; f++)
		if (strcmp(files[f].path, own) && !strncmp(files[f].path, folder, strlen(folder)) && refuses(f, plan, claim))
			return true;
	return false;
}

/* What some claims need that no variant sets. */
static const struct { const char *lab, *variant, *set; } sets[] = {
	{ "06-tw-recycle-nat", "recycling", "behind=3" },
	{ "07-fin-timeout", "found", "given=105" },
};

typedef void plan_look(const struct plan *plan, const char *own);

static void look_at(const struct lab *lab, const char *variant, const char *set, plan_look *look)
{
	struct err err = { 0 };
	struct plan *plan = plan_new(lab, variant, &set, set ? 1 : 0, &err);
	auto_free char *own = must_printf(RUNS "%s/%s%s%s.tsv", lab->name, variant, set ? "," : "", set ? set : "");

	if (!plan)
		fail_msg("%s", err.text);
	look(plan, own);
	plan_free(plan);
}

static void each_run(const struct lab *lab, plan_look *look)
{
	for (const struct variant *variant = lab->variants; variant->name; variant++)
		look_at(lab, variant->name, NULL, look);
	for (size_t s = 0; s < ARRAY_SIZE(sets); s++)
		if (!strcmp(sets[s].lab, lab->name))
			look_at(lab, sets[s].variant, sets[s].set, look);
}

static void hold_on(const struct plan *plan, const char *own)
{
	struct facts facts;
	struct verdicts verdicts;
	struct err err = { 0 };

	if (facts_read(own, &facts, &err))
		fail_msg("%s", err.text);
	judge(plan, &facts, &verdicts);
	for (unsigned int v = 0; v < verdicts.n; v++)
		if (verdicts.rows[v].result != RESULT_PASS)
			fail_msg("%s: %s: %s", own, verdicts.rows[v].claim->words, verdicts.rows[v].seen);
	verdicts_free(&verdicts);
	facts_free(&facts);
}

static void claims_hold_on_their_own_run(void **state)
{
	(void)state;
	for (const struct lab *const *lab = all_labs; *lab; lab++)
		each_run(*lab, hold_on);
}

static unsigned int unrefused;

static void refused(const struct plan *plan, const char *own)
{
	for (unsigned int c = 0; plan->claims[c].words; c++) {
		if (refused_somewhere(plan, c, own))
			continue;
		unrefused++;
		print_error("%s/%s: nothing refuses: %s (%s %s %s)\n", plan->lab->name, plan->variant,
			    plan->claims[c].words, plan->claims[c].node, plan->claims[c].fact, plan->claims[c].expect);
	}
}

static void every_claim_is_refused_by_some_run(void **state)
{
	(void)state;
	for (const struct lab *const *lab = all_labs; *lab; lab++)
		each_run(*lab, refused);
	assert_int_equal(unrefused, 0);
}

static unsigned int made;

static void count(const struct plan *plan, const char *own)
{
	(void)own;
	for (const struct claim *claim = plan->claims; claim->words; claim++)
		made++;
}

static void every_claim_is_made_by_some_run(void **state)
{
	(void)state;
	for (const struct lab *const *lab = all_labs; *lab; lab++)
		for (const struct claim *claim = (*lab)->claims; claim->words; claim++) {
			const struct claim alone[] = { *claim, { 0 } };
			struct lab with_it = **lab;

			with_it.claims = alone;
			made = 0;
			each_run(&with_it, count);
			if (!made)
				fail_msg("%s: no run claims: %s (%s)", (*lab)->name, claim->words, claim->when);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims_hold_on_their_own_run),
		cmocka_unit_test(every_claim_is_refused_by_some_run),
		cmocka_unit_test(every_claim_is_made_by_some_run),
	};

	return cmocka_run_group_tests(tests, read_all, free_all);
}

/* test_findings.c - what verdicts say to the article's claims */
#include "tests/helpers/test.h"

#include "harness/cli/run.h"
#include "harness/judge/findings.h"
#include "labs/index.h"

/* One verdict for A1 that bears so and came out so, and what the answer is. */
struct row {
	const char *what;
	struct { enum bearing bears; enum result result; } verdicts[3];
	unsigned int n;
	enum finding_kind finding;
	const char *limit;
};

static const struct row rows[] = {
	{ "all holds", { { BEARS_OUT, RESULT_PASS }, { BEARS_OUT, RESULT_PASS } }, 2, FINDING_CONFIRMED, "" },
	{ "one does not", { { BEARS_OUT, RESULT_PASS }, { BEARS_OUT, RESULT_FAIL } }, 2, FINDING_OPEN, "" },
	{ "one could not be told", { { BEARS_OUT, RESULT_PASS }, { BEARS_OUT, RESULT_ERROR } }, 2, FINDING_OPEN, "" },
	{ "one was skipped", { { BEARS_OUT, RESULT_SKIP } }, 1, FINDING_OPEN, "" },
	{ "nothing was run", { { BEARS_OUT, RESULT_PASS } }, 0, FINDING_OPEN, "" },
	{ "a limit was met", { { BEARS_OUT, RESULT_PASS }, { BEARS_LIMIT, RESULT_PASS } }, 2, FINDING_REFINED, "claim 1" },
	{ "a limit that did not hold", { { BEARS_OUT, RESULT_PASS }, { BEARS_LIMIT, RESULT_FAIL } }, 2, FINDING_OPEN, "" },
	{ "something against it", { { BEARS_AGAINST, RESULT_PASS } }, 1, FINDING_REFUTED, "claim 0" },
	{ "against it, within a limit", { { BEARS_AGAINST, RESULT_PASS }, { BEARS_LIMIT, RESULT_PASS } }, 2, FINDING_REFUTED, "claim 0; claim 1" },
	{ "for and against", { { BEARS_OUT, RESULT_PASS }, { BEARS_AGAINST, RESULT_PASS } }, 2, FINDING_REFINED, "claim 1" },
};

static void an_answer_follows_from_verdicts(void **state)
{
	static const char *const words[] = { "claim 0", "claim 1", "claim 2" };

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct claim claims[3];
		struct verdict verdicts[3];
		struct outcome outcome = { .verdicts = { verdicts, rows[r].n } };
		struct finding findings[64];
		unsigned int n;

		for (unsigned int v = 0; v < rows[r].n; v++) {
			claims[v] = (struct claim){ .article = "A1", .words = words[v], .bears = rows[r].verdicts[v].bears };
			verdicts[v] = (struct verdict){ .claim = &claims[v], .result = rows[r].verdicts[v].result };
		}
		n = findings_all(&outcome, 1, findings);
		print_message("%s\n", rows[r].what);
		assert_int_equal(findings[0].kind, rows[r].finding);
		assert_string_equal(findings[0].limit, rows[r].limit);
		assert_int_equal(findings[1].kind, FINDING_OPEN);	/* A2: not a word of it */
		findings_free(findings, n);
	}
}

/* No claim of a lab decides something that the article does not say, and each of
 * the article's claims has a lab that decides it.
 */
static void labs_and_article_name_the_same_claims(void **state)
{
	bool decided[64] = { false };
	unsigned int a;

	(void)state;
	for (const struct lab *const *lab = all_labs; *lab; lab++)
		for (const struct claim *claim = (*lab)->claims; claim->words; claim++) {
			if (!claim->article)
				continue;
			for (a = 0; article[a].id && strcmp(article[a].id, claim->article); a++)
				;
			if (!article[a].id)
				fail_msg("%s: there is no claim %s in the article", (*lab)->name, claim->article);
			decided[a] = true;
		}
	for (a = 0; article[a].id; a++)
		if (!decided[a])
			fail_msg("no lab decides %s", article[a].id);
}

/* Older evidence lies where the new goes: only what was run counts, also where it was not to be had. */
static void older_evidence_does_not_count(void **state)
{
	static const struct { const char *lab, *variant, *set; int status; bool ran; } runs[] = {
		{ "1", "client-first", "port=2000", STATUS_HOLDS, true },
		{ "1", "server-first", "port=2000", STATUS_HOLDS, true },
		{ "5", "segments", "ip=6", STATUS_HOLDS, false },	/* IPv4 only: skipped */
	};
	char folder[] = "/tmp/twlab-answer-XXXXXX";
	auto_free char *clean = NULL;

	(void)state;
	assert_non_null(mkdtemp(folder));
	clean = must_printf("rm -rf %s", folder);
	for (size_t r = 0; r < ARRAY_SIZE(runs); r++) {
		char *argv[] = { (char *)"claims", (char *)(uintptr_t)runs[r].lab, (char *)"--no-draw", (char *)"-o", folder,
				 (char *)"--variant", (char *)(uintptr_t)runs[r].variant, (char *)"--set",
				 (char *)(uintptr_t)runs[r].set, NULL };
		struct outcome *outcomes = NULL;
		struct err err = { 0 };
		unsigned int n = 0;
		int status = run_outcomes((int)ARRAY_SIZE(argv) - 1, argv, &outcomes, &n, &err);

		if (status == STATUS_SKIP) {
			print_message("%s\n", err.text);
			assert_int_equal(system(clean), 0);
			skip();
		}
		assert_int_equal(status, runs[r].status);
		assert_int_equal(n, 1);
		assert_string_equal(outcomes[0].plan->variant, runs[r].variant);
		assert_int_equal(outcomes[0].evidence != NULL, runs[r].ran);
		outcome_free(&outcomes[0]);
		free(outcomes);
	}
	assert_int_equal(system(clean), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_follows_from_verdicts),
		cmocka_unit_test(labs_and_article_name_the_same_claims),
		cmocka_unit_test(older_evidence_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

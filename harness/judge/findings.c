/* findings.c - what the runs have to say to each of the article's claims */
#include "harness/judge/findings.h"

const char *const finding_name[FINDING_KINDS] = {
	[FINDING_CONFIRMED] = "confirmed", [FINDING_REFINED] = "refined",
	[FINDING_REFUTED] = "refuted", [FINDING_OPEN] = "open",
};

static void collect(const struct outcome *outcome, struct finding *finding)
{
	for (unsigned int v = 0; v < outcome->verdicts.n; v++) {
		const struct verdict *verdict = &outcome->verdicts.rows[v];

		if (verdict->claim->article && !strcmp(verdict->claim->article, finding->claim->id))
			*(struct support *)grow(&finding->supports, finding->n++, sizeof(struct support)) =
				(struct support){ outcome, verdict };
	}
}

/* Add @words to the sentence, unless they are there. */
static void limit(struct finding *finding, const char *words)
{
	if (!strstr(finding->limit, words))
		must_append(&finding->limit, "%s%s", *finding->limit ? "; " : "", words);
}

static void decide(struct finding *finding)
{
	unsigned int bears[BEARINGS] = { 0 };
	bool all_hold = true;

	finding->limit = must_strdup("");
	for (unsigned int s = 0; s < finding->n; s++) {
		const struct verdict *verdict = finding->supports[s].verdict;

		bears[verdict->claim->bears]++;
		if (verdict->result != RESULT_PASS)
			all_hold = false;
		else if (verdict->claim->bears != BEARS_OUT)
			limit(finding, verdict->claim->words);
	}
	if (!finding->n || !all_hold)
		finding->kind = FINDING_OPEN;
	else if (bears[BEARS_AGAINST] && !bears[BEARS_OUT])
		finding->kind = FINDING_REFUTED;
	else if (bears[BEARS_AGAINST] || bears[BEARS_LIMIT])
		finding->kind = FINDING_REFINED;
	else
		finding->kind = FINDING_CONFIRMED;
}

unsigned int findings_all(const struct outcome *outcomes, unsigned int n, struct finding *findings)
{
	unsigned int count = 0;

	for (const struct article_claim *claim = article; claim->id; claim++) {
		struct finding *finding = &findings[count++];

		*finding = (struct finding){ .claim = claim };
		for (unsigned int o = 0; o < n; o++)
			collect(&outcomes[o], finding);
		decide(finding);
	}
	return count;
}

void findings_free(struct finding *findings, unsigned int n)
{
	for (unsigned int a = 0; a < n; a++) {
		free(findings[a].limit);
		free(findings[a].supports);
	}
}

/* answer.c - what the runs have to say to each of the article's claims */
#include "harness/answer.h"

const char *const answer_name[ANSWERS] = {
	[ANSWER_CONFIRMED] = "confirmed", [ANSWER_REFINED] = "refined",
	[ANSWER_REFUTED] = "refuted", [ANSWER_OPEN] = "open",
};

static void collect(const struct outcome *outcome, struct answer *answer)
{
	for (unsigned int v = 0; v < outcome->verdicts.n; v++) {
		const struct verdict *verdict = &outcome->verdicts.rows[v];

		if (verdict->claim->article && !strcmp(verdict->claim->article, answer->saying->id))
			*(struct support *)grow(&answer->supports, answer->n++, sizeof(struct support)) =
				(struct support){ outcome, verdict };
	}
}

/* Add @words to the sentence, unless they are there. */
static void limit(struct answer *answer, const char *words)
{
	if (!strstr(answer->limit, words))
		must_append(&answer->limit, "%s%s", *answer->limit ? "; " : "", words);
}

static void decide(struct answer *answer)
{
	unsigned int bears[BEARINGS] = { 0 };
	bool all_hold = true;

	answer->limit = must_strdup("");
	for (unsigned int s = 0; s < answer->n; s++) {
		const struct verdict *verdict = answer->supports[s].verdict;

		bears[verdict->claim->bears]++;
		if (verdict->result != RESULT_PASS)
			all_hold = false;
		else if (verdict->claim->bears != BEARS_OUT)
			limit(answer, verdict->claim->words);
	}
	if (!answer->n || !all_hold)
		answer->kind = ANSWER_OPEN;
	else if (bears[BEARS_AGAINST] && !bears[BEARS_OUT])
		answer->kind = ANSWER_REFUTED;
	else if (bears[BEARS_AGAINST] || bears[BEARS_LIMIT])
		answer->kind = ANSWER_REFINED;
	else
		answer->kind = ANSWER_CONFIRMED;
}

unsigned int answer_all(const struct outcome *outcomes, unsigned int n, struct answer *answers)
{
	unsigned int count = 0;

	for (const struct saying *saying = article; saying->id; saying++) {
		struct answer *answer = &answers[count++];

		*answer = (struct answer){ .saying = saying };
		for (unsigned int o = 0; o < n; o++)
			collect(&outcomes[o], answer);
		decide(answer);
	}
	return count;
}

void answers_free(struct answer *answers, unsigned int n)
{
	for (unsigned int a = 0; a < n; a++) {
		free(answers[a].limit);
		free(answers[a].supports);
	}
}

/* facts_trial.c - facts about segments that were tried: a step of facts_collect() */
#include <twlab/facts_trial.h>
#include <twlab/trial_text.h>

struct tally {			/* of one class, or of all */
	unsigned int n, asked, agreed;
	unsigned int answers[TRIAL_ANSWERS], fates[TRIAL_FATES];
	unsigned int line, wrong;	/* the first; the first that a program was wrong about */
};

static void count(struct tally *tally, const struct trial_row *row)
{
	bool agrees = row->told && row->said.answer == row->kernel.answer && row->said.fate == row->kernel.fate;

	tally->line = tally->line ? tally->line : row->line;
	tally->wrong = tally->wrong || agrees || !row->asked ? tally->wrong : row->line;
	tally->n++;
	tally->asked += row->asked;
	tally->agreed += agrees;
	tally->answers[row->kernel.answer]++;
	tally->fates[row->kernel.fate]++;
}

static void add(struct facts *facts, const char *node, const char *of, const char *what, unsigned int n, unsigned int line)
{
	auto_free char *name = must_printf("trial%s%s.%s", *of ? "." : "", of, what), *value = must_printf("%u", n);
	auto_free char *where = must_printf("trials.tsv:%u", line);

	facts_add(facts, node, name, value, where);
}

static void tally_add(struct facts *facts, const char *node, const char *of, const struct tally *tally)
{
	add(facts, node, of, "n", tally->n, tally->line);
	for (int a = 0; a < TRIAL_ANSWERS; a++)
		add(facts, node, of, trial_answer_name[a], tally->answers[a], tally->line);
	for (int f = 0; f < TRIAL_FATES; f++)
		add(facts, node, of, trial_fate_name[f], tally->fates[f], tally->line);
	if (tally->asked)
		add(facts, node, of, "agreed", 100 * tally->agreed / tally->asked, tally->wrong ? tally->wrong : tally->line);
}

static void node_add(struct facts *facts, const struct evidence *evidence, const char *node)
{
	struct tally tallies[TRIAL_CLASSES] = { 0 }, all = { 0 };

	for (unsigned int t = 0; t < evidence->n_trials; t++)
		if (!strcmp(evidence->trials[t].node, node)) {
			count(&all, &evidence->trials[t]);
			count(&tallies[evidence->trials[t].class], &evidence->trials[t]);
		}
	tally_add(facts, node, "", &all);
	for (unsigned int c = 0; c < TRIAL_CLASSES; c++)
		if (tallies[c].n)
			tally_add(facts, node, trial_class(c), &tallies[c]);
}

void facts_trial(struct facts *facts, const struct evidence *evidence)
{
	for (unsigned int t = 0; t < evidence->n_trials; t++)
		if (!facts_find(facts, evidence->trials[t].node, "trial.n"))
			node_add(facts, evidence, evidence->trials[t].node);
}

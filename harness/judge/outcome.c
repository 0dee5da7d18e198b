/* outcome.c - what became of one run: its evidence, judged, and told */
#include "harness/judge/outcome.h"
#include "harness/util/text.h"
#include "labs/index.h"

#include <twlab/json_text.h>
#include <twlab/utf8.h>

#include <errno.h>

struct plan *outcome_plan(const struct evidence *evidence, struct err *err)
{
	const struct lab *lab = lab_find(evidence->lab);

	if (lab)
		return plan_new(lab, *evidence->variant ? evidence->variant : NULL,
				(const char *const *)evidence->params, evidence->n_params, err);
	err_set(err, 0, "the evidence is of a lab '%s' that this twlab does not have; --lab FILE names the file of one", evidence->lab);
	return NULL;
}

static bool is_plan_of(const struct plan *plan, const struct evidence *evidence)
{
	if (strcmp(evidence->lab, plan->lab->name) || strcmp(evidence->variant, plan->variant) ||
	    evidence->n_params != plan->n_params)
		return false;
	for (unsigned int p = 0; p < plan->n_params; p++)
		if (strcmp(evidence->params[p], plan->params[p]))
			return false;
	return true;
}

int outcome_of_run(const char *dir, struct plan **plan, struct outcome *outcome, struct err *err)
{
	const struct evidence *evidence;

	*outcome = (struct outcome){ .dir = must_strdup(dir) };
	evidence = outcome->evidence = evidence_read(dir, err);
	if (!evidence)
		goto fail;
	if (*plan && is_plan_of(*plan, evidence)) {
		outcome->plan = *plan;
		*plan = NULL;
	} else {
		outcome->plan = outcome_plan(evidence, err);
	}
	if (!outcome->plan) {
		err_in(err, dir);
		goto fail;
	}
	facts_collect(evidence, &outcome->facts);
	judge(outcome->plan, &outcome->facts, &outcome->verdicts);
	return 0;
fail:
	outcome_free(outcome);
	return err_code(err);
}

int outcome_of(const char *dir, struct outcome *outcome, struct err *err)
{
	struct plan *none = NULL;

	return outcome_of_run(dir, &none, outcome, err);
}

void outcome_without(struct plan *plan, enum result result, const char *why, struct outcome *outcome)
{
	*outcome = (struct outcome){ .plan = plan, .failed = utf8_line(why), .without = result };
	judge_nothing(plan, result, why, &outcome->verdicts);
}

static void count_all(const struct outcome *outcomes, unsigned int n, unsigned int count[RESULTS])
{
	for (unsigned int o = 0; o < n; o++) {
		for (int r = 0; r < RESULTS; r++)
			count[r] += verdicts_count(&outcomes[o].verdicts, r);
		if (outcomes[o].failed && !outcomes[o].verdicts.n)	/* of a lab without claims */
			count[outcomes[o].without]++;
	}
}

int outcome_gravest(const unsigned int count[RESULTS])
{
	static const struct { enum result result; int status; } gravest[] = {
		{ RESULT_ERROR, STATUS_ERROR }, { RESULT_FAIL, STATUS_FAILS }, { RESULT_SKIP, STATUS_SKIP },
	};

	for (size_t g = 0; g < ARRAY_SIZE(gravest); g++)
		if (count[gravest[g].result])
			return gravest[g].status;
	return STATUS_HOLDS;
}

int outcome_status(const struct outcome *outcomes, unsigned int n)
{
	unsigned int count[RESULTS] = { 0 };

	count_all(outcomes, n, count);
	return outcome_gravest(count);
}

static const char *or_dash(const char *text)
{
	return text && *text ? text : "-";
}

/* Rows of many nodes that say the same (host2 ... host200) are told once. */
static bool same_but_node(const struct verdict *a, const struct verdict *b)
{
	return a->result == b->result && !strcmp(a->claim->words, b->claim->words) &&
	       !strcmp(a->claim->fact, b->claim->fact) && !strcmp(a->seen, b->seen) &&
	       !strcmp(a->expected, b->expected) && a->result == RESULT_PASS;
}

static void print_verdict(FILE *out, const struct verdict *verdict, unsigned int more)
{
	const struct claim *claim = verdict->claim;
	auto_free char *others = more ? must_printf(" (and %u more)", more) : must_strdup("");
	bool literal = !strncmp(verdict->expected, "= ", 2) && !strcmp(verdict->expected + 2, verdict->seen);
	auto_free char *expected = literal ? must_strdup(" as expected") : must_printf("; expected %s", verdict->expected);
	auto_free char *seen = must_printf("%s%s %s: %s%s", claim->node, others, claim->fact, verdict->seen, expected);
	auto_free char *where = must_printf("%s%s[%s]", verdict->where, *verdict->where ? "  " : "", or_dash(claim->source));

	fprintf(out, "  %-5s %-4s ", result_name[verdict->result], claim->article ? claim->article : "");
	text_wrap(out, claim->words, 13);
	fprintf(out, "%13s", "");
	text_wrap(out, seen, 13);
	fprintf(out, "%13s", "");
	text_wrap(out, where, 13);
}

static bool is_drawn(const char *dir)
{
	auto_free char *report = must_printf("%s/report.html", dir);

	return !access(report, F_OK);
}

static void print_text(FILE *out, const struct outcome *outcome)
{
	const struct evidence *evidence = outcome->evidence;
	const struct verdicts *verdicts = &outcome->verdicts;

	fprintf(out, "%s/%s", outcome->plan->lab->name, outcome->plan->variant);
	if (evidence)
		fprintf(out, "  Linux %s (%s)%s%s, %.1f s of its time", evidence->kernel, evidence->runner,
			*evidence->recycle ? ", tcp_tw_recycle " : "", evidence->recycle,
			(double)evidence->end_ns / (double)NS_PER_S);
	if (outcome->wall_ns)
		fprintf(out, " in %.1f s", (double)outcome->wall_ns / (double)NS_PER_S);
	if (evidence && *evidence->snapshot)
		fprintf(out, ", snapshot %.*s", SNAPSHOT_SHOWN, evidence->snapshot);
	fputc('\n', out);
	if (outcome->failed) {	/* one reason for all its claims */
		fprintf(out, "  %-5s      ", result_name[outcome->without]);
		text_wrap(out, outcome->failed, 13);
	}
	for (unsigned int v = 0; v < verdicts->n && !outcome->failed; v++) {
		unsigned int first = v;

		while (v + 1 < verdicts->n && same_but_node(&verdicts->rows[first], &verdicts->rows[v + 1]))
			v++;
		print_verdict(out, &verdicts->rows[first], v - first);
	}
	if (outcome->dir)
		fprintf(out, "  evidence   %s/ (%s)\n", outcome->dir, outcome->failed ? "not whole: what there is of it" :
			is_drawn(outcome->dir) ? "report.html, packets.pcapng, *.svg" : "packets.pcapng, facts.tsv, ...");
	fputc('\n', out);
}

static void print_tsv(FILE *out, const struct outcome *outcome)
{
	for (unsigned int v = 0; v < outcome->verdicts.n; v++) {
		const struct verdict *verdict = &outcome->verdicts.rows[v];
		const struct claim *claim = verdict->claim;
		const char *const cells[] = {
			outcome->plan->lab->name, outcome->plan->variant, outcome->evidence ? outcome->evidence->kernel : "-",
			result_name[verdict->result], claim->article ? claim->article : "-", claim->words, claim->node,
			claim->fact, verdict->expected, verdict->seen, or_dash(verdict->where),
		};

		for (size_t c = 0; c < ARRAY_SIZE(cells); c++) {
			auto_free char *cell = utf8_line(cells[c]);

			fprintf(out, "%s%s", c ? "\t" : "", cell);
		}
		fputc('\n', out);
	}
}

/* As it stands in a line of the others. */
static json_t *line(const char *text)
{
	auto_free char *clean = utf8_line(text);

	return json_text(clean);
}

static json_t *verdicts_json(const struct outcome *outcome)
{
	json_t *rows = json_array();

	for (unsigned int v = 0; v < outcome->verdicts.n; v++) {
		const struct verdict *verdict = &outcome->verdicts.rows[v];
		const struct claim *claim = verdict->claim;

		json_array_append_new(rows, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			"verdict", result_name[verdict->result], "article", json_text(claim->article),
			"claim", line(claim->words), "node", line(claim->node), "fact", line(claim->fact),
			"expected", line(verdict->expected), "seen", line(verdict->seen),
			"where", line(verdict->where), "source", line(claim->source ? claim->source : "")));
	}
	return rows;
}

/* What does not follow from the evidence (@costs: where it is, what it took) is told, but not kept with it. */
static json_t *outcome_json(const struct outcome *outcome, bool costs)
{
	const struct evidence *evidence = outcome->evidence;
	json_t *json = json_pack("{s:o, s:o, s:i}", "lab", json_text(outcome->plan->lab->name),
				 "variant", json_text(outcome->plan->variant), "status", outcome_status(outcome, 1));

	if (evidence)
		json_object_update_new(json, json_pack("{s:o, s:o, s:o, s:I, s:I}", "kernel", json_text(evidence->kernel),
			"runner", json_text(evidence->runner), "recycle", json_text(evidence->recycle), "seed", (json_int_t)evidence->seed,
			"end_ns", (json_int_t)evidence->end_ns));
	if (evidence && *evidence->snapshot)
		json_object_set_new(json, "snapshot", json_string(evidence->snapshot));
	if (outcome->failed)
		json_object_set_new(json, "failed", json_text(outcome->failed));
	if (costs && outcome->dir)
		json_object_set_new(json, "evidence", json_text(outcome->dir));
	if (costs && outcome->wall_ns)
		json_object_update_new(json, json_pack("{s:f, s:I}", "wall_s",
			(double)outcome->wall_ns / (double)NS_PER_S, "guest_rss_kb", (json_int_t)outcome->rss_kb));
	json_object_set_new(json, "verdicts", verdicts_json(outcome));
	return json;
}

static int write_verdicts(const struct outcome *outcome, struct err *err)
{
	auto_free char *path = must_printf("%s/verdicts.json", outcome->dir);
	auto_fclose FILE *file = fopen(path, "we");
	json_t *json = outcome_json(outcome, false);
	int failed = !file || json_dumpf(json, file, JSON_INDENT(1)) || fputc('\n', file) == EOF || fflush(file);

	json_decref(json);
	return failed ? err_set(err, errno, "cannot write %s", path) : 0;
}

int outcome_write(const struct outcome *outcome, struct err *err)
{
	auto_free char *facts = must_printf("%s/facts.tsv", outcome->dir);

	return facts_write(&outcome->facts, facts, err) ? err_code(err) : write_verdicts(outcome, err);
}

static void print_sum(FILE *out, const struct outcome *outcomes, unsigned int n)
{
	unsigned int count[RESULTS] = { 0 };

	count_all(outcomes, n, count);
	fprintf(out, "%u claims hold, %u fail, %u could not be told, %u skipped, in %u runs\n",
		count[RESULT_PASS], count[RESULT_FAIL], count[RESULT_ERROR], count[RESULT_SKIP], n);
}

void outcomes_print(FILE *out, enum print_format how, const struct outcome *outcomes, unsigned int n)
{
	json_t *all;

	switch (how) {
	case PRINT_TEXT:
		for (unsigned int o = 0; o < n; o++)
			print_text(out, &outcomes[o]);
		print_sum(out, outcomes, n);
		break;
	case PRINT_TSV:
		fputs("lab\tvariant\tkernel\tverdict\tarticle\tclaim\tnode\tfact\texpected\tseen\twhere\n", out);
		for (unsigned int o = 0; o < n; o++)
			print_tsv(out, &outcomes[o]);
		break;
	case PRINT_JSON:
		all = json_array();
		for (unsigned int o = 0; o < n; o++)
			json_array_append_new(all, outcome_json(&outcomes[o], true));
		json_dumpf(all, out, JSON_INDENT(1));
		fputc('\n', out);
		json_decref(all);
		break;
	}
}

void outcome_free(struct outcome *outcome)
{
	verdicts_free(&outcome->verdicts);
	facts_free(&outcome->facts);
	evidence_free(outcome->evidence);
	plan_free(outcome->plan);
	free(outcome->dir);
	free(outcome->failed);
	*outcome = (struct outcome){ 0 };
}

/* judge.c - claims held against facts */
#include "harness/judge/judge.h"

#include <twlab/number.h>
#include <twlab/utf8.h>

const char *const result_name[RESULTS] = {
	[RESULT_PASS] = "pass", [RESULT_FAIL] = "FAIL",
	[RESULT_ERROR] = "error", [RESULT_SKIP] = "skip",
};

/* -1, 0, 1 as strcmp; 2 when one is a number and the other is not. */
static int compare(const char *a, const char *b)
{
	long double m, n;
	bool a_is = number_decimal(a, &m), b_is = number_decimal(b, &n);

	if (a_is && b_is)
		return m < n ? -1 : m > n;
	if (a_is != b_is)
		return 2;
	return strcmp(a, b) < 0 ? -1 : strcmp(a, b) > 0;
}

static int within(const char *range, const char *seen, struct err *err)
{
	const char *dots = strstr(range, "..");
	auto_free char *low = must_printf("%.*s", (int)(dots - range), range);
	long double m, n, value;

	if (!number_decimal(low, &m) || !number_decimal(dots + 2, &n) || m > n)
		return err_set(err, 0, "'%s' is no range", range);
	return number_decimal(seen, &value) && value >= m && value <= n;
}

int judge_expect(const char *expect, const char *seen, struct err *err)
{
	/* which answers of compare() each operator takes: less, equal, more */
	static const struct { const char *op; bool less, equal, more; } ops[] = {
		{ "= ", false, true, false }, { ">= ", false, true, true },
		{ "<= ", true, true, false }, { "< ", true, false, false },
		{ "> ", false, false, true },
	};

	if (!strncmp(expect, "!= ", 3))
		return compare(seen, expect + 3) != 0;
	if (!strncmp(expect, "~ ", 2))
		return strstr(seen, expect + 2) != NULL;
	for (size_t o = 0; o < ARRAY_SIZE(ops); o++) {
		size_t len = strlen(ops[o].op);
		int is;

		if (strncmp(expect, ops[o].op, len))
			continue;
		is = compare(seen, expect + len);
		return is == 2 ? 0 : is < 0 ? ops[o].less : is > 0 ? ops[o].more : ops[o].equal;
	}
	if (strstr(expect, ".."))
		return within(expect, seen, err);
	return err_set(err, 0, "'%s' is no expectation", expect);
}

/* @expect with "@name" or "@node:name" at its end replaced by that fact's
 * value. NULL if there is no such fact.
 */
static char *with_fact(const char *expect, const char *node, const struct facts *facts)
{
	const char *at = strchr(expect, '@'), *colon;
	const struct fact *fact;

	if (!at)
		return must_strdup(expect);
	colon = strchr(at, ':');
	if (colon) {
		auto_free char *other = must_printf("%.*s", (int)(colon - at - 1), at + 1);

		fact = facts_find(facts, other, colon + 1);
	} else {
		fact = facts_find(facts, node, at + 1);
	}
	return fact ? must_printf("%.*s%s", (int)(at - expect), expect, fact->value) : NULL;
}

static void judge_claim(const struct claim *claim, const struct facts *facts, struct verdict *verdict)
{
	const struct fact *fact = facts_find(facts, claim->node, claim->fact);
	auto_free char *expected = NULL;
	struct err err = { 0 };
	int holds;

	verdict->claim = claim;
	verdict->seen = must_strdup(fact ? fact->value : "nothing");
	verdict->where = must_strdup(fact ? fact->where : "");
	expected = with_fact(claim->expect, claim->node, facts);
	verdict->expected = utf8_line(expected ? expected : claim->expect);	/* as facts are */
	if (!expected) {
		verdict->result = RESULT_FAIL;	/* what it is compared with was not seen */
		return;
	}
	holds = judge_expect(verdict->expected, verdict->seen, &err);
	verdict->result = holds < 0 ? RESULT_ERROR : fact && holds ? RESULT_PASS : RESULT_FAIL;
	if (holds < 0) {
		free(verdict->seen);
		verdict->seen = utf8_line(err.text);
	}
}

static void skip_claim(const struct claim *claim, struct verdict *verdict)
{
	auto_free char *why = must_printf("IPv4 only: %s", claim->ipv4_only);

	*verdict = (struct verdict){
		.claim = claim, .result = RESULT_SKIP, .expected = utf8_line(claim->expect),
		.seen = utf8_line(why), .where = must_strdup(""),
	};
}

void judge(const struct plan *plan, const struct facts *facts, struct verdicts *verdicts)
{
	*verdicts = (struct verdicts){ 0 };
	for (const struct claim *claim = plan->claims; claim && claim->words; claim++) {
		struct verdict *verdict = grow(&verdicts->rows, verdicts->n++, sizeof(struct verdict));

		if (plan->ipv6 && claim->ipv4_only)
			skip_claim(claim, verdict);
		else
			judge_claim(claim, facts, verdict);
	}
}

void judge_nothing(const struct plan *plan, enum result result, const char *why,
		   struct verdicts *verdicts)
{
	*verdicts = (struct verdicts){ 0 };
	for (const struct claim *claim = plan->claims; claim && claim->words; claim++) {
		struct verdict *verdict = grow(&verdicts->rows, verdicts->n++, sizeof(*verdict));

		*verdict = (struct verdict){
			.claim = claim, .result = result, .expected = utf8_line(claim->expect),
			.seen = utf8_line(why), .where = must_strdup(""),
		};
	}
}

unsigned int verdicts_count(const struct verdicts *verdicts, enum result result)
{
	unsigned int count = 0;

	for (unsigned int v = 0; v < verdicts->n; v++)
		count += verdicts->rows[v].result == result;
	return count;
}

void verdicts_free(struct verdicts *verdicts)
{
	for (unsigned int v = 0; v < verdicts->n; v++) {
		free(verdicts->rows[v].expected);
		free(verdicts->rows[v].seen);
		free(verdicts->rows[v].where);
	}
	free(verdicts->rows);
	*verdicts = (struct verdicts){ 0 };
}

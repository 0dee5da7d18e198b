/* claims.c - twlab claims: the article's claims, put to the test one by one
 *
 * All labs are run (or evidence that is there is taken), and the answers are
 * computed from their verdicts, for each kernel apart: see findings.h.
 */
#include "harness/cli/commands.h"
#include "harness/cli/run.h"
#include "harness/judge/findings.h"
#include "harness/judge/outcome_find.h"
#include "harness/util/html.h"
#include "harness/util/text.h"
#include "harness/vm/kernel.h"
#include "harness/judge/report.h"
#include <twlab/json_text.h>

#include <getopt.h>

enum how { HOW_TEXT, HOW_TSV, HOW_JSON, HOW_HTML };

#define FINDINGS_MOST 64

struct request {
	const char *kernel, *out;
	char *from;		/* evidence that is there; NULL = run */
	enum how how;
	bool here;
};

struct group {			/* what was run on one kernel */
	char *kernel;
	struct outcome *outcomes;
	unsigned int n;
	struct finding findings[FINDINGS_MOST];
};

struct groups {
	struct group *of;
	unsigned int n, n_answers;
};

/* Do the runs on @a and @b say the same of the @i-th claim? */
static bool agree(const struct group *a, const struct group *b, unsigned int i)
{
	return a->findings[i].kind == b->findings[i].kind && !strcmp(a->findings[i].limit, b->findings[i].limit);
}

/* Has a kernel before the @g-th said the same? */
static bool is_printed(const struct groups *groups, unsigned int g, unsigned int i)
{
	for (unsigned int before = 0; before < g; before++)
		if (agree(&groups->of[before], &groups->of[g], i))
			return true;
	return false;
}

/* Those that say the same as the @g-th: "Linux 6.1, 6.12"; "" where there is one kernel. To be freed. */
static char *kernels_of(const struct groups *groups, unsigned int g, unsigned int i)
{
	char *text = must_strdup("");

	for (unsigned int k = g; k < groups->n && groups->n > 1; k++)
		if (agree(&groups->of[k], &groups->of[g], i))
			must_append(&text, "%s%s", *text ? ", " : "Linux ", groups->of[k].kernel);
	return text;
}

/* "03-final-ack-loss/kept: server conn1.FIN.2.answer is ACK, packets.pcapng:43" To be freed. */
static char *support_text(const struct support *support)
{
	const struct verdict *verdict = support->verdict;

	return must_printf("%s/%s: %s %s is %s%s%s", support->outcome->plan->lab->name, support->outcome->plan->variant,
			   verdict->claim->node, verdict->claim->fact, verdict->seen, *verdict->where ? ", " : "", verdict->where);
}

static void print_support(const struct support *support, bool open)
{
	const struct outcome *outcome = support->outcome;
	auto_free char *line = outcome->failed ?
		must_printf("not run: %s/%s: %s", outcome->plan->lab->name, outcome->plan->variant, outcome->failed) :
		support_text(support);
	auto_free char *words = must_printf("%s%s", open && !outcome->failed ? "not held: " : "", line);

	printf("%16s", "");
	text_wrap(stdout, words, 18);
}

/* Three facts, those first that set a limit. Where an answer is open, what keeps it open: a
 * line for each run that did not come about.
 */
static void print_supports(const struct finding *finding)
{
	bool open = finding->kind == FINDING_OPEN;
	unsigned int told = 0, left = 0;

	for (int pass = 0; pass < 2; pass++) {
		const struct outcome *last = NULL;

		for (unsigned int s = 0; s < finding->n; s++) {
			const struct support *support = &finding->supports[s];
			bool limits = support->verdict->claim->bears != BEARS_OUT;
			bool again = support->outcome->failed && support->outcome == last;

			if ((!open && limits != (pass == 0)) || (open && (pass || support->verdict->result == RESULT_PASS)) || again)
				continue;
			last = support->outcome;
			if (told < (pass || open ? 3 : 2)) {
				told++;
				print_support(support, open);
			} else {
				left++;
			}
		}
	}
	if (left)
		printf("%16sand %u more\n", "", left);
}

static void print_finding(const struct groups *groups, unsigned int g, unsigned int i)
{
	const struct finding *finding = &groups->of[g].findings[i];
	auto_free char *kernels = kernels_of(groups, g, i);

	printf("%-4s %-10s ", g ? "" : finding->claim->id, finding_name[finding->kind]);
	text_wrap(stdout, g ? kernels : finding->claim->words, 16);
	if (!g && *kernels) {
		printf("%16s", "");
		text_wrap(stdout, kernels, 16);
	}
	if (*finding->limit) {
		printf("%16s", "");
		text_wrap(stdout, finding->limit, 16);
	}
	print_supports(finding);
}

static void print_sums(const struct groups *groups)
{
	for (unsigned int g = 0; g < groups->n; g++) {
		unsigned int count[FINDING_KINDS] = { 0 };

		for (unsigned int i = 0; i < groups->n_answers; i++)
			count[groups->of[g].findings[i].kind]++;
		printf("%s%u confirmed, %u refined, %u refuted, %u open%s%s\n", g ? "" : "\n", count[FINDING_CONFIRMED],
		       count[FINDING_REFINED], count[FINDING_REFUTED], count[FINDING_OPEN], groups->n > 1 ? " on Linux " : "",
		       groups->n > 1 ? groups->of[g].kernel : "");
	}
}

static void print_text(const struct groups *groups)
{
	for (unsigned int i = 0; i < groups->n_answers; i++)
		for (unsigned int g = 0; g < groups->n; g++)
			if (!is_printed(groups, g, i))
				print_finding(groups, g, i);
	print_sums(groups);
}

static void print_tsv(const struct groups *groups)
{
	puts("id\tanswer\twords\tlimit\tkernel\tlab\tvariant\tverdict\tnode\tfact\tseen\twhere");
	for (unsigned int i = 0; i < groups->n_answers; i++)
		for (unsigned int g = 0; g < groups->n; g++) {
			const struct finding *finding = &groups->of[g].findings[i];

			for (unsigned int s = 0; s < finding->n || s == 0; s++) {
				const struct support *support = finding->n ? &finding->supports[s] : NULL;
				const struct verdict *verdict = support ? support->verdict : NULL;

				printf("%s\t%s\t%s\t%s\t%s\t", finding->claim->id, finding_name[finding->kind],
				       finding->claim->words, finding->limit, groups->of[g].kernel);
				if (verdict)
					printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", support->outcome->plan->lab->name,
					       support->outcome->plan->variant, result_name[verdict->result],
					       verdict->claim->node, verdict->claim->fact, verdict->seen, verdict->where);
				else
					puts("-\t-\t-\t-\t-\t-\t-");
			}
		}
}

static json_t *finding_json(const struct group *group, const struct finding *finding)
{
	json_t *supports = json_array();

	for (unsigned int s = 0; s < finding->n; s++) {
		const struct support *support = &finding->supports[s];
		const struct verdict *verdict = support->verdict;

		json_array_append_new(supports, json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o}",
			"lab", json_text(support->outcome->plan->lab->name), "variant", json_text(support->outcome->plan->variant),
			"verdict", result_name[verdict->result], "node", json_text(verdict->claim->node),
			"fact", json_text(verdict->claim->fact), "seen", json_text(verdict->seen), "where", json_text(verdict->where)));
	}
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "id", finding->claim->id,
			 "answer", finding_name[finding->kind], "words", finding->claim->words,
			 "limit", json_text(finding->limit), "kernel", json_text(group->kernel), "evidence", supports);
}

static void print_json(const struct groups *groups)
{
	json_t *all = json_array();

	for (unsigned int i = 0; i < groups->n_answers; i++)
		for (unsigned int g = 0; g < groups->n; g++)
			json_array_append_new(all, finding_json(&groups->of[g], &groups->of[g].findings[i]));
	json_dumpf(all, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(all);
}

/* What an answer rests on, folded away: there is much of it. */
static void html_supports(const struct finding *finding)
{
	printf("<details%s><summary>%u facts</summary>", finding->kind == FINDING_OPEN ? " open" : "", finding->n);
	for (unsigned int s = 0; s < finding->n; s++) {
		const struct support *support = &finding->supports[s];
		const char *result = result_name[support->verdict->result];
		auto_free char *line = support_text(support);

		printf("<p><span class=\"%s\">%s</span> ", result, result);
		html_escaped(stdout, support->verdict->claim->words);
		fputs("<br><small>", stdout);
		html_escaped(stdout, line);
		if (support->verdict->claim->source) {
			fputs(". ", stdout);
			html_escaped(stdout, support->verdict->claim->source);
		}
		puts("</small>");
	}
	puts("</details>");
}

static void html_answer(const struct groups *groups, unsigned int g, unsigned int i)
{
	static const char *const class[FINDING_KINDS] = {	/* the verdicts' */
		[FINDING_CONFIRMED] = "pass", [FINDING_REFINED] = "pass", [FINDING_REFUTED] = "FAIL", [FINDING_OPEN] = "skip",
	};
	const struct finding *finding = &groups->of[g].findings[i];
	auto_free char *kernels = kernels_of(groups, g, i);

	fputs("<tr><td>", stdout);
	if (!g) {
		printf("<b>%s</b> ", finding->claim->id);
		html_escaped(stdout, finding->claim->words);
	}
	printf("<td><span class=\"%s\">%s</span><br>", class[finding->kind], finding_name[finding->kind]);
	html_escaped(stdout, kernels);
	fputs("<td>", stdout);
	html_escaped(stdout, finding->limit);
	html_supports(finding);
	puts("</tr>");
}

static void print_html(const struct groups *groups)
{
	html_head(stdout, "The article's claims");
	puts("<h1>The article's claims</h1>\n<p>Linux");
	for (unsigned int g = 0; g < groups->n; g++) {
		puts(g ? "," : "");
		html_escaped(stdout, groups->of[g].kernel);
	}
	puts("\n<table><tr><th>The article says<th>Answer<th>Limits, and what it rests on</tr>");
	for (unsigned int i = 0; i < groups->n_answers; i++)
		for (unsigned int g = 0; g < groups->n; g++)
			if (!is_printed(groups, g, i))
				html_answer(groups, g, i);
	puts("</table></html>");
}

static int parse(struct request *request, int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "kernel", required_argument, NULL, 'k' }, { "output", required_argument, NULL, 'o' },
		{ "from", required_argument, NULL, 'f' }, { "here", no_argument, NULL, 'H' },
		{ "html", no_argument, NULL, 'h' }, { "tsv", no_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' }, { 0 }
	};
	int opt;

	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, ":o:", options, NULL)) >= 0) {
		switch (opt) {
		case 'k': request->kernel = optarg; break;
		case 'o': request->out = optarg; break;
		case 'f': request->from = optarg; break;
		case 'H': request->here = true; break;
		case 'h': request->how = HOW_HTML; break;
		case 't': request->how = HOW_TSV; break;
		case 'j': request->how = HOW_JSON; break;
		default:
			return options_unknown(opt, argv, err);
		}
	}
	if (optind < argc)
		return err_set(err, 0, "'%s' is one word too many; --from DIR takes evidence that is there", argv[optind]);
	return 0;
}

static struct group *group_named(struct groups *groups, const char *kernel)
{
	for (unsigned int g = 0; g < groups->n; g++)
		if (!strcmp(groups->of[g].kernel, kernel))
			return &groups->of[g];
	grow(&groups->of, groups->n, sizeof(*groups->of));
	groups->of[groups->n].kernel = must_strdup(kernel);
	return &groups->of[groups->n++];
}

/* Run every lab on @kernel (NULL: the usual). A status. */
static int run_on(struct groups *groups, const struct request *request, const char *kernel, bool several, struct err *err)
{
	auto_free char *out = several ? must_printf("%s/%s", request->out, kernel) : must_strdup(request->out);
	char *argv[12] = { (char *)"claims", (char *)"all", (char *)"--no-draw", (char *)"-o", out };
	struct outcome *outcomes = NULL;
	unsigned int n = 0;
	int argc = 5, status;
	struct group *group;

	if (kernel) {
		argv[argc++] = (char *)"--kernel";
		argv[argc++] = (char *)(uintptr_t)kernel;
	}
	if (request->here)
		argv[argc++] = (char *)"--here";
	status = run_outcomes(argc, argv, &outcomes, &n, err);
	for (unsigned int o = 0; !kernel && o < n; o++)		/* which it was */
		kernel = outcomes[o].evidence ? outcomes[o].evidence->kernel : NULL;
	group = group_named(groups, kernel ? kernel : "");
	group->outcomes = outcomes;
	group->n = n;
	return status;
}

static int run_all(struct groups *groups, const struct request *request, struct err *err)
{
	char **kernels = NULL;
	int n = request->kernel ? kernel_names(request->kernel, &kernels, err) : 0, status = STATUS_HOLDS;

	if (n < 0)
		status = STATUS_USAGE;
	else if (!n)
		status = run_on(groups, request, NULL, false, err);
	for (int k = 0; k < n && !err->code; k++)
		status = run_on(groups, request, kernels[k], n > 1, err);
	for (int k = 0; k < n; k++)
		free(kernels[k]);
	free(kernels);
	return status;
}

static int take_all(struct groups *groups, const struct request *request, struct err *err)
{
	struct outcome *outcomes = NULL;
	unsigned int n = 0;

	if (outcomes_find(request->from, &outcomes, &n, err)) {
		for (unsigned int o = 0; o < n; o++)
			outcome_free(&outcomes[o]);
		free(outcomes);
		return STATUS_ERROR;
	}
	for (unsigned int o = 0; o < n; o++) {
		struct group *group = group_named(groups, outcomes[o].evidence->kernel);

		*(struct outcome *)grow(&group->outcomes, group->n++, sizeof(*outcomes)) = outcomes[o];
	}
	free(outcomes);
	return STATUS_HOLDS;
}

static void groups_free(struct groups *groups)
{
	for (unsigned int g = 0; g < groups->n; g++) {
		struct group *group = &groups->of[g];

		findings_free(group->findings, groups->n_answers);
		for (unsigned int o = 0; o < group->n; o++)
			outcome_free(&group->outcomes[o]);
		free(group->outcomes);
		free(group->kernel);
	}
	free(groups->of);
}

/* The gravest of all kernels' outcomes. */
static int status_of(const struct groups *groups)
{
	static const int gravest[] = { STATUS_ERROR, STATUS_FAILS, STATUS_SKIP };

	for (size_t w = 0; w < ARRAY_SIZE(gravest); w++)
		for (unsigned int g = 0; g < groups->n; g++)
			if (outcome_status(groups->of[g].outcomes, groups->of[g].n) == gravest[w])
				return gravest[w];
	return STATUS_HOLDS;
}

int claims_main(int argc, char **argv, struct err *err)
{
	static void (*const print[])(const struct groups *groups) = {
		[HOW_TEXT] = print_text, [HOW_TSV] = print_tsv, [HOW_JSON] = print_json, [HOW_HTML] = print_html,
	};
	struct request request = { .out = "evidence" };
	struct groups groups = { 0 };
	int status;

	if (parse(&request, argc, argv, err))
		return STATUS_USAGE;
	status = request.from ? take_all(&groups, &request, err) : run_all(&groups, &request, err);
	if (!err->code) {
		for (unsigned int g = 0; g < groups.n; g++)
			groups.n_answers = findings_all(groups.of[g].outcomes, groups.of[g].n, groups.of[g].findings);
		print[request.how](&groups);
		status = status_of(&groups);
	}
	groups_free(&groups);
	return status;
}

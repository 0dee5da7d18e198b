/* claims.c - twlab claims: the article's claims, put to the test one by one
 *
 * All labs are run (or evidence that is there is taken), and the answers are
 * computed from their verdicts: see answer.h.
 */
#include "harness/answer.h"
#include "harness/report.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <sys/wait.h>

enum how { HOW_TEXT, HOW_TSV, HOW_JSON, HOW_HTML };

struct request {
	const char *kernel, *out;
	char *from;		/* evidence that is there; NULL = run */
	enum how how;
	bool here;
};

/* Run every lab, in a child: its report is not what was asked for. */
static int run_labs(const struct request *request, struct err *err)
{
	char *argv[12] = { (char *)"run", (char *)"all", (char *)"--no-draw", (char *)"-o", (char *)(uintptr_t)request->out };
	int argc = 5, status;
	pid_t pid;

	if (request->kernel) {
		argv[argc++] = (char *)"--kernel";
		argv[argc++] = (char *)(uintptr_t)request->kernel;
	}
	if (request->here)
		argv[argc++] = (char *)"--here";
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);
		struct err failed = { 0 };

		dup2(null, STDOUT_FILENO);
		status = run_main(argc, argv, &failed);
		if (failed.code)
			fprintf(stderr, "twlab: claims: %s\n", failed.text);
		exit(failed.code ? status : 0);
	}
	if (pid < 0)
		return err_set(err, errno, "cannot fork");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_ERROR;
}

static void tell_text(const struct answer *answers, unsigned int n)
{
	unsigned int count[ANSWERS] = { 0 };

	for (unsigned int a = 0; a < n; a++) {
		const struct answer *answer = &answers[a];
		unsigned int told = 0;

		count[answer->kind]++;
		printf("%-4s %-10s ", answer->saying->id, answer_name[answer->kind]);
		fold(stdout, answer->saying->words, 16);
		if (*answer->limit) {
			printf("%16s", "");
			fold(stdout, answer->limit, 16);
		}
		for (unsigned int s = 0; s < answer->n; s++) {
			const struct support *support = &answer->supports[s];
			const struct verdict *verdict = support->verdict;
			auto_free char *line = NULL;

			if (answer->kind == ANSWER_OPEN ? verdict->result == RESULT_PASS : told >= 3)
				continue;
			told++;
			line = must_printf("%s%s/%s: %s %s is %s%s%s", verdict->result == RESULT_PASS ? "" : "not held: ",
					   support->outcome->plan->lab->name, support->outcome->plan->variant,
					   verdict->claim->node, verdict->claim->fact, verdict->seen,
					   *verdict->where ? ", " : "", verdict->where);
			printf("%16s", "");
			fold(stdout, line, 18);
		}
		if (answer->kind != ANSWER_OPEN && answer->n > told)
			printf("%16sand %u more\n", "", answer->n - told);
	}
	printf("\n%u confirmed, %u refined, %u refuted, %u open\n", count[ANSWER_CONFIRMED],
	       count[ANSWER_REFINED], count[ANSWER_REFUTED], count[ANSWER_OPEN]);
}

static void tell_tsv(const struct answer *answers, unsigned int n)
{
	puts("id\tanswer\twords\tlimit\tlab\tvariant\tverdict\tnode\tfact\tseen\twhere");
	for (unsigned int a = 0; a < n; a++)
		for (unsigned int s = 0; s < answers[a].n || s == 0; s++) {
			const struct support *support = answers[a].n ? &answers[a].supports[s] : NULL;
			const struct verdict *verdict = support ? support->verdict : NULL;

			printf("%s\t%s\t%s\t%s", answers[a].saying->id, answer_name[answers[a].kind],
			       answers[a].saying->words, answers[a].limit);
			if (verdict)
				printf("\t%s\t%s\t%s\t%s\t%s\t%s\t%s", support->outcome->plan->lab->name,
				       support->outcome->plan->variant, result_name[verdict->result],
				       verdict->claim->node, verdict->claim->fact, verdict->seen, verdict->where);
			putchar('\n');
		}
}

static void tell_json(const struct answer *answers, unsigned int n)
{
	json_t *all = json_array();

	for (unsigned int a = 0; a < n; a++) {
		json_t *supports = json_array();

		for (unsigned int s = 0; s < answers[a].n; s++) {
			const struct support *support = &answers[a].supports[s];
			const struct verdict *verdict = support->verdict;

			json_array_append_new(supports, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
				"lab", support->outcome->plan->lab->name, "variant", support->outcome->plan->variant,
				"verdict", result_name[verdict->result], "node", verdict->claim->node,
				"fact", verdict->claim->fact, "seen", verdict->seen, "where", verdict->where));
		}
		json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:s, s:o}", "id", answers[a].saying->id,
			"answer", answer_name[answers[a].kind], "words", answers[a].saying->words,
			"limit", answers[a].limit, "evidence", supports));
	}
	json_dumpf(all, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(all);
}

static void tell_html(const struct answer *answers, unsigned int n)
{
	static const char *const colour[ANSWERS] = {	/* the verdicts' classes */
		[ANSWER_CONFIRMED] = "pass", [ANSWER_REFINED] = "pass", [ANSWER_REFUTED] = "FAIL", [ANSWER_OPEN] = "skip",
	};

	report_head(stdout, "The article's claims");
	puts("<h1>The article's claims</h1>\n<table><tr><th>Claim<th>Answer<th>Evidence</tr>");
	for (unsigned int a = 0; a < n; a++) {
		const struct answer *answer = &answers[a];

		printf("<tr><td><b>%s</b> ", answer->saying->id);
		report_escaped(stdout, answer->saying->words);
		printf("<td><span class=\"%s\">%s</span><br>", colour[answer->kind], answer_name[answer->kind]);
		report_escaped(stdout, answer->limit);
		fputs("<td>", stdout);
		for (unsigned int s = 0; s < answer->n; s++) {
			const struct support *support = &answer->supports[s];
			const struct verdict *verdict = support->verdict;

			printf("<span class=\"%s\">%s</span> ", result_name[verdict->result], result_name[verdict->result]);
			report_escaped(stdout, verdict->claim->words);
			auto_free char *line = must_printf("%s/%s: %s %s is %s. %s", support->outcome->plan->lab->name,
				support->outcome->plan->variant, verdict->claim->node, verdict->claim->fact, verdict->seen, verdict->where);

			fputs("<br><small>", stdout);
			report_escaped(stdout, line);
			puts("</small><br>");
		}
		puts("</tr>");
	}
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
			return commands_no_option(opt, argv, err);
		}
	}
	if (optind < argc)
		return err_set(err, 0, "'%s' is one word too many; --from DIR takes evidence that is there", argv[optind]);
	return 0;
}

int claims_main(int argc, char **argv, struct err *err)
{
	static void (*const tell[])(const struct answer *answers, unsigned int n) = {
		[HOW_TEXT] = tell_text, [HOW_TSV] = tell_tsv, [HOW_JSON] = tell_json, [HOW_HTML] = tell_html,
	};
	struct request request = { .out = "evidence" };
	struct outcome *outcomes = NULL;
	struct answer answers[64];
	unsigned int n = 0, count;
	int status;

	if (parse(&request, argc, argv, err))
		return STATUS_USAGE;
	status = request.from ? 0 : run_labs(&request, err);
	if (status)
		return status < 0 ? STATUS_ERROR : status;
	if (outcomes_below(request.from ? request.from : (char *)(uintptr_t)request.out, &outcomes, &n, err)) {
		status = STATUS_ERROR;
	} else {
		count = answer_all(outcomes, n, answers);
		tell[request.how](answers, count);
		status = outcome_status(outcomes, n);
		answers_free(answers, count);
	}
	for (unsigned int o = 0; o < n; o++)
		outcome_free(&outcomes[o]);
	free(outcomes);
	return status;
}

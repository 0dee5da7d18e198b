/* report.c - report.html: one page, whole in itself, on one run */
#include "harness/judge/report.h"
#include "harness/util/html.h"

#include <errno.h>
#include <glob.h>

static void claims(FILE *out, const struct verdicts *verdicts)
{
	fputs("<h2>Claims</h2><table><tr><th>Verdict<th>Claim<th>Seen<th>Expected</tr>\n", out);
	for (unsigned int v = 0; v < verdicts->n; v++) {
		const struct verdict *verdict = &verdicts->rows[v];
		const struct claim *claim = verdict->claim;
		auto_free char *what = must_printf("%s %s", claim->node, claim->fact);

		fputs("<tr>", out);
		html_element(out, "td", result_name[verdict->result], result_name[verdict->result]);
		fputs("<td>", out);
		if (claim->article)
			fprintf(out, "<b>%s</b> ", claim->article);
		html_escaped(out, claim->words);
		fputs("<br>", out);
		html_element(out, "small", NULL, claim->source ? claim->source : "");
		fputs("<td>", out);
		html_escaped(out, verdict->seen);
		fputs("<br>", out);
		html_element(out, "small", NULL, what);
		fputs("<br>", out);
		html_element(out, "span", "where", verdict->where);
		html_element(out, "td", NULL, verdict->expected);
		fputs("</tr>\n", out);
	}
	fputs("</table>\n", out);
}

static int figures(FILE *out, const char *dir, struct err *err)
{
	auto_free char *pattern = must_printf("%s/*.svg", dir);
	glob_t found = { 0 };
	int code = 0;

	if (!glob(pattern, 0, NULL, &found)) {
		fputs("<h2>Pictures</h2>\n", out);
		for (size_t f = 0; f < found.gl_pathc && !code; f++)
			code = html_figure(out, found.gl_pathv[f], err);
	}
	globfree(&found);
	return code;
}

static void events(FILE *out, const struct evidence *evidence)
{
	fputs("<h2>What was done</h2><table><tr><th>s<th>What<th>Where<th>How<th>Why</tr>\n", out);
	for (unsigned int e = 0; e < evidence->n_events; e++) {
		const struct event_row *event = &evidence->events[e];
		bool start = !strcmp(event->what_kind, "start");	/* its words stand where others say why */
		auto_free char *how = must_printf("%s%s%s", event->what, start ? " " : "", start ? event->why : "");
		const char *const cells[] = { event->what_kind, event->node, how, start ? "" : event->why };

		fprintf(out, "<tr><td>%.3f", (double)event->at_ns / (double)NS_PER_S);
		for (size_t c = 0; c < ARRAY_SIZE(cells); c++)
			html_element(out, "td", NULL, cells[c]);
		fputs("</tr>\n", out);
	}
	fputs("</table>\n", out);
	if (evidence->n_programs)
		fputs("<h2>What the programs said</h2>\n", out);
	for (unsigned int p = 0; p < evidence->n_programs; p++) {
		const struct program_output *program = &evidence->programs[p];

		fputs("<h3>", out);
		html_escaped(out, program->name);
		fprintf(out, " <small>%s</small></h3>", program->status);
		html_element(out, "pre", NULL, program->out);
		fputc('\n', out);
	}
}

int report_write(const struct outcome *outcome, struct err *err)
{
	const struct evidence *evidence = outcome->evidence;
	const struct lab *lab = outcome->plan->lab;
	auto_free char *path = must_printf("%s/report.html", outcome->dir);
	auto_free char *title = must_printf("%s, %s", lab->name, outcome->plan->variant);
	auto_fclose FILE *out = fopen(path, "we");

	if (!out)
		return err_set(err, errno, "cannot write %s", path);
	html_head(out, title);
	html_element(out, "h1", NULL, lab->question);
	fputs("\n<p>", out);
	html_escaped(out, lab->answer);
	fprintf(out, "<p><small>%s, %s. Linux %s (%s)", lab->name, outcome->plan->variant, evidence->kernel, evidence->runner);
	if (*evidence->recycle)
		fprintf(out, ", tcp_tw_recycle %s", evidence->recycle);
	fprintf(out, ", seed %llu, %.1f s of its time", (unsigned long long)evidence->seed,
		(double)evidence->end_ns / (double)NS_PER_S);
	if (*evidence->snapshot) {
		fputs(", snapshot ", out);
		html_escaped(out, evidence->snapshot);
	}
	fputc('.', out);
	for (unsigned int p = 0; p < evidence->n_params; p++) {
		fputc(' ', out);
		html_escaped(out, evidence->params[p]);
	}
	fputs("</small>\n", out);
	claims(out, &outcome->verdicts);
	if (figures(out, outcome->dir, err))
		return -err->code;
	events(out, evidence);
	fputs("<p><small>packets.pcapng opens in Wireshark; frame numbers above are its.</small></html>\n", out);
	return fflush(out) ? err_set(err, errno, "cannot write %s", path) : 0;
}

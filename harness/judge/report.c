/* report.c - report.html: one page, whole in itself, on one run */
#include "harness/judge/report.h"

#include <errno.h>
#include <glob.h>

static const char style[] =
	"body{font:16px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}"
	"h1{margin-bottom:0}table{border-collapse:collapse;width:100%}"
	"td,th{padding:.35em .6em;border-bottom:1px solid #ccc;text-align:left;vertical-align:top}"
	".pass{color:#04622c}.FAIL,.error{color:#a40000}.skip{color:#555}.pass,.FAIL,.error,.skip{font-weight:bold}"
	"small,.where{color:#555;font-size:.85em}svg{max-width:100%;height:auto}figure{margin:2em 0}"
	"pre{background:#f4f4f4;padding:.6em;overflow-x:auto}"
	"@media(prefers-color-scheme:dark){body{background:#fff}}";

void html_escaped(FILE *out, const char *text)
{
	static const char *const entity[256] = {
		['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;", ['"'] = "&quot;",
	};

	for (; *text; text++)
		if (entity[(unsigned char)*text])
			fputs(entity[(unsigned char)*text], out);
		else
			fputc(*text, out);
}

void html_head(FILE *out, const char *title)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>", out);
	html_escaped(out, title);
	fprintf(out, "</title><style>%s</style>\n", style);
}

static void element(FILE *out, const char *tag, const char *class, const char *text)
{
	fprintf(out, "<%s%s%s%s>", tag, class ? " class=\"" : "", class ? class : "", class ? "\"" : "");
	html_escaped(out, text);
	fprintf(out, "</%s>", tag);
}

static void claims(FILE *out, const struct verdicts *verdicts)
{
	fputs("<h2>Claims</h2><table><tr><th>Verdict<th>Claim<th>Seen<th>Expected</tr>\n", out);
	for (unsigned int v = 0; v < verdicts->n; v++) {
		const struct verdict *verdict = &verdicts->rows[v];
		const struct claim *claim = verdict->claim;
		auto_free char *what = must_printf("%s %s", claim->node, claim->fact);

		fputs("<tr>", out);
		element(out, "td", result_name[verdict->result], result_name[verdict->result]);
		fputs("<td>", out);
		if (claim->article)
			fprintf(out, "<b>%s</b> ", claim->article);
		html_escaped(out, claim->words);
		fputs("<br>", out);
		element(out, "small", NULL, claim->source ? claim->source : "");
		fputs("<td>", out);
		html_escaped(out, verdict->seen);
		fputs("<br>", out);
		element(out, "small", NULL, what);
		fputs("<br>", out);
		element(out, "span", "where", verdict->where);
		element(out, "td", NULL, verdict->expected);
		fputs("</tr>\n", out);
	}
	fputs("</table>\n", out);
}

/* The drawing in the SVG file @path, without what stands before <svg>. */
int html_figure(FILE *out, const char *path, struct err *err)
{
	auto_fclose FILE *file = fopen(path, "re");
	auto_free char *text = NULL;
	size_t room = 0;
	const char *svg;

	if (!file || getdelim(&text, &room, '\0', file) < 0)
		return err_set(err, errno, "cannot read %s", path);
	svg = strstr(text, "<svg");
	if (!svg)
		return err_set(err, 0, "%s is no SVG", path);
	fprintf(out, "<figure>%s</figure>\n", svg);
	return 0;
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
			element(out, "td", NULL, cells[c]);
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
		element(out, "pre", NULL, program->out);
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
	fputs("<h1>", out);
	html_escaped(out, lab->question);
	fputs("</h1>\n<p>", out);
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

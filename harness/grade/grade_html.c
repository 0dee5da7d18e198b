/* grade_html.c - a grade as a page, with pictures of the runs in which points were lost */
#include "harness/grade/grade_html.h"

#include "diagrams/draw.h"
#include "harness/grade/grade_json.h"
#include "harness/util/html.h"
#include "harness/judge/report.h"

#include <errno.h>

static void mark(FILE *out, const struct grade_row *row, const char *link)
{
	auto_free char *points = must_printf("%d/%d", row->earned, row->points);

	fputs("<tr>", out);
	html_element(out, "td", result_name[row->result], result_name[row->result]);
	html_element(out, "td", NULL, points);
	fputs("<td>", out);
	html_escaped(out, row->words);
	if (row->result == RESULT_FAIL && *row->hint) {
		fputs("<br>", out);
		html_element(out, "small", NULL, row->hint);
	}
	fputs("<td style=\"overflow-wrap:anywhere\">", out);
	html_escaped(out, row->seen);
	if (*row->where) {
		fprintf(out, "<br><a class=\"where\" href=\"%s/%.*s\">", link, (int)strcspn(row->where, ":"), row->where);
		html_escaped(out, row->where);
		fputs("</a>", out);
	}
	html_element(out, "td", NULL, row->expected);
	fputs("</tr>\n", out);
}

/* Has an earlier row the same run? */
static bool is_drawn(const struct grade *grade, unsigned int r)
{
	for (unsigned int before = 0; before < r; before++)
		if (grade->rows[before].result == RESULT_FAIL && !strcmp(grade->rows[before].run, grade->rows[r].run))
			return true;
	return false;
}

static int picture(FILE *out, const char *run, const char *evidence, const char *link, struct err *err)
{
	auto_free char *dir = must_printf("%s/%s", evidence, run), *svg = must_printf("%s/ladder.svg", dir);
	struct err why = { 0 };
	struct evidence *read;
	struct plan *plan;
	int code = 0;

	if (access(dir, F_OK))	/* it never began */
		return 0;
	fprintf(out, "<h2>%s</h2>\n<p>In Wireshark: <a href=\"%s/%s/packets.pcapng\">packets.pcapng</a>. "
		"All pictures: <code>twlab draw</code> and this folder.\n", run, link, run);
	read = evidence_read(dir, &why);
	plan = read ? outcome_plan(read, NULL) : NULL;
	if (!read || draw_ladder(read, plan, dir, &why)) {
		fputs("<p>There is no picture: ", out);
		html_escaped(out, why.text);
	} else {
		code = html_figure(out, svg, err);
	}
	plan_free(plan);
	evidence_free(read);
	return code;
}

int grade_html_write(const struct grade *grade, const char *path, const char *evidence, const char *link, struct err *err)
{
	auto_free char *title = must_printf("%s%s%s: %d of %d points", grade->lab->name, *grade->student ? ", " : "",
					    grade->student, grade->earned, grade->points);
	auto_fclose FILE *out = fopen(path, "we");
	const struct task *task = NULL;

	if (!out)
		return err_set(err, errno, "cannot write %s", path);
	html_head(out, title);
	html_element(out, "h1", NULL, title);
	fputs("\n<p>", out);
	html_escaped(out, grade->lab->question);
	fputs("\n<table>\n", out);
	for (unsigned int r = 0; r < grade->n; r++) {
		if (grade->rows[r].task != task) {
			task = grade->rows[r].task;
			fprintf(out, "<tr><th colspan=\"5\">%s (%s)</tr>\n", task->name, task->file);
		}
		mark(out, &grade->rows[r], link);
	}
	fputs("</table>\n", out);
	for (unsigned int r = 0; r < grade->n; r++)
		if (grade->rows[r].result == RESULT_FAIL && !is_drawn(grade, r) &&
		    picture(out, grade->rows[r].run, evidence, link, err))
			return -err->code;
	fputs("</html>\n", out);
	return fflush(out) ? err_set(err, errno, "cannot write %s", path) : 0;
}

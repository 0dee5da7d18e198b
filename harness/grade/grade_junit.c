/* grade_junit.c - a grade as JUnit XML */
#include "harness/grade/grade_junit.h"

#include <twlab/utf8.h>

/* XML 1.0 has no way to write most control characters, and expects UTF-8. */
static void xml_text(FILE *out, const char *words)
{
	static const struct { char c; const char *as; } names[] = {
		{ '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\n', "&#10;" }, { '\t', "&#9;" },
	};
	auto_free char *clean = utf8_text(words);

	for (const char *c = clean; *c; c++) {
		size_t n = 0;

		while (n < ARRAY_SIZE(names) && names[n].c != *c)
			n++;
		if (n < ARRAY_SIZE(names))
			fputs(names[n].as, out);
		else
			fputc((unsigned char)*c < 32 ? '?' : *c, out);
	}
}

static void xml_attribute(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	xml_text(out, value);
	fputc('"', out);
}

static void junit_row(FILE *out, const struct grade *grade, const struct grade_row *row)
{
	static const char *const element[RESULTS] = {
		[RESULT_FAIL] = "failure", [RESULT_ERROR] = "error", [RESULT_SKIP] = "skipped",
	};
	auto_free char *class = must_printf("%s.%s", grade->lab->name, row->task->name);
	auto_free char *name = must_printf("%s: %s", row->name, row->words);

	fputs("    <testcase", out);
	xml_attribute(out, "name", name);
	xml_attribute(out, "classname", class);
	fputs(">\n", out);
	if (element[row->result]) {
		auto_free char *told = must_printf("%s; expected %s\n%s%s%s%s", row->seen, row->expected,
						   *row->where ? row->where : "", *row->where ? "\n" : "",
						   *row->hint ? "hint: " : "", row->hint);

		fprintf(out, "      <%s", element[row->result]);
		xml_attribute(out, "message", row->seen);
		if (row->result == RESULT_SKIP) {
			fputs("/>\n", out);
		} else {
			fprintf(out, " type=\"%s\">", row->result == RESULT_FAIL ? "mark" : "harness");
			xml_text(out, told);
			fprintf(out, "</%s>\n", element[row->result]);
		}
	}
	fputs("    </testcase>\n", out);
}

int grade_junit(FILE *out, const struct grade *grade, struct err *err)
{
	unsigned int count[RESULTS] = { 0 };
	auto_free char *counts = NULL;

	(void)err;
	for (unsigned int r = 0; r < grade->n; r++)
		count[grade->rows[r].result]++;
	counts = must_printf(" tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"%.3f\"", grade->n,
			     count[RESULT_FAIL], count[RESULT_ERROR], count[RESULT_SKIP], grade->seconds);
	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"twlab\"%s>\n  <testsuite", counts);
	xml_attribute(out, "name", grade->lab->name);
	fprintf(out, "%s>\n    <properties>\n      <property name=\"student\"", counts);
	xml_attribute(out, "value", grade->student);
	fprintf(out, "/>\n      <property name=\"points\" value=\"%d\"/>\n      <property name=\"of\" value=\"%d\"/>\n"
		"    </properties>\n", grade->earned, grade->points);
	for (unsigned int r = 0; r < grade->n; r++)
		junit_row(out, grade, &grade->rows[r]);
	fputs("  </testsuite>\n</testsuites>\n", out);
	return 0;
}

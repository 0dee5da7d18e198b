/* grade_formats.c - one grade, in the formats that others read
 *
 * Each is built whole before it is printed, so that none is ever cut short.
 */
#include "harness/grade/grade_formats.h"

#include "harness/grade/grade_junit.h"

#include "harness/grade/grade_json.h"
#include "harness/judge/outcome.h"
#include "harness/util/text.h"
#include <twlab/json_text.h>
#include <twlab/utf8.h>

#include <errno.h>

const char *const format_name[FORMATS] = {
	[FORMAT_TEXT] = "text", [FORMAT_JSON] = "json", [FORMAT_TAP] = "tap", [FORMAT_JUNIT] = "junit",
	[FORMAT_GRADESCOPE] = "gradescope", [FORMAT_CLASSROOM50] = "classroom50", [FORMAT_CHECK50] = "check50",
	[FORMAT_CSV] = "csv",
};

enum format format_named(const char *name)
{
	int format = 0;

	while (format < FORMATS && strcmp(format_name[format], name))
		format++;
	return (enum format)format;
}

static void print_row(FILE *out, const struct grade_row *row)
{
	auto_free char *seen = must_printf("%s; expected %s", row->seen, row->expected);

	fprintf(out, "  %-5s %2d/%-2d  ", result_name[row->result], row->earned, row->points);
	text_wrap(out, row->words, 15);
	fprintf(out, "%15s", "");
	text_wrap(out, seen, 15);
	if (*row->where) {
		fprintf(out, "%15s", "");
		text_wrap(out, row->where, 15);
	}
	if (row->result == RESULT_FAIL && *row->hint) {
		fprintf(out, "%15shint: ", "");
		text_wrap(out, row->hint, 21);
	}
}

static int text(FILE *out, const struct grade *grade, struct err *err)
{
	const struct task *task = NULL;

	(void)err;
	fprintf(out, "%s  %s%s%d of %d points\n", grade->lab->name, grade->student, *grade->student ? "  " : "",
		grade->earned, grade->points);
	for (unsigned int r = 0; r < grade->n; r++) {
		if (grade->rows[r].task != task) {
			task = grade->rows[r].task;
			fprintf(out, "\n%s (%s)\n", task->name, task->file);
		}
		print_row(out, &grade->rows[r]);
	}
	fprintf(out, "\n%d of %d points, in %.1f s\n", grade->earned, grade->points, grade->seconds);
	return 0;
}

/* TAP 13, since prove(1) refuses a later one, and nothing here is new in 14. */

/* What TAP would take for a directive, or for the end of a line. */
static void tap_text(FILE *out, const char *words)
{
	for (; *words; words++) {
		if (*words == '#' || *words == '\\')
			fputc('\\', out);
		fputc(*words == '\n' ? ' ' : *words, out);
	}
}

static void tap_row(FILE *out, unsigned int number, const struct grade_row *row)
{
	const struct { const char *key, *value; } block[] = {
		{ "found", row->seen }, { "wanted", row->expected }, { "where", row->where }, { "hint", row->hint },
	};

	fprintf(out, "%sok %u - %s: ", row->result == RESULT_FAIL ? "not " : "", number, row->name);
	tap_text(out, row->words);
	if (row->result == RESULT_ERROR || row->result == RESULT_SKIP) {
		fputs(row->result == RESULT_SKIP ? " # SKIP " : " # SKIP the harness could not tell: ", out);
		tap_text(out, row->seen);
	}
	fprintf(out, "\n  ---\n  points: %d\n  of: %d\n", row->earned, row->points);
	for (size_t b = 0; b < ARRAY_SIZE(block); b++) {
		auto_free char *quoted = json_text_quoted(block[b].value);

		fprintf(out, "  %s: %s\n", block[b].key, quoted);
	}
	fputs("  ...\n", out);
}

static int tap(FILE *out, const struct grade *grade, struct err *err)
{
	(void)err;
	fprintf(out, "TAP version 13\n1..%u%s\n", grade->n, grade->n ? "" : " # SKIP no marks");
	for (unsigned int r = 0; r < grade->n; r++)
		tap_row(out, r + 1, &grade->rows[r]);
	fprintf(out, "# %d of %d points\n", grade->earned, grade->points);
	return 0;
}

static int csv(FILE *out, const struct grade *grade, struct err *err)
{
	auto_free char *comment = must_strdup("");
	bool told = grade_status(grade) != STATUS_ERROR;
	auto_free char *score = told ? must_printf("%d", grade->earned) : must_strdup("");

	(void)err;
	for (unsigned int r = 0; r < grade->n; r++) {
		const struct grade_row *row = &grade->rows[r];

		if (row->result != RESULT_PASS)
			must_append(&comment, "%s%s: %s", *comment ? "; " : "", row->name, row->seen);
	}
	fputs("user,score,max,comment\n", out);
	grade_json_cell(out, grade->student, ',');
	fprintf(out, "%s,%d,", score, grade->points);
	grade_json_cell(out, comment, '\n');
	return 0;
}

static int (*const writers[])(FILE *out, const struct grade *grade, struct err *err) = {
	[FORMAT_TEXT] = text, [FORMAT_JSON] = grade_json_own, [FORMAT_TAP] = tap, [FORMAT_JUNIT] = grade_junit,
	[FORMAT_GRADESCOPE] = grade_json_gradescope, [FORMAT_CLASSROOM50] = grade_json_classroom50,
	[FORMAT_CHECK50] = grade_json_check50, [FORMAT_CSV] = csv,
};
static_assert(ARRAY_SIZE(writers) == FORMATS, "writers[] lacks a format");

int grade_print(FILE *out, enum format format, const struct grade *grade, struct err *err)
{
	auto_free char *whole = NULL;
	size_t len;
	FILE *memory = open_memstream(&whole, &len);
	int code;

	if (!memory)
		return err_set(err, errno, "no memory for the grade");
	code = writers[format](memory, grade, err);
	if (fclose(memory))
		code = err_set(err, errno, "no memory for the grade");
	if (!code && (fwrite(whole, 1, len, out) != len || fflush(out)))
		code = err_set(err, errno, "cannot write the grade");
	return code;
}

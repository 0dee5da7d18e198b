/* grade_json.c - one grade, in those of the formats that are JSON */
#include "harness/grade/grade_json.h"

#include "harness/util/status.h"

#include <twlab/json_text.h>

#include <errno.h>
#include <time.h>

/* RFC 4180; a spreadsheet takes =, +, - and @ at the front for a formula. */
void grade_json_cell(FILE *out, const char *text, char end)
{
	fprintf(out, "\"%s", *text && strchr("=+-@\t\r", *text) ? "'" : "");
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text == '\n' ? ' ' : *text, out);
	}
	fprintf(out, "\"%c", end);
}

static int print(FILE *out, json_t *json, struct err *err)
{
	int failed = json_dumpf(json, out, JSON_INDENT(1)) || fputc('\n', out) == EOF;

	json_decref(json);
	return failed ? err_set(err, errno, "cannot write the grade") : 0;
}

int grade_json_own(FILE *out, const struct grade *grade, struct err *err)
{
	static const char *const verdict[RESULTS] = {
		[RESULT_PASS] = "pass", [RESULT_FAIL] = "fail", [RESULT_ERROR] = "error", [RESULT_SKIP] = "skip",
	};
	json_t *rows = json_array();

	for (unsigned int r = 0; r < grade->n; r++) {
		const struct grade_row *row = &grade->rows[r];

		json_array_append_new(rows, json_pack("{s:s, s:o, s:o, s:s, s:i, s:i, s:o, s:o, s:o, s:o}",
			"task", row->task->name, "name", json_text(row->name), "words", json_text(row->words),
			"verdict", verdict[row->result], "earned", row->earned, "points", row->points,
			"seen", json_text(row->seen), "expected", json_text(row->expected), "where", json_text(row->where),
			"hint", json_text(row->result == RESULT_FAIL ? row->hint : "")));
	}
	return print(out, json_pack("{s:s, s:o, s:i, s:i, s:i, s:f, s:I, s:s*, s:o}", "lab", grade->lab->name,
		"student", json_text(grade->student), "earned", grade->earned, "points", grade->points,
		"status", grade_status(grade), "seconds", grade->seconds, "guest_rss_kb", (json_int_t)grade->rss_kb,
		"made_from", grade->made_from, "marks", rows), err);
}

/* Formats that know right and wrong only would make our trouble the student's. */
static int no_trouble(const struct grade *grade, const char *format, struct err *err)
{
	for (unsigned int r = 0; r < grade->n; r++)
		if (grade->rows[r].result == RESULT_ERROR || grade->rows[r].result == RESULT_SKIP)
			return err_set(err, 0, "%s cannot say that a mark could not be told, and this one could not: %s: %s",
				       format, grade->rows[r].name, grade->rows[r].seen);
	return 0;
}

static char *output_of(const struct grade_row *row)
{
	bool hint = row->result == RESULT_FAIL && *row->hint;

	return must_printf("%s; expected %s\n%s%s%s%s", row->seen, row->expected, row->where, *row->where ? "\n" : "",
			   hint ? "hint: " : "", hint ? row->hint : "");
}

int grade_json_gradescope(FILE *out, const struct grade *grade, struct err *err)
{
	json_t *tests;

	if (no_trouble(grade, "Gradescope", err))
		return -err->code;
	tests = json_array();
	for (unsigned int r = 0; r < grade->n; r++) {
		const struct grade_row *row = &grade->rows[r];
		auto_free char *output = output_of(row), *name = must_printf("%s: %s", row->task->name, row->words);

		json_array_append_new(tests, json_pack("{s:i, s:i, s:s, s:o, s:o, s:s, s:[s], s:s}", "score", row->earned,
			"max_score", row->points, "status", row->result == RESULT_PASS ? "passed" : "failed",
			"name", json_text(name), "output", json_text(output), "output_format", "text", "tags", row->task->name,
			"visibility", "visible"));
	}
	return print(out, json_pack("{s:i, s:f, s:s, s:o}", "score", grade->earned, "execution_time", grade->seconds,
		"visibility", "visible", "tests", tests), err);
}

int grade_json_classroom50(FILE *out, const struct grade *grade, struct err *err)
{
	static const struct { const char *key, *from; } rows[] = {
		{ "classroom", "CLASSROOM" }, { "assignment", "ASSIGNMENT" }, { "assignment_type", "ASSIGNMENT_TYPE" },
		{ "owner", "OWNER" }, { "submission", "SUBMISSION_TAG" }, { "commit", "COMMIT_URL" },
		{ "release", "RELEASE_URL" }, { "review", "REVIEW_URL" },
	};
	json_t *json, *tests = json_array();
	time_t now = time(NULL);
	char when[32];

	if (no_trouble(grade, "Classroom 50", err)) {
		json_decref(tests);
		return -err->code;
	}
	for (unsigned int r = 0; r < grade->n; r++) {
		const struct grade_row *row = &grade->rows[r];

		json_array_append_new(tests, json_pack("{s:o, s:b, s:i, s:i, s:o, s:o, s:o}", "test-name", json_text(row->name),
			"passed", row->result == RESULT_PASS, "score", row->earned, "max-score", row->points,
			"expected", json_text(row->expected), "actual", json_text(row->seen),
			"hint", json_text(row->result == RESULT_FAIL ? row->hint : "")));
	}
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	json = json_pack("{s:s, s:s, s:i, s:i, s:o}", "schema", "classroom50/result/v1", "datetime", when,
			 "score", grade->earned, "max-score", grade->points, "tests", tests);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *value = getenv(rows[i].from);

		if (!value) {
			json_decref(json);
			return err_set(err, 0, "Classroom 50 sets %s, and it is not set", rows[i].from);
		}
		json_object_set_new(json, rows[i].key, json_text(value));
	}
	return print(out, json, err);
}

int grade_json_check50(FILE *out, const struct grade *grade, struct err *err)
{
	json_t *results = json_array();

	for (unsigned int r = 0; r < grade->n; r++) {
		const struct grade_row *row = &grade->rows[r];
		json_t *cause = row->result == RESULT_PASS ? json_null() :
			json_pack("{s:o, s:o}", "rationale", json_text(row->seen), "help", json_text(row->hint));
		json_t *passed = row->result == RESULT_PASS ? json_true() :
				 row->result == RESULT_FAIL ? json_false() : json_null();

		if (row->result == RESULT_FAIL)
			json_object_update_new(cause, json_pack("{s:o, s:o}", "expected", json_text(row->expected),
								"actual", json_text(row->seen)));
		json_array_append_new(results, json_pack("{s:o, s:o, s:o, s:[], s:o, s:{s:i, s:i}, s:n}",
			"name", json_text(row->name), "description", json_text(row->words), "passed", passed, "log",
			"cause", cause, "data", "points", row->earned, "of", row->points, "dependency"));
	}
	return print(out, json_pack("{s:s, s:o, s:s}", "slug", grade->lab->name, "results", results,
				    "version", "twlab " TWLAB_VERSION), err);
}

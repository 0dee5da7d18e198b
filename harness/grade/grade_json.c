/* grade_json.c - one grade, in those of the formats that are JSON */
#include "harness/grade/grade_json.h"

#include "harness/util/status.h"

#include <errno.h>
#include <jansson.h>
#include <time.h>

/* How many bytes a UTF-8 character at @text has; 0 if there is none. */
static size_t character(const unsigned char *text)
{
	size_t len = *text < 0x80 ? 1 : *text >= 0xc2 && *text < 0xe0 ? 2 : (*text & 0xf0) == 0xe0 ? 3 :
		     *text >= 0xf0 && *text < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < len; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((*text == 0xe0 && text[1] < 0xa0) || (*text == 0xed && text[1] > 0x9f) ||	/* too long, surrogates */
	    (*text == 0xf0 && text[1] < 0x90) || (*text == 0xf4 && text[1] > 0x8f))
		return 0;
	return len;
}

char *grade_json_clean(const char *text)
{
	char *clean = must_strdup(text);

	for (char *at = clean; *at; ) {
		size_t len = character((const unsigned char *)at);

		if (!len)
			*at = '?';
		at += len ? len : 1;
	}
	return clean;
}

static json_t *string(const char *text)
{
	auto_free char *clean = grade_json_clean(text);

	return json_string(clean);
}

char *grade_json_quoted(const char *text)
{
	json_t *json = string(text);
	char *quoted = json_dumps(json, JSON_ENCODE_ANY);

	json_decref(json);
	return quoted;
}

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
			"task", row->task->name, "name", string(row->name), "words", string(row->words),
			"verdict", verdict[row->result], "earned", row->earned, "points", row->points,
			"seen", string(row->seen), "expected", string(row->expected), "where", string(row->where),
			"hint", string(row->result == RESULT_FAIL ? row->hint : "")));
	}
	return print(out, json_pack("{s:s, s:o, s:i, s:i, s:i, s:f, s:I, s:s*, s:o}", "lab", grade->lab->name,
		"student", string(grade->student), "earned", grade->earned, "points", grade->points,
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
			"name", string(name), "output", string(output), "output_format", "text", "tags", row->task->name,
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

		json_array_append_new(tests, json_pack("{s:o, s:b, s:i, s:i, s:o, s:o, s:o}", "test-name", string(row->name),
			"passed", row->result == RESULT_PASS, "score", row->earned, "max-score", row->points,
			"expected", string(row->expected), "actual", string(row->seen),
			"hint", string(row->result == RESULT_FAIL ? row->hint : "")));
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
		json_object_set_new(json, rows[i].key, string(value));
	}
	return print(out, json, err);
}

int grade_json_check50(FILE *out, const struct grade *grade, struct err *err)
{
	json_t *results = json_array();

	for (unsigned int r = 0; r < grade->n; r++) {
		const struct grade_row *row = &grade->rows[r];
		json_t *cause = row->result == RESULT_PASS ? json_null() :
			json_pack("{s:o, s:o}", "rationale", string(row->seen), "help", string(row->hint));
		json_t *passed = row->result == RESULT_PASS ? json_true() :
				 row->result == RESULT_FAIL ? json_false() : json_null();

		if (row->result == RESULT_FAIL)
			json_object_update_new(cause, json_pack("{s:o, s:o}", "expected", string(row->expected),
								"actual", string(row->seen)));
		json_array_append_new(results, json_pack("{s:o, s:o, s:o, s:[], s:o, s:{s:i, s:i}, s:n}",
			"name", string(row->name), "description", string(row->words), "passed", passed, "log",
			"cause", cause, "data", "points", row->earned, "of", row->points, "dependency"));
	}
	return print(out, json_pack("{s:s, s:o, s:s}", "slug", grade->lab->name, "results", results,
				    "version", "twlab " TWLAB_VERSION), err);
}

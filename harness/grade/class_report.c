/* class_report.c - what became of a class: a table and a page, from its results */
#include "harness/grade/class_report.h"

#include <twlab/fs.h>
#include "harness/grade/grade_json.h"
#include "harness/util/status.h"
#include "harness/util/html.h"

#include <jansson.h>
#include <limits.h>

#define BARS 10			/* of the distribution */

struct tally {			/* of one mark */
	char *task, *name, *words;
	unsigned int asked, lost, errors;
};

struct class {
	const struct lab *lab;
	const struct submission_entry *handed;
	json_t **results;	/* NULL = there is none */
	unsigned int n;
	struct tally *tallies;
	unsigned int n_tallies;
	int most;		/* points that can be had */
	unsigned int bars[BARS + 1], told, errors;
};

static const char *text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

static int number_of(const json_t *json, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(json, key));

	return n < INT_MIN ? INT_MIN : n > INT_MAX ? INT_MAX : (int)n;
}

static bool undecided(const json_t *result)
{
	return !result || number_of(result, "status") == STATUS_ERROR;
}

/* Marks whose names differ by student ("host2_syns") are told by name. */
static struct tally *tally_for(struct class *class, const json_t *mark)
{
	struct tally *tally;

	for (unsigned int t = 0; t < class->n_tallies; t++)
		if (!strcmp(class->tallies[t].name, text_of(mark, "name")) && !strcmp(class->tallies[t].task, text_of(mark, "task")))
			return &class->tallies[t];
	tally = grow(&class->tallies, class->n_tallies++, sizeof(*tally));
	*tally = (struct tally){ must_strdup(text_of(mark, "task")), must_strdup(text_of(mark, "name")), must_strdup(text_of(mark, "words")) };
	return tally;
}

static void count(struct class *class, const json_t *result)
{
	json_t *mark;
	size_t i;

	json_array_foreach(json_object_get(result, "marks"), i, mark) {
		struct tally *tally = tally_for(class, mark);

		tally->asked++;
		tally->lost += !strcmp(text_of(mark, "verdict"), "fail");
		tally->errors += !strcmp(text_of(mark, "verdict"), "error");
	}
	if (number_of(result, "points") > class->most)
		class->most = number_of(result, "points");
}

/* Who has more than all points, or less than none, since a teacher said so, is at an end. */
static int bar_of(int earned, int points)
{
	long long bar = (long long)earned * BARS / points;

	return bar < 0 ? 0 : bar > BARS ? BARS : (int)bar;
}

static void read_all(struct class *class, const char *out)
{
	for (unsigned int h = 0; h < class->n; h++) {
		auto_free char *path = must_printf("%s/%s/result.json", out, class->handed[h].who);
		json_t *result = json_load_file(path, 0, NULL);

		class->results[h] = result;
		count(class, result);
	}
	for (unsigned int h = 0; h < class->n; h++) {
		int points = number_of(class->results[h], "points"), earned = number_of(class->results[h], "earned");

		class->errors += undecided(class->results[h]);
		if (undecided(class->results[h]) || points <= 0)
			continue;
		class->told++;
		class->bars[bar_of(earned, points)]++;
	}
}

static int by_loss(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;

	return x->lost != y->lost ? (x->lost < y->lost ? 1 : -1) : strcmp(x->name, y->name);
}

/* Has somebody else handed in for one of the same students? */
static const char *twin(const struct class *class, unsigned int h, const char *id)
{
	for (unsigned int other = 0; other < class->n; other++) {
		auto_free char *ids = must_strdup(text_of(class->results[other], "student"));
		char *rest = ids, *each;

		while (other != h && (each = strsep(&rest, ",")))
			if (*each && !strcmp(each, id))
				return class->handed[other].who;
	}
	return NULL;
}

/* Why nothing of it was graded: what all its marks say; NULL if they differ. */
static const char *one_reason(const json_t *result)
{
	json_t *marks = json_object_get(result, "marks"), *mark;
	const char *why = text_of(json_array_get(marks, 0), "seen");
	size_t i;

	json_array_foreach(marks, i, mark)
		if (strcmp(text_of(mark, "seen"), why) || !strcmp(text_of(mark, "verdict"), "pass"))
			return NULL;
	return why;
}

/* What is not as it should be, in a sentence; to be freed. */
static char *comment_of(const struct class *class, unsigned int h, const char *id)
{
	const json_t *result = class->results[h];
	const char *other = twin(class, h, id), *before = "";
	char *comment = other ? must_printf("handed in twice: also %s", other) : must_strdup("");
	json_t *mark;
	size_t i;

	if (!result) {
		free(comment);
		return must_strdup("grading it was not finished");
	}
	if (one_reason(result)) {
		must_append(&comment, "%s%s", *comment ? "; " : "", one_reason(result));
		return comment;
	}
	json_array_foreach(json_object_get(result, "marks"), i, mark) {
		if (!strcmp(text_of(mark, "verdict"), "pass") || !strcmp(before, text_of(mark, "seen")))
			continue;
		before = text_of(mark, "seen");
		must_append(&comment, "%s%s: %.200s", *comment ? "; " : "", text_of(mark, "name"), before);
	}
	return comment;
}

static void csv_rows(FILE *out, const struct class *class, unsigned int h)
{
	const json_t *result = class->results[h];
	auto_free char *ids = must_strdup(*text_of(result, "student") ? text_of(result, "student") : class->handed[h].who);
	auto_free char *score = undecided(result) ? must_strdup("") : must_printf("%d", number_of(result, "earned"));
	char *rest = ids, *id;

	while ((id = strsep(&rest, ","))) {
		auto_free char *comment = comment_of(class, h, id);

		grade_json_cell(out, id, ',');
		fprintf(out, "%s,%d,", score, class->most);
		grade_json_cell(out, comment, '\n');
	}
}

static void write_csv(FILE *out, struct class *class)
{
	fputs("user,score,max,comment\n", out);
	for (unsigned int h = 0; h < class->n; h++)
		csv_rows(out, class, h);
}

static void bar(FILE *out, unsigned int n, unsigned int of)
{
	fprintf(out, "<td style=\"width:50%%\"><div style=\"background:#4a78b5;height:1.1em;width:%u%%\"></div><td>%u</tr>\n",
		of ? 100 * n / of : 0, n);
}

static void distribution(FILE *out, const struct class *class)
{
	unsigned int most = 0;

	for (int b = 0; b <= BARS; b++)
		most = class->bars[b] > most ? class->bars[b] : most;
	fputs("<h2>Points</h2>\n<table>\n", out);
	for (int b = BARS; b >= 0; b--) {
		long long most_points = class->most, low = (b * most_points + BARS - 1) / BARS;
		long long high = ((b + 1) * most_points - 1) / BARS;

		fprintf(out, b == BARS || low >= high ? "<tr><td>%lld" : "<tr><td>%lld to %lld", low, high);
		bar(out, class->bars[b], most);
	}
	fputs("</table>\n", out);
}

static void losses(FILE *out, struct class *class)
{
	if (class->n_tallies)
		qsort(class->tallies, class->n_tallies, sizeof(*class->tallies), by_loss);
	fputs("<h2>What was lost most often</h2>\n<table>\n", out);
	for (unsigned int t = 0; t < class->n_tallies; t++) {
		const struct tally *tally = &class->tallies[t];

		fputs("<tr>", out);
		html_element(out, "td", NULL, tally->task);
		html_element(out, "td", NULL, tally->words);
		fprintf(out, "<td>%s", tally->errors ? "<span class=\"error\">could not always be told</span>" : "");
		bar(out, tally->lost, tally->asked);
	}
	fputs("</table>\n", out);
}

static void students(FILE *out, const struct class *class)
{
	fputs("<h2>Each</h2>\n<table>\n", out);
	for (unsigned int h = 0; h < class->n; h++) {
		const json_t *result = class->results[h];
		auto_free char *comment = comment_of(class, h, class->handed[h].who);
		bool error = undecided(result);

		fprintf(out, "<tr><td><a href=\"%s/report.html\">%s</a><td>", class->handed[h].who, class->handed[h].who);
		if (error)
			fputs("<span class=\"error\">error</span>", out);
		else
			fprintf(out, "%d", number_of(result, "earned"));
		fputs("<td>", out);
		html_element(out, "small", NULL, comment);
		fputs("</tr>\n", out);
	}
	fputs("</table>\n", out);
}

static void write_page(FILE *out, struct class *class)
{
	auto_free char *title = must_printf("%s, %u submissions", class->lab->name, class->n);

	html_head(out, title);
	fprintf(out, "<h1>%s</h1>\n<p>%u graded, of at most %d points each", title, class->told, class->most);
	if (class->errors)
		fprintf(out, "; <span class=\"error\">%u could not be told</span>, which is the harness's trouble: "
			"<code>--resume</code> tries them again", class->errors);
	fputs(". <a href=\"grades.csv\">grades.csv</a>\n", out);
	distribution(out, class);
	losses(out, class);
	students(out, class);
	fputs("</html>\n", out);
}

/* Whole or not at all. */
static int put(struct class *class, const char *dir, const char *name, void (*write_it)(FILE *out, struct class *class),
	       struct err *err)
{
	auto_free char *path = must_printf("%s/%s", dir, name), *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();	/* only memory can lack */
	write_it(out, class);
	if (fclose(out))
		abort();
	return fs_write_file(path, text, len, err);
}

int class_report(const struct lab *lab, const struct submission_entry *handed, unsigned int n, const char *out, struct err *err)
{
	struct class class = { .lab = lab, .handed = handed, .n = n, .results = must_calloc(n + 1, sizeof(json_t *)) };
	int code;

	read_all(&class, out);
	code = put(&class, out, "grades.csv", write_csv, err);
	if (!code)
		code = put(&class, out, "index.html", write_page, err);
	for (unsigned int h = 0; h < n; h++)
		json_decref(class.results[h]);
	for (unsigned int t = 0; t < class.n_tallies; t++) {
		free(class.tallies[t].task);
		free(class.tallies[t].name);
		free(class.tallies[t].words);
	}
	free(class.results);
	free(class.tallies);
	return code;
}

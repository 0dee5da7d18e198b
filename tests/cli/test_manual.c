/* test_manual.c - what is written about twlab is what it does
 *
 * The manual page against the table of subcommands and the getopt tables in the
 * sources; the labs' sheets against their tables. Each check is a function from
 * texts to what is wrong with them, so that it can be shown texts that are wrong.
 */
#include "tests/helpers/test.h"

#include "labs/index.h"
#include "labs/plan/plan.h"

#include <ctype.h>
#include <glob.h>

#define WORD_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

static char *read_all(FILE *file)
{
	char *text = must_calloc(1 << 20, 1);

	assert_non_null(file);
	text[fread(text, 1, (1 << 20) - 1, file)] = '\0';
	return text;
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text;

	if (!file)
		fail_msg("there is no %s", path);
	text = read_all(file);
	fclose(file);
	return text;
}

static char *said_by(const char *command)
{
	FILE *pipe = popen(command, "re");
	char *text = read_all(pipe);

	assert_int_equal(pclose(pipe), 0);
	return text;
}

/* A page in groff's language without its escapes: "\-\-set" becomes "--set". */
static char *plain(const char *page)
{
	char *text = must_calloc(strlen(page) + 1, 1), *to = text;

	for (; *page; page++)
		if (page[0] == '\\' && page[1] == '-')
			*to++ = *++page;
		else
			*to++ = *page;
	return text;
}

/* Is @word in @text, and no longer word around it? */
static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at++)
		if ((at == text || !strchr(WORD_CHARS, at[-1])) && (!at[len] || !strchr(WORD_CHARS, at[len])))
			return true;
	return false;
}

/* What is wrong, a line each: to be freed. */
struct wrong {
	char *text;
	unsigned int n;
};

static void complain(struct wrong *wrong, const char *fmt, const char *a, const char *b)
{
	auto_free char *old = wrong->text;
	auto_free char *line = must_printf(fmt, a, b);

	wrong->text = must_printf("%s%s\n", old ? old : "", line);
	wrong->n++;
}

static void assert_nothing_wrong(struct wrong *wrong)
{
	if (wrong->n)
		fail_msg("%s", wrong->text);
	free(wrong->text);
}

/* The section ".SS name" of a plain page, to be freed; NULL if there is none. */
static char *section(const char *page, const char *name)
{
	auto_free char *heading = must_printf("\n.SS %s\n", name);
	const char *start = strstr(page, heading), *end;

	if (!start)
		return NULL;
	start += strlen(heading);
	end = strstr(start, "\n.S");
	for (; end && strncmp(end, "\n.SS ", 5) && strncmp(end, "\n.SH ", 5); )
		end = strstr(end + 1, "\n.S");
	return must_printf("%.*s", end ? (int)(end - start) : (int)strlen(start), start);
}

/* The options that a usage line names ("--seed N", "-o DIR") have to be in @manual. */
static void check_options(const char *usage, const char *manual, const char *command, struct wrong *wrong)
{
	for (const char *at = usage; (at = strchr(at, '-')); at += strspn(at, WORD_CHARS)) {
		auto_free char *option = must_printf("%.*s", (int)strspn(at, WORD_CHARS), at);

		if (at > usage && strchr("[ |\t", at[-1]) && strcmp(option, "--") && !has_word(manual, option))
			complain(wrong, "%s: the manual lacks %s", command, option);
	}
}

/* Does usage, as twlab --help prints it, name this command? */
static bool usage_has(const char *usage, const char *command)
{
	auto_free char *line = must_printf("\n  %s", command);
	const char *at = strstr(usage, line);

	return at && strchr(" \n", at[strlen(line)]);
}

/* @usage is what twlab --help prints, @page the manual in plain. */
static void check_commands(const char *usage, const char *page, struct wrong *wrong)
{
	const char *commands = strstr(page, "\n.SH COMMANDS\n");
	const char *end = commands ? strstr(commands + 1, "\n.SH ") : NULL;

	for (const char *at = usage; (at = strstr(at, "\n  ")); ) {
		const char *next = strstr(at + 3, "\n  "), *stop = next ? next : at + strlen(at);
		auto_free char *name = must_printf("%.*s", (int)strcspn(at + 3, " \n"), at + 3);
		auto_free char *row = must_printf("%.*s", (int)(stop - at), at);
		auto_free char *manual = section(page, name);

		if (!manual)
			complain(wrong, "the manual lacks %s%s", name, "");
		else
			check_options(row, manual, name, wrong);
		at = stop;
	}
	for (const char *at = commands; at && (at = strstr(at, "\n.SS ")) && (!end || at < end); at++) {
		auto_free char *name = must_printf("%.*s", (int)strcspn(at + 5, "\n"), at + 5);

		if (!usage_has(usage, name))
			complain(wrong, "the manual has %s, twlab has not%s", name, "");
	}
}

/* The rows of getopt tables in @source: { "seed", required_argument, ... */
static void check_getopt(const char *source, const char *page, const char *path, unsigned int *n, struct wrong *wrong)
{
	for (const char *at = source; (at = strstr(at, "{ \"")); at += 3) {
		auto_free char *name = must_printf("%.*s", (int)strcspn(at + 3, "\""), at + 3);
		auto_free char *option = must_printf("--%s", name);
		const char *rest = at + 3 + strlen(name);

		if (strncmp(rest, "\", required_argument", 20) && strncmp(rest, "\", no_argument", 14) &&
		    strncmp(rest, "\", optional_argument", 20))
			continue;
		++*n;
		if (!has_word(page, option))
			complain(wrong, "%s takes %s, of which the manual says nothing", path, option);
	}
}

/* The options of a manual have to be in @sources. */
static void check_no_more(const char *page, const char *sources, struct wrong *wrong)
{
	for (const char *at = page; (at = strstr(at, "--")); at += strspn(at, WORD_CHARS)) {
		auto_free char *option = must_printf("%.*s", (int)strspn(at, WORD_CHARS), at);
		auto_free char *row = must_printf("{ \"%s\", ", option + 2);

		if (isalpha((unsigned char)option[2]) && !strstr(sources, row) &&
		    strcmp(option, "--help") && strcmp(option, "--version"))
			complain(wrong, "no getopt table has %s%s", option, "");
	}
}

/* A lab's sheet names each variant and each parameter, and no others. */
static void check_sheet(const struct lab *lab, const char *sheet, struct wrong *wrong)
{
	for (const struct variant *variant = lab->variants; variant->name; variant++) {
		auto_free char *quoted = must_printf("`%s`", variant->name);

		if (!strstr(sheet, quoted))
			complain(wrong, "%s/README.md lacks the variant %s", lab->name, quoted);
	}
	for (const struct param *param = lab->params; param->name; param++) {
		auto_free char *quoted = must_printf("`%s`", param->name);

		if (!strstr(sheet, quoted))
			complain(wrong, "%s/README.md lacks the parameter %s", lab->name, quoted);
	}
}

/* What a text tells the reader to type has to be accepted. */
static void check_typed(const struct lab *lab, const char *text, struct wrong *wrong)
{
	static const char set[] = "--set ", variant[] = "--variant ";

	for (const char *at = text; (at = strstr(at, set)); at++) {
		auto_free char *value = must_printf("%.*s", (int)strcspn(at + strlen(set), " `\n|;)"), at + strlen(set));
		const char *const sets[] = { value };
		struct err err = { 0 };
		struct plan *plan = plan_new(lab, NULL, sets, 1, &err);

		if (!plan)
			complain(wrong, "%s/README.md: %s", lab->name, err.text);
		plan_free(plan);
	}
	for (const char *at = text; (at = strstr(at, variant)); at++) {
		auto_free char *name = must_printf("%.*s", (int)strcspn(at + strlen(variant), " `\n|;)"), at + strlen(variant));
		struct err err = { 0 };
		struct plan *plan = plan_new(lab, name, NULL, 0, &err);

		if (!plan)
			complain(wrong, "%s/README.md: %s", lab->name, err.text);
		plan_free(plan);
	}
}

static void the_manual_names_every_command_and_its_options(void **state)
{
	auto_free char *page = read_file("harness/twlab.1");
	auto_free char *text = plain(page);
	auto_free char *usage = said_by("./twlab --help");
	struct wrong wrong = { 0 };

	(void)state;
	check_commands(usage, text, &wrong);
	assert_nothing_wrong(&wrong);
}

static void the_manual_names_every_option_that_is_parsed(void **state)
{
	auto_free char *page = read_file("harness/twlab.1");
	auto_free char *text = plain(page);
	auto_free char *sources = must_strdup("");
	struct wrong wrong = { 0 };
	unsigned int n = 0;
	glob_t files;

	(void)state;
	assert_int_equal(glob("harness/*/*.c", 0, NULL, &files), 0);
	for (size_t f = 0; f < files.gl_pathc; f++) {
		auto_free char *source = read_file(files.gl_pathv[f]);
		auto_free char *before = sources;

		check_getopt(source, text, files.gl_pathv[f], &n, &wrong);
		sources = must_printf("%s%s", before, source);
	}
	globfree(&files);
	assert_true(n > 10);
	check_no_more(text, sources, &wrong);
	assert_nothing_wrong(&wrong);
}

static void every_lab_has_a_sheet_that_says_what_can_be_typed(void **state)
{
	auto_free char *course = read_file("labs/README.md");
	struct wrong wrong = { 0 };

	(void)state;
	for (const struct lab *const *lab = all_labs; *lab; lab++) {
		auto_free char *path = must_printf("labs/%s/README.md", (*lab)->name);
		auto_free char *sheet = read_file(path);

		check_sheet(*lab, sheet, &wrong);
		check_typed(*lab, sheet, &wrong);
		if (!strstr(course, (*lab)->name))
			complain(&wrong, "labs/README.md lacks %s%s", (*lab)->name, "");
	}
	assert_nothing_wrong(&wrong);
}

static void what_is_missing_from_a_manual_is_seen(void **state)
{
	static const char usage[] = "usage: twlab COMMAND ...\n\n  run LAB [--set NAME=VALUE] [-o DIR] -- X\n\tdo it\n  list\n\tsay it\n";
	static const struct { const char *page; unsigned int n; } rows[] = {
		{ "\n.SH COMMANDS\n.SS run\n--set -o\n.SS list\nx\n.SH FILES\n.SS other\n", 0 },
		{ "\n.SH COMMANDS\n.SS run\n-o\n.SS list\n--set\n.SH FILES\n", 1 },	/* of another command */
		{ "\n.SH COMMANDS\n.SS run\n--settle -o\n.SS list\n", 1 },
		{ "\n.SH COMMANDS\n.SS run\n--set -o\n", 1 },
		{ "\n.SH COMMANDS\n.SS run\n--set -o\n.SS list\n.SS lis\n", 1 },
		{ "", 2 },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct wrong wrong = { 0 };

		check_commands(usage, rows[r].page, &wrong);
		assert_int_equal(wrong.n, rows[r].n);
		free(wrong.text);
	}
}

static void an_option_without_a_word_about_it_is_seen(void **state)
{
	static const struct { const char *source, *page; unsigned int n; } rows[] = {
		{ "{ \"seed\", required_argument, NULL, 1 }", "the --seed is", 0 },
		{ "{ \"seed\", required_argument, NULL, 1 }", "the --seeds are", 2 },
		{ "{ \"seed\", no_argument, NULL, 1 }", "", 1 },
		{ "{ \"seed\", 7 }", "", 0 },
		{ "", "--seed and --help", 1 },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct wrong wrong = { 0 };
		unsigned int n = 0;

		check_getopt(rows[r].source, rows[r].page, "here", &n, &wrong);
		check_no_more(rows[r].page, rows[r].source, &wrong);
		assert_int_equal(wrong.n, rows[r].n);
		free(wrong.text);
	}
}

static void a_sheet_that_promises_too_much_or_too_little_is_seen(void **state)
{
	static const struct param params[] = { { "port", "80", "1..99", "" }, { 0 } };
	static const struct variant variants[] = { { "one", "port=1", "" }, { 0 } };
	static const struct node nodes[] = { { "host" }, { 0 } };
	static const struct lab lab = { .name = "00-lab", .params = params, .variants = variants, .topo = { nodes } };
	static const struct { const char *sheet; unsigned int n; } rows[] = {
		{ "`one`, `port`: --variant one --set port=7", 0 },
		{ "`one`, `port`: `--set port=99`", 0 },
		{ "one, `port`", 1 },
		{ "`one`, port", 1 },
		{ "`one`, `port`: --set port=100", 1 },
		{ "`one`, `port`: --set ports=1", 1 },
		{ "`one`, `port`: --variant two", 1 },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct wrong wrong = { 0 };

		check_sheet(&lab, rows[r].sheet, &wrong);
		check_typed(&lab, rows[r].sheet, &wrong);
		if (wrong.n != rows[r].n)
			fail_msg("%s: %u wrong, not %u: %s", rows[r].sheet, wrong.n, rows[r].n, wrong.text);
		free(wrong.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manual_names_every_command_and_its_options),
		cmocka_unit_test(the_manual_names_every_option_that_is_parsed),
		cmocka_unit_test(every_lab_has_a_sheet_that_says_what_can_be_typed),
		cmocka_unit_test(what_is_missing_from_a_manual_is_seen),
		cmocka_unit_test(an_option_without_a_word_about_it_is_seen),
		cmocka_unit_test(a_sheet_that_promises_too_much_or_too_little_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

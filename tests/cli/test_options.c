/* test_options.c - a number is written in one way, whatever it is for */
#include "tests/helpers/test.h"

#include <sys/wait.h>

/* What is wrong with @text as the number in @command; what twlab prints first, to be freed. */
static char *finding_to(const char *command, const char *text, int *status)
{
	auto_free char *args = must_printf(command, text);
	auto_free char *all = must_printf("./twlab %s 2>&1 </dev/null", args);
	char *printed = must_calloc(1 << 12, 1);
	FILE *pipe = popen(all, "re");

	assert_non_null(pipe);
	printed[fread(printed, 1, (1 << 12) - 1, pipe)] = '\0';
	while (fgetc(pipe) != EOF)
		;
	*status = WEXITSTATUS(pclose(pipe));
	return printed;
}

static void what_is_no_number_is_refused_everywhere(void **state)
{
	static const char *const commands[] = {
		"run 01 --variant none --seed '%s'", "run 01 --variant none --jobs '%s'",
		"play 01 --variant none -o /none --seed '%s'",
		"vm --seed '%s' -- none", "vm --time-limit '%s' -- none",
		"selftest 03 --students '%s'", "selftest 03 --jobs '%s'", "grade /none --jobs '%s'",
	};
	static const struct { const char *text; bool taken; } rows[] = {
		{ "08", true }, { "10", true }, { "0x10", false }, { " 1", false }, { "1 ", false }, { "+1", false },
		{ "-1", false }, { " -1", false }, { "1.0", false }, { "1e3", false }, { "", false }, { "one", false },
		{ "99999999999999999999", false },
	};

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(commands); c++)
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			int status = 0;
			auto_free char *printed = NULL;

			if (rows[i].taken && !strstr(commands[c], "none"))	/* it would do its work */
				continue;
			printed = finding_to(commands[c], rows[i].text, &status);
			if (!strstr(printed, "is a whole number from") != rows[i].taken || status != 2)
				fail_msg("%s, '%s': %s", commands[c], rows[i].text, printed);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_number_is_refused_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_plugin.c - labs that are no part of twlab
 *
 * twlab is installed into a folder of its own, and what labs/README.md says is done
 * there to the letter: its example is copied out, built and run by its commands.
 */
#include "tests/helpers/installed.h"

#include "harness/batch/plugin.h"
#include "labs/index.h"

/* The block of the language @lang in the chapter on one's own lab. */
static char *chapter(const char *lang, int n)
{
	return block("labs/README.md", "\n## Your own lab", lang, n);
}

static bool said_one_line(const char *text)
{
	auto_free char *all = all_said();
	size_t len = strlen(all);

	return said(text) && len && strchr(all, '\n') == all + len - 1;
}

/* @text with @from replaced by @to, which has to be there. */
static char *with(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	if (!at)
		fail_msg("nothing is '%s'", from);
	return must_printf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static int build(const char *name, const char *source)
{
	auto_free char *file = must_printf("%s.c", name);
	auto_free char *command = must_printf("cc -shared -fPIC $(pkg-config --cflags twlab) %s.c -o %s.so", name, name);

	put(file, source);
	return shell(command);
}

static void the_readme_can_be_followed(void **state)
{
	auto_free char *source = chapter("c", 0), *build_and_run = chapter("sh", 0), *others = chapter("sh", 1);
	int status;

	(void)state;
	put("mylab.c", source);
	status = shell(build_and_run);
	assert_true(said("3 claims hold, 0 fail, 0 could not be told, 0 skipped, in 2 runs"));
	assert_int_equal(status, 0);
	assert_int_equal(shell(others), 0);
	assert_true(said("control: nothing is lost"));
	assert_int_equal(shell("test -s pictures/topology.svg && twlab draw --lab ./mylab.so evidence"), 0);
	assert_int_equal(shell("twlab check evidence"), 3);
	assert_true(said("--lab FILE names"));
}

static void its_example_has_forty_lines(void **state)
{
	auto_free char *source = chapter("c", 0);
	int lines = 0;

	(void)state;
	for (const char *at = source; (at = strchr(at, '\n')); at++)
		lines++;
	assert_in_range(lines, 20, 40);
}

static void a_name_that_would_break_the_evidence_is_refused(void **state)
{
	auto_free char *source = chapter("c", 0);
	auto_free char *quoted = must_strdup(source);

	(void)state;
	for (char *at; (at = strstr(quoted, "\"client\"")); ) {
		char *next = must_printf("%.*s\"cli\\\"nt\"%s", (int)(at - quoted), quoted, at + 8);

		free(quoted);
		quoted = next;
	}
	assert_int_equal(build("quoted", quoted), 0);
	assert_int_equal(shell("twlab run quoted.so --no-draw -o quoted"), 3);
	assert_true(said("'cli\"nt' cannot be a node's name"));
}

static void a_claim_that_is_wrong_is_refused(void **state)
{
	auto_free char *source = chapter("c", 0);
	auto_free char *wrong = with(source, "\"1000..1050\"", "\"0..50\"");
	int status;

	(void)state;
	assert_int_equal(build("wrong", wrong), 0);
	status = shell("twlab run wrong.so --no-draw -o wrong");
	assert_int_equal(status, 1);
	assert_true(said("FAIL       a second later"));
}

/* Words of any bytes are told as they can be; what is the name of a file is not taken. */
static void bytes_that_are_no_text_lose_nothing(void **state)
{
	auto_free char *source = chapter("c", 0);
	auto_free char *odd = with(source, "the wire is whole again", "caf\\xe9 \\\"works\\\"");
	auto_free char *name = with(source, "\"whole\"", "\"wh\\xff\" \"ole\"");
	int status;

	(void)state;
	assert_int_equal(build("odd", odd), 0);
	status = shell("twlab run odd.so -o odd && grep -q 'caf[\\]\\{2\\}xe9 ..works' odd/mylab/lost/events.jsonl && "
		       "iconv -f utf-8 odd/mylab/lost/report.html >/dev/null && twlab check odd --lab odd.so --json | iconv -f utf-8 >/dev/null");
	assert_true(said("3 claims hold, 0 fail, 0 could not be told, 0 skipped, in 2 runs"));
	assert_int_equal(status, 0);
	assert_int_equal(build("name", name), 0);
	assert_int_equal(shell("twlab run name.so -o name"), 2);
	assert_true(said("a variant, a node or a program is no UTF-8"));
}

static void it_may_bring_a_program(void **state)
{
	static const char client[] =	/* one that needs a library which no lab needs */
		"#include <math.h>\n#include <arpa/inet.h>\n#include <stdio.h>\n#include <stdlib.h>\n"
		"int main(int argc, char **argv)\n{\n"
		"	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(8080) };\n"
		"	inet_pton(AF_INET, argv[1], &to.sin_addr);\n"
		"	printf(\"reply=%g\\n\", sqrt(argc));\n"
		"	return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof(to));\n}\n";
	auto_free char *source = chapter("c", 0);
	auto_free char *own = with(source, "01-four-way-close/client", "client");
	int status;

	(void)state;
	put("client.c", client);
	assert_int_equal(shell("cc client.c -o client -lm"), 0);
	assert_int_equal(build("own", own), 0);
	status = shell("mkdir -p elsewhere && cd elsewhere && twlab run ../own.so --no-draw && cat evidence/mylab/whole/programs/client.out");
	assert_int_equal(status, 0);
	assert_true(said("reply=1.73205"));
	assert_int_equal(shell("rm client && twlab run own.so --no-draw -o gone"), 3);
	assert_true(said("client: No such file"));
}

/* What is no lab is refused in one line, by each command that takes one. */
static void what_is_no_lab_is_refused(void **state)
{
	auto_free char *source = chapter("c", 0);
	const struct { const char *name, *from, *to, *word, *says; } rows[] = {
		{ "", "", "", "./none.so", "./none.so: No such file or directory" },
		{ "", "", "", "none", "there is no lab 'none'" },
		{ "", "", "", "./pipe.so", "./pipe.so is no lab: it is no regular file" },
		{ "", "", "", "./mylab.c", "./mylab.c is no lab: " },
		{ "mute", "LAB_EXPORT(lab)", "int other", "mute.so", "mute.so is no lab: it has no LAB_EXPORT()" },
		{ "older", "LAB_EXPORT(lab)", "const struct lab_export twlab_lab = { LAB_WORDS + 1, &lab }", "./older.so",
		  "./older.so was built with the labs/lab.h of another version; build it again" },
		{ "up", "\"mylab\"", "\"../mylab\"", "up.so", "up.so: a lab's name is lower case letters" },
		{ "same", "\"mylab\"", "\"01-four-way-close\"", "same.so", "same.so: there is a lab '01-four-way-close' already" },
		{ "bare", "params, variants", "params, 0", "bare.so", "bare.so: a lab needs " },
		{ "when", "lost == no", "lots == no", "when.so", "lots" },
	};
	static const char *const commands[] = { "run %s", "list %s", "draw %s" };

	(void)state;
	assert_int_equal(shell("mkfifo pipe.so"), 0);
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *changed = *rows[r].name ? with(source, rows[r].from, rows[r].to) : NULL;

		if (changed)
			assert_int_equal(build(rows[r].name, changed), 0);
		for (size_t c = 0; c < ARRAY_SIZE(commands); c++) {
			auto_free char *words = must_printf(commands[c], rows[r].word);
			auto_free char *command = must_printf("twlab %s", words);

			if (c && !strcmp(rows[r].name, "when"))	/* found when it is filled in */
				continue;
			if (shell(command) != 2 || !said_one_line(rows[r].says))
				fail_msg("%s is not refused", command);
		}
	}
}

static void a_lab_of_twlab_is_no_file(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_ptr_equal(plugin_lab("3", &err), lab_find("03-final-ack-loss"));
	assert_null(plugin_file(lab_find("3")));
	assert_null(lab_dir("03-final-ack-loss"));
	assert_null(lab_find("mylab"));
}

static int install(void **state)
{
	(void)state;
	return installed_make("/tmp/twlab-outside-XXXXXX");
}

static int remove_all(void **state)
{
	(void)state;
	return installed_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_readme_can_be_followed),
		cmocka_unit_test(its_example_has_forty_lines),
		cmocka_unit_test(a_claim_that_is_wrong_is_refused),
		cmocka_unit_test(a_name_that_would_break_the_evidence_is_refused),
		cmocka_unit_test(bytes_that_are_no_text_lose_nothing),
		cmocka_unit_test(it_may_bring_a_program),
		cmocka_unit_test(what_is_no_lab_is_refused),
		cmocka_unit_test(a_lab_of_twlab_is_no_file),
	};

	return cmocka_run_group_tests(tests, install, remove_all);
}

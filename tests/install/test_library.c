/* test_library.c - libtwlab from a program outside the tree
 *
 * A program in a folder of its own is compiled by what built the library, with what
 * pkg-config says and nothing else, and run.
 */
#include "tests/helpers/test.h"

#include <sys/wait.h>

static const char program[] =
	"#include <lib/pcapng.h>\n"
	"#include <stdio.h>\n"
	"int main(int argc, char **argv)\n"
	"{\n"
	"	struct err err = { 0 };\n"
	"	struct trace *trace = pcapng_read(argc > 1 ? argv[1] : \"none\", 0, 0, &err);\n"
	"	printf(\"%s\\n\", trace ? \"read\" : err.text);\n"
	"	trace_free(trace);\n"
	"	return 0;\n"
	"}\n";

static void a_program_outside_the_tree_links_it(void **state)
{
	static const char script[] =
		"dir=$(mktemp -d) && cat > $dir/it.c && flags=$(PKG_CONFIG_PATH=. pkg-config --cflags --libs twlab) && "
		"%s -x c $dir/it.c -o $dir/it -x none $flags && cd $dir && ./it /nonexistent.pcapng > said; "
		"status=$?; cat $dir/said; rm -rf $dir; exit $status";
	auto_free char *text = must_printf(script, BUILT_BY);
	auto_free char *path = must_strdup("/tmp/twlab-said.XXXXXX");
	auto_close int fd = mkstemp(path);
	auto_free char *command = must_printf("(%s) > %s", text, path);
	char said[512] = "";
	FILE *shell;

	(void)state;
	assert_true(fd >= 0);
	shell = popen(command, "w");
	assert_non_null(shell);
	fputs(program, shell);
	assert_int_equal(pclose(shell), 0);
	assert_true(read(fd, said, sizeof(said) - 1) > 0);
	unlink(path);
	assert_non_null(strstr(said, "/nonexistent.pcapng"));
	assert_non_null(strstr(said, "No such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_outside_the_tree_links_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

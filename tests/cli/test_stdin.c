/* test_stdin.c - what a program in the virtual machine gets to read */
#include "tests/helpers/test.h"

#include <sys/wait.h>

#include "tests/helpers/dir.h"
#include "tests/helpers/guest.h"

#define NOT_PASSED "twlab: vm: what came in on standard input was not passed on: -i does that\n"
#define TERMINAL "twlab: vm: a terminal's input is not passed on: the program's standard input is empty " \
		 "(-i reads it first, to its end)\r\n"

static void a_program_reads_what_it_was_given(void **state)
{
	static const struct {
		const char *what, *command;	/* cd to the test's folder, $TW is twlab */
		const char *prints;
		int status;
	} rows[] = {
		{ "a pipe, asked for", "echo abc | $TW vm -i -- cat", "abc\n", 0 },
		{ "the long word for it", "echo abc | $TW vm --stdin -- cat", "abc\n", 0 },
		{ "any bytes", "printf 'a\\0b\\n\\377' | $TW vm -i -- od -An -tx1", " 61 00 62 0a ff\n", 0 },
		{ "a shell's script brings its programs along", "printf 'uname -n\\nexit 7\\n' | $TW vm -i -- sh", "twlab\n", 7 },
		{ "nothing at all", "$TW vm -i -- wc -c </dev/null", "0\n", 0 },
		{ "a pipe, not asked for", "echo abc | $TW vm -- wc -c 2>&1", "0\n" NOT_PASSED, 0 },
		{ "a pipe that nobody writes to or closes", "mkfifo p; sleep 50 >p & $TW vm -- wc -c <p 2>&1; kill $!",
		  "0\n", 0 },
		{ "a file", "$TW vm -- cat <lines", "one\ntwo\n", 0 },
		{ "a file in a loop", "while read -r line; do echo \"$line:\"; $TW vm -- cat; done <lines", "one:\ntwo\ntwo:\n", 0 },
		{ "a closed descriptor", "$TW vm -- wc -c <&-", "0\n", 0 },
		{ "a folder", "$TW vm -i -- cat 2>&1 </", "twlab: vm: cannot read standard input: Is a directory\n", 3 },
		{ "too much", "head -c 70000000 /dev/zero | $TW vm -i -- cat 2>&1",
		  "twlab: vm: standard input has more than 64 MB\n", 3 },
		{ "a file by a path that goes back", "$TW vm -- cat $PWD/../$(basename $PWD)/lines 2>&1 | sed s,^.*/lines:,lines:,",
		  "lines: name it without '.', '..' and '//'\n", 0 },
		{ "a terminal", "script -qec \"$TW vm -- cat\" /dev/null </dev/null", TERMINAL, 0 },
	};

	(void)state;
	guest_needed();
	dir_put_text("lines", "one\ntwo\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *script = must_printf("TW=$PWD/twlab; cd %s; %s", dir, rows[i].command);
		char printed[1024];
		FILE *pipe;
		size_t len;

		dir_put_text("script", script);
		print_message("%s\n", rows[i].what);
		free(script);
		script = must_printf("sh %s/script", dir);
		pipe = popen(script, "re");
		assert_non_null(pipe);
		len = fread(printed, 1, sizeof(printed) - 1, pipe);
		printed[len] = '\0';
		assert_int_equal(WEXITSTATUS(pclose(pipe)), rows[i].status);
		assert_string_equal(printed, rows[i].prints);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_reads_what_it_was_given),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}

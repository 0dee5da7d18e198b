/* test_assignments.c - submissions graded in guests: sound ones, broken ones, hostile ones
 *
 * Each row is a server for lab 03 that a student might hand in. It must cost its
 * author the points of that task, with a sentence why, and nobody else anything:
 * in the end the solution has full marks.
 */
#include "tests/helpers/test.h"

#include "harness/grade/grade.h"
#include "harness/grade/handout.h"
#include "tests/helpers/dir.h"
#include "tests/helpers/guest.h"
#include "labs/index.h"

/* Grade @source as the program of @task in @lab. */
static void grade_program(const char *lab, const char *task, const char *source, struct grade *result)
{
	const struct grade_options options = { .out = dir, .only = task };
	const char *id = "mallory";
	struct submission submission;
	struct personal personal;
	struct err err = { 0 };

	guest_needed();
	personal_make(lab_find(lab), "k", 1, &id, 1, &personal);
	submission_of(lab_find(lab), &personal, &submission);
	personal_free(&personal);
	for (unsigned int f = 0; f < submission.n_files; f++)
		if (!strcmp(submission.files[f].task->name, task))
			submission_put(&submission, f, source, strlen(source));
	if (grade(&submission, &options, result, &err))
		fail_msg("%s", err.text);
	submission_free(&submission);
}

static void grade_server(const char *source, struct grade *result)
{
	grade_program("3", "server", source, result);
}

#define HEAD "#include <fcntl.h>\n#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n" \
	     "#include <sys/wait.h>\n#include <unistd.h>\n"

static const struct { const char *what, *source, *why; } hostile[] = {
	{ "no C at all", "\xff\xfe\x01 what?\n", "does not compile" },
	{ "a secret file", "#include \"/etc/shadow\"\nint main(void) { return 0; }\n", "does not compile" },
	{ "the harness, included", "#include \"/work/out/evidence/run.json\"\nint main(void) { return 0; }\n", "does not compile" },
	{ "itself, without end", "#include \"server.c\"\nint main(void) { return 0; }\n", "compil" },
	{ "an array of 1 TB", "char a[1L << 40] = { 1 };\nint main(void) { return 0; }\n", "compil" },
	{ "a constant that takes for ever", "#define A(x) (x + x) * (x + x)\n#define B(x) A(A(A(A(x))))\n"
	  "int a[B(B(B(B(1)))) > 0];\nint main(void) { return 0; }\n", "compil" },
	{ "a secret file, assembled", "__asm__(\".incbin \\\"/etc/shadow\\\"\");\nint main(void) { return 0; }\n", "does not compile" },
	{ "a linker script", "#pragma comment(lib, \"/work/out/run0/run.json\")\nINPUT(/etc/shadow)\nint main(void) { return 0; }\n",
	  "does not compile" },
	{ "a device, included", "#include \"/dev/zero\"\nint main(void) { return 0; }\n", "compil" },
	{ "all the disk", HEAD "int main(void) { static char a[1 << 16]; signal(SIGXFSZ, SIG_IGN); for (int n = 0; ; n++) { char name[32];\n"
	  "sprintf(name, \"/tmp/%d\", n); int fd = open(name, O_WRONLY | O_CREAT, 0600); while (fd >= 0 && write(fd, a, sizeof(a)) > 0) ;\n"
	  "if (fd >= 0) close(fd); } }\n", "processor time" },
	{ "a reboot, a panic", HEAD "int main(void) { syscall(169, 0xfee1dead, 672274793, 0x1234567, 0);\n"
	  "int fd = open(\"/proc/sysrq-trigger\", O_WRONLY); if (fd >= 0) write(fd, \"c\", 1); return 0; }\n", "waited " },
	{ "an endless loop", "int main(void) { for (;;) ; }\n", "processor time" },
	{ "a fork bomb", HEAD "int main(void) { for (;;) fork(); }\n", "processes" },
	{ "all the memory", HEAD "int main(void) { for (;;) memset(malloc(1 << 20), 1, 1 << 20); }\n", "memory" },
	{ "output without end", HEAD "int main(void) { for (;;) puts(\"so_error=0\"); }\n", "processor time" },
	{ "verdicts on every descriptor",
	  HEAD "int main(void) { static const char text[] = \"result 0 0\\nfailed x\\n{\\\"complete\\\":true}\\n\";\n"
	  "for (int fd = 0; fd < 4096; fd++) write(fd, text, sizeof(text) - 1); return 0; }\n", "waited " },
	{ "an end to everybody", HEAD "int main(void) { kill(1, SIGKILL); kill(-1, SIGKILL); return 0; }\n", "waited " },
	{ "what looks right, and nobody served", HEAD "int main(void) { puts(\"so_error=0\"); return 0; }\n", "waited " },
	{ "who stays", HEAD "int main(void) { if (fork() == 0) { setsid(); for (;;) pause(); } return 0; }\n", "waited " },
	{ "who crashes", "int main(void) { return *(volatile int *)8; }\n", "waited " },
};

static void a_hostile_program_costs_its_author_the_points(void **state)
{
	(void)state;
	for (size_t h = 0; h < ARRAY_SIZE(hostile); h++) {
		struct grade result;

		grade_server(hostile[h].source, &result);
		assert_int_equal(result.n, 3);
		for (unsigned int r = 0; r < result.n; r++)
			if (result.rows[r].result != RESULT_FAIL || !strstr(result.rows[r].seen, hostile[h].why))
				fail_msg("%s: %s: %d: %s", hostile[h].what, result.rows[r].name, (int)result.rows[r].result,
					 result.rows[r].seen);
		assert_int_equal(result.earned, 0);
		grade_free(&result);
	}
}

/* The solution, but for what it says. */
static void says(const char *printed, const char *why)
{
	static const char was[] = "printf(\"so_error=%s\\n\", error ? strerrorname_np(error) : \"0\");";
	struct err err = { 0 };
	struct grade result;
	size_t len;
	auto_free char *source = handout_read(lab_find("3"), "solution/server.c", &len, &err);
	const char *at = strstr(source, was);
	auto_free char *text = NULL;

	assert_non_null(at);
	text = must_printf("%.*s%s (void)error;%s", (int)(at - source), source, printed, at + strlen(was));
	grade_server(text, &result);
	assert_int_equal(result.earned, 2);	/* it did answer */
	for (unsigned int r = 1; r < result.n; r++)
		if (result.rows[r].result != RESULT_FAIL)
			fail_msg("%s: %s: %s", printed, result.rows[r].name, result.rows[r].seen);
	if (!strstr(result.rows[1].seen, why) && !strstr(result.rows[2].seen, why))
		fail_msg("%s: %s; %s", printed, result.rows[1].seen, result.rows[2].seen);
	grade_free(&result);
}

/* What is right in one run of two by chance earns nothing. */
static void a_word_without_a_look_earns_nothing(void **state)
{
	(void)state;
	says("puts(\"so_error=0\");", "says so in");
	says("puts(\"so_error=ECONNRESET\");", "says so in");
	says("puts(\"so_error=0\\nso_error=ECONNRESET\");", "says so in");
}

/* It is right in all that it does, and then takes more than is allowed, and ends. */
static void an_excess_at_the_end_is_seen(void **state)
{
	static const char was[] = "\treturn 0;\n}";
	struct err err = { 0 };
	struct grade result;
	size_t len;
	auto_free char *source = handout_read(lab_find("3"), "solution/server.c", &len, &err), *text = NULL;
	char *at = source + len - strlen(was) - 1;

	(void)state;
	assert_memory_equal(at, was, strlen(was));
	text = must_printf("#include <time.h>\n%.*s\tfor (fflush(stdout); clock() < 1200 * (CLOCKS_PER_SEC / 1000); )\n\t\t;\n%s\n",
			   (int)(at - source), source, was);
	grade_server(text, &result);
	for (unsigned int r = 0; r < result.n; r++)
		if (result.rows[r].result != RESULT_FAIL || !strstr(result.rows[r].seen, "processor time"))
			fail_msg("%s: %s", result.rows[r].name, result.rows[r].seen);
	grade_free(&result);
}

static void and_the_next_has_full_marks(void **state)
{
	struct err err = { 0 };
	struct grade result;
	size_t len;
	auto_free char *source = handout_read(lab_find("3"), "solution/server.c", &len, &err);

	(void)state;
	grade_server(source, &result);
	assert_int_equal(result.earned, result.points);
	assert_true(result.points > 0);
	grade_free(&result);
}

/* The same submission, the same result, to the word. */
static void grades_repeat(void **state)
{
	struct grade first, second;
	struct err err = { 0 };
	const struct lab *lab = lab_find("3");
	const struct mutant *mutant = lab->mutants;

	while (strcmp(mutant->name, "asks-too-early"))
		mutant++;
	auto_free char *source = handout_mutated(lab, mutant, &err);

	(void)state;
	grade_server(source, &first);
	grade_server(source, &second);
	assert_int_equal(first.n, second.n);
	for (unsigned int r = 0; r < first.n; r++) {
		assert_string_equal(first.rows[r].seen, second.rows[r].seen);
		assert_string_equal(first.rows[r].where, second.rows[r].where);
		assert_int_equal(first.rows[r].earned, second.rows[r].earned);
	}
	assert_true(first.earned < first.points);
	grade_free(&first);
	grade_free(&second);
}

/* What TIME_WAIT answers: a share of the points for what is right, none for what is not said. */
static void who_is_asked_gets_points_for_what_is_right(void **state)
{
	static const struct { const char *what, *source; int least, most; } rows[] = {
		{ "one answer to all", HEAD "int main(void) { for (int i = 1; i <= 1000; i++) printf(\"%d ACK restarts\\n\", i); return 0; }\n", 10, 18 },
		{ "no answer at all, and no question read", HEAD "int main(void) { pause(); return 0; }\n", 0, 0 },
		{ "answers to what nobody asked", HEAD "int main(void) { for (int i = -9; i < 20000; i++) printf(\"%d\\tACK\\n%d ? ?\\n\", i, i); return 0; }\n", 0, 0 },
		{ "all answers to each", HEAD "int main(void) { for (int i = 1; i <= 1000; i++) printf(\"%d ACK restarts ACK lives none lives\\n%d RST ends\\n\", i, i); return 0; }\n", 0, 0 },
		{ "rows of its own", HEAD "int main(void) { puts(\"1 ACK restarts\\nserver\\tfin-again\\t1\\tACK lives\\tACK lives\"); return 0; }\n", 0, 1 },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct grade result;

		grade_program("5", "answer", rows[r].source, &result);
		assert_int_equal(result.n, 10);
		if (result.earned < rows[r].least || result.earned > rows[r].most)
			fail_msg("%s: %d points", rows[r].what, result.earned);
		grade_free(&result);
	}
}

static void every_assignment_is_sound(void **state)
{
	(void)state;
	guest_needed();
	assert_int_equal(system("./twlab selftest all --students 1 >/dev/null"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hostile_program_costs_its_author_the_points),
		cmocka_unit_test(a_word_without_a_look_earns_nothing),
		cmocka_unit_test(an_excess_at_the_end_is_seen),
		cmocka_unit_test(and_the_next_has_full_marks),
		cmocka_unit_test(grades_repeat),
		cmocka_unit_test(who_is_asked_gets_points_for_what_is_right),
		cmocka_unit_test(every_assignment_is_sound),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}

/* test_verdicts.c - from the evidence of real runs to verdicts: nothing is believed that was changed,
 * nothing is written, and what is told is the same in each format
 */
#include <fts.h>
#include <jansson.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "harness/cli/commands.h"
#include "harness/judge/outcome.h"
#include "harness/judge/outcome_find.h"
#include "labs/index.h"
#include <twlab/seal.h>
#include <twlab/utf8.h>
#include "tests/helpers/test.h"
#include "tests/helpers/dir.h"

#define NOBODY 65534
#define FLIPS 24		/* of each file: its first and last bytes, and some between */

static bool ran;

/* The runs of two labs, of which one has several hosts, made as a user makes them. */
static int runs_make(void **state)
{
	auto_free char *command = NULL;

	if (dir_make(state))
		return -1;
	chmod(dir, 0755);
	command = must_printf("./twlab run 3 6 --no-draw -o %s/runs > %s/said 2>&1", dir, dir);
	ran = system(command) == 0;
	return 0;
}

static void need_runs(void)
{
	if (!ran) {
		print_message("there are no runs: no QEMU, or no kernel\n");
		skip();
	}
}

static char *in(const char *path)
{
	return must_printf("%s/%s", dir, path);
}

/* A fresh copy of the run @which. */
static char *copy_of(const char *which)
{
	auto_free char *command = must_printf("rm -rf %s/copy && cp -r %s/runs/%s %s/copy", dir, dir, which, dir);

	assert_int_equal(system(command), 0);
	return in("copy");
}

static char *told(enum print_format how, const struct outcome *outcomes, unsigned int n)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	outcomes_print(out, how, outcomes, n);
	fclose(out);
	return text;
}

static bool same_verdicts(const struct outcome *a, const struct outcome *b)
{
	auto_free char *one = told(PRINT_TSV, a, 1), *other = told(PRINT_TSV, b, 1);

	return !strcmp(one, other);
}

/* ---- damage ---- */

static void put_byte(const char *path, long at, int byte)
{
	auto_fclose FILE *file = fopen(path, "r+e");

	assert_non_null(file);
	assert_int_equal(fseek(file, at, SEEK_SET), 0);
	assert_int_equal(fputc(byte, file), byte);
}

static int byte_at(const char *path, long at)
{
	auto_fclose FILE *file = fopen(path, "re");

	assert_non_null(file);
	assert_int_equal(fseek(file, at, SEEK_SET), 0);
	return fgetc(file);
}

/* With one byte of @path changed, is the folder refused, or, if @same_will_do, judged as it was? */
static void flip(const char *copy, const char *path, long at, int bits, bool same_will_do, const struct outcome *was)
{
	int byte = byte_at(path, at);
	struct outcome outcome;
	struct err err = { 0 };

	put_byte(path, at, byte ^ bits);
	if (!outcome_of(copy, &outcome, &err)) {
		if (!same_will_do || !same_verdicts(was, &outcome))
			fail_msg("%s: byte %ld made 0x%02x: it is judged", path, at, byte ^ bits);
		outcome_free(&outcome);
	}
	put_byte(path, at, byte);
}

static void damage_file(const char *copy, const char *path, long size, bool is_run, const struct outcome *was,
			unsigned int *n)
{
	static const int bits[] = { 0x01, 0x20, 0x80, 0xff };
	long step = is_run ? 1 : size / FLIPS + 1;	/* of run.json each byte */

	for (long at = 0; at < size; at += step)
		for (size_t b = 0; b < ARRAY_SIZE(bits); b++, ++*n)
			flip(copy, path, at, bits[b], is_run, was);
	if (size)
		flip(copy, path, size - 1, 0x01, is_run, was);
}

static void refused(const char *copy, const char *says)
{
	struct outcome outcome;
	struct err err = { 0 };

	assert_true(outcome_of(copy, &outcome, &err) < 0);
	if (!strstr(err.text, says))
		fail_msg("'%s', not '%s'", err.text, says);
}

/* Flipped, cut short, made longer, taken away. */
static void no_changed_byte_is_judged(void **state)
{
	auto_free char *copy = NULL;
	struct outcome was;
	struct err err = { 0 };
	unsigned int n = 0;
	char *roots[2] = { NULL };
	FTS *fts;

	(void)state;
	need_runs();
	copy = copy_of("06-tw-recycle-nat/recycling");
	roots[0] = copy;
	assert_int_equal(outcome_of(copy, &was, &err), 0);
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	for (FTSENT *entry; (entry = fts_read(fts)); ) {
		auto_free char *aside = in("aside");
		bool is_run = !strcmp(entry->fts_name, "run.json");
		long size = (long)entry->fts_statp->st_size;

		if (entry->fts_info != FTS_F || !strcmp(entry->fts_name, "facts.tsv") ||
		    !strcmp(entry->fts_name, "verdicts.json"))
			continue;
		damage_file(copy, entry->fts_path, size, is_run, &was, &n);
		if (is_run)
			continue;
		assert_int_equal(truncate(entry->fts_path, size + 1), 0);
		refused(copy, "not the");
		assert_int_equal(truncate(entry->fts_path, size), 0);
		assert_int_equal(rename(entry->fts_path, aside), 0);
		refused(copy, "cannot read");
		assert_int_equal(rename(aside, entry->fts_path), 0);
	}
	fts_close(fts);
	print_message("%u bytes changed\n", n);
	assert_true(n > 2000);
	outcome_free(&was);
}

static void a_file_more_is_refused(void **state)
{
	static const char *const more[] = { "trials.tsv", "programs/late.out", "programs/client.oux" };

	(void)state;
	need_runs();
	for (size_t m = 0; m < ARRAY_SIZE(more); m++) {
		auto_free char *copy = copy_of("03-final-ack-loss/kept"), *name = must_printf("copy/%s", more[m]);

		dir_put_text(name, "x=1\n");
		refused(copy, "was not there when the run ended");
	}
}

/* ---- evidence of another program's output ---- */

/* @text as what the server of the run in @copy printed, and the folder sealed as if it had. */
static void forge(const char *copy, const char *text)
{
	auto_free char *path = must_printf("%s/run.json", copy);
	json_t *run = json_load_file(path, 0, NULL);

	dir_put_text("copy/programs/server.out", text);
	json_object_set_new(json_object_get(run, "bytes"), "programs/server.out", json_integer((json_int_t)strlen(text)));
	json_object_del(run, "sha256");
	json_object_del(run, "self");
	assert_int_equal(json_dump_file(run, path, JSON_INDENT(1)), 0);
	json_decref(run);
}

static const struct verdict *about(const struct outcome *outcome, const char *fact)
{
	for (unsigned int v = 0; v < outcome->verdicts.n; v++)
		if (!strcmp(outcome->verdicts.rows[v].claim->fact, fact))
			return &outcome->verdicts.rows[v];
	fail_msg("no claim on %s", fact);
	return NULL;
}

static void what_a_program_prints_is_a_number_or_none(void **state)
{
	static const struct { const char *out; enum result result; const char *seen; } rows[] = {
		{ "ready\nso_error=0\n", RESULT_PASS, "0" }, { "so_error=0.0\n", RESULT_PASS, "0.0" },
		{ "so_error=nan\n", RESULT_FAIL, "nan" }, { "so_error=-nan\n", RESULT_FAIL, "-nan" },
		{ "so_error=0x0\n", RESULT_FAIL, "0x0" }, { "so_error=inf\n", RESULT_FAIL, "inf" },
		{ "so_error=\xff\n", RESULT_FAIL, "\\xff" }, { "so_error=0\x80\n", RESULT_FAIL, "0\\x80" },
		{ "so_error=0\t0\x1b[2J\n", RESULT_FAIL, "0?0?[2J" }, { "", RESULT_FAIL, "nothing" },
	};

	(void)state;
	need_runs();
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *copy = copy_of("03-final-ack-loss/kept"), *json = NULL;
		struct outcome outcome;
		struct err err = { 0 };
		json_t *all;

		forge(copy, rows[r].out);
		if (r % 2)	/* sealed or as from before there were digests: the same */
			assert_int_equal(seal_put(copy, &err), 0);
		assert_int_equal(outcome_of(copy, &outcome, &err), 0);
		assert_int_equal(about(&outcome, "prog.so_error")->result, rows[r].result);
		assert_string_equal(about(&outcome, "prog.so_error")->seen, rows[r].seen);
		json = told(PRINT_JSON, &outcome, 1);
		all = json_loads(json, 0, NULL);
		assert_int_equal(json_array_size(json_object_get(json_array_get(all, 0), "verdicts")), outcome.verdicts.n);
		json_decref(all);
		outcome_free(&outcome);
	}
}

/* ---- the same in each format ---- */

static const char *in_json(const json_t *verdict, const char *name)
{
	const char *text = json_string_value(json_object_get(verdict, name));

	return text ? text : "-";
}

/* @text without line ends and runs of blanks: a text is folded. */
static char *unfolded(const char *text)
{
	char *flat = must_calloc(strlen(text) + 2, 1), *to = flat;

	for (; *text; text++)
		if (*text != ' ' && *text != '\n')
			*to++ = *text;
		else if (to > flat && to[-1] != ' ')
			*to++ = ' ';
	return flat;
}

/* One claim: its row of the table against its member in JSON, and what the text says of it. */
static void same_row(char *line, const json_t *verdict, const char *text, const struct outcome *outcome)
{
	static const char *const names[] = { "verdict", "article", "claim", "node", "fact", "expected", "seen", "where" };
	char *columns[11], *rest = line;
	auto_free char *of_json = NULL, *of_tsv = NULL;

	for (size_t c = 0; c < ARRAY_SIZE(columns); c++) {
		columns[c] = strsep(&rest, "\t");
		assert_non_null(columns[c]);
		assert_true(utf8_is(columns[c]));
	}
	assert_null(rest);
	for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
		const char *value = in_json(verdict, names[n]);

		assert_string_equal(columns[3 + n], *value ? value : "-");
	}
	of_json = unfolded(in_json(verdict, "seen"));
	of_tsv = outcome->failed ? must_printf("%s %s ", in_json(verdict, "verdict"), of_json) :
		 must_printf("%s: %s", in_json(verdict, "fact"), of_json);
	if (!strstr(text, of_tsv))
		fail_msg("'%s' is not in '%s'", of_tsv, text);
}

static void same_in_each(const struct outcome *outcomes, unsigned int n)
{
	auto_free char *text = told(PRINT_TEXT, outcomes, n), *tsv = told(PRINT_TSV, outcomes, n);
	auto_free char *json = told(PRINT_JSON, outcomes, n);
	auto_free char *flat = unfolded(text), *sum = NULL;
	unsigned int count[RESULTS] = { 0 };
	json_t *all = json_loads(json, 0, NULL), *verdict;
	char *rest = tsv, *line = strsep(&rest, "\n");	/* the columns' names */
	size_t v;

	assert_true(utf8_is(text) && utf8_is(tsv) && utf8_is(json));
	assert_int_equal(json_array_size(all), n);
	for (unsigned int o = 0; o < n; o++) {
		json_t *verdicts = json_object_get(json_array_get(all, o), "verdicts");

		assert_int_equal(json_array_size(verdicts), outcomes[o].verdicts.n);
		json_array_foreach(verdicts, v, verdict) {
			line = strsep(&rest, "\n");
			assert_non_null(line);
			same_row(line, verdict, flat, &outcomes[o]);
			for (int r = 0; r < RESULTS; r++)
				count[r] += !strcmp(result_name[r], in_json(verdict, "verdict"));
		}
	}
	assert_string_equal(rest, "");
	sum = must_printf("%u claims hold, %u fail, %u could not be told, %u skipped, in %u runs\n", count[RESULT_PASS],
			  count[RESULT_FAIL], count[RESULT_ERROR], count[RESULT_SKIP], n);
	assert_non_null(strstr(text, sum));
	json_decref(all);
}

static void real_runs_are_told_alike(void **state)
{
	auto_free char *runs = in("runs");
	struct outcome *outcomes = NULL;
	unsigned int n = 0;
	struct err err = { 0 };

	(void)state;
	need_runs();
	assert_int_equal(outcomes_find(runs, &outcomes, &n, &err), 0);
	assert_true(n > 10);
	same_in_each(outcomes, n);
	for (unsigned int o = 0; o < n; o++)
		outcome_free(&outcomes[o]);
	free(outcomes);
}

/* Every claim of every lab on facts of any bytes; and where the run failed for a reason of any. */
static void odd_bytes_are_told_alike(void **state)
{
	uint32_t seed = 7;

	(void)state;
	for (const struct lab *const *lab = all_labs; *lab; lab++)
		for (int turn = 0; turn < 8; turn++) {
			struct outcome outcome = { 0 };
			struct err err = { 0 };
			struct plan *plan = plan_new(*lab, NULL, NULL, 0, &err);

			assert_non_null(plan);
			for (const struct claim *claim = plan->claims; claim && claim->words && !outcome.failed; claim++) {
				char value[20] = "";

				for (size_t b = 0; b < (size_t)turn * 2 + 1; b++) {
					seed = seed * 1664525 + 1013904223;
					value[b] = (char)(1 + (seed >> 16) % 255);
				}
				if (turn < 6)
					facts_add(&outcome.facts, claim->node, claim->fact, value, value);
				else
					outcome_without(plan, turn == 6 ? RESULT_ERROR : RESULT_SKIP, value, &outcome);
			}
			if (turn < 6) {
				outcome.plan = plan;
				judge(plan, &outcome.facts, &outcome.verdicts);
			}
			same_in_each(&outcome, 1);
			outcome_free(&outcome);
		}
}

/* A failed run of a lab that claims nothing is no run that holds. */
static void a_failed_run_without_claims_is_an_error(void **state)
{
	static const struct claim none[] = { { 0 } };
	struct outcome outcome;
	struct err err = { 0 };
	struct plan *plan = plan_new(all_labs[0], NULL, NULL, 0, &err);

	(void)state;
	plan->claims = none;
	outcome_without(plan, RESULT_ERROR, "its guest died", &outcome);
	assert_int_equal(outcome_status(&outcome, 1), STATUS_ERROR);
	outcome_free(&outcome);
}

/* ---- nothing is written ---- */

/* Every file below dir/runs, with its time and size. */
static char *listing(void)
{
	auto_free char *command = must_printf("cd %s/runs && find . -printf '%%p %%s %%T@ %%m\\n' | sort", dir);
	char *text = must_calloc(1 << 20, 1);
	FILE *pipe = popen(command, "re");

	assert_non_null(pipe);
	text[fread(text, 1, (1 << 20) - 1, pipe)] = '\0';
	assert_int_equal(pclose(pipe), 0);
	return text;
}

/* @main with @words as somebody who may only read: its status. */
static int as_reader(int (*main)(int argc, char **argv, struct err *err), char *const *words)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		char *argv[8] = { NULL };
		struct err err = { 0 };
		int argc = 0;

		for (; words[argc]; argc++)
			argv[argc] = words[argc];
		if (!freopen("/dev/null", "w", stdout) ||
		    (geteuid() == 0 && (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))))
			_exit(99);
		status = main(argc, argv, &err);
		if (err.code)
			fprintf(stderr, "%s\n", err.text);
		_exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void who_may_only_read_gets_verdicts_and_pictures(void **state)
{
	auto_free char *runs = in("runs"), *one = in("runs/03-final-ack-loss/kept"), *drawn = in("drawn");
	auto_free char *before = NULL, *after = NULL;
	auto_free char *lock = must_printf("chmod -R a-w,a+rX %s/runs", dir);
	auto_free char *unlock = must_printf("chmod -R u+w %s/runs", dir);
	const struct {
		int (*main)(int argc, char **argv, struct err *err);
		char *words[5];
	} rows[] = {
		{ check_main, { (char *)(uintptr_t)"check", runs } },
		{ check_main, { (char *)(uintptr_t)"check", one, (char *)(uintptr_t)"--json" } },
		{ claims_main, { (char *)(uintptr_t)"claims", (char *)(uintptr_t)"--from", runs } },
		{ draw_main, { (char *)(uintptr_t)"draw", one, (char *)(uintptr_t)"-o", drawn } },
	};
	char *write[] = { (char *)(uintptr_t)"check", (char *)(uintptr_t)"--write", one, NULL };

	(void)state;
	need_runs();
	assert_int_equal(mkdir(drawn, 0777) || chmod(drawn, 0777), 0);
	assert_int_equal(system(lock), 0);
	before = listing();
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		print_message("%s\n", rows[r].words[0]);
		assert_int_equal(as_reader(rows[r].main, rows[r].words), STATUS_HOLDS);
	}
	assert_int_equal(as_reader(check_main, write), STATUS_ERROR);	/* so much for the lock */
	after = listing();
	assert_string_equal(before, after);
	assert_int_equal(system(unlock), 0);
}

/* ---- what a run that was killed left ---- */

static void hidden_folders_are_passed_over(void **state)
{
	auto_free char *copy = must_printf("cp -r %s/runs/03-final-ack-loss/kept %s/runs/03-final-ack-loss/.kept.999",
					   dir, dir);
	auto_free char *cut = must_printf("mkdir %s/runs/.half && echo > %s/runs/.half/events.jsonl", dir, dir);
	auto_free char *runs = in("runs"), *hidden = in("runs/03-final-ack-loss/.kept.999"), *half = in("runs/.half");
	struct outcome *outcomes = NULL;
	unsigned int n = 0, before;
	struct err err = { 0 };

	(void)state;
	need_runs();
	assert_int_equal(outcomes_find(runs, &outcomes, &n, &err), 0);
	before = n;
	assert_int_equal(system(copy) || system(cut), 0);
	assert_int_equal(outcomes_find(runs, &outcomes, &n, &err), 0);
	assert_int_equal(n, 2 * before);
	assert_int_equal(outcomes_find(hidden, &outcomes, &n, &err), 0);	/* who names one means it */
	assert_int_equal(n, 2 * before + 1);
	for (unsigned int o = 0; o < n; o++)
		outcome_free(&outcomes[o]);
	free(outcomes);
	fs_remove(hidden);
	fs_remove(half);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_runs_are_told_alike),
		cmocka_unit_test(odd_bytes_are_told_alike),
		cmocka_unit_test(a_failed_run_without_claims_is_an_error),
		cmocka_unit_test(hidden_folders_are_passed_over),
		cmocka_unit_test(what_a_program_prints_is_a_number_or_none),
		cmocka_unit_test(a_file_more_is_refused),
		cmocka_unit_test(no_changed_byte_is_judged),
		cmocka_unit_test(who_may_only_read_gets_verdicts_and_pictures),
	};

	return cmocka_run_group_tests(tests, runs_make, dir_remove);
}

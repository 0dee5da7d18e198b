/* test_pack.c - what others run: Gradescope's archive, and the workflow in the handout
 *
 * The archive is unpacked where Gradescope would put it, but for the folder's name,
 * built there by its own setup.sh, and given submissions.
 */
#include "tests/helpers/test.h"

#include "harness/util/archive.h"
#include "harness/grade/handout.h"
#include "tests/helpers/dir.h"
#include "tests/helpers/guest.h"
#include "labs/index.h"

#include <sys/stat.h>
#include <sys/wait.h>

static int run(const char *fmt, ...) PRINTF(1, 2);

static int run(const char *fmt, ...)
{
	auto_free char *command = NULL;
	va_list ap;
	int status;

	va_start(ap, fmt);
	if (vasprintf(&command, fmt, ap) < 0)
		abort();
	va_end(ap);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The submission of @id, as handed out but for server.c. */
static void hand_in(const char *id, const char *server)
{
	auto_files struct files files = { 0 };
	auto_free char *at = must_printf("%s/submission", dir);
	const struct lab *lab = lab_find("3");
	struct personal personal;
	struct err err = { 0 };
	size_t len;
	auto_free char *text = handout_read(lab, server, &len, &err);

	personal_make(lab, "k", 1, &id, 1, &personal);
	fs_remove(at);
	assert_int_equal(handout_files(lab, &personal, &files, &err), 0);
	assert_int_equal(files_write(files.item, files.n, at, &err), 0);
	dir_put_text("submission/server.c", text);
	personal_free(&personal);
}

static int grade(void)
{
	return run("rm -rf %s/results && TWLAB_AUTOGRADER=%s %s/run_autograder >%s/said 2>&1", dir, dir, dir, dir);
}

static int result_has(const char *text)
{
	return run("grep -q '%s' %s/results/results.json", text, dir) == 0;
}

#define USER(name) "{\"users\": [{\"id\": 17, \"email\": \"" name "@example.org\", \"name\": \"A\"}], \"created_at\": \"x\"}"

static void gradescope_s_archive_builds_and_grades(void **state)
{
	auto_files struct files files = { 0 };
	auto_free char *zip = must_printf("%s/pack.zip", dir), *source = must_printf("%s/source", dir);
	auto_free void *data = NULL;
	struct err err = { 0 };
	size_t len;

	(void)state;
	guest_needed();
	dir_put_text("key", "k");
	assert_int_equal(run("./twlab pack gradescope 3 -o %s --key %s/key", zip, dir), 0);
	assert_int_equal(fs_read(zip, &data, &len, &err), 0);
	assert_int_equal(archive_unpack(data, len, &files, &err), 0);
	for (size_t f = 0; f < files.n; f++) {
		if (strstr(files.item[f].path, "solution") || strstr(files.item[f].path, "mutant"))
			fail_msg("it holds %s", files.item[f].path);
		if (S_ISREG(files.item[f].mode) && files_write(&files.item[f], 1, source, &err))
			fail_msg("%s", err.text);
	}
	assert_int_equal(run("cd %s/source && CFLAGS=-O0 ./setup.sh >../built 2>&1 && cp run_autograder ..", dir), 0);

	hand_in("ada", "solution/server.c");
	dir_put_text("submission_metadata.json", USER("ada"));
	assert_int_equal(grade(), 0);
	assert_true(result_has("\"score\": 10,"));
	assert_int_equal(run("python3 -c 'import json, sys, jsonschema; jsonschema.validate(json.load(open(sys.argv[2])), "
			     "json.load(open(sys.argv[1])))' tests/data/formats/gradescope.json %s/results/results.json", dir), 0);

	dir_put_text("submission_metadata.json", USER("bob"));	/* who hands in what was handed out to another */
	assert_int_equal(grade(), 0);
	assert_true(result_has("\"score\": 0,"));
	assert_true(result_has("handed out to ada, who does not hand it in"));

	dir_put_text("submission/twlab.json", "{}");
	dir_put_text("submission_metadata.json", USER("ada"));
	assert_int_equal(grade(), 0);
	assert_true(result_has("not what twlab start wrote"));

	dir_put_text("source/key", "another");	/* the teacher's mistake is no result */
	hand_in("ada", "solution/server.c");
	assert_int_equal(grade(), 2);
	assert_int_equal(run("test -e %s/results/results.json", dir), 1);
}

/* Each command of the workflow is one that there is: twlab's, make's, and the shell's. */
static int check_workflow(const char *path)
{
	return run("python3 - %s <<'END'\n"
		   "import sys, yaml, re, subprocess\n"
		   "flow = yaml.safe_load(open(sys.argv[1]))\n"
		   "assert flow['jobs'] and (True in flow or 'on' in flow)\n"	/* YAML 1.1 takes on for true */
		   "text = ''\n"
		   "for job in flow['jobs'].values():\n"
		   "    assert job['runs-on']\n"
		   "    for step in job['steps']:\n"
		   "        assert ('run' in step) != ('uses' in step)\n"
		   "        assert re.match(r'^actions/[a-z-]+@v[0-9]+$', step.get('uses', 'actions/x@v1'))\n"
		   "        text += step.get('run', '')\n"
		   "commands = re.findall(r'twlab/twlab ([a-z]+)', text)\n"
		   "assert commands\n"
		   "for command in commands:\n"
		   "    assert subprocess.run(['./twlab', 'help', command], stdout=subprocess.DEVNULL).returncode == 0, command\n"
		   "for target in re.findall(r'make -C twlab ([a-z]+)', text):\n"
		   "    assert re.search('^(.* )?' + target + '( .*)?:', open('Makefile').read(), re.M), target\n"
		   "END\n", path);
}

static void the_workflow_names_what_there_is(void **state)
{
	auto_files struct files files = { 0 };
	auto_free char *path = must_printf("%s/" HANDOUT_WORKFLOW, dir);
	const char *id = "ada";
	struct personal personal;
	struct err err = { 0 };

	(void)state;
	personal_make(lab_find("3"), "k", 1, &id, 1, &personal);
	assert_int_equal(handout_files(lab_find("3"), &personal, &files, &err), 0);
	assert_int_equal(files_write(files.item, files.n, dir, &err), 0);
	assert_int_equal(check_workflow(path), 0);
	assert_int_equal(run("sed -i 's|twlab/twlab grade|twlab/twlab mark|' %s", path), 0);
	assert_int_not_equal(check_workflow(path), 0);
	assert_int_equal(run("sed -i 's|twlab/twlab mark|twlab/twlab grade|; s|twlab deps|twlab depends|' %s", path), 0);
	assert_int_not_equal(check_workflow(path), 0);
	assert_int_equal(run("sed -i 's|depends|deps|; s|^jobs:|  jobs:|' %s", path), 0);
	assert_int_not_equal(check_workflow(path), 0);
	personal_free(&personal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_workflow_names_what_there_is),
		cmocka_unit_test(gradescope_s_archive_builds_and_grades),
	};

	return cmocka_run_group_tests(tests, dir_make, dir_remove);
}

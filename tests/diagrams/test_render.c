/* test_render.c - Graphviz as a child: what it writes, and each way it can fail */
#include "diagrams/render.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/twlab-render-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	auto_free char *command = must_printf("rm -rf %s", dir);

	(void)state;
	return system(command);
}

/* A program of our own in place of dot. */
static char *write_program(const char *script)
{
	char *path = must_printf("%s/program", dir);
	auto_fclose FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", script);
	fchmod(fileno(file), 0755);
	return path;
}

static struct picture picture(const char *dot)
{
	return (struct picture){ must_strdup("p"), must_strdup(dot), true };
}

static bool begins(const char *name, const char *magic, size_t len)
{
	auto_free char *path = must_printf("%s/%s", dir, name);
	auto_fclose FILE *file = fopen(path, "r");
	char head[512] = "";

	return file && fread(head, 1, sizeof(head), file) >= len && !memcmp(head, magic, len);
}

static unsigned int files_in_dir(void)
{
	DIR *d = opendir(dir);
	unsigned int n = 0;

	assert_non_null(d);
	for (struct dirent *entry = readdir(d); entry; entry = readdir(d))
		n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") && strcmp(entry->d_name, "program");
	closedir(d);
	return n;
}

static void a_picture_becomes_three_files(void **state)
{
	struct picture p[3] = { picture("digraph a { a [pos=\"1,1\"] }"), picture("digraph b { }"),
				{ must_strdup("q"), must_strdup("digraph { a -> b }"), false } };
	struct err err = { 0 };

	(void)state;
	free(p[1].name);
	p[1].name = must_strdup("r");
	if (render_pictures(p, 3, dir, &err))
		fail_msg("%s", err.text);
	assert_true(begins("p.svg", "<?xml", 5));
	assert_true(begins("p.png", "\x89PNG\r\n", 6));
	assert_true(begins("p.dot", "digraph a {", 11));
	assert_true(begins("q.svg", "<?xml", 5));
	assert_int_equal(files_in_dir(), 9);
	for (int i = 0; i < 3; i++)
		picture_free(&p[i]);
}

static const struct {
	const char *name, *script, *sentence;
} failures[] = {
	{ "a program that complains", "echo 'Error: line 1' >&2; echo more >&2; exit 1",
	  "p: %s failed with status 1: Error: line 1" },
	{ "a program that says nothing", "exit 0", "p: %s failed with status 0: it wrote no picture" },
	{ "a program that is killed", "kill -9 $$", "p: %s was ended by signal 9 (Killed)" },
	{ "a program that hangs", "exec sleep 100", "p: %s did not end in time" },
};

static void each_failure_is_one_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		auto_free char *program = write_program(failures[i].script);
		auto_free char *want = NULL;
		struct picture p = picture("digraph a { }");
		struct err err = { 0 };
		time_t start = time(NULL);

		assert_true(asprintf(&want, failures[i].sentence, program) > 0);
		assert_true(render_with(program, 1, &p, 1, dir, &err) < 0);
		assert_string_equal(err.text, want);
		assert_true(time(NULL) - start < 20);
		assert_int_equal(files_in_dir(), 1);	/* the .dot, and nothing half done */
		picture_free(&p);
	}
}

static void a_missing_program_is_named_with_its_package(void **state)
{
	static const char *const paths[] = { "/usr/bin", "/proc/1/fd:/usr/bin" };	/* the second: closed to most */
	auto_free char *path = strdup(getenv("PATH"));
	struct picture p = picture("digraph a { }");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct err err = { 0 };

		setenv("PATH", paths[i], 1);
		assert_true(render_with("no-such-dot", 1, &p, 1, dir, &err) < 0);
		assert_string_equal(err.text, "cannot draw: there is no program 'no-such-dot'; "
				    "it is in the package graphviz (apt-get install graphviz)");
	}
	setenv("PATH", path, 1);
	picture_free(&p);
}

static void a_missing_folder_is_named(void **state)
{
	struct picture p = picture("digraph a { }");
	struct err err = { 0 };

	(void)state;
	assert_true(render_pictures(&p, 1, "/nowhere", &err) < 0);
	assert_string_equal(err.text, "cannot write /nowhere/p.dot: No such file or directory");
	picture_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_picture_becomes_three_files, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(each_failure_is_one_sentence, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_missing_program_is_named_with_its_package, make_dir, remove_dir),
		cmocka_unit_test(a_missing_folder_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

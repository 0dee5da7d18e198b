/* test_library.c - libtwlab as those have it who did not write it
 *
 * twlab is installed into a folder with a blank in its name. Programs and a lab are built
 * there with what pkg-config says and nothing else: by each compiler that is here, against
 * what is installed and against the tree, with the shared library and with the static one.
 */
#include "tests/helpers/installed.h"

/* What the programs are built by: what the library was built by; the other compilers too,
 * unless that put a sanitizer into it.
 */
static const char *const compilers[] = { BUILT_BY, "gcc", "clang" };

static bool is_here(const char *compiler)
{
	auto_free char *line = must_printf("command -v %s", compiler);

	return !strcmp(compiler, BUILT_BY) || (!strstr(BUILT_BY, "-fsanitize") && !shell(line));
}

/* Where from, and which of the two libraries. A path with a blank comes quoted, hence eval. */
static const struct way {
	const char *name, *flags;
} ways[] = {
	{ "installed, shared", "$(pkg-config --cflags --libs twlab)" },
	{ "installed, static", "$(pkg-config --static --cflags --libs twlab | sed s/-ltwlab/-l:libtwlab.a/)" },
	{ "in the tree, static", "$(PKG_CONFIG_PATH=\"$TREE\" pkg-config --cflags --libs twlab)" },
	{ "in the tree, shared", "$(PKG_CONFIG_PATH=\"$TREE\" pkg-config --cflags twlab) -L\"$TREE/" BUILD "\" -ltwlab" },
};

/* Build @file by each compiler in each way, and run it: @run is what the shell is told then. */
static void build_and_run(const char *file, const char *run)
{
	static const char script[] = "eval %s -std=c11 -Wall -Wextra -pedantic -Werror '%s' %s -o program && "
				     "readelf -d program | grep -%sq libtwlab.so.1 && { %s; }";

	for (size_t c = 0; c < ARRAY_SIZE(compilers); c++)
		for (size_t w = 0; w < ARRAY_SIZE(ways) && is_here(compilers[c]); w++) {
			const bool is_shared = strstr(ways[w].name, "shared");
			auto_free char *line = must_printf(script, compilers[c], file, ways[w].flags,
							   is_shared ? "" : "v", run);
			auto_free char *path = must_printf("export LD_LIBRARY_PATH=\"%s\"; %s", w == 3 ? "$TREE/" BUILD :
							   "$PWD/usr/lib", line);

			if (shell(path) && !said("and so it is printed"))
				fail_msg("%s, by %s, %s", file, compilers[c], ways[w].name);
		}
}

static void the_readme_s_program_prints_the_facts(void **state)
{
	auto_free char *program = block("README.md", "\n## libtwlab", "c", 0);

	(void)state;
	assert_int_equal(shell("twlab run 3 --variant kept --no-draw -o evidence"), 0);
	put("facts.c", program);
	build_and_run("facts.c", "./program evidence/03-final-ack-loss/kept > facts.tsv && test -s facts.tsv && "
				 "cmp facts.tsv evidence/03-final-ack-loss/kept/facts.tsv && ! ./program none");
	assert_true(said("facts: none"));
}

static void other_names_are_the_user_s_own(void **state)
{
	static const char program[] =
		"#include <twlab/pcapng.h>\n#include <stdio.h>\n#include <string.h>\n"
		"int grow(void);\nint link(void);\nint must_calloc(void);\nint nfqueue_open(void);\n"
		"int grow(void) { return 1; }\nint link(void) { return 2; }\n"
		"int must_calloc(void) { return 4; }\nint nfqueue_open(void) { return 8; }\n"
		"int main(void)\n{\n"
		"	struct err err = { 0 };\n"
		"	struct trace *trace = pcapng_read(\"/nonexistent\", 0, 0, &err);\n"
		"	printf(\"%d %s\\n\", grow() + link() + must_calloc() + nfqueue_open(), err.text);\n"
		"	return trace || !strstr(err.text, \"No such file\");\n}\n";

	(void)state;
	put("own.c", program);
	build_and_run("own.c", "./program");
	assert_true(said("15 cannot read /nonexistent"));
	/* seen to refuse: where grow() is not local, it clashes */
	assert_int_equal(shell("cp usr/lib/libtwlab.a open.a && objcopy --globalize-symbol=grow open.a && "
			       "eval " BUILT_BY " own.c $(pkg-config --static --cflags --libs twlab | sed s,-ltwlab,open.a,) -o program"), 1);
	assert_true(said("multiple definition of `grow'"));
}

static void a_lab_is_built_by_each_compiler(void **state)
{
	static const char *const pcs[] = { "$PKG_CONFIG_PATH", "$TREE" }, *const names[] = { "twlab", "labs" };
	auto_free char *lab = block("labs/README.md", "\n## Your own lab", "c", 0);

	(void)state;
	put("mylab.c", lab);
	for (size_t c = 0; c < ARRAY_SIZE(compilers); c++)
		for (size_t p = 0; p < 4 && is_here(compilers[c]); p++) {
			auto_free char *line = must_printf(
				"export PKG_CONFIG_PATH=\"%s\" && sed 's,<twlab/lab.h>,<%s/lab.h>,' mylab.c > it.c && rm -f it.so && "
				"eval %s -shared -fPIC -fvisibility=hidden $(pkg-config --cflags twlab) it.c -o it.so && twlab list ./it.so",
				pcs[p / 2], names[p % 2], compilers[c]);

			assert_int_equal(shell(line), 0);
			assert_true(said("control: nothing is lost"));
		}
}

/* Every header that is installed, alone; the tree has the same. */
static const char alone[] =
	"for header in %s/twlab/*.h; do for std in c99 c11; do"
	"	echo \"#include <twlab/${header##*/}>\" | " BUILT_BY " -x c -std=$std -Wall -Wextra -pedantic -Werror"
	"		-I%s -fsyntax-only - || { echo \"${header##*/} does not stand alone\"; exit 1; }; done; done";

static void each_header_stands_alone(void **state)
{
	auto_free char *line = must_printf(alone, "usr/include", "usr/include");
	auto_free char *more = must_printf(alone, "more", "more");

	(void)state;
	assert_int_equal(shell(line), 0);
	assert_int_equal(shell("(cd usr/include/twlab && ls *.h) > a; (cd \"$TREE/.build/include/twlab\" && ls *.h) > b; cmp a b"), 0);
	assert_int_equal(shell("cp -r usr/include more && echo 'size_t more_len(void);' > more/twlab/more.h"), 0);
	assert_int_equal(shell(more), 1);
	assert_true(said("more.h does not stand alone"));
}

static void what_is_internal_is_not_there(void **state)
{
	static const char *const rows[] = { "twlab/base.h", "twlab/closing.h", "twlab/pcapng_blocks.h", "facts.h", "lab.h" };

	(void)state;
	for (size_t r = 0; r < 2 * ARRAY_SIZE(rows); r++) {
		auto_free char *line = must_printf("export PKG_CONFIG_PATH=\"%s\"; echo '#include <%s>' | eval " BUILT_BY
						   " -x c $(pkg-config --cflags twlab) -fsyntax-only -",
						   r % 2 ? "$TREE" : "$PKG_CONFIG_PATH", rows[r / 2]);

		assert_int_equal(shell(line), 1);
		assert_true(said("No such file") || said("file not found"));
	}
}

/* What the libraries export is what the headers declare; and each difference is found. */
static void the_libraries_export_what_the_headers_declare(void **state)
{
	const struct { const char *before, *folder, *library, *says; } rows[] = {
		{ ":", "usr/include", "usr/lib/libtwlab.so", NULL },
		{ ":", "usr/include", "usr/lib/libtwlab.a", NULL },
		{ "echo 'int ns_none(void);' >> extra/twlab/ns.h", "extra", "usr/lib/libtwlab.so",
		  "ns_none: declared, and not in libtwlab.so" },
		{ "echo 'int ns_none(void);' >> extra/twlab/ns.h", "extra", "usr/lib/libtwlab.a",
		  "ns_none: declared, and not in libtwlab.a" },
		{ "echo 'extern const int ns_a[2], ns_b;' >> extra/twlab/ns.h", "extra", "usr/lib/libtwlab.so",
		  "ns_b: declared, and not in libtwlab.so" },
		{ "echo 'int none(void);' >> extra/twlab/ns.h", "extra", "usr/lib/libtwlab.so",
		  "none: begins with no name of a header or a struct" },
		{ "sed -i '/^int ns_new/d' extra/twlab/ns.h", "extra", "usr/lib/libtwlab.so",
		  "ns_new: declared nowhere, and in libtwlab.so" },
		{ "cp usr/lib/libtwlab.a . && objcopy --globalize-symbol=grow libtwlab.a", "usr/include", "libtwlab.a",
		  "grow: declared nowhere, and in libtwlab.a" },
		{ "echo 'int grow; int ns_new(void) { return grow; }' | " BUILT_BY " -shared -fPIC -x c - -o libtwlab.so",
		  "usr/include", "libtwlab.so", "grow: declared nowhere, and in libtwlab.so" },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *line = must_printf("rm -rf extra && cp -r usr/include extra && { %s; } && "
						   "\"$TREE/tests/install/exports\" '" BUILT_BY "' %s %s",
						   rows[r].before, rows[r].folder, rows[r].library);

		assert_int_equal(shell(line), !!rows[r].says);
		assert_true(said(rows[r].says ? rows[r].says : "names are declared"));
	}
}

static void uninstall_leaves_no_file(void **state)
{
	(void)state;
	assert_int_equal(shell("folder=$PWD; test $(find usr -type f | wc -l) -gt 90 && "
			       "env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -C \"$TREE\" uninstall DESTDIR=\"$folder\" PREFIX=/usr && "
			       "find usr -not -type d > left && cat left && test ! -s left"), 0);
}

static int install(void **state)
{
	(void)state;
	return installed_make("/tmp/twlab outside-XXXXXX");
}

static int remove_all(void **state)
{
	(void)state;
	return installed_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_readme_s_program_prints_the_facts),
		cmocka_unit_test(other_names_are_the_user_s_own),
		cmocka_unit_test(a_lab_is_built_by_each_compiler),
		cmocka_unit_test(each_header_stands_alone),
		cmocka_unit_test(what_is_internal_is_not_there),
		cmocka_unit_test(the_libraries_export_what_the_headers_declare),
		cmocka_unit_test(uninstall_leaves_no_file),
	};

	return cmocka_run_group_tests(tests, install, remove_all);
}

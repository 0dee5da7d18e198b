/* cli.h - twlab as a user calls it, with a cache of the test's own */
#ifndef TWLAB_TESTS_CLI_H
#define TWLAB_TESTS_CLI_H

#include "tests/helpers/test.h"

#include <sys/wait.h>

#include <twlab/fs.h>
#include "harness/vm/cache.h"
#include "harness/vm/kernel.h"

static char *own;	/* the folder of the kernel that `make deps` fetches, in the machine's cache */
static char *cache;	/* this test's */
static char *home;	/* XDG_CACHE_HOME as it was */

/* Set-up and tear-down of a test. */
static inline int cli_open(void **state)
{
	const char *was = getenv("XDG_CACHE_HOME");
	char template[] = "/tmp/test_cli.XXXXXX";

	(void)state;
	own = cache_path("kernels/" KERNEL_DEFAULT);
	if (!mkdtemp(template))
		return -1;
	cache = must_strdup(template);
	home = was ? must_strdup(was) : NULL;
	return setenv("XDG_CACHE_HOME", cache, 1);
}

static inline int cli_close(void **state)
{
	(void)state;
	fs_remove(cache);
	free(cache);
	free(own);
	if (home)
		setenv("XDG_CACHE_HOME", home, 1);
	else
		unsetenv("XDG_CACHE_HOME");
	free(home);
	return 0;
}

/* The modules of that kernel, but for @without ("": none), in the folder lib/ of the test's cache. */
static inline void cli_modules(const char *without)
{
	auto_free char *to = must_printf("%s/lib/net", cache), *spare = must_printf("%s/%s", to, without);
	auto_free char *command = must_printf("cp -r %s/modules/. %s", own, to);

	assert_int_equal(fs_mkdir(to, NULL), 0);
	assert_int_equal(system(command), 0);
	assert_int_equal(*without ? unlink(spare) : 0, 0);
}

/* `twlab @args` ends with @status and has said each of @words (NULL ends them): what it
 * printed on both streams, to be freed. @args is freed.
 */
static inline char *cli(char *args, int status, const char *const *words)
{
	auto_free char *command = must_printf("./twlab %s 2>&1", args);
	char *text = must_calloc(1 << 20, 1);
	FILE *pipe = popen(command, "re");

	free(args);
	assert_non_null(pipe);
	text[fread(text, 1, (1 << 20) - 1, pipe)] = '\0';
	print_message("%s", text);
	assert_int_equal(WEXITSTATUS(pclose(pipe)), status);
	for (; *words; words++)
		if (!strstr(text, *words))
			fail_msg("'%s' has not said \"%s\"", command, *words);
	return text;
}

/* The same, where it is enough. */
static inline void cli_says(char *args, int status, const char *const *words)
{
	free(cli(args, status, words));
}

#endif

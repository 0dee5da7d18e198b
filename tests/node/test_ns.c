/* test_ns.c - network namespaces, for those who are not root */
#include "tests/helpers/test.h"

#include <twlab/ns.h>

#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { MADE = 0, REFUSED = 4, FAILED = 5 };	/* how the child ends */

#define NOBODY 65534

/* Two of them: after the first, the way back home has to be open. */
static int make_two(bool ask)
{
	struct err err = { 0 };

	if (geteuid() == 0 && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
			       setresuid(NOBODY, NOBODY, NOBODY) ||
			       prctl(PR_SET_DUMPABLE, 1)))	/* else its /proc/self stays root's */
		return FAILED;
	if (ask && ns_be_root(&err))
		return REFUSED;
	for (int n = 0; n < 2; n++) {
		auto_close int ns = ns_new(&err);

		if (ns < 0)
			return FAILED;
	}
	return MADE;
}

static int in_child(bool ask)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(make_two(ask));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));		/* and no signal: abort() is how a lost way back ends */
	return WEXITSTATUS(status);
}

static void who_is_not_root_can_make_namespaces(void **state)
{
	int end = in_child(true);

	(void)state;
	if (end == REFUSED) {
		print_message("user namespaces are not allowed here\n");
		skip();
	}
	assert_int_equal(end, MADE);
}

static void but_not_without_asking(void **state)
{
	(void)state;
	assert_int_equal(in_child(false), FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_not_root_can_make_namespaces),
		cmocka_unit_test(but_not_without_asking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

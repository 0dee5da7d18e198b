/* test_sysctl_conf.c - a file of sysctls: what its lines mean, and what becomes of them */
#include "tests/helpers/test.h"

#include <twlab/sysctl_conf.h>
#include <twlab/ns.h>
#include "tests/helpers/main_in_guest.h"

#include <errno.h>

static void lines_are_read_as_sysctl_does(void **state)
{
	static const char text[] = "# net.ipv4.tcp_fin_timeout = 30\n\n  ; nor this\n"
				   "net.ipv4.tcp_tw_reuse=1\n"
				   " net/ipv4/ip_local_port_range =  1024   65000 \t\n"
				   "-net.ipv4.tcp_tw_recycle = 1\n"
				   "nonsense\n= 3\n"
				   "net.ipv4.x = a=b";
	static const struct { unsigned int number; const char *key, *value; bool forgiven; int error; } wants[] = {
		{ 4, "net.ipv4.tcp_tw_reuse", "1", false, 0 },
		{ 5, "net.ipv4.ip_local_port_range", "1024   65000", false, 0 },
		{ 6, "net.ipv4.tcp_tw_recycle", "1", true, 0 },
		{ 7, "", "nonsense", false, EINVAL },
		{ 8, "", "3", false, EINVAL },
		{ 9, "net.ipv4.x", "a=b", false, 0 },
	};
	struct sysctl_conf conf;

	(void)state;
	sysctl_conf_parse(text, &conf);
	assert_int_equal(conf.n, ARRAY_SIZE(wants));
	for (size_t i = 0; i < ARRAY_SIZE(wants); i++) {
		assert_int_equal(conf.lines[i].number, wants[i].number);
		assert_string_equal(conf.lines[i].key, wants[i].key);
		assert_string_equal(conf.lines[i].value, wants[i].value);
		assert_int_equal(conf.lines[i].forgiven, wants[i].forgiven);
		assert_int_equal(conf.lines[i].error, wants[i].error);
	}
	assert_int_equal(sysctl_conf_errors(&conf), 2);
	conf.lines[2].error = ENOENT;
	assert_int_equal(sysctl_conf_errors(&conf), 2);	/* it is forgiven */
	conf.lines[0].error = ENOENT;
	assert_int_equal(sysctl_conf_errors(&conf), 3);
	sysctl_conf_free(&conf);
	sysctl_conf_parse("", &conf);
	assert_int_equal(conf.n, 0);
	sysctl_conf_free(&conf);
}

static void a_line_that_fails_does_not_stop_the_next(void **state)
{
	struct err err = { 0 };
	struct sysctl_conf conf;
	int ns;

	(void)state;
	if (!guest_inside())
		skip();
	ns = ns_new(&err);
	assert_true(ns >= 0);
	sysctl_conf_parse("net.ipv4.tcp_no_such_thing = 1\nnet.ipv4.tcp_fin_timeout = 31\n"
		   "net.ipv4.tcp_fin_timeout = many\n", &conf);
	assert_int_equal(sysctl_conf_apply(&conf, ns, &err), 0);
	assert_int_equal(conf.lines[0].error, ENOENT);
	assert_null(conf.lines[0].is);
	assert_null(conf.lines[0].usual);
	assert_int_equal(conf.lines[1].error, 0);
	assert_string_equal(conf.lines[1].was, "60");
	assert_string_equal(conf.lines[1].is, "31");
	assert_string_equal(conf.lines[1].usual, "60");
	assert_int_equal(conf.lines[2].error, EINVAL);
	assert_string_equal(conf.lines[2].is, "31");
	assert_int_equal(sysctl_conf_errors(&conf), 2);
	sysctl_conf_free(&conf);
	close(ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read_as_sysctl_does),
		cmocka_unit_test(a_line_that_fails_does_not_stop_the_next),
	};

	return in_guest_tests(tests, ARRAY_SIZE(tests), NULL);
}

/* test_sysctl.c - where a setting is, and setting it there
 *
 * In the guest, whose first namespace is nobody else's. tcp_max_orphans stands for
 * what tcp_tw_recycle was up to 4.10: one value, of the first namespace, for all.
 */
#include "tests/helpers/test.h"
#include "tests/helpers/main_in_guest.h"

#include <errno.h>
#include <fcntl.h>

#include <twlab/ns.h>
#include <twlab/sysctl.h>

static void a_setting_is_found_where_it_is(void **state)
{
	static const struct {
		const char *key;
		enum sysctl_place place;
	} rows[] = {
		{ "net.ipv4.tcp_fin_timeout", SYSCTL_EACH },
		{ "net.ipv4.tcp_max_orphans", SYSCTL_FIRST },
		{ "net.ipv4.tcp_tw_recycle", SYSCTL_NOWHERE },	/* 4.12 and later */
		{ "net.ipv4.nope", SYSCTL_NOWHERE },
		{ "kernel.panic", SYSCTL_EACH },		/* of no namespace, so seen from each */
	};
	auto_close int ns = ns_new(NULL);

	(void)state;
	if (!guest_inside())
		skip();
	assert_true(ns >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		print_message("%s\n", rows[i].key);
		assert_int_equal(sysctl_place(ns, rows[i].key), rows[i].place);
	}
}

static void what_the_first_has_is_set_there(void **state)
{
	auto_close int ns = ns_new(NULL), first = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	auto_free char *value = NULL;
	struct err err = { 0 };

	(void)state;
	if (!guest_inside())
		skip();
	assert_int_equal(sysctl_set(ns, "net.ipv4.tcp_max_orphans", "77", &err), -ENOENT);
	assert_int_equal(sysctl_set(first, "net.ipv4.tcp_max_orphans", "77", &err), 0);
	value = sysctl_get(first, "net.ipv4.tcp_max_orphans", &err);
	assert_string_equal(value, "77");
	assert_null(sysctl_get(ns, "net.ipv4.tcp_max_orphans", &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_setting_is_found_where_it_is),
		cmocka_unit_test(what_the_first_has_is_set_there),
	};

	return in_guest_tests(tests, ARRAY_SIZE(tests), NULL);
}

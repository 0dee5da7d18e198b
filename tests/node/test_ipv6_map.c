/* test_ipv6_map.c - what is said of IPv4, said of IPv6 */
#include "tests/helpers/test.h"

#include <twlab/ipv6_map.h>

static void addresses_are_translated(void **state)
{
	static const struct { const char *text, *six; } rows[] = {
		{ "10.0.0.1", "fd00::10:0:0:1" }, { "203.0.113.255", "fd00::203:0:113:255" },
		{ "10.0.0.1/24", "fd00::10:0:0:1/112" }, { "10.1.255.254/32", "fd00::10:1:255:254/128" },
		{ "10.1.0.0/16", "fd00::10:1:0:0/96" }, { "0.0.0.0/0", "fd00::/64" },
		{ "10.0.0.1/24 10.0.0.11/24", "fd00::10:0:0:1/112 fd00::10:0:0:11/112" },
		{ "SYN from=10.0.0.1:40001 to=10.0.0.2:8080 seq=+1", "SYN from=[fd00::10:0:0:1]:40001 to=[fd00::10:0:0:2]:8080 seq=+1" },
		{ "127.0.0.1 8080", "::1 8080" }, { "= 10.0.0.1:40000", "= [fd00::10:0:0:1]:40000" },
		/* what is none stays */
		{ "default", "default" }, { "", "" }, { "8080 first", "8080 first" }, { "60000..64200", "60000..64200" },
		{ "1.2.3", "1.2.3" }, { "1.2.3.4.5", "1.2.3.4.5" }, { "300.1.1.1", "300.1.1.1" }, { "v10.0.0.1", "v10.0.0.1" },
		{ "fd00::1/64", "fd00::1/64" }, { "ip 1", "ip 1" },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct err err = { 0 };
		auto_free char *six = ipv6_map_text(rows[r].text, &err);

		assert_string_equal(err.text, "");
		assert_string_equal(six, rows[r].six);
	}
}

static void rules_are_translated(void **state)
{
	static const struct { const char *nft, *six; } rows[] = {
		{ "table ip nat { chain out { type nat hook postrouting priority srcnat; oifname wan masquerade; }; }",
		  "table ip6 nat { chain out { type nat hook postrouting priority srcnat; oifname wan masquerade; }; }" },
		{ "snat ip prefix to ip saddr map { 10.1.0.0/24 : 198.51.100.0/24 };",
		  "snat ip6 prefix to ip6 saddr map { fd00::10:1:0:0/112 : fd00::198:51:100:0/112 };" },
		{ "table inet t {}", "table inet t {}" }, { "oifname ip0", "oifname ip0" }, { "ip", "ip6" },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *six = ipv6_map_rules(rows[r].nft, NULL);

		assert_string_equal(six, rows[r].six);
	}
}

static void a_prefix_within_a_number_is_refused(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_null(ipv6_map_text("10.16.0.0/12", &err));
	assert_non_null(strstr(err.text, "/12"));
	assert_null(ipv6_map_text("10.0.0.0/40", &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_translated),
		cmocka_unit_test(rules_are_translated),
		cmocka_unit_test(a_prefix_within_a_number_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

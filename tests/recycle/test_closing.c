/* test_closing.c - connections that are being closed: found, in order of time, bounded */
#include <twlab/closing.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct endpoint end_of(unsigned int n)
{
	struct endpoint end = { AF_INET, IN6ADDR_ANY_INIT, (uint16_t)(n % 7) };

	end.addr.s6_addr[13] = (uint8_t)(n >> 16);
	end.addr.s6_addr[14] = (uint8_t)(n >> 8);
	end.addr.s6_addr[15] = (uint8_t)n;
	return end;
}

static const struct endpoint host = { AF_INET, IN6ADDR_ANY_INIT, 80 };

static struct closing *find(struct closing_table *table, unsigned int n)
{
	struct endpoint end = end_of(n);

	return closing_find(table, &host, &end);
}

static struct closing *add(struct closing_table *table, unsigned int n, int64_t look_ms)
{
	struct endpoint end = end_of(n);

	return closing_add(table, &host, &end, look_ms);
}

static void the_earliest_comes_first_whatever_happens_before(void **state)
{
	struct closing_table *table = closing_table_new();
	uint32_t random = 1;
	int64_t last = -1;
	unsigned int left = 0;

	(void)state;
	for (unsigned int n = 0; n < 3000; n++)
		assert_non_null(add(table, n, (random = random * 1664525 + 1013904223) >> 8));
	for (unsigned int n = 0; n < 3000; n += 3)
		closing_forget(table, find(table, n));
	for (unsigned int n = 1; n < 3000; n += 3)
		closing_look_at(table, find(table, n), (random = random * 1664525 + 1013904223) >> 8);
	for (struct closing *flow; (flow = closing_first(table)); left++) {
		assert_true(flow->look_ms >= last);
		last = flow->look_ms;
		closing_forget(table, flow);
	}
	assert_int_equal(left, 2000);
	closing_table_free(table);
}

static void a_flow_is_found_by_all_four_parts(void **state)
{
	static const struct {
		const char *what;
		uint8_t local, remote;
		uint16_t local_port, remote_port;
		bool found;
	} rows[] = {
		{ "itself", 1, 2, 80, 90, true },
		{ "another local address", 3, 2, 80, 90, false },
		{ "another remote address", 1, 3, 80, 90, false },
		{ "another local port", 1, 2, 81, 90, false },
		{ "another remote port", 1, 2, 80, 91, false },
		{ "the other way round", 2, 1, 90, 80, false },
	};
	struct closing_table *table = closing_table_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct endpoint local = { AF_INET, { .s6_addr = { [15] = rows[i].local } }, rows[i].local_port };
		struct endpoint remote = { AF_INET, { .s6_addr = { [15] = rows[i].remote } }, rows[i].remote_port };

		print_message("%s\n", rows[i].what);
		if (i == 0)
			assert_non_null(closing_add(table, &local, &remote, 0));
		assert_int_equal(closing_find(table, &local, &remote) != NULL, rows[i].found);
	}
	closing_table_free(table);
}

static void there_is_room_for_so_many(void **state)
{
	struct closing_table *table = closing_table_new();

	(void)state;
	for (unsigned int n = 0; n < CLOSING_MAX; n++)
		assert_non_null(add(table, n, n));
	assert_null(add(table, CLOSING_MAX, 0));
	closing_forget(table, find(table, 7));
	assert_null(find(table, 7));
	assert_non_null(add(table, CLOSING_MAX, 0));
	assert_null(add(table, 7, 0));
	closing_table_free(table);
}

static void the_half_closed_are_a_list(void **state)
{
	struct closing_table *table = closing_table_new();
	unsigned int count = 0;
	struct closing *flow;

	(void)state;
	for (unsigned int n = 0; n < 10; n++)
		closing_set_half_closed(table, add(table, n, n), n % 2);
	closing_set_half_closed(table, find(table, 1), false);
	closing_set_half_closed(table, find(table, 3), true);
	closing_forget(table, find(table, 5));
	LIST_FOREACH(flow, closing_half_closed(table), in_half) {
		assert_true(flow == find(table, 3) || flow == find(table, 7) || flow == find(table, 9));
		count++;
	}
	assert_int_equal(count, 3);
	closing_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_earliest_comes_first_whatever_happens_before),
		cmocka_unit_test(a_flow_is_found_by_all_four_parts),
		cmocka_unit_test(there_is_room_for_so_many),
		cmocka_unit_test(the_half_closed_are_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

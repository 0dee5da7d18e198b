/* test_device_state.c - the devices' state in one form
 *
 * On a state made up here, as short as one can be, with the fields that count among others.
 */
#include "tests/helpers/test.h"

#include "harness/vm/device_state.h"

#define COUNTED	1000000000ULL	/* instructions */
#define NEXT	1002000000ULL	/* when the timer runs out */
#define IDLE	500000ULL	/* that the clock is ahead of the instructions */
#define VECTOR	0xec
#define NEVER	UINT64_MAX

static const char description[] =
	"{\"devices\": ["
	"{\"name\": \"timer\", \"instance_id\": 0, \"vmsd_name\": \"timer\", \"fields\": ["
	"{\"name\": \"cpu_ticks_offset\", \"size\": 8}, {\"name\": \"unused\", \"size\": 8},"
	"{\"name\": \"cpu_clock_offset\", \"size\": 8}], \"subsections\": ["
	"{\"vmsd_name\": \"timer/icount\", \"fields\": ["
	"{\"name\": \"qemu_icount_bias\", \"size\": 8}, {\"name\": \"qemu_icount\", \"size\": 8}]}]},"
	"{\"name\": \"cpu_common\", \"instance_id\": 0, \"vmsd_name\": \"cpu_common\", \"fields\": ["
	"{\"name\": \"halted\", \"size\": 4}, {\"name\": \"interrupt_request\", \"size\": 4}]},"
	"{\"name\": \"apic\", \"instance_id\": 0, \"vmsd_name\": \"apic\", \"fields\": ["
	"{\"name\": \"irr\", \"array_len\": 8, \"size\": 4}, {\"name\": \"lvt\", \"index\": 0, \"size\": 4},"
	"{\"name\": \"lvt\", \"index\": 1, \"size\": 4}, {\"name\": \"next_time\", \"size\": 8},"
	"{\"name\": \"timer_expiry\", \"size\": 8}]}]}";

struct made {
	uint8_t data[2048];
	size_t len;
};

static void add(struct made *made, uint64_t value, size_t len)
{
	while (len--)
		made->data[made->len++] = (uint8_t)(value >> 8 * len);
}

static void add_text(struct made *made, const char *text)
{
	memcpy(made->data + made->len, text, strlen(text));
	made->len += strlen(text);
}

static void add_device(struct made *made, const char *name)
{
	add(made, 4, 1);
	add(made, 1, 4);		/* its section's number */
	add(made, strlen(name), 1);
	add_text(made, name);
	add(made, 0, 4);		/* the first instance */
	add(made, 1, 4);		/* its version */
}

static void add_subsection(struct made *made, const char *name)
{
	add(made, 5, 1);
	add(made, strlen(name), 1);
	add_text(made, name);
	add(made, 1, 4);
}

static void add_footer(struct made *made)
{
	add(made, 0x7e, 1);
	add(made, 1, 4);
}

/* A state that says so. */
struct says {
	uint64_t host, idle, requests, irr, lvt, expiry;
};

static struct made make(const struct says *says)
{
	struct made made = { .len = 0 };

	add_device(&made, "timer");
	add(&made, says->host, 8);
	add(&made, 0, 8);
	add(&made, says->host / 3, 8);
	add_subsection(&made, "timer/icount");
	add(&made, says->idle, 8);
	add(&made, COUNTED, 8);
	add_footer(&made);
	add_device(&made, "cpu_common");
	add(&made, 0, 4);
	add(&made, says->requests, 4);
	add_footer(&made);
	add_device(&made, "apic");
	made.len += 7 * 4;	/* no interrupt of the lower ones */
	add(&made, says->irr, 4);
	add(&made, says->lvt, 4);
	add(&made, 0x10000, 4);
	add(&made, NEXT, 8);
	add(&made, says->expiry, 8);
	add_footer(&made);
	add(&made, 0, 1);
	add(&made, 6, 1);
	add(&made, strlen(description), 4);
	add_text(&made, description);
	return made;
}

#define IRR (1 << VECTOR % 32)	/* in the last of the eight words */

static const struct says still = { 4711, IDLE, 0, 0, VECTOR, NEXT };

static void one_stop_has_one_form(void **state)
{
	static const struct {
		const char *what;
		struct says says;
	} rows[] = {
		{ "another host's clock", { 815, IDLE, 0, 0, VECTOR, NEXT } },
		{ "the clock was moved on", { 4711, NEXT - COUNTED, 0, 0, VECTOR, NEXT } },
		{ "and the timer ran out", { 4711, NEXT - COUNTED, 2, IRR, VECTOR, NEVER } },
	};
	struct made want = make(&still);

	(void)state;
	assert_true(device_state_settle(want.data, want.len, 0));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct made made = make(&rows[i].says), as_made = made;

		print_message("%s\n", rows[i].what);
		assert_true(device_state_settle(made.data, made.len, 0));
		assert_memory_not_equal(made.data, as_made.data, made.len);
		assert_memory_equal(made.data, want.data, want.len);
	}
}

static void what_else_differs_stays(void **state)
{
	static const struct {
		const char *what;
		struct says says;
	} rows[] = {
		{ "another interrupt waits", { 4711, IDLE, 2, 1, VECTOR, NEXT } },
		{ "it, and the timer's", { 4711, NEXT - COUNTED, 2, IRR | 1, VECTOR, NEVER } },
		{ "another request to the processor", { 4711, IDLE, 4, 0, VECTOR, NEXT } },
	};
	struct made seen[ARRAY_SIZE(rows)], plain = make(&still);

	(void)state;
	assert_true(device_state_settle(plain.data, plain.len, 0));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		seen[i] = make(&rows[i].says);
		print_message("%s\n", rows[i].what);
		assert_true(device_state_settle(seen[i].data, seen[i].len, 0));
		assert_memory_not_equal(seen[i].data, plain.data, plain.len);
	}
	assert_memory_equal(seen[0].data, seen[1].data, seen[0].len);
}

static void what_is_not_understood_is_left_alone(void **state)
{
	static const struct {
		const char *what;
		struct says says;
		int shift;
	} rows[] = {
		{ "an instruction takes longer: the timer should have run out", { 4711, IDLE, 0, 0, VECTOR, NEXT }, 1 },
		{ "a periodic timer", { 4711, IDLE, 0, 0, 1 << 17 | VECTOR, NEXT } },
		{ "a timer that was stopped", { 4711, IDLE, 0, 0, VECTOR, NEVER } },
		{ "a timer for another time", { 4711, IDLE, 0, 0, VECTOR, NEXT + 1 } },
		{ "the clock is past it", { 4711, NEXT - COUNTED + 1, 0, 0, VECTOR, NEXT } },
	};
	struct made made, as_made;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		made = as_made = make(&rows[i].says);
		print_message("%s\n", rows[i].what);
		assert_false(device_state_settle(made.data, made.len, rows[i].shift));
		assert_memory_equal(made.data, as_made.data, made.len);
	}
}

/* Neither cut short anywhere, nor with any byte changed, is it read past its end. */
static void a_broken_state_is_no_harm(void **state)
{
	struct made whole = make(&still);
	unsigned int taken = 0;

	(void)state;
	for (size_t len = 0; len < whole.len; len++) {
		auto_free uint8_t *cut = must_calloc(len + 1, 1);
		auto_free uint8_t *changed = must_calloc(whole.len, 1);

		memcpy(cut, whole.data, len);
		assert_false(device_state_settle(cut, len, 0));
		memcpy(changed, whole.data, whole.len);
		changed[len] ^= 0x15;
		taken += device_state_settle(changed, whole.len, 0);
	}
	assert_in_range(taken, 1, whole.len - 1);	/* a host's clock may be any */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_stop_has_one_form),
		cmocka_unit_test(what_else_differs_stays),
		cmocka_unit_test(what_is_not_understood_is_left_alone),
		cmocka_unit_test(a_broken_state_is_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* device_state.c - what QEMU saves of a guest's devices, made the same for the same stop
 *
 * QEMU describes what it has written, in JSON at the end (docs/devel/migration): each
 * device's fields in order, with their sizes, then its subsections. Numbers are big endian.
 */
#include "harness/vm/device_state.h"

#include <endian.h>
#include <jansson.h>

#define DESCRIPTION	6	/* QEMU_VM_VMDESCRIPTION, and its length in 4 bytes */
#define SUBSECTION	5	/* QEMU_VM_SUBSECTION */
#define FOOTER		0x7e	/* QEMU_VM_SECTION_FOOTER */
#define VERSION		4	/* bytes of a version, and of an instance's number */

#define APIC_VECTOR	0xff	/* in the local vector table's row of the timer */
#define APIC_MODE	(3 << 17) /* 0: one shot, as Linux uses it */
#define INTERRUPT_HARD	2	/* QEMU's CPU_INTERRUPT_HARD */

struct vmstate {
	uint8_t *data;
	size_t len;
	json_t *devices;	/* what it says of itself */
};

/* The numbers that settling is about. */
enum field {
	HOST_TICKS, HOST_CLOCK, CLOCK_BIAS, INSTRUCTIONS, PENDING,
	APIC_TIMER, NEXT_TIME, EXPIRY, REQUESTED,
	FIELDS = REQUESTED + 8
};

static const struct {
	const char *device, *section, *name;
	uint8_t index;
} fields[] = {
	[HOST_TICKS] = { "timer", "timer", "cpu_ticks_offset" },
	[HOST_CLOCK] = { "timer", "timer", "cpu_clock_offset" },
	[CLOCK_BIAS] = { "timer", "timer/icount", "qemu_icount_bias" },
	[INSTRUCTIONS] = { "timer", "timer/icount", "qemu_icount" },
	[PENDING] = { "cpu_common", "cpu_common", "interrupt_request" },
	[APIC_TIMER] = { "apic", "apic", "lvt", 0 },
	[NEXT_TIME] = { "apic", "apic", "next_time" },
	[EXPIRY] = { "apic", "apic", "timer_expiry" },
	[REQUESTED] = { "apic", "apic", "irr", 0 }, { "apic", "apic", "irr", 1 }, { "apic", "apic", "irr", 2 },
	{ "apic", "apic", "irr", 3 }, { "apic", "apic", "irr", 4 }, { "apic", "apic", "irr", 5 },
	{ "apic", "apic", "irr", 6 }, { "apic", "apic", "irr", 7 },
};
static_assert(ARRAY_SIZE(fields) == FIELDS, "fields[] lacks one");

/* One of them: where it is and how long, and what it says. */
struct number {
	uint8_t *at;
	size_t len;
	uint64_t value;
};

static uint64_t get(const uint8_t *at, size_t len)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++)
		value = value << 8 | at[i];
	return value;
}

static void put(const struct number *number)
{
	for (size_t i = 0; i < number->len; i++)
		number->at[i] = (uint8_t)(number->value >> 8 * (number->len - 1 - i));
}

/* The description: the last thing, behind the mark that the devices are over. */
static json_t *describe(const uint8_t *data, size_t len)
{
	for (size_t at = len; at-- > 1; )
		if (len - at > 5 && data[at] == DESCRIPTION && !data[at - 1] && get(data + at + 1, 4) == len - at - 5)
			return json_loadb((const char *)data + at + 5, len - at - 5, 0, NULL);
	return NULL;
}

static size_t size_of(const json_t *object, const char *name, size_t none)
{
	const json_t *value = json_object_get(object, name);

	return json_is_integer(value) && json_integer_value(value) >= 0 ? (size_t)json_integer_value(value) : none;
}

/* "timer", in a byte's length and so many letters. */
static bool is_named(const struct vmstate *state, size_t at, const char *name)
{
	size_t len = strlen(name);

	return at + 1 + len <= state->len && state->data[at] == len && !memcmp(state->data + at + 1, name, len);
}

/* Go through a section whose fields begin at @at. @found gets the field that is looked for, if
 * it is in there. Returns where what follows begins; 0 if it is not as described.
 */
static size_t walk(const struct vmstate *state, const json_t *section, size_t at, enum field field,
		   struct number *found)
{
	const char *name = json_string_value(json_object_get(section, "vmsd_name"));
	bool here = name && !strcmp(name, fields[field].section);
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(section, "fields"), i, row) {
		const char *is = json_string_value(json_object_get(row, "name"));
		size_t size = size_of(row, "size", 0), n = size_of(row, "array_len", 1);
		size_t first = size_of(row, "index", 0), want = fields[field].index;

		if (!is || size > state->len || n > state->len || at + n * size > state->len)
			return 0;
		if (here && !strcmp(is, fields[field].name) && want >= first && want - first < n && size <= 8)
			*found = (struct number){ state->data + at + (want - first) * size, size, 0 };
		at += n * size;
	}
	json_array_foreach(json_object_get(section, "subsections"), i, row) {
		const char *sub = json_string_value(json_object_get(row, "vmsd_name"));

		if (!sub || at >= state->len || state->data[at] != SUBSECTION || !is_named(state, at + 1, sub))
			return 0;
		at = walk(state, row, at + 2 + strlen(sub) + VERSION, field, found);
		if (!at)
			return 0;
	}
	return at;
}

/* Where the first instance of a device begins: behind its name, its number (0) and a
 * version. What the description says of it has to end where it ends.
 */
static bool look_up(const struct vmstate *state, enum field field, struct number *number)
{
	const char *name = fields[field].device;
	const json_t *device;
	size_t i;

	json_array_foreach(state->devices, i, device) {
		const char *is = json_string_value(json_object_get(device, "name"));

		if (!is || strcmp(is, name) || size_of(device, "instance_id", 1))
			continue;
		for (size_t at = 0; at + 1 + strlen(name) + 2 * VERSION < state->len; at++) {
			struct number found = { 0 };
			size_t begin = at + 1 + strlen(name) + 2 * VERSION, end;

			if (!is_named(state, at, name) || get(state->data + begin - 2 * VERSION, VERSION))
				continue;
			end = walk(state, device, begin, field, &found);
			if (!end || end >= state->len || state->data[end] != FOOTER || !found.at)
				continue;
			found.value = get(found.at, found.len);
			*number = found;
			return true;
		}
	}
	return false;
}

/* The timer's interrupt as if it had not yet been asked for. */
static void take_back(struct number *number)
{
	unsigned int vector = (unsigned int)number[APIC_TIMER].value & APIC_VECTOR;
	bool others = false;

	number[REQUESTED + vector / 32].value &= ~(1ULL << vector % 32);
	for (int word = 0; word < 8; word++)
		others = others || number[REQUESTED + word].value;
	if (!others)
		number[PENDING].value &= ~(uint64_t)INTERRUPT_HARD;
}

static bool settle(struct number *number, int shift)
{
	uint64_t counted = number[INSTRUCTIONS].value << shift, next = number[NEXT_TIME].value;
	uint64_t clock = counted + number[CLOCK_BIAS].value;
	bool ran_out = number[EXPIRY].value == UINT64_MAX;

	if (number[APIC_TIMER].value & APIC_MODE || clock > next ||
	    (ran_out ? clock != next : number[EXPIRY].value != next))
		return false;
	if (ran_out)
		take_back(number);
	number[HOST_TICKS].value = number[HOST_CLOCK].value = 0;
	number[CLOCK_BIAS].value = next - counted;
	number[EXPIRY].value = next;
	return true;
}

bool device_state_settle(void *data, size_t len, int shift)
{
	json_t *description = describe(data, len);
	struct vmstate state = { data, len, json_object_get(description, "devices") };
	struct number number[FIELDS];
	bool settled = description;

	for (int f = 0; settled && f < FIELDS; f++)
		settled = look_up(&state, (enum field)f, &number[f]);
	settled = settled && settle(number, shift);
	for (int f = 0; settled && f < FIELDS; f++)
		put(&number[f]);
	json_decref(description);
	return settled;
}

/* test_traits.c - what a kernel can do, and which labs that allows
 *
 * What needs no guest works on texts; then one kernel is added as a user would,
 * on another machine than its own, and one that does not boot.
 */
#include "tests/helpers/cli.h"

#include <time.h>

#include "harness/cli/commands.h"
#include "harness/run/requirements.h"
#include "harness/batch/traits.h"
#include "labs/index.h"

/* All that this program knows of, as a kernel that can do everything. */
static json_t *able(void)
{
	json_t *all = traits_probe();
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(all, next, name, value)
		json_object_set_new(all, name, json_string("yes"));
	return all;
}

static void a_trait_that_is_lacking_takes_labs_away(void **state)
{
	static const struct {
		const char *trait, *value, *lab, *variant;
		bool allowed;
	} rows[] = {
		{ "veth", "yes", "1", NULL, true },
		{ "veth", "no: it is not", "1", NULL, false },
		{ "destroy", "no", "3", "kept", true },
		{ "destroy", "no", "3", "destroyed", false },
		{ "destroy", "no", "6", "recycling", true },	/* has another way */
		{ "queue", "no", "6", "recycling", false },
		{ "queue", "no", "3", "kept", true },
		{ "nat", "no", "6", "recycling", false },
		{ "nat", "no", "6", "no-nat", true },
		{ "tcp_timestamps", "each", "6", "timestamps-off", true },
		{ "tcp_timestamps", "first", "6", "timestamps-off", false },
		{ "tcp_timestamps", "first", "6", "recycling", true },
		{ "tcp_max_tw_buckets", "first", "3", "no-buckets", false },
		{ "tcp_tw_reuse_delay", "no", "6", "recycling", true },
		{ "ioperm", "no", "1", NULL, true },		/* no plan asks for that */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *why = NULL;
		struct plan *plan = plan_new(lab_find(rows[i].lab), rows[i].variant, NULL, 0, NULL);
		json_t *all = able();

		print_message("%s=%s lab %s %s\n", rows[i].trait, rows[i].value, rows[i].lab,
			      rows[i].variant ? rows[i].variant : "");
		assert_non_null(plan);
		json_object_set_new(all, rows[i].trait, json_string(rows[i].value));
		assert_int_equal(traits_allow(all, plan, &why), rows[i].allowed);
		assert_int_equal(why == NULL, rows[i].allowed);
		if (why)
			assert_int_equal(strncmp(why, rows[i].trait, strlen(rows[i].trait)), 0);
		plan_free(plan);
		json_decref(all);
	}
}

/* Each need is a trait, so that none is forgotten in the table of a kernel. */
static void every_need_is_a_trait(void **state)
{
	json_t *all = traits_probe();

	(void)state;
	for (const struct requirement *requirement = requirements; requirement->name; requirement++)
		if (!json_object_get(all, requirement->name))
			fail_msg("%s is no trait", requirement->name);
	json_decref(all);
}

static void what_is_printed_is_read(void **state)
{
	json_t *all = traits_probe(), *read;
	auto_free char *text = NULL;
	struct err err = { 0 };
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	traits_print(out, all);
	fclose(out);
	read = traits_read(text, &err);
	assert_non_null(read);
	assert_true(json_equal(all, read));
	json_decref(read);
	assert_null(traits_read("", &err));
	assert_non_null(strstr(err.text, "did not tell its release"));
	*strrchr(text, '\t') = ' ';
	assert_null(traits_read(text, &err));	/* the last one is lost */
	assert_null(traits_read("release\t6.1\nrubbish", &err));
	json_decref(all);
}

/* What the kernels of Debian's releases differ in, found out on each that is here. A
 * row is one way in which two of them differ; all share the last ones.
 */
static void kernels_differ_where_they_should(void **state)
{
	static const struct {
		const char *kernels, *trait, *value;	/* a value ends in what may follow */
	} rows[] = {
		{ "5.10", "destroy", "no: " },			/* SOCK_DESTROY on TIME_WAIT: 6.1 */
		{ "6.1 6.12 sid", "destroy", "yes" },
		{ "5.10 6.1", "tcp_syn_linear_timeouts", "no" },	/* 6.5 */
		{ "6.12 sid", "tcp_syn_linear_timeouts", "each" },
		{ "5.10 6.1 6.12", "tcp_tw_reuse_delay", "no" },	/* 6.14 */
		{ "sid", "tcp_tw_reuse_delay", "each" },
		{ "5.10 6.1", "virtio", "no" },			/* a module that no lab needs */
		{ "6.12 sid", "virtio", "yes" },
		{ "5.10 6.1 6.12 sid", "tcp_tw_recycle", "no" },	/* up to 4.11 */
		{ "5.10 6.1 6.12 sid", "ioperm", "yes" },
		{ "5.10 6.1 6.12 sid", "fw_cfg", "no" },
		{ "5.10 6.1 6.12 sid", "modules", "yes" },
		{ "5.10 6.1 6.12 sid", "hz", "250" },
		{ "5.10 6.1 6.12 sid", "timestamps=2", "yes" },
		{ "5.10 6.1 6.12 sid", "tcp_timestamps", "each" },
		{ "5.10 6.1 6.12 sid", "tcp_tw_reuse", "each" },
		{ "5.10 6.1 6.12 sid", "tcp_max_tw_buckets", "each" },
		{ "5.10 6.1 6.12 sid", "tcp_rfc1337", "each" },
		{ "5.10 6.1 6.12 sid", "netem", "yes" },
		{ "5.10 6.1 6.12 sid", "nat", "yes" },
		{ "5.10 6.1 6.12 sid", "queue", "yes" },
		{ "5.10 6.1 6.12 sid", "sock_diag", "yes" },
		{ "5.10 6.1 6.12 sid", "handover", "ports" },
		{ "5.10 6.1 6.12 sid", "machine", "microvm" },
	};
	static const char *const names[] = { "5.10", "6.1", "6.12", "sid" };
	unsigned int told = 0;

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(names); k++) {
		auto_kernel struct kernel kernel = { 0 };
		auto_free char *console = NULL;
		struct err err = { 0 };
		json_t *all;

		if (kernel_find(names[k], &kernel, NULL)) {
			print_message("%s is not in the cache\n", names[k]);
			continue;
		}
		all = traits_of(names[k], &console, &err);
		if (!all)
			fail_msg("%s: %s", names[k], err.text);
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			const char *value = json_string_value(json_object_get(all, rows[i].trait));
			size_t len = strlen(rows[i].value);
			const char *at = strstr(rows[i].kernels, names[k]);
			bool mine = at && strcspn(at, " ") == strlen(names[k]) && (at == rows[i].kernels || at[-1] == ' ');
			bool open = len && rows[i].value[len - 1] == ' ';

			if (mine && (!value || (open ? strncmp(value, rows[i].value, len) : strcmp(value, rows[i].value))))
				fail_msg("%s: %s is \"%s\", not \"%s\"", names[k], rows[i].trait,
					 value ? value : "", rows[i].value);
			told += mine;
		}
		json_decref(all);
	}
	print_message("%u traits as they should be\n", told);
	assert_true(told > 0);
}

static void a_kernel_is_added_with_its_traits(void **state)
{
	static const char *const words[] = { "  netem                    yes ", "  machine                  pc ", NULL };
	static const char *const none[] = { NULL };
	auto_free char *said = NULL, *shown = NULL;
	auto_kernel struct kernel kernel = { 0 };
	json_t *all;

	(void)state;
	cli_modules("");
	said = cli(must_printf("kernel add %s/vmlinuz --modules %s/lib --name mine --machine pc", own, cache), 0, words);
	assert_int_equal(kernel_find("mine", &kernel, NULL), 0);
	assert_string_equal(kernel.machine->name, "pc");
	all = traits_load("mine");
	assert_non_null(all);
	assert_string_equal(json_string_value(json_object_get(all, "release")), kernel.release);
	assert_string_equal(json_string_value(json_object_get(all, "tcp_tw_recycle")), "no");
	json_decref(all);
	shown = cli(must_strdup("kernel show mine"), 0, none);
	assert_non_null(strstr(said, shown));	/* again, without booting */
}

static void a_kernel_that_does_not_boot_is_not_kept(void **state)
{
	static const char *const words[] = { "cannot boot the kernel: ", NULL };
	static unsigned char image[0x4000];
	auto_free char *path = must_printf("%s/dead", cache);
	struct kernel *all;

	(void)state;
	memcpy(image + 0x202, "HdrS", 4);
	image[0x1fe] = 0x55;
	image[0x1ff] = 0xaa;
	image[0x206] = 0x0f;	/* boot protocol 2.15 */
	image[0x207] = 0x02;
	image[0x20f] = 0x03;
	strcpy((char *)image + 0x500, "6.6.6 (x)");
	assert_int_equal(fs_write_file(path, image, sizeof(image), NULL), 0);
	cli_says(must_printf("kernel add %s --name dead --machine pc", path), STATUS_ERROR, words);
	assert_int_equal(kernel_list(&all), 0);
}

/* Without netem there is no wire that delays: the lab is skipped, and says why. */
static void a_lab_says_what_a_kernel_lacks(void **state)
{
	static const char *const added[] = {
		"  netem                    no ", "  machine                  microvm ",
		"  01-four-way-close        0 of 3 variants; client-first lacks netem: ", NULL,
	}, *const skipped[] = { "this kernel lacks netem", NULL };
	auto_free char *said = NULL;

	(void)state;
	cli_modules("sch_netem.ko");
	cli_says(must_printf("kernel add %s/vmlinuz --modules %s/lib --name bare", own, cache), 0, added);
	said = cli(must_printf("run 1 --variant client-first --no-draw --kernel bare -o %s/evidence", cache),
		   STATUS_SKIP, skipped);
	assert_null(strstr(said, "  pass"));
}

/* A clock speed of 0 has it measure, with a PIT that the first machine does not have:
 * it counts for ever. The next machine has one.
 */
static void a_kernel_that_hangs_is_tried_on_the_next_machine(void **state)
{
	static const char *const words[] = {
		"booting it on microvm without PIT\n", "booting it on microvm with its PIT\n",
		"  machine                  microvm-pit ", NULL,
	};
	auto_kernel struct kernel kernel = { 0 };
	struct timespec begin, end;
	auto_free char *said = NULL;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	said = cli(must_printf("kernel add %s/vmlinuz --name slow --append tsc_early_khz=0", own), 0, words);
	clock_gettime(CLOCK_MONOTONIC, &end);
	print_message("%lld s\n", (long long)(end.tv_sec - begin.tv_sec));
	assert_null(strstr(said, "serial port\n"));	/* it has not refused the ports */
	assert_int_equal(kernel_find("slow", &kernel, NULL), 0);
	assert_string_equal(kernel.machine->name, "microvm-pit");
	assert_in_range(end.tv_sec - begin.tv_sec, 0, 240);
}

static void the_last_lines_of_a_dead_kernel_are_shown(void **state)
{
	static const struct {
		const char *append, *words[3];
	} rows[] = {
		{ "rdinit=/none", { "Kernel panic - not syncing: VFS: Unable to mount root fs",
				    "vmlinuz: cannot boot the kernel: " } },
		{ "rdinit=/etc/passwd", { "Kernel panic - not syncing: No working init found.",
					  "vmlinuz: cannot boot the kernel: " } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kernel *all;

		cli_says(must_printf("kernel add %s/vmlinuz --name dead --machine microvm --append '%s'", own,
				     rows[i].append), STATUS_USAGE, rows[i].words);
		assert_int_equal(kernel_list(&all), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trait_that_is_lacking_takes_labs_away),
		cmocka_unit_test(every_need_is_a_trait),
		cmocka_unit_test(what_is_printed_is_read),
		cmocka_unit_test(kernels_differ_where_they_should),
#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_open, cli_close)
		TEST(a_kernel_is_added_with_its_traits),
		TEST(a_kernel_that_does_not_boot_is_not_kept),
		TEST(a_lab_says_what_a_kernel_lacks),
		TEST(a_kernel_that_hangs_is_tried_on_the_next_machine),
		TEST(the_last_lines_of_a_dead_kernel_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

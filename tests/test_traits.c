/* test_traits.c - what a kernel can do, and which labs that allows
 *
 * What needs no guest works on texts; then one kernel is added as a user would,
 * on another machine than its own, and one that does not boot.
 */
#include "tests/test.h"

#include <errno.h>
#include <glob.h>
#include <sys/wait.h>
#include <time.h>

#include "harness/cache.h"
#include "harness/kernel.h"
#include "harness/needs.h"
#include "harness/traits.h"

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
	for (const struct need *need = needs; need->name; need++)
		if (!json_object_get(all, need->name))
			fail_msg("%s is no trait", need->name);
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
		if (!all && err.code == ENOTSUP)
			skip();		/* no QEMU */
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
	if (!told)
		skip();
}

/* The cache that the kernels of this test are in, beside the machine's own. */
static char *own, *cache, *home;

static int use_cache(void **state)
{
	char template[] = "/tmp/test_traits.XXXXXX";
	const char *was = getenv("XDG_CACHE_HOME");

	(void)state;
	own = cache_path("kernels/" KERNEL_DEFAULT);
	if (!mkdtemp(template))
		return -1;
	cache = must_strdup(template);
	home = was ? must_strdup(was) : NULL;
	return setenv("XDG_CACHE_HOME", cache, 1);
}

static int leave_cache(void **state)
{
	(void)state;
	cache_remove(cache);
	free(cache);
	free(own);
	if (home)
		setenv("XDG_CACHE_HOME", home, 1);
	else
		unsetenv("XDG_CACHE_HOME");
	free(home);
	return 0;
}

/* What `twlab ARGS` printed, both streams, to be freed; its exit status. */
static char *twlab(const char *args, int *status)
{
	auto_free char *command = must_printf("./twlab %s 2>&1", args);
	char *text = must_calloc(1 << 20, 1);
	FILE *pipe = popen(command, "re");

	assert_non_null(pipe);
	text[fread(text, 1, (1 << 20) - 1, pipe)] = '\0';
	*status = WEXITSTATUS(pclose(pipe));
	return text;
}

static void need_guest(void)
{
	auto_free char *from = must_printf("%s/modules", own);

	if (!access(from, F_OK) && !system("command -v qemu-system-x86_64 >/dev/null"))
		return;
	print_message("there is no QEMU here, or no kernel " KERNEL_DEFAULT "\n");
	skip();
}

/* The machine's own kernel's modules, but for @without, in a folder to add them from. */
static void copy_modules(const char *without)
{
	auto_free char *to = must_printf("%s/lib/net", cache), *spare = must_printf("%s/%s", to, without);
	auto_free char *command = must_printf("cp -r %s/modules/. %s", own, to);

	assert_int_equal(cache_mkdir(to, NULL), 0);
	assert_int_equal(system(command), 0);
	assert_int_equal(*without ? unlink(spare) : 0, 0);
}

static void a_kernel_is_added_with_its_traits(void **state)
{
	auto_free char *said = NULL, *shown = NULL, *args = NULL;
	auto_kernel struct kernel kernel = { 0 };
	json_t *all;
	int status;

	(void)state;
	need_guest();
	copy_modules("");
	args = must_printf("kernel add %s/vmlinuz --modules %s/lib --name mine --machine pc", own, cache);
	said = twlab(args, &status);
	print_message("%s", said);
	assert_int_equal(status, 0);
	assert_non_null(strstr(said, "  netem                    yes "));
	assert_non_null(strstr(said, "  machine                  pc "));
	assert_int_equal(kernel_find("mine", &kernel, NULL), 0);
	assert_string_equal(kernel.machine->name, "pc");
	all = traits_load("mine");
	assert_non_null(all);
	assert_string_equal(json_string_value(json_object_get(all, "release")), kernel.release);
	assert_string_equal(json_string_value(json_object_get(all, "tcp_tw_recycle")), "no");
	json_decref(all);
	shown = twlab("kernel show mine", &status);
	assert_int_equal(status, 0);
	assert_non_null(strstr(said, shown));	/* again, without booting */
}

static void a_kernel_that_does_not_boot_is_not_kept(void **state)
{
	static unsigned char image[0x4000];
	auto_free char *path = must_printf("%s/dead", cache), *said = NULL, *args = NULL;
	struct kernel *all;
	int status;

	(void)state;
	memcpy(image + 0x202, "HdrS", 4);
	image[0x1fe] = 0x55;
	image[0x1ff] = 0xaa;
	image[0x206] = 0x0f;	/* boot protocol 2.15 */
	image[0x207] = 0x02;
	image[0x20f] = 0x03;
	strcpy((char *)image + 0x500, "6.6.6 (x)");
	assert_int_equal(cache_put(path, image, sizeof(image), NULL), 0);
	args = must_printf("kernel add %s --name dead --machine pc", path);
	said = twlab(args, &status);
	print_message("%s", said);
	assert_int_not_equal(status, 0);
	assert_int_equal(kernel_list(&all), 0);
}

/* Without netem there is no wire that delays: the lab is skipped, and says why. */
static void a_lab_says_what_a_kernel_lacks(void **state)
{
	auto_free char *said = NULL, *args = NULL;
	int status;

	(void)state;
	need_guest();
	copy_modules("sch_netem.ko");
	args = must_printf("kernel add %s/vmlinuz --modules %s/lib --name bare", own, cache);
	said = twlab(args, &status);
	print_message("%s", said);
	assert_int_equal(status, 0);
	assert_non_null(strstr(said, "  netem                    no "));
	assert_non_null(strstr(said, "  machine                  microvm "));
	assert_non_null(strstr(said, "  01-four-way-close        0 of 3 variants; client-first lacks netem: "));
	free(args);
	free(said);
	args = must_printf("run 1 --variant client-first --no-draw --kernel bare -o %s/evidence", cache);
	said = twlab(args, &status);
	print_message("%s", said);
	assert_int_equal(status, 4);
	assert_non_null(strstr(said, "this kernel lacks netem"));
	assert_null(strstr(said, "  pass"));
}

/* A clock speed of 0 has it measure, with a PIT that the first machine does not have:
 * it counts for ever. The next machine has one.
 */
static void a_kernel_that_hangs_is_tried_on_the_next_machine(void **state)
{
	auto_free char *args = must_printf("kernel add %s/vmlinuz --name slow --append tsc_early_khz=0", own);
	auto_free char *said = NULL;
	auto_kernel struct kernel kernel = { 0 };
	struct timespec begin, end;
	int status;

	(void)state;
	need_guest();
	clock_gettime(CLOCK_MONOTONIC, &begin);
	said = twlab(args, &status);
	clock_gettime(CLOCK_MONOTONIC, &end);
	print_message("%lld s\n%s", (long long)(end.tv_sec - begin.tv_sec), said);
	assert_int_equal(status, 0);
	assert_non_null(strstr(said, "booting it on microvm without PIT\n"));
	assert_non_null(strstr(said, "booting it on microvm with its PIT\n"));
	assert_null(strstr(said, "serial port\n"));	/* it has not refused the ports */
	assert_non_null(strstr(said, "  machine                  microvm-pit "));
	assert_int_equal(kernel_find("slow", &kernel, NULL), 0);
	assert_string_equal(kernel.machine->name, "microvm-pit");
	assert_in_range(end.tv_sec - begin.tv_sec, 0, 240);
}

static void the_last_lines_of_a_dead_kernel_are_shown(void **state)
{
	static const struct {
		const char *words, *says;
	} rows[] = {
		{ "rdinit=/none", "Kernel panic - not syncing: VFS: Unable to mount root fs" },
		{ "rdinit=/etc/passwd", "Kernel panic - not syncing: No working init found." },
	};

	(void)state;
	need_guest();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *args = must_printf("kernel add %s/vmlinuz --name dead --machine microvm "
						   "--append '%s'", own, rows[i].words);
		auto_free char *said = NULL;
		struct kernel *all;
		int status;

		said = twlab(args, &status);
		print_message("%s: %s", rows[i].words, said);
		assert_int_equal(status, 2);
		assert_non_null(strstr(said, rows[i].says));
		assert_non_null(strstr(said, "vmlinuz: cannot boot the kernel: "));
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, use_cache, leave_cache)
		TEST(a_kernel_is_added_with_its_traits),
		TEST(a_kernel_that_does_not_boot_is_not_kept),
		TEST(a_lab_says_what_a_kernel_lacks),
		TEST(a_kernel_that_hangs_is_tried_on_the_next_machine),
		TEST(the_last_lines_of_a_dead_kernel_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

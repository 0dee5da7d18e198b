/* test_kernel.c - the kernels in the cache, and what is no kernel */
#include "tests/helpers/test.h"

#include <jansson.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <twlab/fs.h>
#include "harness/vm/cache.h"
#include "harness/util/archive.h"
#include "harness/vm/fetch.h"
#include "harness/cli/commands.h"
#include "harness/vm/kernel.h"

static char *dir;

static int fresh_cache(void **state)
{
	char template[] = "/tmp/test_kernel.XXXXXX";

	(void)state;
	if (!mkdtemp(template))
		return -1;
	dir = must_strdup(template);
	return setenv("XDG_CACHE_HOME", dir, 1);
}

static int forget_cache(void **state)
{
	(void)state;
	fs_remove(dir);
	free(dir);
	return 0;
}

/* As much of a bzImage as tells its version. */
static void make_image(unsigned char *image, size_t size, const char *version)
{
	memset(image, 0, size);
	memcpy(image + 0x202, "HdrS", 4);
	image[0x20e] = 0x00;
	image[0x20f] = 0x03;	/* 0x200 + 0x300 */
	snprintf((char *)image + 0x500, size - 0x500, "%s", version);
}

static char *write_image(const char *name, const char *version)
{
	static unsigned char image[0x2000];
	char *path = must_printf("%s/%s", dir, name);

	make_image(image, sizeof(image), version);
	assert_int_equal(fs_write_file(path, image, sizeof(image), NULL), 0);
	return path;
}

static void the_version_is_read_out_of_the_header(void **state)
{
	static const struct {
		const char *what, *text;
		size_t len;
		int spoil;	/* a byte to set to 0 first */
		const char *release;
	} rows[] = {
		{ "a Debian kernel", "6.1.0-56-cloud-amd64 (who@where) #1 SMP", 0x2000, 0, "6.1.0-56-cloud-amd64" },
		{ "one's own", "4.9.337 (me@home)", 0x2000, 0, "4.9.337" },
		{ "no magic", "6.1.0 (x)", 0x2000, 0x202, NULL },
		{ "no version", "6.1.0 (x)", 0x2000, 0x20f, NULL },
		{ "cut short", "6.1.0 (x)", 0x400, 0, NULL },
		{ "empty", "6.1.0 (x)", 0, 0, NULL },
		{ "garbage", "6.1\x01.0 (x)", 0x2000, 0, NULL },
		{ "a way out", "../6.1 (x)", 0x2000, 0, NULL },
		{ "no end", "6.1.0", 0x2000, 0, NULL },
		{ "nothing", " (x)", 0x2000, 0, NULL },
	};
	static unsigned char image[0x2000];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *release = NULL;
		struct err err = { 0 };

		print_message("%s\n", rows[i].what);
		make_image(image, sizeof(image), rows[i].text);
		if (!strcmp(rows[i].what, "no end"))
			memset(image + 0x505, 'x', sizeof(image) - 0x505);
		if (rows[i].spoil)
			image[rows[i].spoil] = 0;
		assert_int_equal(kernel_release(image, rows[i].len, &release, &err),
				 rows[i].release ? 0 : -EINVAL);
		if (rows[i].release)
			assert_string_equal(release, rows[i].release);
		else
			assert_true(strlen(err.text) > 10);
	}
}

static void kernels_are_found_by_name(void **state)
{
	auto_free char *old = write_image("old", "5.10.1 (x)"), *new = write_image("new", "6.12.3 (x)");
	auto_kernel struct kernel kernel = { 0 };
	struct kernel *all;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(kernel_find(NULL, &kernel, &err), -ENOENT);
	assert_non_null(strstr(err.text, "twlab kernel fetch 6.1"));
	assert_int_equal(kernel_store("b", old, NULL, NULL, "a test", &err), 0);
	assert_int_equal(kernel_store("a", new, NULL, NULL, "a test", &err), 0);
	assert_int_equal(kernel_list(&all), 2);
	assert_string_equal(all[0].name, "b");		/* by release */
	assert_string_equal(all[1].name, "a");
	kernel_free(&all[0]);
	kernel_free(&all[1]);
	free(all);
	assert_int_equal(kernel_find(NULL, &kernel, &err), 0);
	assert_string_equal(kernel.name, "a");		/* the newest */
	assert_null(kernel.modules);
	kernel_free(&kernel);
	assert_int_equal(kernel_store("6.1", old, NULL, NULL, "a test", &err), 0);
	assert_int_equal(kernel_find(NULL, &kernel, &err), 0);
	assert_string_equal(kernel.name, "6.1");	/* the usual one */
	assert_string_equal(kernel.release, "5.10.1");
	assert_int_equal(strlen(kernel.digest), 64);
}

/* Where it came from is a path, and a path is any bytes. */
static void a_kernel_may_come_from_any_path(void **state)
{
	auto_free char *image = write_image("k\xff\".img", "5.10.1 (x)"), *about = cache_path("kernels/odd/about.json");
	auto_kernel struct kernel kernel = { 0 };
	struct err err = { 0 };
	json_t *json;

	(void)state;
	assert_int_equal(kernel_store("odd", image, NULL, NULL, image, &err), 0);
	assert_int_equal(kernel_find("odd", &kernel, &err), 0);
	json = json_load_file(about, 0, NULL);
	assert_non_null(strstr(json_string_value(json_object_get(json, "from")), "k\\xff\".img"));
	json_decref(json);
}

static void a_name_is_no_path(void **state)
{
	static const char *const names[] = { "nope", "../kernels/6.1", "/etc", "", ".", ".." };
	auto_free char *image = write_image("image", "5.10.1 (x)");
	struct kernel kernel;

	(void)state;
	assert_int_equal(kernel_store("6.1", image, NULL, NULL, "a test", NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct err err = { 0 };

		assert_int_equal(kernel_find(names[i], &kernel, &err), -ENOENT);
		assert_null(strchr(err.text, '\n'));
	}
}

static void write_module(const char *folder, const char *name, const char *text)
{
	auto_free char *to = must_printf("%s/%s", folder, name);

	assert_int_equal(fs_write_file(to, text, strlen(text), NULL), 0);
}

static void modules_are_of_their_kernel(void **state)
{
	static const struct {
		const char *name, *text, *says;
	} rows[] = {
		{ "net/a.ko", "x\1vermagic=6.1.0 SMP", NULL },
		{ "net/a.ko", "vermagic=6.1.00 SMP", "is a module for 6.1.00, not for 6.1.0" },
		{ "net/a.ko", "vermagic=6.1 SMP", "is a module for 6.1, not for 6.1.0" },
		{ "net/a.ko", "rubbish", "is no kernel module" },
		{ "net/readme", "vermagic=6.1.0", "there are no modules" },
		{ "sound/a.ko", "vermagic=6.1.0", "there are no modules" },
	};
	auto_free char *image = write_image("image", "6.1.0 (x)"), *modules = must_printf("%s/mods", dir);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_kernel struct kernel kernel = { 0 };
		struct err err = { 0 };

		fs_remove(modules);
		kernel_forget("6.1");
		write_module(modules, rows[i].name, rows[i].text);
		assert_int_equal(kernel_store("6.1", image, modules, NULL, "a test", &err),
				 rows[i].says ? -EINVAL : 0);
		print_message("%s\n", err.text);
		assert_int_equal(kernel_find("6.1", &kernel, NULL), rows[i].says ? -ENOENT : 0);
		if (rows[i].says)
			assert_non_null(strstr(err.text, rows[i].says));
	}
}

static void the_machine_is_remembered(void **state)
{
	auto_free char *image = write_image("image", "6.1.0 (x)");
	auto_kernel struct kernel kernel = { 0 };

	(void)state;
	assert_int_equal(kernel_store(".try", image, NULL, NULL, "a test", NULL), 0);
	assert_int_equal(kernel_find(".try", &kernel, NULL), 0);
	assert_string_equal(kernel.machine->name, "microvm");
	kernel_free(&kernel);
	assert_int_equal(kernel_wants(".try", machine_find("pc"), "a=1 b", NULL), 0);
	assert_int_equal(kernel_rename(".try", "mine", NULL), 0);
	assert_int_equal(kernel_find(".try", &kernel, NULL), -ENOENT);
	assert_int_equal(kernel_find("mine", &kernel, NULL), 0);
	assert_string_equal(kernel.machine->name, "pc");
	assert_string_equal(kernel.words, "a=1 b");
	assert_null(machine_find("vax"));
}

static void modules_lie_side_by_side(void **state)
{
	auto_free char *image = write_image("image", "6.1.0 (x)");
	auto_free char *modules = must_printf("%s/mods", dir), *path = NULL, *beyond = NULL;
	static const char *const files[] = {
		"net/sched/sch-netem.ko", "drivers/net/veth.ko.xz", "sound/beep.ko", "net/readme",
	};
	struct stat st;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		write_module(modules, files[i], "vermagic=6.1.0 SMP mod_unload");
	assert_int_equal(kernel_store("6.1", image, modules, NULL, "a test", NULL), 0);
	path = cache_path("kernels/6.1/modules/sch_netem.ko");
	assert_int_equal(stat(path, &st), 0);
	free(path);
	path = cache_path("kernels/6.1/modules/veth.ko.xz");
	assert_int_equal(stat(path, &st), 0);
	beyond = cache_path("kernels/6.1/modules/beep.ko");
	assert_int_equal(stat(beyond, &st), -1);
}

/* A store that fails leaves what was there, and nothing half done. */
static void a_bad_kernel_replaces_nothing(void **state)
{
	auto_free char *image = write_image("image", "6.1.0 (x)"), *temp = cache_path("kernels/.new-6.1");
	auto_kernel struct kernel kernel = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(kernel_store("6.1", image, NULL, NULL, "a test", &err), 0);
	assert_int_equal(kernel_store("6.1", "/etc/passwd", NULL, NULL, "a test", &err), -EINVAL);
	assert_string_equal(err.text, "/etc/passwd: this is no bzImage (no boot header at 0x202)");
	assert_int_equal(access(temp, F_OK), -1);
	assert_int_equal(kernel_find("6.1", &kernel, &err), 0);
}

/* A bzImage of which the payload is @what, gzipped, which holds @config, gzipped. */
static char *image_with(const char *config, const char *begin, const char *end)
{
	auto_free char *command = must_printf("cd %s && printf '%%s' '%s' | gzip -n > c && "
		"{ printf 'vmlinux...%s'; cat c; printf '%s...'; } | gzip -n > payload", dir, config, begin, end);
	auto_free char *payload_path = must_printf("%s/payload", dir);
	auto_free unsigned char *payload = NULL;
	static unsigned char image[0x2000];
	char *path = must_printf("%s/image", dir);
	size_t len;

	assert_int_equal(system(command), 0);
	assert_int_equal(fs_read(payload_path, (void **)&payload, &len, NULL), 0);
	make_image(image, sizeof(image), "4.9.337 (me@home)");
	image[0x206] = 0x0f;	/* boot protocol 2.15 */
	image[0x207] = 0x02;
	image[0x1f1] = 4;
	image[0x248] = 0x10;	/* behind the boot sector and four */
	image[0x24c] = (unsigned char)len;
	image[0x24d] = (unsigned char)(len >> 8);
	memcpy(image + 5 * 512 + 0x10, payload, len);
	assert_int_equal(fs_write_file(path, image, sizeof(image), NULL), 0);
	return path;
}

static void the_configuration_is_read_out_of_the_image(void **state)
{
	static const struct {
		const char *what, *begin, *end;
		int spoil;		/* a byte of the image to set to 0xff; 0 = none */
		bool there;
	} rows[] = {
		{ "it is there", "IKCFG_ST", "IKCFG_ED", 0, true },
		{ "no beginning", "IKCFG_XX", "IKCFG_ED", 0, false },
		{ "no end", "IKCFG_ST", "IKCFG_XX", 0, false },
		{ "no payload there", "IKCFG_ST", "IKCFG_ED", 0x24b, false },
		{ "a payload without an end", "IKCFG_ST", "IKCFG_ED", 0x24e, false },
		{ "no compressed one", "IKCFG_ST", "IKCFG_ED", 5 * 512 + 0x10 + 1, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *path = image_with("\nCONFIG_HZ=1000\nCONFIG_MODULES=y\n", rows[i].begin, rows[i].end);
		auto_kernel struct kernel kernel = { 0 };
		struct err err = { 0 };
		int fd = open(path, O_RDWR | O_CLOEXEC);

		print_message("%s\n", rows[i].what);
		if (rows[i].spoil)
			assert_int_equal(pwrite(fd, "\xff", 1, rows[i].spoil), 1);
		close(fd);
		assert_int_equal(kernel_store("old", path, NULL, NULL, "a test", &err), 0);
		assert_int_equal(kernel_find("old", &kernel, &err), 0);
		assert_int_equal(kernel_configured(&kernel, NULL), rows[i].there);
		assert_int_equal(kernel_configured(&kernel, "CONFIG_HZ=1000"), rows[i].there);
		assert_false(kernel_configured(&kernel, "CONFIG_HZ=250"));
	}
}

static void the_command_says_what_is_wrong(void **state)
{
	static const struct {
		const char *argv[6];
		int status;
		const char *says;
	} rows[] = {
		{ { "kernel" }, STATUS_USAGE, "usage" },
		{ { "kernel", "frobnicate" }, STATUS_USAGE, "usage" },
		{ { "kernel", "list" }, 0, "" },
		{ { "kernel", "list", "x" }, STATUS_USAGE, "usage" },
		{ { "kernel", "fetch" }, STATUS_USAGE, "usage" },
		{ { "kernel", "fetch", "2.6" }, STATUS_USAGE, "no kernel '2.6' to fetch" },
		{ { "kernel", "add" }, STATUS_USAGE, "usage" },
		{ { "kernel", "add", "--bad", "x" }, STATUS_USAGE, "usage" },
		{ { "kernel", "add", "/nonexistent" }, STATUS_USAGE, "cannot read /nonexistent" },
		{ { "kernel", "add", "/etc/passwd" }, STATUS_USAGE, "no bzImage" },
		{ { "kernel", "add", "/etc" }, STATUS_USAGE, "no regular file" },
		{ { "kernel", "add", "/etc/passwd", "--name", "../x" }, STATUS_USAGE, "cannot be named" },
		{ { "kernel", "add", "/etc/passwd", "--machine", "vax" }, STATUS_USAGE, "no machine 'vax'" },
		{ { "kernel", "add", "/etc/passwd", "--append", "a\nb" }, STATUS_USAGE, "a line of at most 1000" },
		{ { "kernel", "show" }, STATUS_USAGE, "usage" },
		{ { "kernel", "show", "nope" }, STATUS_USAGE, "no kernel 'nope'" },
		{ { "kernel", "traits", "x" }, STATUS_USAGE, "usage" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = { 0 };
		char *argv[7] = { NULL };	/* getopt reorders it */
		int argc = 0;

		for (; argc < 6 && rows[i].argv[argc]; argc++)
			argv[argc] = (char *)rows[i].argv[argc];
		optind = 0;
		assert_int_equal(kernel_main(argc, argv, &err), rows[i].status);
		print_message("%s\n", err.text);
		assert_non_null(strstr(err.text, rows[i].says));
	}
}

static void a_broken_package_is_refused(void **state)
{
	auto_free char *path = must_printf("%s/bad.deb", dir), *left = cache_path("kernels/.fetch");
	auto_free char *release = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(fs_write_file(path, "!<arch>\nrubbish", 15, NULL), 0);
	assert_true(fetch_package(path, "x", &release, &err) < 0);
	print_message("%s\n", err.text);
	assert_int_equal(access(left, F_OK), -1);
}

/* A .deb as dpkg-deb makes it: all is well with it, but it holds no kernel. */
static void a_package_without_a_kernel_is_refused(void **state)
{
	static const char about[] = "Package: no-kernel\nVersion: 1\nArchitecture: all\nMaintainer: nobody <a@b.c>\n"
				    "Description: a package without a kernel\n";
	auto_free char *control = must_printf("%s/pkg/DEBIAN/control", dir), *deb = must_printf("%s/no.deb", dir);
	auto_free char *make = must_printf("dpkg-deb -b %s/pkg %s >/dev/null 2>&1", dir, deb);
	char *argv[] = { (char *)"kernel", (char *)"add", deb, NULL };
	auto_free char *left = cache_path("kernels/.fetch");
	struct err err = { 0 };
	struct kernel *all;

	(void)state;
	if (system("command -v dpkg-deb >/dev/null")) {
		print_message("there is no dpkg-deb here\n");
		skip();
	}
	assert_int_equal(fs_write_file(control, about, sizeof(about) - 1, NULL), 0);
	assert_int_equal(system(make), 0);
	optind = 0;
	assert_int_equal(kernel_main(3, argv, &err), STATUS_USAGE);
	print_message("%s\n", err.text);
	assert_non_null(strstr(err.text, "no.deb holds no kernel"));
	assert_null(strchr(err.text, '\n'));
	assert_int_equal(access(left, F_OK), -1);
	assert_int_equal(kernel_list(&all), 0);
}

static void modules_of_another_kernel_are_refused(void **state)
{
	auto_free char *image = write_image("image", "6.1.0 (x)"), *modules = must_printf("%s/mods", dir);
	char *argv[] = { (char *)"kernel", (char *)"add", image, (char *)"--modules", modules, NULL };
	struct err err = { 0 };
	struct kernel *all;

	(void)state;
	write_module(modules, "net/a.ko", "vermagic=5.10.0 SMP");
	optind = 0;
	assert_int_equal(kernel_main(5, argv, &err), STATUS_USAGE);
	print_message("%s\n", err.text);
	assert_non_null(strstr(err.text, "is a module for 5.10.0, not for 6.1.0"));
	assert_null(strchr(err.text, '\n'));
	assert_int_equal(kernel_list(&all), 0);
}

static void what_unpacks_to_no_end_is_refused(void **state)
{
	auto_free void *packed = NULL;
	struct err err = { 0 };
	void *data = NULL;
	size_t len;

	(void)state;
	assert_int_equal(fs_read("tests/data/zeros-260-mb.bz2", &packed, &len, NULL), 0);
	assert_int_equal(archive_inflate(packed, len, &data, &len, &err), -EINVAL);
	assert_non_null(strstr(err.text, "it unpacks to more than 256 MB"));
	assert_null(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh_cache, forget_cache)
		TEST(the_version_is_read_out_of_the_header),
		TEST(kernels_are_found_by_name),
		TEST(a_kernel_may_come_from_any_path),
		TEST(a_name_is_no_path),
		TEST(modules_lie_side_by_side),
		TEST(modules_are_of_their_kernel),
		TEST(the_machine_is_remembered),
		TEST(a_bad_kernel_replaces_nothing),
		TEST(the_configuration_is_read_out_of_the_image),
		TEST(the_command_says_what_is_wrong),
		TEST(a_broken_package_is_refused),
		TEST(a_package_without_a_kernel_is_refused),
		TEST(modules_of_another_kernel_are_refused),
		TEST(what_unpacks_to_no_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

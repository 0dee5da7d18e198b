/* test_serial.c - the way that needs only an initramfs and a serial port
 *
 * What a guest says there is fed in by hand first, whole and broken. Then a kernel
 * that withholds I/O ports (lockdown=integrity) is added as a user would: what it
 * finds is what it finds elsewhere. This program is also what runs in that guest.
 */
#include "tests/helpers/cli.h"
#include "harness/util/guest.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/socket.h>

#include "tests/helpers/in_guest.h"
#include "harness/vm/cache.h"
#include "harness/guest/transport.h"
#include "harness/vm/lifecycle.h"
#include <twlab/digest.h>

/* ---- by hand ---- */

#define DIGEST "DIGEST"		/* in a row's words: the right one of "hello world" */

static const struct {
	const char *name, *words, *says;	/* says: of the error; NULL = there is none */
} rows[] = {
	{ "all of it", "hello\nout 3 6\nhello out 3 5\nworldsent 11 " DIGEST "\n", NULL },
	{ "with output between", "out 3 6\nhello out 1 3\nabcout 3 5\nworldsent 11 " DIGEST "\n", NULL },
	{ "after a lie that means nothing here", "result 4096 4096\nout 3 11\nhello worldsent 11 " DIGEST "\n", NULL },
	{ "nothing", "hello\n", "kernel has ended" },
	{ "cut in a block", "out 3 11\nhello", "kernel has ended" },
	{ "cut before the last line", "out 3 11\nhello world", "kernel has ended" },
	{ "cut in the digest", "out 3 11\nhello worldsent 11 d0\n", "came broken over the serial port (11 bytes of 11" },
	{ "without a digest", "out 3 11\nhello worldsent 11\n", "came broken" },
	{ "a byte changed", "out 3 11\nhello_worldsent 11 " DIGEST "\n", "came broken" },
	{ "a byte lost", "out 3 11\nhelloworldsent 11 " DIGEST "\n", "kernel has ended" },
	{ "a block lost", "out 3 5\nworldsent 11 " DIGEST "\n", "came broken over the serial port (5 bytes of 11" },
	{ "blocks in another order", "out 3 5\nworldout 3 6\nhello sent 11 " DIGEST "\n", "came broken" },
	{ "another length", "out 3 11\nhello worldsent 12 " DIGEST "\n", "came broken" },
	{ "no bytes at all", "sent 0 " DIGEST "\n", "came broken" },
	{ "more after the end", "out 3 11\nhello worldsent 11 " DIGEST "\nout 3 1\nx", "kernel has ended" },
	{ "noise", "\x80\xff\n\n\n out 3\nsent\n", "came broken" },
	{ "a block without an end", "out 3 99999999999999\nhello world", "kernel has ended" },
	{ "PID 1 gave up", "failed on purpose\n", "on purpose" },
};

static void put(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* @words with the digest filled in. */
static void report(int fd, const char *words)
{
	const char *at = strstr(words, DIGEST);
	auto_free char *digest = digest_of("hello world", 11);
	auto_free char *text = at ? must_printf("%.*s%s%s", (int)(at - words), words, digest, at + strlen(DIGEST)) :
		must_strdup(words);

	put(fd, text);
}

static void what_comes_is_what_was_sent(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vm vm = { .stage = lifecycle_serial, .serial = true, .restoring = true, .state.fd = -1 };
		int qmp[2], protocol[2], console[2], ret;
		struct err err = { 0 };

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, qmp), 0);
		assert_int_equal(pipe2(protocol, O_NONBLOCK), 0);
		assert_int_equal(pipe2(console, O_NONBLOCK), 0);
		vm.qemu = (struct qemu){ -1, qmp_new(qmp[0]), console[0], protocol[0] };
		vm.take_fd = memfd_create("result", MFD_CLOEXEC);
		put(qmp[1], "{\"QMP\": {}}\n{\"return\": {}, \"id\": 1}\n");
		assert_int_equal(lifecycle_receive(&vm, &err), 0);
		assert_int_equal(lifecycle_advance(&vm, &err), 0);	/* it runs */
		report(protocol[1], rows[i].words);
		assert_int_equal(lifecycle_receive(&vm, &err), 0);
		assert_int_equal(lifecycle_advance(&vm, &err), 0);	/* and runs on, whatever it says */
		put(qmp[1], "{\"event\": \"SHUTDOWN\"}\n");
		assert_int_equal(lifecycle_receive(&vm, &err), 0);
		ret = lifecycle_advance(&vm, &err);
		print_message("%s: %s\n", rows[i].name, vm.gave_up ? vm.gave_up : err.text);
		assert_int_equal(ret > 0 && !vm.gave_up, !rows[i].says);
		if (rows[i].says)
			assert_non_null(strstr(vm.gave_up ? vm.gave_up : err.text, rows[i].says));
		else
			assert_int_equal(vm.len, 11);
		qemu_stop(&vm.qemu);
		protocol_free(&vm.protocol);
		free(vm.gave_up);
		free(vm.console.text);
		close(vm.take_fd);
		close(qmp[1]);
		close(protocol[1]);
		close(console[1]);
	}
}

/* ---- in the guest ---- */

static int in_files(void)
{
	char data[10000];
	int fd = open("out/data", O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)i;	/* all bytes, those that terminals take for orders too */
	return write(fd, data, sizeof(data)) != sizeof(data) || access("/sys/firmware/qemu_fw_cfg", F_OK) == 0;
}

static int in_noise(void)
{
	int fd = open(TRANSPORT_SERIAL, O_WRONLY | O_NOCTTY | O_CLOEXEC);

	return write(fd, "out 3 4\nxxxx", 12) != 12;
}

static int in_end(void)
{
	return reboot(RB_AUTOBOOT);
}

static int in_panic(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	return write(fd, "c", 1) != 1;
}

static const struct {
	const char *name;
	int (*run)(void);
	const char *says;	/* of the error on the host; NULL = there is none */
} parts[] = {
	{ "files", in_files, NULL },
	{ "noise", in_noise, "came broken over the serial port" },
	{ "end", in_end, "the guest's kernel has ended" },
	{ "panic", in_panic, "Kernel panic" },
};

static int run_part(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strcmp(name, parts[i].name))
			return parts[i].run();
	return 99;
}

/* ---- with a guest ---- */

/* A cache with the machine's kernel as it is, and its snapshots. */
static int with_links(void **state)
{
	auto_free char *snapshots = cache_path("snapshots"), *kernels = NULL, *link = NULL, *twice = NULL;

	if (fs_mkdir(snapshots, NULL) || cli_open(state))
		return -1;
	kernels = cache_path("kernels");
	link = cache_path("kernels/" KERNEL_DEFAULT);
	twice = cache_path("snapshots");
	return fs_mkdir(kernels, NULL) || symlink(own, link) || symlink(snapshots, twice);
}

/* It is found out: nobody says that this kernel wants a serial port. */
static void a_kernel_without_ports_is_found_out(void **state)
{
	static const char *const table[] = {
		"  ioperm                   no       ", "(Operation not permitted)",
		"  fw_cfg                   no ", "  virtio                   no ",
		"  handover                 serial   ", "  machine                  microvm-serial ",
		"  01-four-way-close        3 of 3 variants",
		"booting it on microvm without PIT, over a serial port", NULL,
	};
	auto_kernel struct kernel kernel = { 0 };

	(void)state;
	cli_modules("");
	cli_says(must_printf("kernel add %s/vmlinuz --modules %s/lib --name locked --append lockdown=integrity",
			     own, cache), 0, table);
	assert_int_equal(kernel_find("locked", &kernel, NULL), 0);
	assert_true(kernel.machine->serial);
	assert_string_equal(kernel.words, "lockdown=integrity");
}

/* Lab 01 gives the same verdicts and facts there as over I/O ports. */
static void a_lab_finds_the_same_there(void **state)
{
	static const char *const none[] = { NULL };
	auto_free char *message = cli(must_printf("run 1 --no-draw --tsv --kernel locked," KERNEL_DEFAULT
					       " -o %s/evidence", cache), 0, none);
	unsigned int claims = 0;

	(void)state;
	for (char *save, *line = strtok_r(message, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		claims += strstr(line, "\tclaim\tsame\t") && strstr(line, "\tpass ");
		if (strstr(line, "\tclaim\tdiffers\t") || strstr(line, "\tfact\tdiffers\t"))
			fail_msg("%s", line);
	}
	assert_in_range(claims, 20, 100);
}

/* Run @part there: 0 and *@result, or negative with @err. */
static int run_there(const char *part, struct vm_result *result, struct err *err)
{
	auto_free char *self = realpath("/proc/self/exe", NULL);
	const char *const argv[] = { self, part, NULL };
	struct vm_job job = { .kernel = "locked", .argv = argv };
	auto_files struct files system = { 0 };
	struct vm *vm;
	int ret;

	assert_int_equal(executable_add(&system, self, err), 0);
	job.system = system.item;
	job.n_system = system.n;
	assert_int_equal(vm_prepare("locked", NULL, err), 0);
	vm = vm_start(&job, err);
	assert_non_null(vm);
	while ((ret = vm_step(vm, 1000, err)) == 0)
		;
	if (ret > 0)
		vm_result(vm, result);
	vm_free(vm);
	return ret < 0 ? ret : 0;
}

static void what_happens_there_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		struct vm_result result = { 0 };
		struct err err = { 0 };
		int ret = run_there(parts[i].name, &result, &err);

		print_message("%s: %s\n", parts[i].name, err.text);
		assert_int_equal(ret < 0, parts[i].says != NULL);
		if (parts[i].says) {
			assert_non_null(strstr(err.text, parts[i].says));
			continue;
		}
		assert_int_equal(result.status, 0);
		assert_int_equal(result.n_files, 1);
		assert_int_equal(result.files[0].len, 10000);
		for (size_t k = 0; k < 10000; k++)
			assert_int_equal(((unsigned char *)result.files[0].data)[k], k & 0xff);
		vm_result_free(&result);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest by_hand[] = {
		cmocka_unit_test(what_comes_is_what_was_sent),
	};
	const struct CMUnitTest with_guest[] = {
		cmocka_unit_test(a_kernel_without_ports_is_found_out),
		cmocka_unit_test(a_lab_finds_the_same_there),
		cmocka_unit_test(what_happens_there_is_told),
	};

	if (guest_inside() && argc > 1)
		return run_part(argv[1]);
	return cmocka_run_group_tests(by_hand, NULL, NULL) +
		cmocka_run_group_tests(with_guest, with_links, cli_close);
}

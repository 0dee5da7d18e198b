/* test_damage.c - a kernel in the cache that is no longer what was put there */
#include "tests/helpers/cli.h"

#include <unistd.h>



static void a_damaged_kernel_is_told_and_can_be_put_there_again(void **state)
{
	static const char *const damaged[] = { "damaged", NULL }, *const advice[] = { "the kernel '" KERNEL_DEFAULT "' is damaged",
		"twlab kernel fetch or add puts it there again", NULL }, *const whole[] = { KERNEL_DEFAULT "\t", NULL };
	auto_free char *to = must_printf("%s/twlab/kernels", cache);
	auto_free char *command = must_printf("mkdir -p %s && cp -r %s %s/", to, own, to);
	auto_free char *image = must_printf("%s/%s/vmlinuz", to, KERNEL_DEFAULT), *from = must_printf("%s/vmlinuz", own);
	auto_free char *listed = NULL;
	struct err err = { 0 };

	(void)state;
	if (access(from, R_OK)) {
		print_message("no kernel to damage\n");
		skip();
	}
	assert_int_equal(system(command), 0);
	listed = cli(must_strdup("kernel list"), 0, whole);
	assert_null(strstr(listed, "damaged"));
	for (int cut = 0; cut < 2; cut++) {	/* one byte is another one, and the end is missing */
		FILE *file = fopen(image, "r+be");

		assert_non_null(file);
		fseek(file, 1 << 20, SEEK_SET);
		fputc(0x5a, file);
		fputc(0xa5, file);
		fclose(file);
		assert_int_equal(cut ? truncate(image, 5000000) : 0, 0);
		cli_says(must_strdup("kernel list"), 0, damaged);
		cli_says(must_strdup("doctor; true"), 0, advice);	/* its status is also of this machine's kernel */
		cli_says(must_strdup("vm -- true"), 3, advice);
		assert_int_equal(kernel_store(KERNEL_DEFAULT, from, NULL, NULL, "here", &err), 0);
		free(listed);
		listed = cli(must_strdup("kernel list"), 0, whole);
		assert_null(strstr(listed, "damaged"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_damaged_kernel_is_told_and_can_be_put_there_again, cli_open, cli_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

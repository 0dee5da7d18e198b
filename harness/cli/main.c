/* main.c - the same binary is the command line on the host and PID 1 in the guest */
#include "harness/guest/init.h"
#include "harness/cli/commands.h"
#include "harness/util/guest.h"

/* PID 1 is also what a container runs. Linux calls the init of an initramfs "/init". */
static bool is_init_of_a_guest(const char *called)
{
	return getpid() == 1 && called && !strcmp(called, GUEST_INIT) && guest_initramfs();
}

#include <fcntl.h>

/* A descriptor of ours must not be taken for standard input, output or error, should those
 * be closed. The lowest that is free is given, so they fill up in order.
 */
static void open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO && !fcntl(fd, F_SETFD, 0));
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	if (is_init_of_a_guest(argv[0]))
		init_main();
	open_standard();
	return commands_main(argc, argv);
}

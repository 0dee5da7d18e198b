/* main.c - the same binary is the command line on the host and PID 1 in the guest */
#include "harness/cli/commands.h"

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
	if (getpid() == 1)
		init_main();
	open_standard();
	return commands_main(argc, argv);
}

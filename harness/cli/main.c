/* main.c - the same binary is the command line on the host and PID 1 in the guest */
#include "harness/guest/init.h"
#include "harness/cli/commands.h"
#include "harness/util/guest.h"

/* PID 1 is also what a container runs. Linux calls the init of an initramfs "/init". */
static bool is_init_of_a_guest(const char *called)
{
	return getpid() == 1 && called && !strcmp(called, GUEST_INIT) && guest_initramfs();
}

int main(int argc, char **argv)
{
	if (is_init_of_a_guest(argv[0]))
		init_main();
	return commands_main(argc, argv);
}

/* main.c - the same binary is the command line on the host and PID 1 in the guest */
#include "harness/guest/init.h"
#include "harness/cli/commands.h"

/* PID 1 is also what a container runs. Linux calls the init of an initramfs "/init", and in ours
 * that is a link to where initramfs.c puts this program.
 */
static bool is_init_of_a_guest(const char *called)
{
	char to[sizeof(GUEST_TWLAB) + 1];
	ssize_t len = readlink(GUEST_INIT, to, sizeof(to));

	return getpid() == 1 && called && !strcmp(called, GUEST_INIT) && len == (ssize_t)strlen(GUEST_TWLAB) &&
	       !memcmp(to, GUEST_TWLAB, (size_t)len);
}

int main(int argc, char **argv)
{
	if (is_init_of_a_guest(argv[0]))
		init_main();
	return commands_main(argc, argv);
}

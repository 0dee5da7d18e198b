/* main.c - the same binary is the command line on the host and PID 1 in the guest */
#include "harness/cli/commands.h"
#include "harness/guest/init.h"

int main(int argc, char **argv)
{
	if (getpid() == 1)
		init_main();
	return commands_main(argc, argv);
}

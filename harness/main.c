/* main.c - the same binary is the command line on the host and PID 1 in the guest */
#include "harness/harness.h"

int main(int argc, char **argv)
{
	if (getpid() == 1)
		guest_main();
	return commands_main(argc, argv);
}

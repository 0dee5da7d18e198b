/* machine.c - the machines that a kernel can be run on */
#include "harness/vm/machine.h"

/* tsc_early_khz= tells the speed of a machine that has no timer to measure it with
 * (Linux 5.x and later; 1 GHz is what shift=0 means, and the other two follow from
 * it). An older kernel measures it, with the PIT, and has more time to do so when an
 * instruction takes 2 ns.
 */
#define MICROVM     "microvm,pit=off,pic=on,rtc=on,isa-serial=on", 0, "tsc_early_khz=1000000 lpj=4000000"
#define MICROVM_PIT "microvm,pit=on,pic=on,rtc=on,isa-serial=on", 1, ""
#define PC	    "pc,hpet=off", 1, ""

const struct machine machines[] = {
	{ "microvm", MICROVM, "microvm without PIT" },
	{ "microvm-serial", MICROVM, "microvm without PIT, over a serial port", true },
	{ "microvm-pit", MICROVM_PIT, "microvm with its PIT" },
	{ "microvm-pit-serial", MICROVM_PIT, "microvm with its PIT, over a serial port", true },
	{ "pc", PC, "a PC, with PIT, BIOS and PCI" },
	{ "pc-serial", PC, "a PC, with PIT, BIOS and PCI, over a serial port", true },
	{ 0 }
};

const struct machine *machine_find(const char *name)
{
	const struct machine *machine = machines;

	while (name && machine->name && strcmp(machine->name, name))
		machine++;
	return machine->name ? machine : NULL;
}

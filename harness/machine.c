/* machine.c - the machines that a kernel can be run on */
#include "machine.h"

/* tsc_early_khz= tells the speed of a machine that has no timer to measure it with
 * (Linux 5.x and later; 1 GHz is what shift=0 means, and the other two follow from
 * it). An older kernel measures it, with the PIT, and has more time to do so when an
 * instruction takes 2 ns.
 */
const struct machine machines[] = {
	{ "microvm", "microvm,pit=off,pic=on,rtc=on,isa-serial=on", 0,
	  "tsc_early_khz=1000000 lpj=4000000", "microvm without PIT" },
	{ "microvm-pit", "microvm,pit=on,pic=on,rtc=on,isa-serial=on", 1,
	  "", "microvm with its PIT" },
	{ "pc", "pc,hpet=off", 1, "", "a PC, with PIT, BIOS and PCI" },
	{ 0 }
};

const struct machine *machine_find(const char *name)
{
	const struct machine *machine = machines;

	while (name && machine->name && strcmp(machine->name, name))
		machine++;
	return machine->name ? machine : NULL;
}

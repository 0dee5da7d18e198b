/* guest.h - where things lie in a guest: the host puts them there, the guest looks there */
#ifndef TWLAB_UTIL_GUEST_H
#define TWLAB_UTIL_GUEST_H

#define GUEST_TWLAB	"/twlab/twlab"	/* twlab itself, for a job's argv */

/* Below "/": */
#define GUEST_MODULES	"twlab/modules"	/* the kernel's: 000-NAME.ko, in the order to load them in */
#define GUEST_TCC	"usr/bin/tcc"	/* the compiler of students' programs */

#endif

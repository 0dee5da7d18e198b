/* guest.h - where things lie in a guest, and whether this is one */
#ifndef TWLAB_UTIL_GUEST_H
#define TWLAB_UTIL_GUEST_H

#include <twlab/base.h>

#define GUEST_TWLAB	"/twlab/twlab"	/* twlab itself, for a job's argv */
#define GUEST_STDIN	"/twlab/stdin"	/* a job's file that becomes the program's standard input; else that is empty */
#define GUEST_INIT	"/init"		/* what Linux runs: a link to it */

/* Below "/": */
#define GUEST_MODULES	"twlab/modules"	/* the kernel's: 000-NAME.ko, in the order to load them in */
#define GUEST_TCC	"usr/bin/tcc"	/* the compiler of students' programs */

/* Is this an initramfs that twlab made? PID 1 of a container is in none. */
bool guest_initramfs(void);

/* Does this program run in a guest of twlab's? Its environment says so, and so does the initramfs. */
bool guest_inside(void);

#endif

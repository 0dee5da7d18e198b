/* device_state.h - what QEMU saves of a guest's devices, made the same for the same stop
 *
 * The guest stops itself at an instruction, and its memory is the same then each time.
 * What QEMU saves of its devices is not. It has the host's own clocks in it, which
 * nothing in the guest can read. And in the instant between the processor's stop and
 * the machine's, QEMU's main thread may find the processor idle and move the guest's
 * clock on to its next timer, or may not; which of the two threads comes first is up to
 * the host. A guest whose clock was moved comes to each of its instants later than one
 * whose was not.
 */
#ifndef TWLAB_VM_DEVICE_STATE_H
#define TWLAB_VM_DEVICE_STATE_H

#include <twlab/err.h>

/* Put @state (@len bytes, as migrated) into the one form that all of these have in common:
 * the host's clocks are zero, the guest's stands at the local APIC's next timer, and that
 * timer is about to run out. An instruction takes 2^@shift ns. False, and @state is as it
 * was, if it is none that can be read so: from another QEMU, or stopped elsewhere.
 *
 * A guest restored from it has the timer's interrupt at its first instruction, and
 * nothing is left by which QEMU could move its clock on before.
 */
bool device_state_settle(void *state, size_t len, int shift);

#endif

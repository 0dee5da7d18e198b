/* evidence_programs.h - what the programs of a run said: a step of evidence_read() */
#ifndef TWLAB_EVIDENCE_PROGRAMS_H
#define TWLAB_EVIDENCE_PROGRAMS_H

#include <twlab/evidence.h>

/* Add the programs of which there is a NAME.out in @evidence's folder programs, by name.
 * Fails where that cannot be read, or there is no NAME.status with it.
 */
int evidence_programs(struct evidence *evidence, struct err *err);

#endif

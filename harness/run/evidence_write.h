/* evidence_write.h - write out what a recorder has */
#ifndef TWLAB_RUN_EVIDENCE_WRITE_H
#define TWLAB_RUN_EVIDENCE_WRITE_H

#include "harness/run/recorder.h"

#include <stdio.h>

/* The last step is over: what comes from now on is no part of the run. */
int evidence_end(struct recorder *recorder, struct err *err);

/* Write the folder, after evidence_end(): packets, counters, and run.json last. @recycle is "",
 * "emulated" or "genuine"; @failed, if not NULL, is why the run could not be
 * carried through: run.json says so then, and that it is not complete.
 */
int evidence_write(struct recorder *recorder, uint64_t seed, const char *recycle,
		   const char *failed, struct err *err);

/* Create the file @name in @dir; it must not be there. */
FILE *evidence_create(const char *dir, const char *name, struct err *err);

/* Ticks of this kernel's timer a second; 0 when it does not tell. */
int evidence_hz(void);

#endif

/* job.h - a guest's job and its result, as they cross the border */
#ifndef TWLAB_VM_JOB_H
#define TWLAB_VM_JOB_H

#include "harness/vm/executable.h"
#include "harness/vm/vm.h"

/* @job as the bundle that PID 1 reads (init.h), in a memory file: its fd. Left
 * out is what the guest has already: @there.
 */
int job_pack(const struct vm_job *job, const struct paths *there, struct err *err);

/* Fill @result's status, files, virtual_ns and kernel_release from the bundle of
 * @len bytes that the memory file @fd holds.
 */
int job_result(int fd, size_t len, struct vm_result *result, struct err *err);

#endif

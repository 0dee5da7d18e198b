/* qmp.h - QEMU's machine protocol, over a socket that is never waited on
 *
 * One JSON object a line. Answers carry the id of their command; events come
 * whenever they like, between a command and its answer too, and are queued.
 */
#ifndef TWLAB_VM_QMP_H
#define TWLAB_VM_QMP_H

#include <jansson.h>

#include <twlab/err.h>

struct qmp;

/* Speak over @fd, a non-blocking stream socket, which it owns from now on. */
struct qmp *qmp_new(int fd);
void qmp_free(struct qmp *qmp);
int qmp_fd(const struct qmp *qmp);

/* Read and sort what has arrived. -EPIPE when QEMU closed its end. */
int qmp_step(struct qmp *qmp, struct err *err);

/* Has QEMU greeted (which it does once, before any command may be sent)? */
bool qmp_greeted(const struct qmp *qmp);

/* Send a command; @args (stolen) may be NULL. Returns its id (> 0). */
int qmp_send(struct qmp *qmp, const char *command, json_t *args, struct err *err);

/* Hand QEMU the descriptor @fd, to be known as @name ("getfd"). */
int qmp_send_fd(struct qmp *qmp, const char *name, int fd, struct err *err);

/* 1 when command @id was answered (once), 0 when not yet, or a negative errno
 * with QEMU's own description when it was refused.
 */
int qmp_answered(struct qmp *qmp, int id, struct err *err);

/* The oldest event that was not asked for yet (to be json_decref'ed) or NULL. */
json_t *qmp_event(struct qmp *qmp);

#endif

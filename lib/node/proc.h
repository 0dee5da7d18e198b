/* proc.h - a program on a node: started, told things, listened to, ended */
#ifndef TWLAB_PROC_H
#define TWLAB_PROC_H

#include <twlab/err.h>

#include <sys/types.h>

#pragma GCC visibility push(default)	/* public */

struct sandbox;

struct proc {
	pid_t pid;		/* 0 = not running */
	int in;			/* its standard input, to write to */
	int out, errors;	/* its standard output and error, to read from (nonblocking) */
};

struct proc_start {
	int ns;			/* the network namespace it lives in */
	char *const *argv;	/* argv[0] is the file */
	const char *dir;	/* where it starts; NULL = here */
	const struct sandbox *sandbox;	/* it is foreign: in there, where argv[0] and dir are too; NULL = it is ours */
	bool privileged;	/* keep the caller's user; else nobody (65534), when the caller is root */
};

/* Start it. It dies with the caller (PR_SET_PDEATHSIG). A file that cannot be
 * executed is an error here, not an exit status later.
 */
int proc_start(const struct proc_start *start, struct proc *proc, struct err *err);

/* Write @line and a line end to its standard input. -EPIPE if it does not read any more. */
int proc_write(const struct proc *proc, const char *line, struct err *err);

/* End it if it runs (SIGKILL), wait for it, close what is open. */
void proc_end(struct proc *proc);

/* "exit 0", "signal 9". @text has room for 32 bytes; returns it. */
char *proc_status_text(int wait_status, char *text);

#pragma GCC visibility pop

#endif

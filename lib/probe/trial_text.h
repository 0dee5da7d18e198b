/* trial_text.h - trials as text: the question for a program, its answer, trials.tsv */
#ifndef TWLAB_TRIAL_TEXT_H
#define TWLAB_TRIAL_TEXT_H

#include <twlab/trial.h>

#pragma GCC visibility push(default)	/* public */

/* The question for a program, a line without its end: @number, flags ("SYN,ACK", "none"), seq, len, ts ("-":
 * none), and of TIME_WAIT rcv_nxt and ts_recent ("-"), then rfc1337. To be freed.
 */
char *trial_question(const struct trial *trial, unsigned int number);

/* A program's line "17 ACK lives": takes it down as said of trial 17 (of @n, from 1).
 * False if it is no such line.
 */
bool trial_receive(struct trial *trials, unsigned int n, const char *line);

/* trials.tsv in the evidence folder, a line each, with tabs: the node, the class, the
 * question, "ACK lives" (the kernel's), the same (a program's; "" where it told nothing).
 */
int trial_write(const char *path, const char *node, const struct trial *trials, unsigned int n, struct err *err);

struct trial_row {
	char *node;
	unsigned int class;
	struct trial_outcome kernel, said;
	bool asked, told;
	unsigned int line;
};

/* Read it into *@rows (from malloc(), as is each node). Refuses, naming the line, what is not that. */
int trial_read(const char *path, struct trial_row **rows, unsigned int *n, struct err *err);

/* What each is called there, by its number. */
extern const char *const trial_answer_name[TRIAL_ANSWERS], *const trial_fate_name[TRIAL_FATES];

#pragma GCC visibility pop

#endif

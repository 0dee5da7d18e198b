/* grade.h - a submission, run and held against its lab's marks
 *
 * One result, which every format is written from (grade_formats.h). Which runs are
 * needed follows from the marks: the lab as it is for predictions, and for each
 * other task the lab with that task's file in place, once a variant.
 */
#ifndef TWLAB_GRADE_GRADE_H
#define TWLAB_GRADE_GRADE_H

#include "harness/judge/judge.h"
#include "harness/grade/submission.h"

struct grade_row {
	const struct task *task;	/* of the lab */
	char *name, *words, *hint;	/* of the mark, filled in */
	enum result result;		/* error and skip are nobody's fault, and no points are lost by them */
	int points, earned;
	char *expected, *seen;
	char *where;			/* "as-is/kept/packets.pcapng:12": below the evidence folder */
	char *run;			/* it looked at: "as-is/kept", below the evidence folder */
	char *said;			/* "prog.so_error: server: 0": it rests on the word of the program handed in; NULL = it does not */
};

struct grade {
	const struct lab *lab;
	char *student;			/* the ids; "" = nobody said */
	struct grade_row *rows;
	unsigned int n;
	int earned, points;
	double seconds;			/* it took */
	long rss_kb;			/* its biggest guest's */
	const char *made_from;		/* a digest of all that it depends on; NULL = not asked for */
};

struct grade_options {
	const char *out;		/* the evidence goes here: TASK/VARIANT below it */
	const char *kernel;
	const char *only;		/* a task's name; NULL = all */
	const char *only_variant;	/* the same of what the marks look at */
	bool again;			/* runs of the lab as it is that .out has, of these very parameters, serve again: for
					 * where nobody else writes to .out */
	unsigned int parallel;		/* so many guests run side by side; 0 is 1 */
	void (*report)(const char *what);	/* progress; may be NULL */
};

/* Grade @submission. vm_prepare() has been called. Fails only when nothing could
 * be tried at all; a guest that could not be started makes rows with "error".
 */
int grade(const struct submission *submission, const struct grade_options *options, struct grade *grade,
	  struct err *err);
void grade_free(struct grade *grade);

/* Exit status: 0 full marks, 1 not, 3 if something could not be told, 4 if skipped. */
int grade_status(const struct grade *grade);

/* What @text, a file of predictions, says of @name: to be freed; NULL = nothing.
 * Where it is said twice, the first counts.
 */
char *grade_predicted(const char *text, const char *name);

/* What @percent % of @points earn, rounded down; 0 for what is no number from 0 to 100. */
int grade_share(int points, const char *percent);

/* Is what was @predicted as near to the @fact as @within allows ("8%", "1500", NULL)? */
bool grade_near(const char *predicted, const char *fact, const char *within);

#endif

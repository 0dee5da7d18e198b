/* class.h - the submissions of a class, graded one by one, several at once
 *
 *	OUT/WHO/result.json	the grade; the last file to be written
 *	OUT/WHO/report.html	the same for people, with pictures of where points were lost
 *	OUT/WHO/evidence/	the runs: TASK/VARIANT
 *	OUT/grades.csv		a row for each student
 *	OUT/index.html		how the class did
 *
 * Each submission has a process of its own and, in it, a guest at a time. OUT/WHO
 * appears whole or not at all. The same submissions, key, twlab and kernel give the
 * same files, to the byte, however many jobs there are and however often it
 * was begun.
 */
#ifndef TWLAB_GRADE_CLASS_H
#define TWLAB_GRADE_CLASS_H

#include "harness/grade/grade.h"

struct class_options {
	struct submission_whose whose;	/* .ids are not looked at */
	const char *out, *kernel;
	unsigned int jobs;
	bool resume;		/* OUT is there: what was graded from the same inputs stays */
	void (*report)(const char *what);	/* progress, often; may be NULL */
};

struct class_count {
	unsigned int graded, kept, refused, errors;
	long rss_kb;		/* of the biggest process of a job */
};

/* Grade what lies in @dir. vm_prepare() has been called. Fails when nothing can be
 * graded at all; a submission that cannot be is a result.
 */
int class_grade(const char *dir, const struct class_options *options, struct class_count *count, struct err *err);

#endif

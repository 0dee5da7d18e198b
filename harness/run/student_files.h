/* student_files.h - a student's files, put where they belong in a plan
 *
 * A setting or a rule becomes a row of the plan's tables, a program is compiled
 * and takes the place of the lab's own. All of it happens on the kernel that the
 * lab then runs on, which is a guest's.
 */
#ifndef TWLAB_RUN_STUDENT_FILES_H
#define TWLAB_RUN_STUDENT_FILES_H

#include "labs/plan/plan.h"
#include <twlab/sandbox.h>
#include <twlab/sysctl_conf.h>

struct student_file {
	enum task_kind kind;	/* not TASK_PREDICT */
	const char *on;		/* a node, or a program */
	const char *path;
};

struct student_files;

/* Put the @n @files in place in @plan, which must outlive what is returned. When
 * the reason of a failure lies in a file, *@theirs is set, and @err says what is
 * wrong with it; else it lies with this machine.
 */
struct student_files *student_files_new(struct plan *plan, const struct student_file *files, unsigned int n,
					bool *theirs, struct err *err);
void student_files_free(struct student_files *student);

/* Where the student's programs run; NULL if there is none. */
struct sandbox *student_files_sandbox(const struct student_files *student);

/* The path, in the sandbox, of what takes the place of the program row @name ("client2"
 * is one of "client"); NULL = the lab's own.
 */
const char *student_files_exe(const struct student_files *student, const char *name);

/* Is @line, of a student's file, a setting that a node has: "net.…"? -EINVAL with @err if not. */
int student_files_setting(const struct sysctl_conf_line *line, struct err *err);

#endif

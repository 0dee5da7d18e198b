/* handin.h - a student's files, put where they belong in a plan
 *
 * A setting or a rule becomes a row of the plan's tables, a program is compiled
 * and takes the place of the lab's own. All of it happens on the kernel that the
 * lab then runs on, which is a guest's.
 */
#ifndef TWLAB_HANDIN_H
#define TWLAB_HANDIN_H

#include "labs/plan.h"
#include "lib/cage.h"
#include "lib/conf.h"

struct handin_file {
	enum task_kind kind;	/* not TASK_PREDICT */
	const char *on;		/* a node, or a program */
	const char *path;
};

struct handin;

/* Put the @n @files in place in @plan, which must outlive what is returned. When
 * the reason of a failure lies in a file, *@theirs is set, and @err says what is
 * wrong with it; else it lies with this machine.
 */
struct handin *handin_new(struct plan *plan, const struct handin_file *files, unsigned int n,
			  bool *theirs, struct err *err);
void handin_free(struct handin *handin);

/* Where the student's programs run; NULL if there is none. */
struct cage *handin_cage(const struct handin *handin);

/* The path, in the cage, of what takes the place of the program row @name ("client2"
 * is one of "client"); NULL = the lab's own.
 */
const char *handin_exe(const struct handin *handin, const char *name);

/* Is @line, of a student's file, a setting that a node has: "net.…"? -EINVAL with @err if not. */
int handin_setting(const struct conf_line *line, struct err *err);

#endif

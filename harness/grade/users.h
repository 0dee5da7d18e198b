/* users.h - who hands in, as Gradescope's submission_metadata.json has it */
#ifndef TWLAB_GRADE_USERS_H
#define TWLAB_GRADE_USERS_H

#include "harness/grade/submission.h"

struct users {
	char **ids, **emails;
	unsigned int n;
};

int users_read(const char *path, struct users *users, struct err *err);
void users_free(struct users *users);

/* Refuse @submission if it was handed out to somebody who is none of @users: not by
 * id, nor by e-mail address, whole or what stands in front of the @.
 */
void users_check(const struct users *users, struct submission *submission);

#endif

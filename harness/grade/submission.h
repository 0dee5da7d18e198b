/* submission.h - a folder that a student hands in
 *
 * The lab's tasks say which files are looked for; twlab.json, which `twlab start`
 * wrote, says whose it is. Nothing else in the folder is touched: links, devices,
 * folders and what is too big are not files here, and say so.
 */
#ifndef TWLAB_GRADE_SUBMISSION_H
#define TWLAB_GRADE_SUBMISSION_H

#include "harness/grade/personal.h"

#define SUBMISSION_ABOUT "twlab.json"
#define SUBMISSION_FILE_MAX (64 << 10)
#define SUBMISSION_STAMP "# handed out to "	/* begins a line of predictions: then the ids, ": " and the tag */

struct submission_file {	/* in the order of the lab's tasks */
	const struct task *task;
	char *data;		/* NUL-terminated; NULL when it cannot be used */
	size_t len;
	char *why;		/* it cannot be used: a sentence */
};

struct submission {
	const struct lab *lab;
	struct personal personal;
	bool refused;		/* as a whole: nothing of it is run */
	struct submission_file *files;
	unsigned int n_files;
};

/* Who hands in, and how that is known. All may be missing. */
struct submission_whose {
	const struct lab *lab;		/* NULL: as twlab.json says */
	const char *const *ids;		/* none: as twlab.json says */
	unsigned int n_ids;
	const void *key;		/* NULL: the parameters are those in twlab.json */
	size_t key_len;
	bool strangers;			/* they do not grade themselves: a key that is not given is missed */
};

/* Read the folder @dir. Refused with a sentence: no folder, an unknown lab, a lab
 * without tasks, parameters that are not this student's; with -EKEYREJECTED, which is
 * no student's fault, another key than the handout's, or none. Predictions that were
 * handed out to others, or lie beside the evidence of others' runs, are no file that can be used.
 */
int submission_read(const char *dir, const struct submission_whose *whose, struct submission *submission,
		    struct err *err);

/* The same of a stranger, whose lab is known: what is refused is a submission all of whose
 * files are refused, and why. Negative (-EKEYREJECTED) for what is no student's fault.
 */
int submission_read_or_refuse(const char *dir, const struct submission_whose *whose, struct submission *submission,
			      struct err *err);

/* One that could not even be read, because of @why. */
void submission_none(const struct submission_whose *whose, const char *why, struct submission *submission);

/* One without files yet, and putting one in. */
void submission_of(const struct lab *lab, const struct personal *personal, struct submission *submission);
void submission_put(struct submission *submission, unsigned int file, const void *data, size_t len);

/* Each of its files is refused, because of @why. */
void submission_refuse(struct submission *submission, const char *why);

/* twlab.json for @personal, to be freed. */
char *submission_about(const struct lab *lab, const struct personal *personal);

void submission_free(struct submission *submission);

#endif

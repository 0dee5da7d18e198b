/* submissions.h - a folder of submissions: a folder or an archive each
 *
 *	ada/  ada+bob/  ada.zip  ada+bob.tar.gz		by the ids of who hands in
 *	submission_1234/				Gradescope's export
 *	Ada Lovelace_1234_assignsubmission_file/	Moodle's
 *
 * An export does not say the ids: twlab.json in it does, and the key tells
 * whether that is so.
 */
#ifndef TWLAB_GRADE_SUBMISSIONS_H
#define TWLAB_GRADE_SUBMISSIONS_H

#include <twlab/err.h>

struct submission_entry {
	char *path;
	char *who;		/* its name, fit for a file: where the results go */
	char **ids;		/* as the name has them; none for an export */
	unsigned int n_ids;
	bool archive;
	char *why;		/* it cannot be graded: a sentence; NULL = it can */
};

/* What @dir holds, by name. Other files and those that begin with a dot are passed over. */
int submissions_list(const char *dir, struct submission_entry **all, unsigned int *n, struct err *err);
void submissions_free(struct submission_entry *all, unsigned int n);

/* Is @dir a folder of submissions: neither twlab.json nor a file that a task asks
 * for lies in it, but a folder or an archive does?
 */
bool submissions_is_class(const char *dir);

/* The folder, to be freed, that its files are in: itself, or the only one in it. An archive is
 * unpacked into @scratch, which is made. NULL and @err when it cannot be, which
 * is its author's business.
 */
char *submissions_folder(const struct submission_entry *entry, const char *scratch, struct err *err);

#endif

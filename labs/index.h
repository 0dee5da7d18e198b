/* index.h - every lab, and how to find one */
#ifndef TWLAB_INDEX_H
#define TWLAB_INDEX_H

#include <twlab/lab.h>

/* Every lab of twlab, in teaching order; ends in NULL. */
extern const struct lab *const all_labs[];

/* By folder name, number ("1", "01") or the part after it ("four-way-close"); of a lab
 * that was added, by name. NULL if there is none.
 */
const struct lab *lab_find(const char *name);

/* Have lab_find() find @lab as well, whose programs lie in the folder @dir. Both stay
 * the caller's, and have to stay there.
 */
void lab_add(const struct lab *lab, const char *dir);

/* The folder given with lab_add(); NULL for a lab of twlab, and for none. */
const char *lab_dir(const char *name);

#endif

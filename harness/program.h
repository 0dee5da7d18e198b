/* program.h - what a program of this machine needs to run in a guest */
#ifndef TWLAB_PROGRAM_H
#define TWLAB_PROGRAM_H

#include "files.h"

/* Add the file @path (absolute) with what it cannot run without: its shared
 * libraries and the dynamic linker, or a script's interpreter. All keep their
 * own paths, less the first '/'. What @files or @have (may be NULL) hold
 * already is not added again. A file that is neither is added alone.
 */
int program_add(struct files *files, const struct files *have, const char *path,
		struct err *err);

/* The program @name as a shell would find it: @name itself with a '/' in it,
 * else along PATH. An absolute path to be freed, or NULL.
 */
char *program_find(const char *name);

/* The path of this twlab itself, to be freed. A test is another program: it
 * takes ./twlab.
 */
char *program_self(struct err *err);

#endif

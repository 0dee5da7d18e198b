/* executable.h - what a program of this machine needs to run in a guest */
#ifndef TWLAB_VM_EXECUTABLE_H
#define TWLAB_VM_EXECUTABLE_H

#include "harness/util/files.h"

/* A list of absolute paths, each once. { 0 } is an empty one. */
struct paths {
	char **item;
	size_t n;
};

void paths_add(struct paths *paths, const char *path);
bool paths_have(const struct paths *paths, const char *path);
void paths_free(struct paths *paths);
#define auto_paths __attribute__((cleanup(paths_free)))

/* Add the file @path (absolute) and what it cannot run without: its shared
 * libraries and the dynamic linker, or a script's interpreter (with its). A file
 * that is neither is added alone.
 */
int executable_needs(const char *path, struct paths *paths, struct err *err);

/* Add those files, read, to what a job brings (vm_job.system). */
int executable_add(struct files *system, const char *path, struct err *err);

/* The program @name as a shell would find it: @name itself with a '/' in it,
 * else along PATH. An absolute path to be freed, or NULL.
 */
char *executable_find(const char *name);

/* The path of this twlab itself, to be freed. A test is another program: it
 * takes ./twlab.
 */
char *executable_self(struct err *err);

#endif

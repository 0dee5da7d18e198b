/* compile.h - a student's C file, compiled where it will run */
#ifndef TWLAB_RUN_COMPILE_H
#define TWLAB_RUN_COMPILE_H

#include <twlab/sandbox.h>

/* Compile the @len bytes of @text, the source of program @name, in @sandbox: the program is *@exe
 * (to be freed). The same source is compiled once a guest. When the reason of a failure lies in
 * the source, *@theirs is set, and @err says what is wrong with it.
 */
int compile_program(struct sandbox *sandbox, const char *name, const char *text, size_t len, void **exe, size_t *exe_len,
		    bool *theirs, struct err *err);

#endif

/* text.h - text for a terminal */
#ifndef TWLAB_UTIL_TEXT_H
#define TWLAB_UTIL_TEXT_H

#include <stdio.h>
#include <twlab/base.h>

/* Print @words, which begins at column @indent, wrapped to 80 columns. */
void text_wrap(FILE *out, const char *words, int indent);

#endif

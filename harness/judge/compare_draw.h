/* compare_draw.h - one run on several kernels, drawn as one table */
#ifndef TWLAB_JUDGE_COMPARE_DRAW_H
#define TWLAB_JUDGE_COMPARE_DRAW_H

#include "harness/judge/compare.h"

/* Draw what compare_outcomes() finds as one table: kernels.dot, .svg and .png into @dir. */
int compare_draw(const char *const *kernels, unsigned int n, const struct outcome *outcomes,
		 const char *dir, struct err *err);

#endif

/* sheet.h - the picture of a table: one run under several conditions, side by side
 *
 * A column each, claims above and other facts below. A row that differs has a sign
 * at its edge and a ground of its own, and a cell for each; one that does not has its
 * value once, across all columns, if it is the same to the letter.
 */
#ifndef TWLAB_SHEET_H
#define TWLAB_SHEET_H

#include "diagrams/dot.h"

enum sheet_verdict { SHEET_NONE, SHEET_PASS, SHEET_FAIL, SHEET_ERROR, SHEET_SKIP, SHEET_VERDICTS };

struct sheet_cell {
	enum sheet_verdict verdict;	/* SHEET_NONE: of a fact that no claim is about */
	const char *value;		/* "-" where there is none */
};

struct sheet_row {
	const char *words;		/* what is claimed; NULL: a fact alone */
	char *name;			/* of the fact: "client conn1.TIME_WAIT.ms" */
	struct sheet_cell *cells;	/* one a column */
	bool differs;
};

/* All that a picture shows; the caller's. */
struct sheet {
	const char *title, *caption;
	const char *const *columns;	/* their names */
	unsigned int n_columns;
	const struct sheet_row *rows;	/* claims first */
	unsigned int n_rows;
	const char *rest;		/* lines under the table; NULL = none */
};

/* The picture's text in DOT (placed), owned by the caller. */
char *sheet_draw(const struct sheet *sheet);

#endif

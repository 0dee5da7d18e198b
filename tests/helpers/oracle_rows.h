/* oracle_rows.h - the rows that genuine kernels decided, for test_oracle.c */
#ifndef TWLAB_TESTS_ORACLE_ROWS_H
#define TWLAB_TESTS_ORACLE_ROWS_H

#include <twlab/trace.h>

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define GENUINE "tests/data/tw_recycle-4.9.337.tsv"
#define PLAIN "tests/data/tw_syn-6.1.tsv"

enum verdict { SILENT, SYNACK, CHALLENGE, OTHER, VERDICTS };
static const char *const verdict_name[] = {
	[SILENT] = "silent", [SYNACK] = "synack", [CHALLENGE] = "ack", [OTHER] = "something else",
};
static_assert(ARRAY_SIZE(verdict_name) == VERDICTS, "verdict_name[] lacks one");

enum step { WAITS, CALLED, ESTABLISHED, CLOSING, CLOSED, ASKED, DONE };

struct row {
	/* What the file says. */
	int recycle, timestamps, server_closes, same_port, first_ts;
	double elapsed_s;
	int second_ts;
	int64_t ts_delta, isn_delta;
	enum verdict verdict;
	int paws_passive;
	unsigned int line;
	enum { ANY, ALIVE, DEAD } fate;	/* that its TIME_WAIT must have when the SYN comes */

	/* What happens. */
	enum step step;
	int64_t due_ns;			/* of the next step that time brings; CLOCK_MONOTONIC */
	struct endpoint peer, server;
	uint32_t seq, ack;
	int fd;				/* the server's socket, for a peer that closes first: */
	bool fin_acked;			/* the server closes it when the peer's FIN is there */
	enum verdict got;
	int rejected;
};

static inline enum verdict verdict_of(const char *name)
{
	enum verdict verdict = 0;

	while (verdict < OTHER && strcmp(name, verdict_name[verdict]))
		verdict++;
	return verdict;
}

static inline unsigned int read_rows(const char *path, struct row **rows)
{
	auto_fclose FILE *file = fopen(path, "r");
	unsigned int n = 0, line_no = 0;
	char line[256], closer[16], verdict[16];

	assert_non_null(file);
	*rows = NULL;
	while (fgets(line, sizeof(line), file)) {
		struct row *row;

		line_no++;
		if (*line == '#')
			continue;
		row = grow(rows, n++, sizeof(*row));
		assert_int_equal(sscanf(line, "%d %d %15s %d %d %lf %*d %d %" SCNd64 " %" SCNd64 " %15s %d",
					&row->recycle, &row->timestamps, closer, &row->same_port,
					&row->first_ts, &row->elapsed_s, &row->second_ts, &row->ts_delta,
					&row->isn_delta, verdict, &row->paws_passive), 11);
		row->server_closes = !strcmp(closer, "server");
		row->verdict = verdict_of(verdict);
		row->line = line_no;
		assert_int_not_equal(row->verdict, OTHER);
	}
	return n;
}

/* The row that differs from @row in nothing but the time. */
static inline const struct row *twin(const struct row *rows, unsigned int n, const struct row *row, double elapsed_s)
{
	for (unsigned int i = 0; i < n; i++)
		if (rows[i].recycle == row->recycle && rows[i].timestamps == row->timestamps &&
		    rows[i].server_closes == row->server_closes && rows[i].same_port == row->same_port &&
		    rows[i].first_ts == row->first_ts && rows[i].elapsed_s == elapsed_s &&
		    rows[i].second_ts == row->second_ts && rows[i].ts_delta == row->ts_delta &&
		    rows[i].isn_delta == row->isn_delta)
			return &rows[i];
	fail_msg("line %u has no twin at %g s", row->line, elapsed_s);
	return NULL;
}

/* Does a TIME_WAIT of 60 s decide, and is it the end of its timer's granule that
 * decides about it? (With a stamp the 60 whole seconds decide, not a TIME_WAIT.)
 */
static inline bool by_granule(const struct row *rows, unsigned int n, const struct row *row,
			      enum verdict *alive, enum verdict *dead)
{
	if (row->elapsed_s < 60 || row->elapsed_s > 65 || !row->same_port || !row->server_closes ||
	    (row->recycle && row->timestamps && row->first_ts))
		return false;
	*alive = twin(rows, n, row, 58)->verdict;
	*dead = twin(rows, n, row, 90)->verdict;
	return *alive != *dead;
}

/* Set the fate of the rows that have one, and add each again with the other
 * fate. Returns how many rows there are now.
 */
static inline unsigned int add_other_fates(struct row **rows, unsigned int n)
{
	unsigned int all = n;
	enum verdict alive, dead;

	for (unsigned int i = 0; i < n; i++) {
		struct row *other;

		if (!by_granule(*rows, n, &(*rows)[i], &alive, &dead))
			continue;
		assert_true((*rows)[i].verdict == alive || (*rows)[i].verdict == dead);
		(*rows)[i].fate = (*rows)[i].verdict == alive ? ALIVE : DEAD;
		other = grow(rows, all++, sizeof(*other));
		*other = (*rows)[i];
		other->fate = other->fate == ALIVE ? DEAD : ALIVE;
		other->verdict = other->fate == ALIVE ? alive : dead;
	}
	return all;
}

#endif

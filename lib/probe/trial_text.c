/* trial_text.c - trials in words: for a program that is asked, and for the record */
#include <twlab/trial_text.h>

#include <twlab/err.h>
#include <twlab/fs.h>

#include <errno.h>

const char *const trial_answer_name[] = {
	[TRIAL_NONE] = "none", [TRIAL_ACK] = "ACK", [TRIAL_RST] = "RST", [TRIAL_SYN_ACK] = "SYN-ACK",
};
static_assert(ARRAY_SIZE(trial_answer_name) == TRIAL_ANSWERS, "trial_answer_name[] lacks an answer");

const char *const trial_fate_name[] = {
	[TRIAL_ENDS] = "ends", [TRIAL_LIVES] = "lives", [TRIAL_RESTARTS] = "restarts",
};
static_assert(ARRAY_SIZE(trial_fate_name) == TRIAL_FATES, "trial_fate_name[] lacks a fate");

static char *number_or_none(bool there, uint32_t value)
{
	return there ? must_printf("%u", value) : must_strdup("-");
}

char *trial_question(const struct trial *trial, unsigned int number)
{
	auto_free char *ts = number_or_none(trial->has_ts, trial->ts);
	auto_free char *recent = number_or_none(trial->tw.has_ts, trial->tw.ts_recent);
	char flags[40];

	return must_printf("%u %s %u %u %s %u %s %d", number, tcp_flags_text(trial->flags, flags),
			   trial->seq, trial->len, ts, trial->tw.rcv_nxt, recent, trial->rfc1337);
}

static int named(const char *const *names, int n, const char *name)
{
	int i = 0;

	while (i < n && strcmp(names[i], name))
		i++;
	return i;
}

/* "ACK lives". @text has room for 32 bytes; returns it. */
static char *outcome_text(const struct trial_outcome *outcome, char *text)
{
	sprintf(text, "%s %s", trial_answer_name[outcome->answer], trial_fate_name[outcome->fate]);
	return text;
}

/* Read that again. */
static bool outcome_parse(const char *text, struct trial_outcome *outcome)
{
	char answer[16], fate[16];
	int a, f;

	if (sscanf(text, "%15s %15s", answer, fate) != 2)
		return false;
	a = named(trial_answer_name, TRIAL_ANSWERS, answer);
	f = named(trial_fate_name, TRIAL_FATES, fate);
	if (a == TRIAL_ANSWERS || f == TRIAL_FATES)
		return false;
	*outcome = (struct trial_outcome){ (enum trial_answer)a, (enum trial_fate)f };
	return true;
}

bool trial_receive(struct trial *trials, unsigned int n, const char *line)
{
	char *end;
	unsigned long number = strtoul(line, &end, 10);

	if (end == line || !number || number > n || !outcome_parse(end, &trials[number - 1].said))
		return false;
	trials[number - 1].told = true;
	return true;
}

int trial_write(const char *path, const char *node, const struct trial *trials, unsigned int n, struct err *err)
{
	auto_fclose FILE *file = fopen(path, "wxe");

	for (unsigned int t = 0; file && t < n; t++) {
		const struct trial *trial = &trials[t];
		auto_free char *question = trial_question(trial, t + 1);
		char kernel[32], said[32] = "";

		fprintf(file, "%s\t%s\t%s\t%s\t%s\n", node, trial_class(trial->class), question, outcome_text(&trial->kernel, kernel),
			trial->told ? outcome_text(&trial->said, said) : trial->asked ? "?" : "");
	}
	return !file || fflush(file) || ferror(file) ? err_set(err, errno, "cannot write %s", path) : 0;
}

static bool row_read(char *line, struct trial_row *row)
{
	char *columns[5];

	line[strcspn(line, "\n")] = '\0';
	for (size_t c = 0; c < ARRAY_SIZE(columns); c++)
		if (!(columns[c] = strsep(&line, "\t")))
			return false;
	if (line || !*columns[0] || !outcome_parse(columns[3], &row->kernel))
		return false;
	while (row->class < TRIAL_CLASSES && strcmp(trial_class(row->class), columns[1]))
		row->class++;
	row->asked = *columns[4];
	row->told = outcome_parse(columns[4], &row->said);
	row->node = must_strdup(columns[0]);
	return row->class < TRIAL_CLASSES;
}

int trial_read(const char *path, struct trial_row **rows, unsigned int *n, struct err *err)
{
	auto_fclose FILE *file = fs_open(path);
	auto_free char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (!file)
		return err_set(err, errno, "cannot read %s", path);
	while ((len = getline(&line, &size, file)) > 0) {
		struct trial_row *row = grow(rows, (*n)++, sizeof(*row));

		row->line = *n;
		if (strlen(line) != (size_t)len || line[len - 1] != '\n' || !row_read(line, row))
			return err_set(err, 0, "trials.tsv:%u: not node, class, question, answer, answer", *n);
	}
	return ferror(file) ? err_set(err, EIO, "cannot read %s", path) : 0;
}

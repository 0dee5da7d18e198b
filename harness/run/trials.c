/* trials.c - segments tried on TIME_WAIT, and a program that is asked about them
 *
 * The program does not see what the kernel answered: it is told the segments alone, and
 * what it tells is put down beside.
 */
#include "harness/run/trials.h"

#include <twlab/number.h>
#include <twlab/pcapng.h>
#include <twlab/trial_text.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

int trials_try(struct run_state *run, const struct step *step)
{
	auto_free char *seed = must_printf("seed %llu", (unsigned long long)run->options->seed);
	long long n;

	if (run->trials || !number_integer(step->what, &n) || n < 1 || n > INT_MAX)
		return err_set(run->err, 0, "trials are done once, of 1 and more segments");
	recorder_event(run->recorder, "try", step->on, step->what, seed);
	run->trials = must_calloc((size_t)n, sizeof(*run->trials));
	run->trials_on = step->on;
	trial_draw(run->options->seed, run->trials, (unsigned int)n);
	run->trials_trace = trace_new();
	if (trial_run(&run->plan->topo, step->on, run->trials, (unsigned int)n, run->trials_trace, run->err))
		return -run->err->code;
	run->n_trials = (unsigned int)n;
	return 0;
}

static struct run_program *asked(const struct run_state *run, const struct step *step)
{
	for (unsigned int p = 0; p < run->n_programs; p++)
		if (!strcmp(run->programs[p].program->name, step->on))
			return &run->programs[p];
	return NULL;
}

/* All the questions at once, and then the end of its input. There is room for them: a program
 * that does not read holds nobody up.
 */
static int put_questions(struct run_program *program, const char *text, size_t len, struct err *err)
{
	if ((fcntl(program->proc.in, F_SETPIPE_SZ, (int)len + 4096) < 0 || write(program->proc.in, text, len) != (ssize_t)len) &&
	    errno != EPIPE)	/* it does not want to know: what it has said counts */
		return err_set(err, errno, "%s cannot be asked", program->program->name);
	close(steal_fd(&program->proc.in));
	return 0;
}

int trials_ask(struct run_state *run, const struct step *step)
{
	struct run_program *program = asked(run, step);
	auto_free char *text = NULL;
	size_t len;
	FILE *all;

	if (!program)
		return err_set(run->err, 0, "there is no program '%s'", step->on);
	if (!program->started)
		return err_set(run->err, 0, "%s has not been started", step->on);
	if (program->ended)	/* which says enough */
		return 0;
	all = open_memstream(&text, &len);
	for (unsigned int t = 0; all && t < run->n_trials; t++) {
		auto_free char *question = trial_question(&run->trials[t], t + 1);

		fprintf(all, "%s\n", question);
	}
	if (!all || fclose(all))
		return err_set(run->err, errno, "cannot ask");
	recorder_event(run->recorder, "ask", program->program->node, step->on, step->why);
	return put_questions(program, text, len, run->err);
}

/* Take down what it has told since; true if that was about each of them. */
static bool all_answered(struct run_state *run, struct run_program *program)
{
	bool all = true;

	for (char *line = program->out.text ? program->out.text + program->said : NULL, *end;
	     line && (end = strchr(line, '\n')); line = end + 1) {
		trial_receive(run->trials, run->n_trials, line);
		program->said = (size_t)(end + 1 - program->out.text);
	}
	for (unsigned int t = 0; t < run->n_trials; t++) {
		run->trials[t].asked = true;
		all = all && run->trials[t].told;
	}
	return all;
}

int trials_answered(struct run_state *run, const struct step *step)
{
	struct run_program *program = asked(run, step);
	bool ended = program && program->ended;	/* before the last look */

	return program && (all_answered(run, program) || ended);
}

char *trials_found(struct run_state *run, const struct step *step)
{
	unsigned int told = 0;

	(void)step;
	for (unsigned int t = 0; t < run->n_trials; t++)
		told += run->trials[t].told;
	return must_printf("it told of %u of %u", told, run->n_trials);
}

int trials_write(const struct run_state *run)
{
	auto_free char *path = must_printf("%s/trials.tsv", run->options->dir);
	auto_free char *packets = must_printf("%s/trials.pcapng", run->options->dir);
	static const struct pcapng_about about = {
		.userappl = "twlab " TWLAB_VERSION, .comment = "segments tried on TIME_WAIT, with their numbers in trials.tsv, and what came back",
	};

	if (!run->n_trials)
		return 0;
	return trial_write(path, run->trials_on, run->trials, run->n_trials, run->err) ||
	       pcapng_write(packets, run->trials_trace, &about, run->err) ? -run->err->code : 0;
}

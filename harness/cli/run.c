/* run.c - twlab run: what is asked for in words, and what came of it */
#include "harness/cli/run.h"

#include "harness/cli/commands.h"
#include "harness/vm/kernel.h"
#include "harness/batch/plugin.h"
#include "harness/batch/evidence_dir.h"
#include "harness/batch/batch.h"
#include "harness/judge/compare.h"
#include "harness/judge/compare_draw.h"
#include "labs/index.h"

#include <errno.h>
#include <getopt.h>

/* @variant of @lab on @kernel; its evidence has a folder for each of several. */
static int add_job(struct batch *batch, const struct lab *lab, const char *variant, const char *kernel,
		   struct err *err)
{
	struct plan *plan = plan_new(lab, variant, batch->sets, batch->n_sets, err);
	bool several = batch->n_kernels > 1;
	struct run *run;

	if (!plan)
		return -err->code;
	run = grow(&batch->runs, batch->n_runs++, sizeof(*run));
	run->plan = plan;
	run->kernel = kernel;
	run->dir = must_printf("%s/%s/%s%s%s", batch->out, lab->name, variant, several ? "/" : "",
			       several ? kernel : "");
	return evidence_dir_check(run->dir, err) ? -err->code : 0;
}

static int add_lab(struct batch *batch, const struct lab *lab, struct err *err)
{
	for (const struct variant *variant = lab->variants; variant && variant->name; variant++) {
		if (batch->variant && strcmp(batch->variant, variant->name))
			continue;
		for (unsigned int k = 0; k < (batch->n_kernels ? batch->n_kernels : 1); k++)
			if (add_job(batch, lab, variant->name, batch->n_kernels ? batch->kernels[k] : NULL, err))
				return -err->code;
	}
	if (batch->variant)	/* say what there is, if it is none of them */
		plan_free(plan_new(lab, batch->variant, NULL, 0, err));
	return batch->variant && err->code ? -err->code : 0;
}

enum { OPT_SET = 256, OPT_SEED, OPT_VARIANT, OPT_KERNEL, OPT_HERE, OPT_JSON, OPT_TSV, OPT_JOBS, OPT_NO_DRAW, OPT_IPV6 };

static const struct option options[] = {
	{ "set", required_argument, NULL, OPT_SET },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "variant", required_argument, NULL, OPT_VARIANT },
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "here", no_argument, NULL, OPT_HERE },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "tsv", no_argument, NULL, OPT_TSV },
	{ "jobs", required_argument, NULL, OPT_JOBS },
	{ "no-draw", no_argument, NULL, OPT_NO_DRAW },
	{ "ipv6", no_argument, NULL, OPT_IPV6 },
	{ "output", required_argument, NULL, 'o' },
	{ 0 }
};

static int parse(struct batch *batch, int argc, char **argv, struct err *err)
{
	uint64_t n;
	int opt;

	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, ":o:", options, NULL)) >= 0) {
		switch (opt) {
		case 'o': batch->out = optarg; break;
		case OPT_SET: *(const char **)grow(&batch->sets, batch->n_sets++, sizeof(char *)) = optarg; break;
		case OPT_IPV6: *(const char **)grow(&batch->sets, batch->n_sets++, sizeof(char *)) = "ip=6"; break;
		case OPT_VARIANT: batch->variant = optarg; break;
		case OPT_KERNEL: batch->kernel = optarg; break;
		case OPT_HERE: batch->here = true; break;
		case OPT_JSON: batch->format = PRINT_JSON; break;
		case OPT_TSV: batch->format = PRINT_TSV; break;
		case OPT_NO_DRAW: batch->draw = false; break;
		case OPT_SEED:
			if (options_number(optarg, "a seed", 0, INT64_MAX, &batch->seed, err))
				return -err->code;
			break;
		case OPT_JOBS:
			if (options_number(optarg, "--jobs", 0, 1024, &n, err))
				return -err->code;
			batch->parallel = n ? (unsigned int)n : 1;
			break;
		default:
			return options_unknown(opt, argv, err);
		}
	}
	if (batch->kernel && batch->here)
		return err_set(err, 0, "--here is on this machine's own kernel, and --kernel on another");
	if (batch->kernel) {
		int names = kernel_names(batch->kernel, &batch->kernels, err);

		if (names < 0)
			return names;
		batch->n_kernels = (unsigned int)names;
	}
	if (!*batch->out)		/* "" and a lab's name would be a folder of / */
		return err_set(err, 0, "-o wants the name of a folder");
	if (optind == argc)
		return err_set(err, 0, "which lab? twlab list names them; 'all' runs every one");
	for (int a = optind; a < argc; a++) {
		const struct lab *lab = strcmp(argv[a], "all") ? plugin_lab(argv[a], err) : NULL;

		if (!strcmp(argv[a], "all"))
			for (const struct lab *const *each = all_labs; *each; each++) {
				if (add_lab(batch, *each, err))
					return -err->code;
			}
		else if (!lab || add_lab(batch, lab, err))
			return err_code(err);
	}
	return 0;
}

static void run_free(struct batch *batch)
{
	for (unsigned int j = 0; j < batch->n_runs; j++) {
		plan_free(batch->runs[j].plan);
		outcome_free(&batch->runs[j].outcome);
		free(batch->runs[j].dir);
		free(batch->runs[j].output);
	}
	for (unsigned int k = 0; k < batch->n_kernels; k++)
		free(batch->kernels[k]);
	free(batch->kernels);
	free(batch->runs);
	free(batch->sets);
}

/* The table of each variant, in the folder that holds its kernels' evidence. */
static int draw_sides(const struct batch *batch, const struct outcome *outcomes)
{
	for (unsigned int j = 0; batch->draw && j < batch->n_runs; j += batch->n_kernels) {
		const char *dir = batch->runs[j].dir;
		auto_free char *above = must_printf("%.*s", (int)(strrchr(dir, '/') - dir), dir);
		struct err err = { 0 };

		if (evidence_dir_make(dir, &err) ||
		    compare_draw((const char *const *)batch->kernels, batch->n_kernels, outcomes + j, above, &err)) {
			fprintf(stderr, "twlab: run: %s: %s\n", above, err.text);
			return STATUS_ERROR;
		}
		if (batch->format == PRINT_TEXT)
			printf("%s%s/kernels.svg\n", j ? "             " : "drawn        ", above);
	}
	return STATUS_HOLDS;
}

static int conclude_all(struct batch *batch)
{
	struct outcome *outcomes = must_calloc(batch->n_runs, sizeof(*outcomes));
	int drawn = STATUS_HOLDS, status;

	for (unsigned int j = 0; j < batch->n_runs; j++)
		outcomes[j] = batch->runs[j].outcome;	/* borrowed */
	if (batch->n_kernels > 1) {
		compare_print(stdout, batch->format, (const char *const *)batch->kernels, batch->n_kernels, outcomes,
			   batch->n_runs / batch->n_kernels);
		drawn = draw_sides(batch, outcomes);
	} else {
		outcomes_print(stdout, batch->format, outcomes, batch->n_runs);
	}
	status = outcome_status(outcomes, batch->n_runs);
	free(outcomes);
	return drawn > status ? drawn : status;
}

/* What the words ask for, run and drawn. */
static int run_words(struct batch *batch, int argc, char **argv, struct err *err)
{
	*batch = (struct batch){ .out = "evidence", .seed = 1, .draw = true,
			     .parallel = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN),
			     .quiet = !isatty(STDERR_FILENO) };
	return parse(batch, argc, argv, err) ? STATUS_USAGE : batch_run(batch, err);
}

int run_main(int argc, char **argv, struct err *err)
{
	struct batch batch;
	int drawn = run_words(&batch, argc, argv, err), status = err->code ? drawn : conclude_all(&batch);

	run_free(&batch);
	return drawn > status ? drawn : status;
}

int run_outcomes(int argc, char **argv, struct outcome **outcomes, unsigned int *n, struct err *err)
{
	struct batch batch;
	int status = run_words(&batch, argc, argv, err);

	for (unsigned int j = 0; !err->code && j < batch.n_runs; j++) {
		*(struct outcome *)grow(outcomes, *n, sizeof(**outcomes)) = batch.runs[j].outcome;
		batch.runs[j].outcome = (struct outcome){ 0 };
		++*n;
	}
	run_free(&batch);
	return status;
}

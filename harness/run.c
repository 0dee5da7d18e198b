/* run.c - twlab run: what is asked for in words, and what came of it */
#include "harness/harness.h"
#include "harness/kernel.h"
#include "harness/outside.h"
#include "harness/place.h"
#include "harness/runs.h"
#include "harness/side.h"

#include <errno.h>
#include <getopt.h>

/* @variant of @lab on @kernel; its evidence has a folder for each of several. */
static int add_job(struct run *run, const struct lab *lab, const char *variant, const char *kernel,
		   struct err *err)
{
	struct plan *plan = plan_new(lab, variant, run->sets, run->n_sets, err);
	bool several = run->n_kernels > 1;
	struct job *job;

	if (!plan)
		return -err->code;
	job = grow(&run->jobs, run->n_jobs++, sizeof(*job));
	job->plan = plan;
	job->kernel = kernel;
	job->dir = must_printf("%s/%s/%s%s%s", run->out, lab->name, variant, several ? "/" : "",
			       several ? kernel : "");
	return place_check(job->dir, err) ? -err->code : 0;
}

static int add_lab(struct run *run, const struct lab *lab, struct err *err)
{
	for (const struct variant *variant = lab->variants; variant && variant->name; variant++) {
		if (run->variant && strcmp(run->variant, variant->name))
			continue;
		for (unsigned int k = 0; k < (run->n_kernels ? run->n_kernels : 1); k++)
			if (add_job(run, lab, variant->name, run->n_kernels ? run->kernels[k] : NULL, err))
				return -err->code;
	}
	if (run->variant)	/* say what there is, if it is none of them */
		plan_free(plan_new(lab, run->variant, NULL, 0, err));
	return run->variant && err->code ? -err->code : 0;
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

static int parse(struct run *run, int argc, char **argv, struct err *err)
{
	uint64_t n;
	int opt;

	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, ":o:", options, NULL)) >= 0) {
		switch (opt) {
		case 'o': run->out = optarg; break;
		case OPT_SET: *(const char **)grow(&run->sets, run->n_sets++, sizeof(char *)) = optarg; break;
		case OPT_IPV6: *(const char **)grow(&run->sets, run->n_sets++, sizeof(char *)) = "ip=6"; break;
		case OPT_VARIANT: run->variant = optarg; break;
		case OPT_KERNEL: run->kernel = optarg; break;
		case OPT_HERE: run->here = true; break;
		case OPT_JSON: run->tell = TELL_JSON; break;
		case OPT_TSV: run->tell = TELL_TSV; break;
		case OPT_NO_DRAW: run->draw = false; break;
		case OPT_SEED:
			if (commands_number(optarg, "a seed", 0, INT64_MAX, &run->seed, err))
				return -err->code;
			break;
		case OPT_JOBS:
			if (commands_number(optarg, "--jobs", 0, 1024, &n, err))
				return -err->code;
			run->parallel = n ? (unsigned int)n : 1;
			break;
		default:
			return commands_no_option(opt, argv, err);
		}
	}
	if (run->kernel && run->here)
		return err_set(err, 0, "--here is on this machine's own kernel, and --kernel on another");
	if (run->kernel) {
		int names = kernel_names(run->kernel, &run->kernels, err);

		if (names < 0)
			return names;
		run->n_kernels = (unsigned int)names;
	}
	if (optind == argc)
		return err_set(err, 0, "which lab? twlab list names them; 'all' runs every one");
	for (int a = optind; a < argc; a++) {
		const struct lab *lab = strcmp(argv[a], "all") ? outside_lab(argv[a], err) : NULL;

		if (!strcmp(argv[a], "all"))
			for (const struct lab *const *each = all_labs; *each; each++) {
				if (add_lab(run, *each, err))
					return -err->code;
			}
		else if (!lab || add_lab(run, lab, err))
			return err_code(err);
	}
	return 0;
}

static void run_free(struct run *run)
{
	for (unsigned int j = 0; j < run->n_jobs; j++) {
		plan_free(run->jobs[j].plan);
		outcome_free(&run->jobs[j].outcome);
		free(run->jobs[j].dir);
		free(run->jobs[j].said);
	}
	for (unsigned int k = 0; k < run->n_kernels; k++)
		free(run->kernels[k]);
	free(run->kernels);
	free(run->jobs);
	free(run->sets);
}

/* The table of each variant, in the folder that holds its kernels' evidence. */
static int draw_sides(const struct run *run, const struct outcome *outcomes)
{
	for (unsigned int j = 0; run->draw && j < run->n_jobs; j += run->n_kernels) {
		const char *dir = run->jobs[j].dir;
		auto_free char *above = must_printf("%.*s", (int)(strrchr(dir, '/') - dir), dir);
		struct err err = { 0 };

		if (place_make(dir, &err) ||
		    side_draw((const char *const *)run->kernels, run->n_kernels, outcomes + j, above, &err)) {
			fprintf(stderr, "twlab: run: %s: %s\n", above, err.text);
			return STATUS_ERROR;
		}
		if (run->tell == TELL_TEXT)
			printf("%s%s/kernels.svg\n", j ? "             " : "drawn        ", above);
	}
	return STATUS_HOLDS;
}

static int conclude_all(struct run *run)
{
	struct outcome *outcomes = must_calloc(run->n_jobs, sizeof(*outcomes));
	int drawn = STATUS_HOLDS, status;

	for (unsigned int j = 0; j < run->n_jobs; j++)
		outcomes[j] = run->jobs[j].outcome;	/* borrowed */
	if (run->n_kernels > 1) {
		sides_tell(stdout, run->tell, (const char *const *)run->kernels, run->n_kernels, outcomes,
			   run->n_jobs / run->n_kernels);
		drawn = draw_sides(run, outcomes);
	} else {
		outcomes_tell(stdout, run->tell, outcomes, run->n_jobs);
	}
	status = outcome_status(outcomes, run->n_jobs);
	free(outcomes);
	return drawn > status ? drawn : status;
}

/* What the words ask for, run and drawn. */
static int run_words(struct run *run, int argc, char **argv, struct err *err)
{
	*run = (struct run){ .out = "evidence", .seed = 1, .draw = true,
			     .parallel = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN),
			     .quiet = !isatty(STDERR_FILENO) };
	return parse(run, argc, argv, err) ? STATUS_USAGE : runs_carry_out(run, err);
}

int run_main(int argc, char **argv, struct err *err)
{
	struct run run;
	int drawn = run_words(&run, argc, argv, err), status = err->code ? drawn : conclude_all(&run);

	run_free(&run);
	return drawn > status ? drawn : status;
}

int run_outcomes(int argc, char **argv, struct outcome **outcomes, unsigned int *n, struct err *err)
{
	struct run run;
	int status = run_words(&run, argc, argv, err);

	for (unsigned int j = 0; !err->code && j < run.n_jobs; j++) {
		*(struct outcome *)grow(outcomes, *n, sizeof(**outcomes)) = run.jobs[j].outcome;
		run.jobs[j].outcome = (struct outcome){ 0 };
		++*n;
	}
	run_free(&run);
	return status;
}

/* draw.c - twlab draw: the pictures of a lab, or of what a run left */
#include "diagrams/draw.h"

#include <twlab/fs.h>
#include "harness/judge/evidence_find.h"
#include "harness/cli/commands.h"
#include "harness/batch/plugin.h"
#include "harness/judge/outcome.h"

#include <errno.h>
#include <getopt.h>
#include <sys/stat.h>

struct args {
	const char *out, *variant;
	const char **sets;
	unsigned int n_sets;
};

static int draw_lab(const struct lab *lab, const struct args *args, struct err *err)
{
	const char *out = args->out ? args->out : ".";
	struct plan *plan = plan_new(lab, args->variant, args->sets, args->n_sets, err);
	int rc;

	if (!plan)
		return STATUS_USAGE;
	rc = draw_plan(plan, out, err);
	plan_free(plan);
	if (rc < 0)
		return STATUS_ERROR;
	printf("%s/topology.svg\n", out);
	return STATUS_HOLDS;
}

/* The evidence in @dir, drawn into @out. Prints what is there then. */
static int draw_run(const char *dir, const char *out, struct err *err)
{
	struct evidence *evidence = evidence_read(dir, err);
	struct plan *plan = evidence ? outcome_plan(evidence, NULL) : NULL;
	int rc;

	if (!evidence)
		return -err->code;
	rc = draw_evidence(evidence, plan, out, err);
	plan_free(plan);
	evidence_free(evidence);
	if (rc == 0)
		printf("%s\n", out);
	return rc;
}

/* What is no whole run (it has no run.json) is left out. */
static bool is_whole(const char *dir)
{
	auto_free char *run = must_printf("%s/run.json", dir);

	return !access(run, F_OK);
}

/* Every folder at or below @dir with evidence in it. */
static int draw_runs(const char *dir, const char *out, struct err *err)
{
	char **dirs = NULL;
	unsigned int n_dirs = 0, n = 0;
	int rc = evidence_find(dir, &dirs, &n_dirs, err);

	for (unsigned int d = 0; d < n_dirs; d++) {
		if (rc == 0 && is_whole(dirs[d]) && n++ && out)
			rc = err_set(err, 0, "%s holds several runs: they are drawn where they are, without -o", dir);
		else if (rc == 0 && is_whole(dirs[d]))
			rc = draw_run(dirs[d], out ? out : dirs[d], err);
		free(dirs[d]);
	}
	free(dirs);
	if (rc == 0 && n == 0)
		return err_set(err, 0, "%s holds no whole run: twlab check says what there is", dir);
	return rc;
}

static int draw_one(char *what, const struct args *args, struct err *err)
{
	const struct lab *lab;
	struct stat st;

	if (stat(what, &st) == 0 && S_ISDIR(st.st_mode))
		return draw_runs(what, args->out, err) < 0 ? STATUS_ERROR : STATUS_HOLDS;
	lab = plugin_lab(what, err);
	if (lab)
		return draw_lab(lab, args, err);
	return STATUS_USAGE;
}

int draw_main(int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "variant", required_argument, NULL, 'v' },
		{ "set", required_argument, NULL, 's' },
		{ "lab", required_argument, NULL, 'l' },
		{ "ipv6", no_argument, NULL, '6' },
		{ 0 }
	};
	auto_free const char **sets = must_calloc((size_t)argc, sizeof(*sets));
	struct args args = { .sets = sets };
	int status = STATUS_HOLDS;

	opterr = 0;
	for (int opt; !err->code && (opt = getopt_long(argc, argv, ":o:", options, NULL)) != -1; )
		switch (opt) {
		case 'o': args.out = optarg; break;
		case 'v': args.variant = optarg; break;
		case '6': sets[args.n_sets++] = "ip=6"; break;
		case 's': sets[args.n_sets++] = optarg; break;
		case 'l': plugin_lab(optarg, err); break;
		default: options_unknown(opt, argv, err);
		}
	if (!err->code && optind == argc)
		err_set(err, 0, "of what? a folder with evidence, or a lab");
	if (err->code)
		return STATUS_USAGE;
	if (args.out && fs_mkdir(args.out, err))
		return STATUS_ERROR;
	for (; optind < argc && status == STATUS_HOLDS; optind++)
		status = draw_one(argv[optind], &args, err);
	return status;
}

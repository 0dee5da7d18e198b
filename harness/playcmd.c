/* playcmd.c - twlab play: one run on this kernel, not judged: what a guest does */
#include "harness/handin.h"
#include "harness/harness.h"
#include "harness/needs.h"
#include "harness/outside.h"
#include "harness/play.h"

#include <getopt.h>

/* To whoever watches: in a guest the host, else the terminal. */
static void say(int64_t now_ns, const char *what)
{
	const char *fd = getenv("TWLAB_SAY_FD");

	dprintf(fd ? atoi(fd) : STDOUT_FILENO, "%.1f s  %s\n", (double)now_ns / (double)NS_PER_S, what);
}

/* A run that failed by what was handed in is a wrong submission: that is a status. */
static int play_with(struct plan *plan, struct play_options *options, const struct handin_file *files,
		     unsigned int n, struct err *err)
{
	bool theirs = false;
	struct handin *handin = n ? handin_new(plan, files, n, &theirs, err) : NULL;
	int code = n && !handin ? -err->code : 0;

	options->handin = handin;
	options->theirs = &theirs;
	if (!code)
		code = play(plan, options, err);
	handin_free(handin);
	return code ? theirs ? STATUS_USAGE : STATUS_ERROR : STATUS_HOLDS;
}

int play_main(int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "variant", required_argument, NULL, 'v' }, { "set", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'r' }, { "sysctl", required_argument, NULL, TASK_SYSCTL },
		{ "rules", required_argument, NULL, TASK_RULES }, { "program", required_argument, NULL, TASK_PROGRAM }, { 0 }
	};
	struct play_options play_options = { .own_kernel = getenv("TWLAB_GUEST"), .say = say };
	struct handin_file files[8];
	unsigned int n_files = 0;
	const char **sets = NULL, *variant = NULL;
	struct plan *plan = NULL;
	const struct lab *lab;
	unsigned int n = 0;
	int opt, met, status = STATUS_USAGE;

	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, ":o:", options, NULL)) >= 0) {
		switch (opt) {
		case 'o': play_options.dir = optarg; break;
		case 'v': variant = optarg; break;
		case 's': *(const char **)grow(&sets, n++, sizeof(char *)) = optarg; break;
		case 'r': play_options.seed = strtoull(optarg, NULL, 10); break;
		case TASK_SYSCTL: case TASK_RULES: case TASK_PROGRAM:
			if (n_files == ARRAY_SIZE(files) || !strchr(optarg, '=')) {
				err_set(err, 0, "what is handed in is given as NAME=FILE, at most %zu of them", ARRAY_SIZE(files));
				goto out;
			}
			files[n_files++] = (struct handin_file){ (enum task_kind)opt, strsep(&optarg, "="), optarg };
			break;
		default:
			commands_no_option(opt, argv, err);
			goto out;
		}
	}
	if (optind == argc || !play_options.dir) {
		err_set(err, 0, "which lab, and where to (-o DIR)?");
		goto out;
	}
	lab = outside_lab(argv[optind], err);
	plan = lab ? plan_new(lab, variant, sets, n, err) : NULL;
	if (!plan)
		goto out;
	met = needs_met(plan, err);
	status = met < 0 ? STATUS_ERROR : STATUS_SKIP;
	if (met > 0)
		status = play_with(plan, &play_options, files, n_files, err);
out:
	plan_free(plan);
	free(sets);
	return status;
}

/* check.c - twlab check: evidence folders, judged again; twlab list: the labs;
 * twlab play: what the guest's twlab does
 */
#include "harness/harness.h"
#include "harness/needs.h"
#include "harness/outcome.h"
#include "harness/play.h"

#include <errno.h>
#include <getopt.h>

int check_main(int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "tsv", no_argument, NULL, 't' }, { 0 }
	};
	struct outcome *outcomes = NULL;
	enum tell how = TELL_TEXT;
	unsigned int n = 0;
	int opt, status = STATUS_USAGE;

	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (opt == '?') {
			err_set(err, 0, "no such option '%s'; see twlab help check", argv[optind - 1]);
			return STATUS_USAGE;
		}
		how = opt == 'j' ? TELL_JSON : TELL_TSV;
	}
	if (optind == argc)
		err_set(err, 0, "which folder? twlab run leaves them in ./evidence");
	for (int a = optind; a < argc && !err->code; a++)
		if (outcomes_below(argv[a], &outcomes, &n, err))
			status = STATUS_ERROR;
	if (!err->code) {
		outcomes_tell(stdout, how, outcomes, n);
		status = outcome_status(outcomes, n);
	}
	for (unsigned int o = 0; o < n; o++)
		outcome_free(&outcomes[o]);
	free(outcomes);
	return status;
}

int list_main(int argc, char **argv, struct err *err)
{
	if (argc > 2) {
		err_set(err, 0, "one lab at a time");
		return STATUS_USAGE;
	}
	for (const struct lab *const *each = all_labs; *each; each++) {
		const struct lab *lab = *each;

		if (argc == 2 && lab != lab_find(argv[1]))
			continue;
		printf("%s\n  %s\n", lab->name, lab->question);
		for (const struct variant *variant = lab->variants; variant->name; variant++)
			printf("    %-16s %s\n", variant->name, variant->shows);
		for (const struct param *param = lab->params; argc == 2 && param->name; param++)
			printf("    --set %s=%s (%s)\n        %s\n", param->name, param->value, param->range, param->is);
		if (argc == 2)
			return STATUS_HOLDS;
	}
	if (argc == 2) {
		err_set(err, 0, "there is no lab '%s'; twlab list names them", argv[1]);
		return STATUS_USAGE;
	}
	return STATUS_HOLDS;
}

/* To whoever watches: in a guest the host, else the terminal. */
static void say(int64_t now_ns, const char *what)
{
	const char *fd = getenv("TWLAB_SAY_FD");

	dprintf(fd ? atoi(fd) : STDOUT_FILENO, "%.1f s  %s\n", (double)now_ns / (double)NS_PER_S, what);
}

int play_main(int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "variant", required_argument, NULL, 'v' }, { "set", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'r' }, { 0 }
	};
	struct play_options play_options = { .recycle = "emulated", .say = say };
	const char **sets = NULL, *variant = NULL;
	struct plan *plan = NULL;
	const struct lab *lab;
	unsigned int n = 0;
	int opt, met, status = STATUS_USAGE;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "o:", options, NULL)) >= 0) {
		switch (opt) {
		case 'o': play_options.dir = optarg; break;
		case 'v': variant = optarg; break;
		case 's': *(const char **)grow(&sets, n++, sizeof(char *)) = optarg; break;
		case 'r': play_options.seed = strtoull(optarg, NULL, 10); break;
		default: goto out;
		}
	}
	lab = optind < argc ? lab_find(argv[optind]) : NULL;
	if (!lab || !play_options.dir) {
		err_set(err, 0, "usage: twlab play LAB [--variant V] [--set k=v] [--seed N] -o DIR");
		goto out;
	}
	plan = plan_new(lab, variant, sets, n, err);
	if (!plan)
		goto out;
	met = needs_met(plan, err);
	status = met < 0 ? STATUS_ERROR : STATUS_SKIP;
	if (met > 0)
		status = play(plan, &play_options, err) ? STATUS_ERROR : STATUS_HOLDS;
out:
	plan_free(plan);
	free(sets);
	return status;
}

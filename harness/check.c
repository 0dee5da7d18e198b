/* check.c - twlab check: evidence folders, judged again */
#include "harness/harness.h"
#include "harness/outcome.h"
#include "harness/outside.h"

#include <getopt.h>

int check_main(int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "tsv", no_argument, NULL, 't' },
		{ "lab", required_argument, NULL, 'l' }, { 0 }
	};
	struct outcome *outcomes = NULL;
	enum tell how = TELL_TEXT;
	unsigned int n = 0;
	int opt, status = STATUS_USAGE;

	opterr = 0;
	optind = 1;
	while (!err->code && (opt = getopt_long(argc, argv, ":", options, NULL)) >= 0)
		switch (opt) {
		case 'j': how = TELL_JSON; break;
		case 't': how = TELL_TSV; break;
		case 'l': outside_lab(optarg, err); break;
		default: commands_no_option(opt, argv, err);
		}
	if (!err->code && optind == argc)
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

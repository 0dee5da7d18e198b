/* check.c - twlab check: evidence folders, judged again */
#include "harness/cli/commands.h"
#include "harness/judge/outcome_find.h"
#include "harness/batch/plugin.h"

#include <getopt.h>

int check_main(int argc, char **argv, struct err *err)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "tsv", no_argument, NULL, 't' },
		{ "lab", required_argument, NULL, 'l' }, { "write", no_argument, NULL, 'w' }, { 0 }
	};
	struct outcome *outcomes = NULL;
	enum print_format how = PRINT_TEXT;
	unsigned int n = 0;
	bool write = false;
	int opt, status = STATUS_USAGE;

	opterr = 0;
	optind = 1;
	while (!err->code && (opt = getopt_long(argc, argv, ":", options, NULL)) >= 0)
		switch (opt) {
		case 'j': how = PRINT_JSON; break;
		case 't': how = PRINT_TSV; break;
		case 'l': plugin_lab(optarg, err); break;
		case 'w': write = true; break;
		default: options_unknown(opt, argv, err);
		}
	if (!err->code && optind == argc)
		err_set(err, 0, "which folder? twlab run leaves them in ./evidence");
	for (int a = optind; a < argc && !err->code; a++)
		if (outcomes_find(argv[a], &outcomes, &n, err))
			status = STATUS_ERROR;
	for (unsigned int o = 0; write && o < n && !err->code; o++)
		if (outcome_write(&outcomes[o], err))
			status = STATUS_ERROR;
	if (!err->code) {
		outcomes_print(stdout, how, outcomes, n);
		status = outcome_status(outcomes, n);
	}
	for (unsigned int o = 0; o < n; o++)
		outcome_free(&outcomes[o]);
	free(outcomes);
	return status;
}

/* commands.c - one program, one table of subcommands */
#include "harness/cli/commands.h"

#include <twlab/number.h>

#include <errno.h>

static const struct command {
	const char *name;
	int (*main)(int argc, char **argv, struct err *err);
	const char *args;
	const char *does;
} commands[] = {
	{ "list", list_main, "[LAB]", "the labs, their variants and parameters" },
	{ "run", run_main, "LAB... [--variant V] [--set NAME=VALUE]... [--seed N] [--ipv6]\n"
	  "\t[--kernel K[,K...] | --kernel all] [-o DIR] [--here] [--jobs N]\n"
	  "\t[--no-draw] [--json | --tsv]",
	  "run labs (all: every one), keep the evidence in ./evidence, judge it" },
	{ "claims", claims_main, "[--kernel K] [--here] [-o DIR | --from DIR]\n\t[--html | --tsv | --json]",
	  "the article's claims one by one: confirmed, refined or refuted" },
	{ "check", check_main, "DIR... [--lab FILE] [--write] [--json | --tsv]", "judge evidence that is there, again" },
	{ "start", start_main, "LAB DIR [--id ID]... [--key FILE]", "lay the assignment of a lab out in DIR, which is made" },
	{ "grade", grade_main, "DIR [--lab LAB] [--id ID]... [--key FILE] [--task NAME]\n"
	  "\t[--format F] [--kernel K] [--metadata FILE] [-o DIR] |\n"
	  "\tSUBMISSIONS/ -o OUT [--lab LAB] [--key FILE] [--kernel K]\n\t[--jobs N] [--resume]",
	  "grade what was handed in; or a whole class, into OUT" },
	{ "handout", handout_main, "LAB -o FILE.tar.gz [--id ID]... [--key FILE]", "the same assignment as an archive, for students" },
	{ "selftest", selftest_main, "LAB... [--students N] [--kernel K] [--jobs N]",
	  "is the assignment sound: solution, handout, mutants (all: every one)" },
	{ "pack", pack_main, "gradescope LAB -o FILE.zip [--key FILE] [--kernel K]", "the assignment as an autograder for Gradescope" },
	{ "draw", draw_main, "DIR... [--lab FILE] [-o DIR] |\n\tLAB [--variant V] [--set NAME=VALUE]... [--ipv6] [-o DIR]",
	  "the pictures of runs (beside their evidence, or in DIR), or of a lab" },
	{ "doctor", doctor_main, "", "what this machine can do, and what to do about the rest" },
	{ "kernel", kernel_main, "list | fetch NAME... | show NAME | traits |\n\tadd FILE [--modules DIR] [--name NAME] [--machine M] [--append WORDS]",
	  "the kernels that the labs can run on" },
	{ "vm", vm_main, "[--kernel K] [--seed N] [--time-limit S] [--put FILE]...\n"
	  "\t[-i] [-o DIR] -- PROGRAM ARGS", "run a program in the virtual machine, in virtual time" },
	{ "recycle", recycle_main, "[--stats]", "give this network namespace tcp_tw_recycle, until it ends" },
	{ "play", play_main, "LAB [--variant V] [--set NAME=VALUE]... [--seed N] -o DIR\n"
	  "\t[--sysctl NODE=FILE] [--rules NODE=FILE] [--program NAME=FILE]\n"
	  "\t| then LAB ... [then LAB ...]",
	  "one run on this kernel, not judged: what `run` has the guest do" },
};

static const struct command *command_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

static bool asks_for_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h");
}

static void usage(FILE *out)
{
	fputs("usage: twlab COMMAND ...\n\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %s%s%s\n\t%s\n", commands[i].name, *commands[i].args ? " " : "",
			commands[i].args, commands[i].does);
	fputs("\nStatus: 0 every claim holds, 1 one does not, 2 wrong usage, "
	      "3 the harness\ncould not tell, 4 this machine cannot. "
	      "More in twlab(1).\n", out);
}

int commands_main(int argc, char **argv)
{
	const struct command *command;
	struct err err = { 0 };
	bool help;
	int status;

	if (argc < 2) {
		usage(stderr);
		return STATUS_USAGE;
	}
	help = !strcmp(argv[1], "help");
	if (asks_for_help(argv[1]) || (help && argc == 2)) {
		usage(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("twlab " TWLAB_VERSION);
		return 0;
	}
	command = command_named(argv[help ? 2 : 1]);
	if (!command) {
		fprintf(stderr, "twlab: no command '%s'; twlab --help lists them\n", argv[help ? 2 : 1]);
		return STATUS_USAGE;
	}
	if (help || (argc == 3 && asks_for_help(argv[2]))) {
		printf("usage: twlab %s%s%s\n\t%s\n\nEach option is explained in twlab(1).\n",
		       command->name, *command->args ? " " : "", command->args, command->does);
		return 0;
	}
	status = command->main(argc - 1, argv + 1, &err);
	if (fflush(stdout) && !err.code) {
		err_set(&err, errno, "cannot print what came of it");
		status = STATUS_ERROR;
	}
	if (err.code)
		fprintf(stderr, "twlab: %s: %s\n", command->name, err.text);
	return status;
}

/* commands.h - the subcommands of twlab, and how they end
 *
 * Each takes its own argc and argv (argv[0] is the subcommand's name), parses
 * with getopt_long, and returns an exit status. It may print results on stdout;
 * a failure it hands back in @err, and main prints it as one line.
 */
#ifndef TWLAB_CLI_COMMANDS_H
#define TWLAB_CLI_COMMANDS_H

#include <twlab/err.h>

enum status {
	STATUS_HOLDS,		/* 0: every claim holds */
	STATUS_FAILS,		/* 1: a claim does not */
	STATUS_USAGE,		/* 2: wrong usage, lab or submission */
	STATUS_ERROR,		/* 3: the harness could not tell */
	STATUS_SKIP,		/* 4: this machine cannot */
};

/* The command line, from the subcommand on (argv[0] is twlab's own name). */
int commands_main(int argc, char **argv);

/* What a subcommand says to an option that is not its own, or (with getopt's ':')
 * to one whose value is missing. Negative, as err_set() is.
 */
int options_unknown(int opt, char **argv, struct err *err);

/* The whole number @least to @most that an option's argument @text is; @what names it when
 * it is none, and @err says so.
 */
int options_number(const char *text, const char *what, uint64_t least, uint64_t most, uint64_t *n, struct err *err);

/* The status to end with when vm_prepare() returned @code: asked for a @kernel that is not
 * there (usage), no guest on this machine (skip), or one that failed.
 */
int status_no_guest(int code, const char *kernel);

int list_main(int argc, char **argv, struct err *err);
int run_main(int argc, char **argv, struct err *err);
int claims_main(int argc, char **argv, struct err *err);
int check_main(int argc, char **argv, struct err *err);
int start_main(int argc, char **argv, struct err *err);
int grade_main(int argc, char **argv, struct err *err);
int handout_main(int argc, char **argv, struct err *err);
int selftest_main(int argc, char **argv, struct err *err);
int pack_main(int argc, char **argv, struct err *err);
int draw_main(int argc, char **argv, struct err *err);
int play_main(int argc, char **argv, struct err *err);
int doctor_main(int argc, char **argv, struct err *err);
int kernel_main(int argc, char **argv, struct err *err);
int vm_main(int argc, char **argv, struct err *err);
int recycle_main(int argc, char **argv, struct err *err);

/* PID 1 of the guest. Never returns. */
_Noreturn void init_main(void);

#endif

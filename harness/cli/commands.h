/* commands.h - the subcommands of twlab
 *
 * Each takes its own argc and argv (argv[0] is the subcommand's name), parses
 * with getopt_long, and returns an exit status (util/status.h). It may print results on stdout;
 * a failure it hands back in @err, and main prints it as one line.
 */
#ifndef TWLAB_CLI_COMMANDS_H
#define TWLAB_CLI_COMMANDS_H

#include "harness/cli/options.h"
#include "harness/util/status.h"

/* The command line, from the subcommand on (argv[0] is twlab's own name). */
int commands_main(int argc, char **argv);

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

#endif

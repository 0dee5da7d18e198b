/* play.c - twlab play: runs on this kernel, not judged: what a guest does */
#include "harness/run/student_files.h"
#include <twlab/clock.h>
#include "harness/cli/commands.h"
#include "harness/util/guest.h"
#include "harness/run/requirements.h"
#include "harness/batch/plugin.h"
#include "harness/run/execute.h"
#include <twlab/seal.h>
#include <twlab/topo.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sys/wait.h>

#define BEGIN_EACH_S 1		/* one run of several begins when the clock is at a multiple of this */
#define NODES 4			/* of the stock, for each of several runs */

/* To whoever watches: in a guest the host, else the terminal. What a guest says
 * costs more than what it does, so the host hears of a second's first step only.
 */
static void report(int64_t now_ns, const char *what)
{
	static int64_t next_ns;
	const char *fd = getenv("TWLAB_SAY_FD");

	if (fd && now_ns < next_ns)
		return;
	next_ns = now_ns + NS_PER_S;
	dprintf(fd ? atoi(fd) : STDOUT_FILENO, "%.1f s  %s\n", (double)now_ns / (double)NS_PER_S, what);
}

/* A file that cannot be put in place is wrong usage. Where it could, and the run did not
 * come to its end, whoever asked has to find out whether it does without.
 */
static int execute_with(struct plan *plan, struct execute_options *options, const struct student_file *files,
			unsigned int n, struct err *err)
{
	bool theirs = false;
	struct student_files *student = n ? student_files_new(plan, files, n, &theirs, err) : NULL;
	int code;

	if (n && !student)
		return theirs ? STATUS_USAGE : STATUS_ERROR;
	options->student = student;
	code = execute(plan, options, err);
	if (!code && !guest_inside())	/* a guest's files are sealed where they are unpacked: that is quicker */
		code = seal_put(options->dir, err);
	student_files_free(student);
	return !code ? STATUS_HOLDS : n ? STATUS_FAILS : STATUS_ERROR;
}

static int execute_one(int argc, char **argv, bool quiet, struct err *err)
{
	static const struct option options[] = {
		{ "variant", required_argument, NULL, 'v' }, { "set", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'r' }, { "sysctl", required_argument, NULL, TASK_SYSCTL },
		{ "rules", required_argument, NULL, TASK_RULES }, { "program", required_argument, NULL, TASK_PROGRAM }, { 0 }
	};
	struct execute_options execute_options = { .own_kernel = guest_inside(), .report = quiet ? NULL : report };
	struct student_file files[8];
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
		case 'o': execute_options.dir = optarg; break;
		case 'v': variant = optarg; break;
		case 's': *(const char **)grow(&sets, n++, sizeof(char *)) = optarg; break;
		case 'r':
			if (options_number(optarg, "a seed", 0, INT64_MAX, &execute_options.seed, err))
				goto out;
			break;
		case TASK_SYSCTL: case TASK_RULES: case TASK_PROGRAM:
			if (n_files == ARRAY_SIZE(files) || !strchr(optarg, '=')) {
				err_set(err, 0, "what is handed in is given as NAME=FILE, at most %zu of them", ARRAY_SIZE(files));
				goto out;
			}
			files[n_files++] = (struct student_file){ (enum task_kind)opt, strsep(&optarg, "="), optarg };
			break;
		default:
			options_unknown(opt, argv, err);
			goto out;
		}
	}
	if (optind == argc || !execute_options.dir) {
		err_set(err, 0, "which lab, and where to (-o DIR)?");
		goto out;
	}
	lab = plugin_lab(argv[optind], err);
	plan = lab ? plan_new(lab, variant, sets, n, err) : NULL;
	if (!plan)
		goto out;
	met = requirements_met(plan, err);
	status = met < 0 ? STATUS_ERROR : STATUS_SKIP;
	if (met > 0)
		status = execute_with(plan, &execute_options, files, n_files, err);
out:
	plan_free(plan);
	free(sets);
	return status;
}

/* One of several runs, in a process of its own. How it ended is put down in out/NUMBER: a
 * status, a blank and a sentence.
 */
static int execute_child(unsigned int number, int argc, char **argv)
{
	auto_free char *path = must_printf("out/%u", number);
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	struct err err = { 0 };
	int status;

	topo_stock_share(number, NODES);
	status = execute_one(argc, argv, true, &err);	/* each byte said is an exit of the guest */

	return fd >= 0 && dprintf(fd, "%d %s\n", status, err.text) > 0 ? 0 : STATUS_ERROR;
}

/* "then LAB ... then LAB ...": one after the other. */
static int execute_several(int argc, char **argv, struct err *err)
{
	unsigned int number = 0;

	for (int begin = 1, end; begin < argc; begin = end, number++) {
		int status = -1;
		pid_t pid;

		for (end = begin + 1; end < argc && strcmp(argv[end], "then"); end++)
			;
		if (number)
			clock_wait_round(BEGIN_EACH_S);	/* how long the runs before took moves nothing in this one */
		fflush(NULL);
		pid = fork();
		if (pid == 0) {
			argv[begin] = argv[0];	/* where a command line has its name */
			argv[end] = NULL;
			exit(execute_child(number, end - begin, argv + begin));
		}
		while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (status) {
			err_set(err, 0, "what became of run %u cannot be told", number);
			return STATUS_ERROR;
		}
	}
	return STATUS_HOLDS;
}

int play_main(int argc, char **argv, struct err *err)
{
	return argc > 1 && !strcmp(argv[1], "then") ? execute_several(argc, argv, err) : execute_one(argc, argv, false, err);
}

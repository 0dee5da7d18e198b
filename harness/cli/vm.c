/* vm.c - twlab vm -- PROGRAM ARGS: any program, in the virtual machine
 *
 * The program is one of this machine: it comes along with its libraries, and so
 * do the files and programs that its arguments name. What it leaves in out/ can be
 * taken with -o.
 *
 * Its standard input is read to its end before the run begins, so that the run repeats.
 * A file has an end. A pipe may be one that nobody closes (under ssh, in a job of some
 * CI), and then this would wait for ever: it is read if that is asked for (-i). What was
 * not read is told.
 */
#include "harness/cli/commands.h"

#include <errno.h>
#include <getopt.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "harness/util/files.h"
#include "harness/util/guest.h"
#include "harness/guest/init.h"
#include "harness/vm/executable.h"
#include "harness/vm/vm.h"

#define ALONG_MAX (64UL << 20)	/* bytes that come along: some 30 ms a MB to read */

static const char usage[] =
	"usage: twlab vm [--kernel K] [--seed N] [--time-limit S] [--put FILE]... [-i] [-o DIR] -- PROGRAM ARGS";

static const struct option options[] = {
	{ "kernel", required_argument, NULL, 'k' },
	{ "seed", required_argument, NULL, 's' },
	{ "time-limit", required_argument, NULL, 't' },
	{ "put", required_argument, NULL, 'p' },
	{ "stdin", no_argument, NULL, 'i' },
	{ "output", required_argument, NULL, 'o' },
	{ 0 }
};

struct input {
	bool asked;		/* -i */
	bool file, terminal;
	size_t len;		/* of what was read */
	char *data;
};

/* What comes along: below the folder it runs in, and below /. */
struct along {
	struct files work, system;
};

static void report(const char *what)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "twlab: vm: %s\n", what);
}

static void pass_on(void *arg, int fd, const void *data, size_t len)
{
	FILE *to = fd == STDERR_FILENO ? stderr : stdout;

	(void)arg;
	fwrite(data, 1, len, to);
	fflush(to);
}

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

/* A program with its libraries, or another file, at the same place in the guest. */
static int bring_whole(struct along *along, const char *path, struct err *err)
{
	if (!files_path_is_safe(path + 1))
		return err_set(err, 0, "%s: name it without '.', '..' and '//'", path);
	return executable_add(&along->system, path, err);
}

/* The file @path, at the same place in the guest: a relative one in the folder that
 * the program runs in.
 */
static int bring_file(struct along *along, const char *path, struct err *err)
{
	const char *to = strncmp(path, "./", 2) ? path : path + 2;

	if (*path == '/')
		return bring_whole(along, path, err);
	if (!files_path_is_safe(to))
		return err_set(err, 0, "%s is outside of this folder: name it by its whole path", path);
	return files_have(&along->work, to) ? 0 : files_add_from(&along->work, to, path, err);
}

/* Programs that a script's words name: "uname -r; ip link" needs uname and ip. A
 * word that is no program's name, or one too many, does no harm.
 */
static int bring_words(struct along *along, const char *text, struct err *err)
{
	static const char in_word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.+-/";

	while (*(text += strcspn(text, in_word))) {
		auto_free char *word = must_printf("%.*s", (int)strspn(text, in_word), text);
		auto_free char *path = *word == '/' && is_file(word) && files_path_is_safe(word + 1) ? must_strdup(word) :
			strchr(word, '/') ? NULL : executable_find(word);

		text += strlen(word);
		if (path && executable_add(&along->system, path, err))
			return err_code(err);
	}
	return 0;
}

/* A script's text is full of words; a program's is not. */
static int bring_script(struct along *along, const char *path, struct err *err)
{
	char head[4096] = "";
	auto_fclose FILE *file = fopen(path, "re");
	size_t len = file ? fread(head, 1, sizeof(head) - 1, file) : 0;

	return len > 2 && !memcmp(head, "#!", 2) ? bring_words(along, head, err) : 0;
}

/* The program: its path, to be freed, in @path; NULL when only the guest has it. */
static int bring_program(struct along *along, const char *name, char **path, struct err *err)
{
	*path = executable_find(name);
	if (!*path && *name == '/')
		return 0;
	if (!*path) {
		err_set(err, 0, "no program '%s'", name);
		return err_as(err, ENOENT);
	}
	if (**path == '/' ? bring_whole(along, *path, err) : executable_add(&along->system, *path, err))
		return err_code(err);
	return bring_script(along, *path, err);
}

/* Files that are named, and what stands behind "-c" or is more than one word. */
static int bring_arguments(struct along *along, char **argv, struct err *err)
{
	for (; *argv; argv++) {
		bool script = !strcmp(argv[-1], "-c") || strpbrk(*argv, " \t\n;|&");

		if (is_file(*argv) ? bring_file(along, *argv, err) || bring_script(along, *argv, err) :
		    script && bring_words(along, *argv, err))
			return err_code(err);
	}
	return 0;
}

static void input_look(struct input *input)
{
	struct stat st;

	input->file = !fstat(STDIN_FILENO, &st) && S_ISREG(st.st_mode);
	input->terminal = isatty(STDIN_FILENO);
}

/* Of a file from where it stands, and it stays there: who reads lines of it in a loop
 * around this goes on to the next one.
 */
static int input_read(struct input *input, struct err *err)
{
	off_t at = input->file ? lseek(STDIN_FILENO, 0, SEEK_CUR) : 0;
	size_t room = 0;

	for (;;) {
		ssize_t n;

		if (input->len == room)
			input->data = must_realloc(input->data, room = 2 * room + 65536, 1);
		n = input->file ? pread(STDIN_FILENO, input->data + input->len, room - input->len, at + (off_t)input->len) :
				  read(STDIN_FILENO, input->data + input->len, room - input->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, errno, "cannot read standard input");
		if (n == 0)
			return 0;
		input->len += (size_t)n;
		if (input->len > ALONG_MAX)
			return err_set(err, 0, "standard input has more than %lu MB", ALONG_MAX >> 20);
	}
}

static bool is_shell(const char *name)
{
	size_t len = strlen(name);

	return len >= 2 && !strcmp(name + len - 2, "sh");
}

/* A shell's input names the programs that it needs. */
static int bring_input(struct along *along, struct input *input, char **argv, struct err *err)
{
	if (input->terminal && !input->asked && !argv[1])
		fputs("twlab: vm: a terminal's input is not passed on: the program's standard input is empty "
		      "(-i reads it first, to its end)\n", stderr);
	if (!input->asked && !input->file)
		return 0;
	if (input_read(input, err))
		return err_code(err);
	files_add(&along->system, &GUEST_STDIN[1], 0600, input->data, input->len);
	if (is_shell(argv[0]) && !memchr(input->data, '\0', input->len)) {
		auto_free char *head = must_printf("%.*s", input->len < 4096 ? (int)input->len : 4096, input->data);

		return bring_words(along, head, err);
	}
	return 0;
}

/* Asked at the end: who writes into a pipe may begin later than this. */
static void input_left(const struct input *input)
{
	int waiting = 0;

	if (input->asked || input->file || input->terminal ||
	    ioctl(STDIN_FILENO, FIONREAD, &waiting) || !waiting)
		return;
	fputs("twlab: vm: what came in on standard input was not passed on: -i does that\n", stderr);
}

static int weigh(const struct along *along, struct err *err)
{
	size_t total = 0;

	for (size_t i = 0; i < along->work.n; i++)
		total += along->work.item[i].len;
	for (size_t i = 0; i < along->system.n; i++)
		total += along->system.item[i].len;
	return total <= ALONG_MAX ? 0 :
		err_set(err, 0, "%zu MB would come along, of at most %lu", total >> 20, ALONG_MAX >> 20);
}

/* Take the options out of argv: what is left begins at optind. */
static int parse(int argc, char **argv, struct vm_job *job, struct along *along,
		 struct input *input, const char **out, struct err *err)
{
	uint64_t limit_s;
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+io:", options, NULL)) != -1) {
		if (opt == 'k')
			job->kernel = optarg;
		else if (opt == 'o')
			*out = optarg;
		else if (opt == 'i')
			input->asked = true;
		else if (opt == 's' && !options_number(optarg, "a seed", 0, INT64_MAX, &job->seed, err))
			continue;
		else if (opt == 't' && !options_number(optarg, "--time-limit", 1, 86400, &limit_s, err))
			job->wall_limit_s = (int)limit_s;
		else if (opt == 'p' && !bring_file(along, optarg, err))
			continue;
		else
			return err->code ? err_code(err) : err_set(err, 0, "%s", usage);
	}
	return optind < argc ? 0 : err_set(err, 0, "%s", usage);
}

static int status_of(const struct err *err)
{
	switch (err->code) {
	case ENOENT: return STATUS_USAGE;
	case ENOTSUP: return STATUS_SKIP;
	}
	return STATUS_ERROR;
}

static int run(struct vm_job *job, struct along *along, const char *out, struct err *err)
{
	struct vm_result result;
	int status;

	job->files = along->work.item;
	job->n_files = along->work.n;
	job->system = along->system.item;
	job->n_system = along->system.n;
	if (weigh(along, err))
		return status_of(err);
	if (vm_run(job, report, &result, err)) {
		fputs(result.console, stderr);
		vm_result_free(&result);
		return status_of(err);
	}
	status = WIFSIGNALED(result.status) ? 128 + WTERMSIG(result.status) :
		WEXITSTATUS(result.status);
	if (out && files_write(result.files, result.n_files, out, err))
		status = STATUS_ERROR;
	vm_result_free(&result);
	return status;
}

int vm_main(int argc, char **argv, struct err *err)
{
	struct vm_job job = { .output = pass_on };
	struct along along = { 0 };
	struct input input = { 0 };
	auto_free char *path = NULL;
	const char *out = NULL;
	int status = STATUS_USAGE;

	input_look(&input);
	if (!parse(argc, argv, &job, &along, &input, &out, err)) {
		argv += optind;
		if (bring_program(&along, argv[0], &path, err) ||
		    bring_arguments(&along, argv + 1, err) || bring_input(&along, &input, argv, err)) {
			status = status_of(err);
		} else {
			if (path)
				argv[0] = path;
			job.argv = (const char *const *)argv;
			status = run(&job, &along, out, err);
			input_left(&input);
		}
	}
	free(input.data);
	files_free(&along.work);
	files_free(&along.system);
	return status;
}

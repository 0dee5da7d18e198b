/* compile.c - a student's C file, compiled where it will run
 *
 * By tcc, in the sandbox: a compiler reads what it is told to, and can be made to work without end.
 */
#include "harness/run/compile.h"

#include <errno.h>
#include <poll.h>
#include <sys/wait.h>

#include <twlab/fs.h>
#include <twlab/ns.h>
#include <twlab/proc.h>
#include "harness/util/guest.h"

#define COMPILED "/run/compiled"	/* NAME.c, and what came of it: NAME, or why there is none: NAME.why */
#define EXE_MAX (4 << 20)
#define SAID_MAX 400		/* of what the compiler says */

/* Wait for the compiler, and keep what it says. Its wait status. */
static int collect(struct sandbox *sandbox, struct proc *proc, char *said, const char **trouble)
{
	size_t len = 0;
	int status;

	*trouble = NULL;
	while (waitpid(proc->pid, &status, WNOHANG) == 0) {
		struct pollfd fds[] = { { proc->errors, POLLIN }, { proc->out, POLLIN } };
		char more[512];
		ssize_t n;

		poll(fds, 2, 10);
		while ((n = read(proc->errors, more, sizeof(more))) > 0)
			for (ssize_t i = 0; i < n && len < SAID_MAX; i++)
				said[len++] = more[i] == '\n' ? ' ' : more[i];
		while (read(proc->out, more, sizeof(more)) > 0)
			;
		*trouble = sandbox_trouble(sandbox);
		if (*trouble)
			sandbox_kill(sandbox);
	}
	for (ssize_t n; len < SAID_MAX && (n = read(proc->errors, said + len, SAID_MAX - len)) > 0; len += (size_t)n)
		;
	said[len] = '\0';
	said[strcspn(said, "\n")] = '\0';
	proc->pid = 0;
	proc_end(proc);
	return status;
}

static int compile(struct sandbox *sandbox, const char *source, const char *out, bool *theirs, struct err *err)
{
	auto_free char *to = must_printf("/tmp/%s", out);
	const char *argv[] = { "/" GUEST_TCC, "-std=c11", "-D_GNU_SOURCE", "-o", to, source, "-lpthread", NULL };
	struct proc_start start = { .argv = (char *const *)(uintptr_t)argv, .sandbox = sandbox, .dir = "/src" };
	auto_close int ns = ns_new(err);
	const char *trouble;
	char said[SAID_MAX + 1];
	struct proc proc;
	int status;

	start.ns = ns;
	if (ns < 0 || proc_start(&start, &proc, err))
		return -err->code;
	status = collect(sandbox, &proc, said, &trouble);
	sandbox_kill(sandbox);
	if (!status)
		return 0;
	*theirs = true;
	return trouble ? err_set(err, 0, "compiling it was ended: %s", trouble) :
	       err_set(err, 0, "it does not compile: %s", *said ? said : "the compiler died of it");
}

static int put_down(const char *name, const char *ending, const void *data, size_t len, struct err *err)
{
	auto_free char *path = must_printf(COMPILED "/%s%s", name, ending);

	return fs_write_file(path, data, len, err);
}

/* What a run before this one made of the same source: 1 and *@exe; 0 = there was none;
 * or again why it does not compile.
 */
static int compiled(const char *name, const char *text, size_t len, void **exe, size_t *exe_len, struct err *err)
{
	auto_free char *source = must_printf(COMPILED "/%s.c", name), *path = must_printf(COMPILED "/%s", name);
	auto_free char *why = must_printf(COMPILED "/%s.why", name);
	auto_free void *was = NULL, *said = NULL;
	struct err none = { 0 };
	size_t was_len, output_len;

	if (access(source, F_OK) || fs_read(source, &was, &was_len, &none) || was_len != len || memcmp(was, text, len))
		return 0;
	if (!access(why, F_OK) && !fs_read(why, &said, &output_len, &none))
		return err_set(err, 0, "%s", (char *)said);
	return !access(path, F_OK) && !fs_read(path, exe, exe_len, &none);
}

int compile_program(struct sandbox *sandbox, const char *name, const char *text, size_t len, void **exe, size_t *exe_len,
		    bool *theirs, struct err *err)
{
	auto_free char *source = must_printf("%s.c", name), *put = must_printf("src/%s", source);
	struct err none = { 0 };
	int is = compiled(name, text, len, exe, exe_len, err);

	*theirs = is < 0;
	if (is)
		return is < 0 ? is : 0;
	if (sandbox_put(sandbox, put, 0444, text, len, err))
		return -err->code;
	if (!compile(sandbox, source, name, theirs, err))
		*theirs = sandbox_take(sandbox, name, EXE_MAX, exe, exe_len, err) < 0;
	if (err->code && !*theirs)
		return -err->code;
	if (put_down(name, ".c", text, len, &none) ||
	    put_down(name, err->code ? ".why" : "", err->code ? err->text : *exe, err->code ? strlen(err->text) : *exe_len, &none))
		fprintf(stderr, "%s\n", none.text);	/* it will be compiled again */
	return -err->code;
}

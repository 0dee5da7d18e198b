/* doctor.c - what this machine can do, and what to do about what it cannot */
#include "harness/cli/commands.h"
#include "harness/run/requirements.h"
#include "harness/vm/kernel.h"
#include "harness/vm/executable.h"

#include <twlab/ns.h>

#include <errno.h>
#include <sys/utsname.h>

static void row(bool ok, const char *what, const char *advice)
{
	printf("  %-3s %s%s%s\n", ok ? "yes" : "no", what, ok || !advice ? "" : "; ", ok || !advice ? "" : advice);
}

static bool on_path(const char *program)
{
	auto_free char *path = executable_find(program);

	return path;
}

static bool check_vm(void)
{
	static const struct { const char *program, *what, *advice; } programs[] = {
		{ "qemu-system-x86_64", "QEMU for x86 (qemu-system-x86_64)", "install qemu-system-x86" },
		{ "dot", "Graphviz, for pictures (dot)", "install graphviz" },
		{ "tcc", "a compiler for students' programs, in the guest (tcc)", "install tcc" },
	};
	auto_kernel struct kernel found = { 0 };
	struct err err = { 0 };
	bool qemu = on_path(programs[0].program), kernel;

	puts("the vm runner (virtual time, no privileges; the usual one)");
	for (size_t p = 0; p < ARRAY_SIZE(programs); p++)
		row(on_path(programs[p].program), programs[p].what, programs[p].advice);
	kernel = kernel_find(NULL, &found, &err) == 0;
	if (kernel && kernel_whole(&found, &err)) {
		row(false, "the kernel is whole", err.text);
		kernel = false;
	} else {
		row(kernel, "a kernel to run", "twlab kernel fetch 6.1");
	}
	return qemu && kernel;
}

static bool check_here(void)
{
	struct err err = { 0 };
	struct utsname uts;
	bool all = true;

	uname(&uts);
	printf("this machine's own kernel, Linux %s (real time; twlab run --here)\n", uts.release);
	if (ns_be_root(&err) || requirements_namespace(&err)) {
		row(false, err.text, NULL);
		return false;
	}
	for (const struct requirement *requirement = requirements; requirement->name; requirement++) {
		auto_close int ns = ns_new(&err);
		struct err reason = { 0 };
		bool ok = ns >= 0 && !requirements_try(requirement, ns, &reason);
		auto_free char *what = must_printf("%s: %s", requirement->name, requirement->for_what);
		auto_free char *advice = must_printf("%s (%s)", requirement->advice, reason.text);

		row(ok, what, advice);
		all = all && ok;
	}
	return all;
}

int doctor_main(int argc, char **argv, struct err *err)
{
	bool vm, here;

	(void)argv;
	if (argc > 1) {
		err_set(err, 0, "takes no arguments");
		return STATUS_USAGE;
	}
	vm = check_vm();
	here = check_here();
	printf("labs run %s\n", vm ? "in the virtual machine" : here ? "here only" : "nowhere yet: see above");
	return vm || here ? STATUS_HOLDS : STATUS_SKIP;
}

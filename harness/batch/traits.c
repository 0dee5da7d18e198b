/* traits.c - what a kernel is and can do */
#include "harness/batch/traits.h"

#include <twlab/fs.h>
#include "harness/vm/cache.h"
#include "harness/util/guest.h"
#include "harness/vm/image.h"
#include "harness/run/requirements.h"
#include "harness/run/recorder.h"
#include "harness/run/evidence_write.h"
#include "harness/vm/vm.h"
#include "labs/index.h"
#include <twlab/json_text.h>
#include <twlab/ns.h>
#include <twlab/sysctl.h>

#include <errno.h>
#include <sys/io.h>
#include <sys/utsname.h>

/* How a trait is found out: its value, to be freed. @ns is a namespace made for it, or
 * negative where there are none; @arg is of its row.
 */
typedef char *probe_fn(int ns, const char *arg);

static char *yes(bool is)
{
	return must_strdup(is ? "yes" : "no");
}

static char *read_release(int ns, const char *arg)
{
	struct utsname name;

	(void)ns;
	(void)arg;
	return must_strdup(uname(&name) ? "" : name.release);
}

static char *read_hz(int ns, const char *arg)
{
	int hz = evidence_hz();

	(void)ns;
	(void)arg;
	return hz ? must_printf("%d", hz) : must_strdup("unknown");
}

static char *try_namespaces(int ns, const char *arg)
{
	(void)arg;
	return yes(ns >= 0);
}

static char *try_need(int ns, const char *arg)
{
	struct err err = { 0 };

	if (ns < 0)
		return must_strdup("no: no namespaces");
	for (const struct requirement *requirement = requirements; requirement->name; requirement++)
		if (!strcmp(requirement->name, arg) && requirements_try(requirement, ns, &err))
			return must_printf("no: %s", err.text);
	return yes(true);
}

/* Where the sysctl @arg is. */
static char *place_sysctl(int ns, const char *arg)
{
	static const char *const words[] = {
		[SYSCTL_NOWHERE] = "no", [SYSCTL_EACH] = "each", [SYSCTL_FIRST] = "first",
	};

	return must_strdup(words[ns < 0 ? SYSCTL_NOWHERE : sysctl_place(ns, arg)]);
}

/* Can @arg ("key=value") be set? */
static char *set_sysctl(int ns, const char *arg)
{
	auto_free char *key = must_printf("%.*s", (int)strcspn(arg, "="), arg);

	return yes(ns >= 0 && !sysctl_set(ns, key, strchr(arg, '=') + 1, NULL));
}

static char *find_path(int ns, const char *arg)
{
	(void)ns;
	return yes(!access(arg, F_OK));
}

static char *try_ioperm(int ns, const char *arg)
{
	(void)ns;
	(void)arg;
	if (ioperm(0xe9, 1, 1))
		return must_printf("no: %s", strerror(errno));
	ioperm(0xe9, 1, 0);
	return yes(true);
}

static const struct trait {
	const char *name, *is;
	probe_fn *probe;
	const char *arg;
} own[] = {
	{ "release", "what it calls itself", read_release },
	{ "hz", "ticks of its timer a second", read_hz },
	{ "modules", "takes modules", find_path, "/proc/modules" },
	{ "ioperm", "I/O ports from user space: the quick way for jobs and results", try_ioperm },
	{ "fw_cfg", "QEMU's files in sysfs (not needed)", find_path, "/sys/firmware/qemu_fw_cfg" },
	{ "virtio", "virtio (not needed)", find_path, "/sys/bus/virtio" },
	{ "namespaces", "network namespaces: hosts", try_namespaces },
	{ "tcp_tw_recycle", "the genuine one (up to 4.11; in 4.11 each)", place_sysctl, "net.ipv4.tcp_tw_recycle" },
	{ "timestamps=2", "timestamps without a random offset can be asked for", set_sysctl, "net.ipv4.tcp_timestamps=2" },
	{ "tcp_syn_linear_timeouts", "SYNs a second apart at first (6.5)", place_sysctl, "net.ipv4.tcp_syn_linear_timeouts" },
};

/* The table: what labs need (requirements.h) behind what is here. */
static struct trait *traits;
static size_t n_traits;

static void add_trait(struct trait trait)
{
	*(struct trait *)grow(&traits, n_traits++, sizeof(*traits)) = trait;
}

static void list_traits(void)
{
	if (n_traits)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		add_trait(own[i]);
	for (const struct requirement *requirement = requirements; requirement->name; requirement++)
		add_trait((struct trait){ requirement->name, requirement->for_what,
					  requirement->setting ? place_sysctl : try_need,
					  requirement->setting ? requirement->setting : requirement->name });
}

json_t *traits_probe(void)
{
	json_t *all = json_object();

	list_traits();
	requirements_probe();
	for (size_t i = 0; i < n_traits; i++) {
		auto_close int ns = ns_new(NULL);
		auto_free char *value = traits[i].probe(ns, traits[i].arg);

		for (char *at = value; *at; at++)
			if (*at == '\t' || *at == '\n')
				*at = ' ';
		json_object_set_new(all, traits[i].name, json_text(value));
	}
	return all;
}

static const char *value_of(const json_t *all, const char *name)
{
	const char *value = json_string_value(json_object_get(all, name));

	return value ? value : "";
}

static bool has_all(const json_t *all, struct err *err)
{
	list_traits();
	for (size_t i = 0; i < n_traits; i++)
		if (!*value_of(all, traits[i].name))
			return err_set(err, 0, "the kernel did not tell its %s", traits[i].name), false;
	return true;
}

json_t *traits_read(const char *text, struct err *err)
{
	json_t *all = json_object();

	while (*text) {
		size_t len = strcspn(text, "\n"), name_len = strcspn(text, "\t\n");

		if (name_len < len) {
			auto_free char *name = must_printf("%.*s", (int)name_len, text);

			json_object_set_new(all, name, json_stringn(text + name_len + 1, len - name_len - 1));
		}
		text += len + (text[len] != '\0');
	}
	if (has_all(all, err))
		return all;
	json_decref(all);
	return NULL;
}

void traits_print(FILE *out, const json_t *all)
{
	list_traits();
	for (size_t i = 0; i < n_traits; i++)
		fprintf(out, "%s\t%s\n", traits[i].name, value_of(all, traits[i].name));
}

bool traits_allow(const json_t *all, const struct plan *plan, char **why)
{
	*why = NULL;
	for (const struct requirement *requirement = requirements; requirement->name; requirement++) {
		const char *value = value_of(all, requirement->name);

		/* A sysctl that a plan sets has to be each namespace's own. */
		if (!requirements_used(requirement, plan) || !strcmp(value, "yes") || !strcmp(value, "each"))
			continue;
		*why = must_printf("%s: %s", requirement->name, requirement->for_what);
		return false;
	}
	return true;
}

static void print_lab(FILE *out, const json_t *all, const struct lab *lab)
{
	unsigned int allowed = 0, n = 0;
	auto_free char *first = NULL;

	for (const struct variant *variant = lab->variants; variant && variant->name; variant++, n++) {
		struct plan *plan = plan_new(lab, variant->name, NULL, 0, NULL);
		char *why = NULL;

		if (plan && traits_allow(all, plan, &why))
			allowed++;
		else if (!first)
			first = must_printf("%s lacks %s", variant->name, why ? why : "a plan");
		free(why);
		plan_free(plan);
	}
	fprintf(out, "  %-24s %u of %u variants%s%s\n", lab->name, allowed, n, first ? "; " : "",
		first ? first : "");
}

void traits_show(FILE *out, const json_t *all)
{
	const char *machine = value_of(all, "machine");

	list_traits();
	fputs("what it can do\n", out);
	for (size_t i = 0; i < n_traits; i++) {
		const char *value = value_of(all, traits[i].name);
		int len = (int)strcspn(value, ":");	/* "no: REASON" */

		fprintf(out, "  %-24s %-8.*s %s%s%s%s\n", traits[i].name, len, value, traits[i].is,
			value[len] ? " (" : "", value[len] ? value + len + 2 : "", value[len] ? ")" : "");
	}
	if (*value_of(all, "config"))
		fprintf(out, "  %-24s %-8s %s\n", "config", value_of(all, "config"),
			"what it was built with is known (kernels/NAME/config)");
	if (*machine) {
		bool serial = !strcmp(value_of(all, "handover"), "serial");

		fprintf(out, "  %-24s %-8s %s\n", "handover", serial ? "serial" : "ports", serial ?
			"jobs in the initramfs, results over a serial port" : "jobs and results over I/O ports");
		fprintf(out, "  %-24s %-8s %s\n", "machine", machine, "what it boots on");
	}
	fprintf(out, "  %-24s %-8s %s\n", "recycling",
		!strcmp(value_of(all, "tcp_tw_recycle"), "no") ? "emulated" : "genuine", "what labs get");
	fputs("labs that it allows\n", out);
	for (const struct lab *const *lab = all_labs; *lab; lab++)
		print_lab(out, all, *lab);
}

json_t *traits_load(const char *name)
{
	auto_free char *path = cache_path("kernels/%s/traits.json", name);
	json_t *all = json_load_file(path, 0, NULL);

	if (all && has_all(all, NULL))
		return all;
	json_decref(all);
	return NULL;
}

int traits_keep(const char *name, const json_t *all, struct err *err)
{
	auto_free char *path = cache_path("kernels/%s/traits.json", name);
	auto_free char *json = json_dumps(all, JSON_INDENT(1)), *text = must_printf("%s\n", json);

	return fs_write_file(path, text, strlen(text), err);
}

struct collected {
	char *text;
	size_t len;
};

static void collect(void *arg, int fd, const void *data, size_t len)
{
	struct collected *collected = arg;

	if (fd != STDOUT_FILENO || collected->len + len > 65536)
		return;
	collected->text = must_realloc(collected->text, collected->len + len + 1, 1);
	memcpy(collected->text + collected->len, data, len);
	collected->text[collected->len += len] = '\0';
}

json_t *traits_of(const char *name, char **console, struct err *err)
{
	static const char *const argv[] = { GUEST_TWLAB, "kernel", "traits", NULL };
	auto_kernel struct kernel kernel = { 0 };
	struct collected collected = { 0 };
	struct vm_job job = { .kernel = name, .argv = argv, .output = collect, .arg = &collected };
	auto_free char *text = NULL;
	struct vm_result result;
	json_t *all;
	int ret;

	*console = NULL;
	image_forget(name);	/* its machine may be another one now */
	if (kernel_find(name, &kernel, err))
		return NULL;
	ret = vm_run(&job, NULL, &result, err);
	if (ret < 0)
		*console = must_strdup(result.console);
	vm_result_free(&result);
	text = collected.text ? collected.text : must_strdup("");
	all = ret < 0 ? NULL : traits_read(text, err);
	if (all) {
		json_object_set_new(all, "machine", json_string(kernel.machine->name));
		json_object_set_new(all, "config", json_string(kernel_configured(&kernel, NULL) ? "yes" : "no"));
		json_object_set_new(all, "handover", json_string(kernel.machine->serial ? "serial" : "ports"));
	}
	return all;
}

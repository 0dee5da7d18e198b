/* evidence_write.c - what was recorded, as the evidence folder: counters, packets, run.json */
#include "harness/run/recorder_state.h"
#include <twlab/trace_follow.h>
#include <twlab/fs.h>
#include "harness/run/evidence_write.h"

#include "harness/util/guest.h"
#include <twlab/capture.h>
#include <twlab/json_text.h>
#include <twlab/rtnetlink.h>
#include <twlab/pcapng.h>

#include <errno.h>
#include <fts.h>
#include <sys/stat.h>
#include <sys/utsname.h>

FILE *evidence_create(const char *dir, const char *name, struct err *err)
{
	auto_free char *path = must_printf("%s/%s", dir, name);
	FILE *file = fopen(path, "wxe");

	if (!file)
		err_set(err, errno, "cannot create %s", path);
	return file;
}

static struct counter *counter_named(const struct counters *counters, const char *name)
{
	for (unsigned int c = 0; c < counters->n; c++)
		if (!strcmp(counters->rows[c].name, name))
			return &counters->rows[c];
	return NULL;
}

static struct counter *counter_add(struct counters *counters, const char *name)
{
	struct counter *row = counter_named(counters, name);

	if (row)
		return row;
	row = grow(&counters->rows, counters->n++, sizeof(*row));
	snprintf(row->name, sizeof(row->name), "%s", name);
	return row;
}

/* A thousand numbers a run, nearly all of them 0, with names that the kernel gives: put
 * down as they are. printf() took 5 % of all that a guest did in lab 06.
 */
static void print_counters(FILE *out, const char *what, const struct counters *counters)
{
	fprintf(out, "  \"%s\": {", what);
	for (unsigned int c = 0; c < counters->n; c++) {
		fputs_unlocked(c ? ",\n   \"" : "\n   \"", out);
		fputs_unlocked(counters->rows[c].name, out);
		if (counters->rows[c].value)
			fprintf(out, "\": %lld", (long long)counters->rows[c].value);
		else
			fputs_unlocked("\": 0", out);
	}
	fputs(counters->n ? "\n  },\n" : "},\n", out);
}

static int print_qdiscs(FILE *out, const struct host *host, struct err *err)
{
	unsigned int n = host->up->kind == NODE_WIRE ? host->up->n_devs : 0;

	fputs("  \"qdisc\": {", out);
	for (unsigned int d = 0; d < n; d++) {
		auto_free char *quoted = NULL;
		uint64_t packets, drops;

		if (rtnetlink_qdisc_stats(host->up->net, host->up->devs[d], &packets, &drops, err))
			return -err->code;
		quoted = json_text_quoted(host->up->devs[d]);
		fprintf(out, "%s\n   %s: {\n    \"drops\": %llu,\n    \"packets\": %llu\n   }", d ? "," : "",
			quoted, (unsigned long long)drops, (unsigned long long)packets);
	}
	fputs(n ? "\n  }\n }" : "}\n }", out);
	return 0;
}

/* What was counted outside of the kernel comes on top of its own counter of that name, or from 0. */
static int print_host(FILE *out, struct host *host, struct err *err)
{
	struct counters after = { 0 };
	int code;

	/* A wire has no TCP of its own that would count. */
	if (host->up->kind != NODE_WIRE && counters_read(host->up->ns, &after, err))
		return -err->code;
	for (unsigned int e = 0; e < host->extra.n; e++) {
		counter_add(&host->before, host->extra.rows[e].name);
		counter_add(&after, host->extra.rows[e].name)->value += host->extra.rows[e].value;
	}
	fprintf(out, "\n %s: {\n", host->quoted);
	print_counters(out, "before", &host->before);
	print_counters(out, "after", &after);
	code = print_qdiscs(out, host, err);
	counters_free(&after);
	return code;
}

static int write_json(const char *dir, const char *name, json_t *value, struct err *err)
{
	auto_fclose FILE *file = evidence_create(dir, name, err);

	if (!file)
		return -err->code;
	if (json_dumpf(value, file, JSON_INDENT(1)) || fputc('\n', file) == EOF || fflush(file))
		return err_set(err, errno, "cannot write %s/%s", dir, name);
	return 0;
}

static int write_counters(const struct recorder *recorder, struct err *err)
{
	auto_fclose FILE *out = evidence_create(recorder->dir, "counters.json", err);

	if (!out)
		return -err->code;
	fputc('{', out);
	for (unsigned int n = 0; n < recorder->up->n; n++) {
		if (n)
			fputc(',', out);
		if (print_host(out, &recorder->hosts[n], err))
			return -err->code;
	}
	if (fputs("\n}\n", out) < 0 || fflush(out))
		return err_set(err, errno, "cannot write %s/counters.json", recorder->dir);
	return 0;
}

/* "10.0.0.1 client", for the names in the capture. The list ends in NULL. */
static char **address_names(const struct plan *plan)
{
	char **names = NULL;
	unsigned int n = 0;

	for (const struct link *link = plan->topo.links; link && link->a.node; link++) {
		const struct port *ports[] = { &link->a, &link->b };

		for (size_t p = 0; p < ARRAY_SIZE(ports); p++) {
			auto_free char *addrs = must_strdup(ports[p]->addr ? ports[p]->addr : "");
			char *save = NULL;

			for (char *addr = strtok_r(addrs, " ", &save); addr; addr = strtok_r(NULL, " ", &save))
				*(char **)grow(&names, n++, sizeof(char *)) =
					must_printf("%.*s %s", (int)strcspn(addr, "/"), addr, ports[p]->node);
		}
	}
	grow(&names, n, sizeof(char *));
	return names;
}

static int write_packets(const struct recorder *recorder, const char *kernel, uint64_t seed,
			 const char *recycle, struct err *err)
{
	auto_free char *path = must_printf("%s/packets.pcapng", recorder->dir);
	auto_free char *comment = must_printf("lab %s, variant %s, seed %llu%s%s", recorder->plan->lab->name,
					      recorder->plan->variant, (unsigned long long)seed,
					      *recycle ? ", tcp_tw_recycle " : "", recycle);
	char **names = address_names(recorder->plan);
	struct pcapng_about about = {
		.userappl = "twlab " TWLAB_VERSION, .os = kernel, .comment = comment,
		.names = (const char *const *)names, .start_ns = recorder->start_ns,
	};
	int code;

	recorder->trace->end_ns = recorder->end_ns;
	trace_follow(recorder->trace);
	code = pcapng_write(path, recorder->trace, &about, err);
	for (char **name = names; *name; name++)
		free(*name);
	free(names);
	return code;
}

int evidence_hz(void)
{
	int64_t tick_ns = timer_wheel_tick_ns();

	return tick_ns ? (int)((NS_PER_S + tick_ns / 2) / tick_ns) : 0;
}

/* How long each file of the folder @dir is, so that one that is cut short later is known. */
static json_t *sizes(const char *dir)
{
	auto_walk FTS *fts = fs_walk(dir, NULL);
	json_t *all = json_object();

	for (FTSENT *entry; fts && (entry = fts_read(fts)); )
		if (entry->fts_info == FTS_F)
			json_text_set(all, entry->fts_path + strlen(dir) + 1,
				      json_integer((json_int_t)entry->fts_statp->st_size));
	return all;
}

static int write_run(const struct recorder *recorder, const char *kernel, uint64_t seed,
		     const char *recycle, const char *failed, struct err *err)
{
	json_t *params = json_object(), *run;
	int code;

	for (unsigned int p = 0; p < recorder->plan->n_params; p++) {
		const char *param = recorder->plan->params[p];
		size_t len = strcspn(param, "=");
		auto_free char *name = must_printf("%.*s", (int)len, param);

		json_text_set(params, name, json_text(param + len + 1));
	}
	run = json_pack("{s:o, s:o, s:o, s:I, s:o, s:s, s:s, s:i, s:I, s:I, s:s, s:o, s:b}",
			"lab", json_text(recorder->plan->lab->name), "variant", json_text(recorder->plan->variant),
			"params", params, "seed", (json_int_t)seed, "kernel", json_text(kernel),
			"runner", guest_inside() ? "vm" : "here", "recycle", recycle,
			"hz", evidence_hz(), "start_ns", (json_int_t)recorder->start_ns,
			"end_ns", (json_int_t)recorder->end_ns,
			"twlab", TWLAB_VERSION, "bytes", sizes(recorder->dir), "complete", failed == NULL);
	if (getenv("TWLAB_SNAPSHOT"))
		json_object_set_new(run, "snapshot", json_string(getenv("TWLAB_SNAPSHOT")));
	if (failed)
		json_object_set_new(run, "failed", json_text(failed));
	code = write_json(recorder->dir, "run.json", run, err);
	json_decref(run);
	return code;
}

int evidence_end(struct recorder *recorder, struct err *err)
{
	recorder->end_ns = recorder_now(recorder);
	for (unsigned int n = 0; n < recorder->up->n; n++) {
		unsigned int missed;

		if (recorder_frames(recorder, n, err) < 0)
			return -err->code;
		missed = capture_missed(recorder->hosts[n].capture);
		if (missed)
			return err_set(err, 0, "%s: %u frames came faster than they could be recorded",
				       recorder->hosts[n].up->name, missed);
	}
	return 0;
}

int evidence_write(struct recorder *recorder, uint64_t seed, const char *recycle,
		   const char *failed, struct err *err)
{
	struct utsname uts;

	uname(&uts);
	if (fflush(recorder->states) || fflush(recorder->events) || (recorder->nat && fflush(recorder->nat)))
		return err_set(err, errno, "cannot write %s", recorder->dir);
	if (write_counters(recorder, err) || write_packets(recorder, uts.release, seed, recycle, err))
		return -err->code;
	return write_run(recorder, uts.release, seed, recycle, failed, err);
}

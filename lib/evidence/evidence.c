/* evidence.c - read the folder that a run left
 *
 * A folder may have been cut short by a full disk, edited, or be of another
 * kind altogether. Everything is checked as it is read, and the first thing
 * that is not as it should be is named, with file and line.
 */
#include <twlab/evidence.h>

#include <twlab/evidence_programs.h>
#include <twlab/fs.h>
#include <twlab/pcapng.h>
#include <twlab/trial_text.h>
#include <twlab/seal.h>
#include <twlab/utf8.h>

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <sys/stat.h>

#define TIME_MAX_NS (INT64_MAX / 4)	/* so that sums and differences fit */
#define EXPIRES_MAX_MS 1000000000LL
#define COUNT_MAX (INT64_MAX / 4)	/* here, too */

/* Where a row is read: for the sentence, when it is not as it should be. */
struct place {
	const char *file;	/* in the folder */
	unsigned int line;	/* 0 = the whole file */
	struct err *err;
};

static int wrong(const struct place *place, const char *what, const char *name)
{
	return place->line ?
	       err_set(place->err, 0, "%s:%u: %s '%s'", place->file, place->line, what, name) :
	       err_set(place->err, 0, "%s: %s '%s'", place->file, what, name);
}

/* What @name is in @object, a copy; NULL if there is no such text. */
static char *text_of(const json_t *object, const char *name, const struct place *place)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_string(value)) {
		wrong(place, "no text for", name);
		return NULL;
	}
	return must_strdup(json_string_value(value));
}

static int number_of(const json_t *object, const char *name, int64_t min, int64_t max,
		     const struct place *place, int64_t *number)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_integer(value))
		return wrong(place, "no number for", name);
	*number = json_integer_value(value);
	if (*number < min || *number > max)
		return wrong(place, "out of range:", name);
	return 0;
}

static char *path_in(const struct evidence *evidence, const char *name)
{
	return must_printf("%s/%s", evidence->dir, name);
}

/* The JSON object that file @name is. NULL when it is none. */
static json_t *object_read(const struct evidence *evidence, const char *name, struct err *err)
{
	auto_free char *path = path_in(evidence, name);
	auto_fclose FILE *file = fs_open(path);
	json_error_t error;
	json_t *object;

	if (!file) {
		err_set(err, errno, "cannot read %s", name);
		return NULL;
	}
	object = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	if (!object)
		err_set(err, 0, "%s:%d: %s", name, error.line, error.text);
	else if (!json_is_object(object))
		err_set(err, 0, "%s is no JSON object", name);
	else
		return object;
	json_decref(object);
	return NULL;
}

static int params_read(struct evidence *evidence, const json_t *run, const struct place *place)
{
	json_t *params = json_object_get(run, "params");
	const char *name;
	json_t *value;

	if (!json_is_object(params))
		return wrong(place, "no", "params");
	json_object_foreach(params, name, value) {
		if (!json_is_string(value))
			return wrong(place, "no text for parameter", name);
		*(char **)grow(&evidence->params, evidence->n_params, sizeof(char *)) =
			must_printf("%s=%s", name, json_string_value(value));
		evidence->n_params++;
	}
	return 0;
}

static int run_fill(struct evidence *evidence, const json_t *run, const struct place *place)
{
	struct { const char *name; char **to; } texts[] = {
		{ "lab", &evidence->lab }, { "variant", &evidence->variant },
		{ "kernel", &evidence->kernel }, { "runner", &evidence->runner },
		{ "recycle", &evidence->recycle },
	};
	const char *failed = json_string_value(json_object_get(run, "failed"));
	int64_t hz = 0;

	if (!json_is_true(json_object_get(run, "complete")))
		return err_set(place->err, 0, "the run did not finish%s%s", failed ? ": " : "",
			       failed ? failed : "");
	if (seal_check(evidence->dir, run, place->err))
		return err_code(place->err);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		*texts[i].to = text_of(run, texts[i].name, place);
		if (!*texts[i].to)
			return -EINVAL;
	}
	evidence->snapshot = json_object_get(run, "snapshot") ? text_of(run, "snapshot", place) : must_strdup("");
	if (!evidence->snapshot)
		return -EINVAL;
	if (!json_is_integer(json_object_get(run, "seed")))
		return wrong(place, "no number for", "seed");
	evidence->seed = (uint64_t)json_integer_value(json_object_get(run, "seed"));
	if (number_of(run, "hz", 0, 100000, place, &hz) ||
	    number_of(run, "start_ns", 0, INT64_MAX, place, &evidence->start_ns) ||
	    number_of(run, "end_ns", 0, TIME_MAX_NS, place, &evidence->end_ns))
		return -EINVAL;
	evidence->hz = (int)hz;
	return params_read(evidence, run, place);
}

static int run_read(struct evidence *evidence, struct err *err)
{
	const struct place place = { "run.json", 0, err };
	json_t *run;
	int failed;
	struct stat stat;

	if (lstat(evidence->dir, &stat))
		return err_set(err, errno, "cannot read it");
	run = object_read(evidence, place.file, err);
	if (!run)
		return err->code == ENOENT ?
		       err_set(err, ENOENT, "no run.json: no evidence, or a run that did not finish") :
		       -EINVAL;
	failed = run_fill(evidence, run, &place);
	json_decref(run);
	return failed;
}

typedef int row_reader(struct evidence *evidence, const json_t *row, const struct place *place);

/* Hand each line of file @name, a JSON object, to @read. */
static int lines_read(struct evidence *evidence, const char *name, row_reader *read, struct err *err)
{
	auto_free char *path = path_in(evidence, name);
	auto_fclose FILE *file = fs_open(path);
	struct place place = { name, 0, err };
	auto_free char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (!file)
		return err_set(err, errno, "cannot read %s", name);
	while ((len = getline(&line, &size, file)) > 0) {
		json_error_t error;
		json_t *row;
		int failed;

		place.line++;
		if (line[len - 1] != '\n')
			return err_set(err, 0, "%s:%u: the line is cut short", name, place.line);
		row = json_loadb(line, (size_t)len, JSON_REJECT_DUPLICATES, &error);
		if (!row)
			return err_set(err, 0, "%s:%u: %s", name, place.line, error.text);
		failed = json_is_object(row) ? read(evidence, row, &place) :
			 err_set(err, 0, "%s:%u: no JSON object", name, place.line);
		json_decref(row);
		if (failed)
			return failed;
	}
	return ferror(file) ? err_set(err, EIO, "cannot read %s", name) : 0;
}

static int endpoint_of(const json_t *row, const char *name, const struct place *place,
		       struct endpoint *endpoint)
{
	auto_free char *text = text_of(row, name, place);

	if (!text)
		return -EINVAL;
	return endpoint_parse(text, endpoint) ? 0 : wrong(place, "no address and port:", text);
}

static int event_of_name(const char *name)
{
	static const char *const names[] = {
		[SEEN_NEW] = "new", [SEEN_CHANGE] = "change", [SEEN_REARM] = "rearm",
		[SEEN_TICK] = "tick", [SEEN_GONE] = "gone",
	};

	static_assert(ARRAY_SIZE(names) == STATE_EVENTS, "an event lacks its name");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return (int)i;
	return -1;
}

static int state_read(struct evidence *evidence, const json_t *object, const struct place *place)
{
	struct state_row *row = grow(&evidence->states, evidence->n_states++, sizeof(*row));
	auto_free char *state = NULL, *event = NULL;

	row->line = place->line;
	if (number_of(object, "t_ns", 0, TIME_MAX_NS, place, &row->at_ns) ||
	    number_of(object, "expires_ms", -1, EXPIRES_MAX_MS, place, &row->expires_ms) ||
	    !(row->node = text_of(object, "node", place)) ||
	    !(row->timer = text_of(object, "timer", place)) ||
	    !(state = text_of(object, "state", place)) ||
	    !(event = text_of(object, "event", place)) ||
	    endpoint_of(object, "local", place, &row->local) ||
	    endpoint_of(object, "remote", place, &row->remote))
		return -EINVAL;
	if (trace_node(evidence->trace, row->node) < 0)
		return wrong(place, "packets.pcapng has no node", row->node);
	row->state = tcp_state_named(state);
	if (row->state == STATE_NONE)
		return wrong(place, "no state of TCP:", state);
	if (event_of_name(event) < 0)
		return wrong(place, "no such event:", event);
	row->event = (enum state_event)event_of_name(event);
	if (evidence->n_states > 1 && row[-1].at_ns > row->at_ns)
		return wrong(place, "goes back in time:", "t_ns");
	return 0;
}

static int nat_read(struct evidence *evidence, const json_t *object, const struct place *place)
{
	struct nat_row *row = grow(&evidence->nats, evidence->n_nats++, sizeof(*row));
	struct { const char *name; char **to; } ends[] = {
		{ "from", &row->from }, { "to", &row->to }, { "as", &row->as },
		{ json_object_get(object, "target") ? "target" : "to", &row->target },
	};
	auto_free char *event = NULL;
	struct endpoint end;

	row->line = place->line;
	if (number_of(object, "t_ns", 0, TIME_MAX_NS, place, &row->at_ns) ||
	    number_of(object, "expires_ms", -1, EXPIRES_MAX_MS, place, &row->expires_ms) ||
	    !(row->node = text_of(object, "node", place)) ||
	    !(row->state = text_of(object, "state", place)) ||
	    !(event = text_of(object, "event", place)))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (endpoint_of(object, ends[i].name, place, &end) ||
		    !(*ends[i].to = text_of(object, ends[i].name, place)))
			return -EINVAL;
	if (trace_node(evidence->trace, row->node) < 0)
		return wrong(place, "packets.pcapng has no node", row->node);
	if (event_of_name(event) < 0)
		return wrong(place, "no such event:", event);
	row->event = (enum state_event)event_of_name(event);
	if (evidence->n_nats > 1 && row[-1].at_ns > row->at_ns)
		return wrong(place, "goes back in time:", "t_ns");
	return 0;
}

static int event_read(struct evidence *evidence, const json_t *object, const struct place *place)
{
	struct event_row *row = grow(&evidence->events, evidence->n_events++, sizeof(*row));

	row->line = place->line;
	if (number_of(object, "t_ns", 0, TIME_MAX_NS, place, &row->at_ns) ||
	    !(row->what_kind = text_of(object, "do", place)) ||
	    !(row->node = text_of(object, "node", place)) ||
	    !(row->what = text_of(object, "what", place)) ||
	    !(row->why = text_of(object, "why", place)))
		return -EINVAL;
	return 0;
}

static void counter_add(struct evidence *evidence, const char *node, char *name,
			int64_t before, int64_t after)
{
	struct counter_row *row = grow(&evidence->counters, evidence->n_counters++, sizeof(*row));

	*row = (struct counter_row){ must_strdup(node), name, before, after };
}

static int node_counters_read(struct evidence *evidence, const char *node, const json_t *counters,
			      const struct place *place)
{
	json_t *before = json_object_get(counters, "before"), *value, *one;
	json_t *after = json_object_get(counters, "after");
	const char *name, *what;

	if (!json_is_object(before) || !json_is_object(after))
		return wrong(place, "no counters before and after for", node);
	json_object_foreach(after, name, value) {
		int64_t was = 0, is;

		if (number_of(after, name, -COUNT_MAX, COUNT_MAX, place, &is) ||
		    (json_object_get(before, name) && number_of(before, name, -COUNT_MAX, COUNT_MAX, place, &was)))
			return -EINVAL;
		counter_add(evidence, node, must_strdup(name), was, is);
	}
	json_object_foreach(json_object_get(counters, "qdisc"), name, value) {
		json_object_foreach(value, what, one) {
			int64_t is;

			if (number_of(value, what, -COUNT_MAX, COUNT_MAX, place, &is))
				return -EINVAL;
			counter_add(evidence, node, must_printf("qdisc.%s.%s", name, what), 0, is);
		}
	}
	return 0;
}

static int counters_read_all(struct evidence *evidence, struct err *err)
{
	const struct place place = { "counters.json", 0, err };
	json_t *all = object_read(evidence, place.file, err), *counters;
	const char *node;
	int failed = all ? 0 : -EINVAL;

	json_object_foreach(all, node, counters) {
		failed = node_counters_read(evidence, node, counters, &place);
		if (failed)
			break;
	}
	json_decref(all);
	return failed;
}

static int packets_read(struct evidence *evidence, struct err *err)
{
	auto_free char *path = path_in(evidence, "packets.pcapng");
	struct trace *trace = trace_new();

	for (unsigned int i = 0; i < evidence->n_events; i++) {
		const struct event_row *event = &evidence->events[i];

		if (!strcmp(event->what_kind, "send"))
			trace_add_send(trace, event->at_ns, event->node, event->what);
	}
	evidence->trace = pcapng_read_into(trace, path, evidence->start_ns, evidence->end_ns, err);
	return evidence->trace ? 0 : err_code(err);
}

/* Only where there is a NAT is there its table. */
static int nats_read(struct evidence *evidence, struct err *err)
{
	auto_free char *path = path_in(evidence, "nat.jsonl");

	return access(path, F_OK) ? 0 : lines_read(evidence, "nat.jsonl", nat_read, err);
}

/* Only where there were some. */
static int trials_read(struct evidence *evidence, struct err *err)
{
	auto_free char *path = path_in(evidence, "trials.tsv");

	return access(path, F_OK) ? 0 : trial_read(path, &evidence->trials, &evidence->n_trials, err);
}

struct evidence *evidence_read(const char *dir, struct err *err)
{
	struct evidence *evidence = must_calloc(1, sizeof(*evidence));
	auto_free char *line = NULL;
	struct err own = { 0 };

	evidence->dir = must_strdup(dir);
	if (run_read(evidence, &own) || lines_read(evidence, "events.jsonl", event_read, &own) ||
	    packets_read(evidence, &own) || lines_read(evidence, "states.jsonl", state_read, &own) ||
	    nats_read(evidence, &own) || trials_read(evidence, &own) ||
	    counters_read_all(evidence, &own) || evidence_programs(evidence, &own)) {
		if (strncmp(own.text, dir, strlen(dir)))	/* a path says it already */
			err_in(&own, dir);
		line = utf8_line(own.text);	/* it may quote what the folder says */
		snprintf(own.text, sizeof(own.text), "%s", line);
		if (err)
			*err = own;
		evidence_free(evidence);
		return NULL;
	}
	return evidence;
}

void evidence_free(struct evidence *evidence)
{
	if (!evidence)
		return;
	for (unsigned int i = 0; i < evidence->n_states; i++) {
		free(evidence->states[i].node);
		free(evidence->states[i].timer);
	}
	for (unsigned int i = 0; i < evidence->n_nats; i++) {
		free(evidence->nats[i].node);
		free(evidence->nats[i].from);
		free(evidence->nats[i].to);
		free(evidence->nats[i].target);
		free(evidence->nats[i].as);
		free(evidence->nats[i].state);
	}
	for (unsigned int i = 0; i < evidence->n_trials; i++)
		free(evidence->trials[i].node);
	for (unsigned int i = 0; i < evidence->n_events; i++) {
		free(evidence->events[i].what_kind);
		free(evidence->events[i].node);
		free(evidence->events[i].what);
		free(evidence->events[i].why);
	}
	for (unsigned int i = 0; i < evidence->n_counters; i++) {
		free(evidence->counters[i].node);
		free(evidence->counters[i].name);
	}
	for (unsigned int i = 0; i < evidence->n_programs; i++) {
		free(evidence->programs[i].name);
		free(evidence->programs[i].out);
		free(evidence->programs[i].status);
	}
	for (unsigned int i = 0; i < evidence->n_params; i++)
		free(evidence->params[i]);
	trace_free(evidence->trace);
	free(evidence->dir);
	free(evidence->lab);
	free(evidence->variant);
	free(evidence->kernel);
	free(evidence->runner);
	free(evidence->recycle);
	free(evidence->snapshot);
	free(evidence->params);
	free(evidence->states);
	free(evidence->nats);
	free(evidence->trials);
	free(evidence->events);
	free(evidence->counters);
	free(evidence->programs);
	free(evidence);
}

/* recorder.c - what a run puts on record while it happens
 *
 * Theory of operation. Frames are captured at every device of every node, by packet sockets
 * that the kernel fills: they miss nothing, and cost the run a copy. States are another matter: TIME_WAIT
 * can be read in no other way than by asking sock_diag for a dump, which costs the guest's time, and
 * the guest's time is the run's. So a host is asked only when its sockets may have changed:
 *
 *	a frame has passed it		its sockets are sampled once, when all frames that are there were taken in
 *	a timer of a socket runs out	at the few instants at which the kernel's timer wheel can find that out
 *					(lib/probe/timer_wheel.h); until then a TIME_WAIT that lives has one known end
 *	a program has said or done something, a step wants to know		at once
 *	nothing				once a second, then less and less often
 *
 * A host with a crowd of sockets is asked less often, or asking would be all that it does. What a sample finds is
 * compared with the one before, by four-tuple and cookie, and only what changed is put down: new, change,
 * rearm (a TIME_WAIT's deadline has moved), tick (every 10 s, so that its timer can be drawn), gone.
 * What was too short to be sampled is worked out afterwards, from the frames (lib/evidence/tcp_fsm.h).
 * A NAT's table is looked at in the same way (nat_table.c). evidence_write.c writes all of it out at the end.
 */
#include "harness/run/recorder_state.h"
#include <twlab/clock.h>
#include "harness/run/evidence_write.h"

#include <twlab/capture.h>
#include <twlab/json_text.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <time.h>

#define TICK_NS   (10 * NS_PER_S)	/* a TIME_WAIT's timer is put down this often */
#define IDLE_NS   (1 * NS_PER_S)	/* a host with sockets is asked this often, and less and less when nothing stirs */
#define CROWD     32			/* a host with more sockets is looked at less often: */
#define CROWD_NS  (20 * NS_PER_US)	/* by so much a socket, or looking would be all it does */
#define REARM_NS  (100 * NS_PER_MS)	/* a deadline that moved by more was set anew (a jiffy is at most 10 ms) */

int64_t recorder_now(const struct recorder *recorder)
{
	return clock_ns(CLOCK_REALTIME) - recorder->start_ns;
}

int recorder_fd(const struct recorder *recorder, unsigned int n)
{
	return recorder->hosts[n].capture;
}

static void put_line(FILE *file, json_t *row)
{
	json_dumpf(row, file, JSON_COMPACT);
	fputc('\n', file);
	json_decref(row);
}

void recorder_event(struct recorder *recorder, const char *act, const char *node,
		    const char *what, const char *why)
{
	put_line(recorder->events, json_pack("{s:I, s:s, s:o, s:o, s:o}",
		 "t_ns", (json_int_t)recorder_now(recorder), "do", act, "node", json_text(node ? node : ""),
		 "what", json_text(what ? what : ""), "why", json_text(why ? why : "")));
}

void recorder_send(struct recorder *recorder, const char *node, const char *what, const char *why)
{
	trace_add_send(recorder->trace, recorder_now(recorder), node, what);
	recorder_event(recorder, "send", node, what, why);
}

/* A kernel that does not show its table is no failure: see harness/run/requirements.c. */
static int open_table(struct recorder *recorder, struct host *host, struct err *err)
{
	if (!recorder->nat)
		recorder->nat = evidence_create(recorder->dir, "nat.jsonl", err);
	if (!recorder->nat)
		return -err->code;
	host->table = nat_table_open(host->up->name, host->up->ns, recorder->nat, err);
	if (!host->table && err->code != EOPNOTSUPP)
		return -err->code;
	err->code = 0;
	return 0;
}

static int open_host(struct recorder *recorder, unsigned int n, struct err *err)
{
	const struct node_up *up = &recorder->up->nodes[n];
	struct host *host = &recorder->hosts[n];

	host->up = up;
	host->quoted = json_text_quoted(up->name);
	host->next_ns = INT64_MAX;
	host->capture = capture_open(up->ns, err);
	if (host->capture < 0 || (up->kind != NODE_WIRE && counters_read(up->ns, &host->before, err)))
		return err_in(err, up->name);
	host->iface = must_calloc(up->n_devs, sizeof(*host->iface));
	for (unsigned int d = 0; d < up->n_devs; d++)
		host->iface[d] = trace_add_iface(recorder->trace, up->name, up->devs[d],
						 up->kind == NODE_HOST);
	if (up->kind == NODE_NAT)
		return open_table(recorder, host, err);
	if (up->kind != NODE_HOST)
		return 0;
	host->diag = sockdiag_open(up->ns, err);
	return host->diag ? 0 : err_in(err, up->name);
}

struct recorder *recorder_open(const char *dir, const struct plan *plan,
			       const struct topo_up *up, struct err *err)
{
	struct recorder *recorder = must_calloc(1, sizeof(*recorder));
	auto_free char *programs = must_printf("%s/programs", dir);

	recorder->plan = plan;
	recorder->up = up;
	recorder->dir = must_strdup(dir);
	recorder->trace = trace_new();
	recorder->hosts = must_calloc(up->n, sizeof(*recorder->hosts));
	recorder->families[recorder->n_families++] = AF_INET;
	if (topo_has_ipv6(&plan->topo))
		recorder->families[recorder->n_families++] = AF_INET6;
	for (unsigned int n = 0; n < up->n; n++)
		recorder->hosts[n].capture = -1;
	if (mkdir(dir, 0755) || mkdir(programs, 0755)) {
		err_set(err, errno, "cannot make the folder %s", dir);
		goto fail;
	}
	recorder->states = evidence_create(dir, "states.jsonl", err);
	recorder->events = recorder->states ? evidence_create(dir, "events.jsonl", err) : NULL;
	if (!recorder->events)
		goto fail;
	for (unsigned int n = 0; n < up->n; n++)
		if (open_host(recorder, n, err))
			goto fail;
	recorder->start_ns = clock_ns(CLOCK_REALTIME);
	recorder->end_ns = INT64_MAX;
	recorder->wheel.tick_ns = timer_wheel_tick_ns();
	return recorder;
fail:
	recorder_free(recorder);
	return NULL;
}

int recorder_frames(struct recorder *recorder, unsigned int n, struct err *err)
{
	struct host *host = &recorder->hosts[n];
	struct capture_frame frame;
	int more, count = 0;

	while ((more = capture_next(host->capture, &frame, err)) > 0) {
		for (unsigned int d = 0; d < host->up->n_devs; d++) {
			if (host->up->ifindex[d] != frame.ifindex || frame.at_ns - recorder->start_ns > recorder->end_ns)
				continue;
			trace_add_frame(recorder->trace, host->iface[d], frame.at_ns - recorder->start_ns,
					frame.out, frame.data, frame.len);
			host->stirred = true;
			count++;
		}
	}
	return more < 0 ? err_in(err, host->up->name) : count;
}

static const char *const event_name[] = {
	[SEEN_NEW] = "new", [SEEN_CHANGE] = "change", [SEEN_REARM] = "rearm",
	[SEEN_TICK] = "tick", [SEEN_GONE] = "gone",
};
static_assert(ARRAY_SIZE(event_name) == STATE_EVENTS, "event_name[] lacks one");

static void put_state(struct recorder *recorder, const struct host *host, struct tracked *socket,
		      enum state_event event, int64_t now, const char *why)
{
	char local[64], remote[64];
	bool gone = event == SEEN_GONE;

	socket->put_ns = now;
	/* Printed, not built as a tree: these are many, and their words are all ours but the name. */
	fprintf(recorder->states, "{\"t_ns\":%lld,\"node\":%s,\"local\":\"%s\",\"remote\":\"%s\",\"state\":\"%s\","
		"\"timer\":\"%s\",\"expires_ms\":%lld,\"event\":\"%s\",\"seen\":\"%s\"}\n",
		(long long)now, host->quoted, endpoint_text(&socket->seen.local, local),
		endpoint_text(&socket->seen.remote, remote), tcp_state_name(socket->seen.state), gone ? "" : socket->seen.timer,
		(long long)(gone ? -1 : socket->seen.expires_ms), event_name[event], why);
}

/* Dumps keep their order, so the one after the last that was found is the one
 * that is looked for, nearly always.
 */
static struct tracked *find_socket(struct host *host, const struct socket_seen *seen)
{
	for (unsigned int s = 0; s < host->n_sockets; s++) {
		unsigned int at = (host->found + s) % host->n_sockets;
		struct tracked *socket = &host->sockets[at];

		if (!socket->here && endpoint_equal(&socket->seen.local, &seen->local) &&
		    endpoint_equal(&socket->seen.remote, &seen->remote)) {
			host->found = at + 1;
			return socket;
		}
	}
	return NULL;
}

static bool same_socket(const struct socket_seen *a, const struct socket_seen *b)
{
	return a->cookie[0] == b->cookie[0] && a->cookie[1] == b->cookie[1];
}

static void see(struct recorder *recorder, struct host *host, const struct socket_seen *seen,
		int64_t now, const char *why)
{
	struct tracked *socket = find_socket(host, seen);
	bool waits = !strcmp(seen->timer, "timewait");
	int64_t deadline = seen->expires_ms < 0 ? -1 : now + seen->expires_ms * NS_PER_MS;
	int event = -1;

	if (socket && !same_socket(&socket->seen, seen)) {	/* another one on the same four-tuple */
		put_state(recorder, host, socket, SEEN_GONE, now, why);
		event = SEEN_NEW;
	} else if (!socket) {
		socket = grow(&host->sockets, host->n_sockets++, sizeof(*socket));
		event = SEEN_NEW;
	} else if (socket->seen.state != seen->state) {
		event = SEEN_CHANGE;
	} else if (waits && seen->expires_ms > 0 && deadline > socket->deadline_ns + REARM_NS) {
		event = SEEN_REARM;
	} else if (waits && now >= socket->put_ns + TICK_NS) {
		event = SEEN_TICK;
	}
	socket->here = true;
	/* While TIME_WAIT's only runs down, its first deadline is the exact one; and one that is over has none. */
	if ((event >= 0 && event != SEEN_TICK) || (!waits && seen->expires_ms))
		socket->deadline_ns = deadline;
	socket->seen = *seen;
	if (event >= 0)
		put_state(recorder, host, socket, event, now, why);
}

/* When must @host be asked again, if nothing stirs? A socket that waits for no timer changes
 * only by what its program does, which nearly always sends a segment or says something.
 */
static int64_t next_sample(const struct recorder *recorder, const struct host *host, int64_t now)
{
	int64_t next = INT64_MAX, idle = (now - host->stirred_ns) / 8;

	idle = idle < IDLE_NS ? IDLE_NS : idle > TICK_NS ? TICK_NS : idle;
	for (unsigned int s = 0; s < host->n_sockets; s++) {
		const struct tracked *socket = &host->sockets[s];
		bool waits = !strcmp(socket->seen.timer, "timewait");
		int64_t due = socket->deadline_ns, over = timer_wheel_next(&recorder->wheel, due, now);
		int64_t latest = (due > now ? due : now) + IDLE_NS;	/* should the wheel be another one */
		int64_t at = waits ? socket->put_ns + TICK_NS : now + (due < 0 ? idle : TICK_NS);

		if (socket->seen.state == STATE_LISTEN)
			continue;
		if (over > latest)
			over = latest;
		if (due >= 0 && over < at)
			at = over;
		if (at < next)
			next = at;
	}
	return next;
}

static int sample_sockets(struct recorder *recorder, struct host *host, int64_t now, const char *why,
			  struct err *err)
{
	const struct socket_seen *seen;
	unsigned int left = 0;

	for (unsigned int s = 0; s < host->n_sockets; s++)
		host->sockets[s].here = false;
	host->found = 0;
	for (int f = 0; f < recorder->n_families; f++) {
		int n = sockdiag_dump(host->diag, recorder->families[f], &seen, err);

		if (n < 0)
			return err_in(err, host->up->name);
		for (int s = 0; s < n; s++)
			see(recorder, host, &seen[s], now, why);
	}
	for (unsigned int s = 0; s < host->n_sockets; s++) {
		if (host->sockets[s].here)
			host->sockets[left++] = host->sockets[s];
		else
			put_state(recorder, host, &host->sockets[s], SEEN_GONE, now, why);
	}
	host->n_sockets = left;
	return 0;
}

static int sample(struct recorder *recorder, struct host *host, const char *why, struct err *err)
{
	uint64_t clock_ticks = (uint64_t)times(NULL);
	int64_t now = recorder_now(recorder);

	timer_wheel_look(&recorder->wheel, clock_ticks, now);
	if (host->table ? nat_table_look(host->table, now, why, err) :
			  sample_sockets(recorder, host, now, why, err))
		return -err->code;
	if (host->stirred)
		host->stirred_ns = now;
	host->stirred = false;
	host->sampled_ns = now;
	host->next_ns = host->table ? nat_table_next(host->table, now) : next_sample(recorder, host, now);
	return 0;
}

int recorder_sample(struct recorder *recorder, const char *why, struct err *err)
{
	bool all = !strcmp(why, "step");
	int64_t now = recorder_now(recorder);

	for (unsigned int n = 0; n < recorder->up->n; n++) {
		struct host *host = &recorder->hosts[n];
		unsigned int crowd = host->table ? nat_table_count(host->table, "") : host->n_sockets;

		if (!(host->diag || host->table) || !(all || host->stirred || host->next_ns <= now))
			continue;
		if (!all && host->stirred && crowd > CROWD && now < host->sampled_ns + crowd * CROWD_NS)
			host->next_ns = host->sampled_ns + crowd * CROWD_NS;
		else if (sample(recorder, host, host->stirred ? "packet" : why, err))
			return -err->code;
	}
	return 0;
}

static struct host *host_named(const struct recorder *recorder, const char *node)
{
	for (unsigned int n = 0; n < recorder->up->n; n++)
		if (!strcmp(recorder->hosts[n].up->name, node))
			return &recorder->hosts[n];
	return NULL;
}

void recorder_expect(struct recorder *recorder, const char *node)
{
	struct host *host = host_named(recorder, node);

	if (host && (host->diag || host->table))
		host->next_ns = 0;
}

int recorder_look(struct recorder *recorder, const char *node, struct err *err)
{
	struct host *host = host_named(recorder, node);

	return host && (host->diag || host->table) ? sample(recorder, host, "timer", err) : 0;
}

int64_t recorder_next(const struct recorder *recorder)
{
	int64_t next = INT64_MAX;

	for (unsigned int n = 0; n < recorder->up->n; n++)
		if (recorder->hosts[n].next_ns < next)
			next = recorder->hosts[n].next_ns;
	return next;
}

unsigned int recorder_count(const struct recorder *recorder, const char *node, enum tcp_state state)
{
	const struct host *host = host_named(recorder, node);
	unsigned int count = 0;

	for (unsigned int s = 0; host && s < host->n_sockets; s++) {
		enum tcp_state is = host->sockets[s].seen.state;

		count += state == STATE_NONE ? is != STATE_LISTEN : is == state;
	}
	return count;
}

int recorder_entries(const struct recorder *recorder, const char *node, const char *state)
{
	const struct host *host = host_named(recorder, node);

	return host && host->table ? (int)nat_table_count(host->table, state) : -1;
}

char *recorder_states(const struct recorder *recorder, const char *node)
{
	const struct host *host = host_named(recorder, node);
	char *text = NULL;

	if (host && host->table)
		return nat_table_states(host->table);
	for (enum tcp_state state = STATE_NONE; host && state < STATES; state++) {
		unsigned int n = 0;

		for (unsigned int s = 0; s < host->n_sockets; s++)
			n += host->sockets[s].seen.state == state;
		if (n)
			must_append(&text, "%s%u in %s", text ? ", " : "", n, tcp_state_name(state));
	}
	return text ? text : must_strdup("");
}

unsigned int recorder_cursor(const struct recorder *recorder)
{
	return recorder->trace->n_frames;
}

const struct trace_frame *recorder_frame(const struct recorder *recorder, unsigned int index,
					 const struct trace_iface **iface)
{
	const struct trace_frame *frame = &recorder->trace->frames[index];

	*iface = &recorder->trace->ifaces[frame->iface];
	return frame;
}

int recorder_kill(struct recorder *recorder, const char *node, enum tcp_state state, struct err *err)
{
	struct host *host = host_named(recorder, node);
	int count = 0;

	for (unsigned int s = 0; host && s < host->n_sockets; s++) {
		if (host->sockets[s].seen.state != state)
			continue;
		if (sockdiag_destroy(host->diag, &host->sockets[s].seen, err))
			return err_in(err, node);
		count++;
	}
	return count;
}

void recorder_add_counter(struct recorder *recorder, const char *node, const char *name, int64_t value)
{
	struct host *host = host_named(recorder, node);
	struct counter *row = grow(&host->extra.rows, host->extra.n++, sizeof(*row));

	snprintf(row->name, sizeof(row->name), "%s", name);
	row->value = value;
}

void recorder_free(struct recorder *recorder)
{
	if (!recorder)
		return;
	for (unsigned int n = 0; n < recorder->up->n; n++) {
		struct host *host = &recorder->hosts[n];

		if (host->capture >= 0)
			close(host->capture);
		sockdiag_close(host->diag);
		nat_table_close(host->table);
		counters_free(&host->before);
		counters_free(&host->extra);
		free(host->iface);
		free(host->quoted);
		free(host->sockets);
	}
	if (recorder->states)
		fclose(recorder->states);
	if (recorder->events)
		fclose(recorder->events);
	if (recorder->nat)
		fclose(recorder->nat);
	trace_free(recorder->trace);
	free(recorder->hosts);
	free(recorder->dir);
	free(recorder);
}

/* evidence.h - the folder that a run leaves, and reading it back
 *
 *	run.json	what was run: see struct evidence
 *	packets.pcapng	every interface, see <twlab/pcapng.h>
 *	states.jsonl	a line for each change of a socket's state, by time:
 *			{"t_ns":N,"node":"client","local":"10.0.0.1:40000","remote":"10.0.0.2:80",
 *			 "state":"TIME_WAIT","timer":"timewait","expires_ms":59996,"event":"new|change|rearm|tick|gone","seen":"packet|timer|step"}
 *			IPv6 endpoints are "[2001:db8::1]:80". "gone": no socket any more (state is the last one it had).
 *			timer is "" , "retrans", "keepalive", "timewait" or "probe".
 *	events.jsonl	a line for each thing that the harness did:
 *			{"t_ns":N,"do":"start|tell|wait|netem|sysctl|kill|count|exit|reject|send|...","node":"wire","what":"loss 100% toward server","why":"..."}
 *			"wait": what a step waited for has come; only where the step says why it waits
 *	nat.jsonl	where there is a NAT: a line for each change of its table of TCP connections, by time:
 *			{"t_ns":N,"node":"nat","from":"10.1.0.1:40000","to":"203.0.113.2:80",
 *			 "target":"203.0.113.2:80","as":"203.0.113.1:40000","state":"TIME_WAIT","expires_ms":120000,
 *			 "event":"new|change|rearm|gone","seen":"packet|timer|step"}
 *			"target" is where what goes to "to" is sent (another one after DNAT; where it is missing, it is "to"), "as" is
 *			what it takes "from" for there; states are those of the kernel's conntrack. "new" and "gone" are conntrack's
 *			own events, in their order
 *	trials.tsv	where segments were tried on TIME_WAITs: see <twlab/trial.h>
 *	trials.pcapng	those segments, and what came back: for Wireshark
 *	counters.json	{"NODE":{"before":{"Tcp.ActiveOpens":1,"TcpExt.PAWSPassive":0,...},"after":{...},
 *			 "qdisc":{"DEV":{"drops":1,"packets":7}}}}
 *	programs/	NAME.out, NAME.err, NAME.status ("exit 0", "signal 9")
 *
 * A folder is complete when run.json says so ("complete": true): it is written last,
 * and says how long each of the other files is ("bytes").
 */
#ifndef TWLAB_EVIDENCE_H
#define TWLAB_EVIDENCE_H

#include <twlab/tcp_state.h>
#include <twlab/trace.h>
#include <twlab/trial_text.h>

#pragma GCC visibility push(default)	/* public */

enum state_event { SEEN_NEW, SEEN_CHANGE, SEEN_REARM, SEEN_TICK, SEEN_GONE, STATE_EVENTS };

struct state_row {
	int64_t at_ns;
	char *node;
	struct endpoint local, remote;
	enum tcp_state state;
	char *timer;
	int64_t expires_ms;	/* of the timer; -1 = none */
	enum state_event event;
	unsigned int line;	/* of states.jsonl, from 1 */
};

struct nat_row {		/* an entry of a NAT's table */
	int64_t at_ns;
	char *node;
	char *from, *to, *target, *as;	/* "10.1.0.1:40000" */
	char *state;		/* conntrack's: it has FIN_WAIT for both of TCP's */
	int64_t expires_ms;
	enum state_event event;	/* no SEEN_TICK */
	unsigned int line;	/* of nat.jsonl, from 1 */
};

struct event_row {
	int64_t at_ns;
	char *what_kind;	/* "do" */
	char *node;
	char *what;
	char *why;
	unsigned int line;
};

struct counter_row {
	char *node;
	char *name;		/* "TcpExt.PAWSPassive", "qdisc.DEV.drops" */
	int64_t before, after;
};

struct program_output {
	char *name;
	char *out;		/* NUL-terminated */
	size_t out_len;
	char *status;
};

struct evidence {
	char *dir;
	char *lab, *variant;
	char *kernel, *runner;	/* "6.1.0-56-cloud-amd64", "vm" or "here" */
	char *recycle;		/* "", "emulated" or "genuine" */
	char *snapshot;		/* the digest of what the guest was restored from; "" = it booted, or was none */
	char **params;		/* "name=value", in the lab's order */
	unsigned int n_params;
	uint64_t seed;
	int hz;			/* the kernel's, 0 = unknown */
	int64_t start_ns;	/* CLOCK_REALTIME, ns since the epoch */
	int64_t end_ns;		/* since start_ns */
	struct trace *trace;
	struct state_row *states;	unsigned int n_states;
	struct nat_row *nats;		unsigned int n_nats;
	struct trial_row *trials;	unsigned int n_trials;
	struct event_row *events;	unsigned int n_events;
	struct counter_row *counters;	unsigned int n_counters;
	struct program_output *programs;unsigned int n_programs;
};

/* Read the folder @dir. Fails with one sentence that names file and line where
 * something is missing, cut short or not what it should be. Free with
 * evidence_free() (NULL is fine).
 */
struct evidence *evidence_read(const char *dir, struct err *err);
void evidence_free(struct evidence *evidence);

#pragma GCC visibility pop

#endif

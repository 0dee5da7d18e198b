/* evidence.h - the folder that a run leaves, and reading it back
 *
 *	run.json	what was run: see struct evidence
 *	packets.pcapng	every interface, see lib/packet/pcapng.h
 *	states.jsonl	a line for each change of a socket's state, by time:
 *			{"t_ns":N,"node":"client","local":"10.0.0.1:40000","remote":"10.0.0.2:80",
 *			 "state":"TIME_WAIT","timer":"timewait","expires_ms":59996,"event":"new|change|rearm|tick|gone","seen":"packet|timer|step"}
 *			IPv6 endpoints are "[2001:db8::1]:80". "gone": no socket any more (state is the last one it had).
 *			timer is "" , "retrans", "keepalive", "timewait" or "probe".
 *	events.jsonl	a line for each thing that the harness did:
 *			{"t_ns":N,"do":"start|tell|wait|netem|sysctl|kill|count|exit|reject|...","node":"wire","what":"loss 100% toward server","why":"..."}
 *	nat.jsonl	where there is a NAT: a line for each change of its table of TCP connections, by time:
 *			{"t_ns":N,"node":"nat","from":"10.1.0.1:40000","to":"203.0.113.2:80","as":"203.0.113.1:40000",
 *			 "state":"TIME_WAIT","expires_ms":120000,"event":"new|change|rearm|gone","seen":"packet|timer|step"}
 *			"as" is what "to" takes "from" for; states are those of the kernel's conntrack
 *	trials.tsv	where segments were tried on TIME_WAITs: see lib/probe/trial.h
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

#include <twlab/trace.h>
#include <twlab/trial.h>

/* The states of RFC 9293 under the kernel's names and numbers (tcp_states.h). */
enum tcp_state {
	STATE_NONE,
	STATE_ESTABLISHED, STATE_SYN_SENT, STATE_SYN_RECV, STATE_FIN_WAIT1,
	STATE_FIN_WAIT2, STATE_TIME_WAIT, STATE_CLOSE, STATE_CLOSE_WAIT,
	STATE_LAST_ACK, STATE_LISTEN, STATE_CLOSING,
	STATES
};

const char *tcp_state_name(enum tcp_state state);		/* "TIME_WAIT"; "" for STATE_NONE */
enum tcp_state tcp_state_named(const char *name);		/* STATE_NONE if unknown */

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
	char *from, *to, *as;	/* "10.1.0.1:40000" */
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

/* A socket's life on one node, from its rows in states.jsonl, completed by what
 * its packets imply where a state was too short to be sampled (see lib/evidence/tcp_fsm.h).
 * What was sampled is right where the two disagree. TIME_WAIT is never inferred:
 * nothing but its timer ends it, so where it was not sampled there was none.
 */
struct state_span {			/* in one state */
	enum tcp_state state;
	int64_t from_ns, to_ns;	/* to_ns = -1: still there when the run ended */
	bool inferred;		/* from packets: too short to be sampled */
	int cause;		/* index of trace.segments that led here; -1 = a call or a timer */
	bool cause_sent;	/* that segment was sent by this node (else received) */
	const char *call;	/* when cause is a call or timer: "connect()", "close()", "listen()", "timeout",
				 * "SOCK_DESTROY", "recycling"; NULL where the record does not say */
	int64_t timer_max_ms;	/* greatest remaining time of its timer that was seen; -1 */
	unsigned int rearms;	/* how often that timer was set anew */
	unsigned int line;	/* of states.jsonl where it was first seen; 0 if inferred */
};

struct socket_states {
	int node;		/* trace.nodes */
	int conn;		/* trace.conns; -1 = listening, or never met a packet */
	struct endpoint local, remote;
	struct state_span *spans;	unsigned int n_spans;
};

/* All lives in order of (node, first seen). Free with socket_states_free(). */
struct socket_states *socket_states_read(const struct evidence *evidence, unsigned int *n);
void socket_states_free(struct socket_states *sockets, unsigned int n);

#endif

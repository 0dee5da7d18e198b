/* lab.h - the words a lab is written in
 *
 * A lab is nothing but tables: who there is, how they are joined, what happens,
 * what must come out. Each ends in a row of zeros, and zero means "the usual".
 *
 * In every string, {…} is replaced by its value: a parameter ({port}), the
 * number of a node of which there are many ({i}), or a small sum of them
 * ({uptime - behind}). A row with .when stays only where that holds
 * (.when = "closer == server && hosts > 1"). See <twlab/expr.h>.
 *
 * Addresses are IPv4's. Every lab has one more parameter, ip=4, and with ip=6 (--ipv6)
 * they become IPv6's by themselves: see <twlab/ipv6_map.h>. What does not hold then says so in a
 * .ipv4_only, or is written with ({ip == 6 ? 1440 : 1460}).
 */
#ifndef TWLAB_LAB_H
#define TWLAB_LAB_H

#include <twlab/topo.h>

struct param {
	const char *name;
	const char *value;	/* the usual */
	const char *range;	/* "1..200", "1..hosts", or "client|server|both" */
	const char *is;
	const char *personal;	/* in an assignment each student has another value: which ("10..40", "a|b"); NULL: all the usual */
};

/* A lab under given parameters. The first is the lab's subject; the others are
 * its controls, which take the cause away.
 */
struct variant {
	const char *name;
	const char *set;	/* "closer=server port=80" */
	const char *shows;
	const char *ipv4_only;	/* why it cannot be run over IPv6; NULL: it can */
};

struct program {
	const char *name;	/* for a node of many: also name1, name2, ... */
	const char *node;
	const char *exe;	/* in the lab's folder */
	const char *args;	/* words */
	bool privileged;	/* keeps CAP_NET_ADMIN in its node (TCP_REPAIR) */
	const char *when;
};

/* What a step does, and what its .on and .what mean to it.
 *
 *	DO_START	on = program ("client*": every one of many)
 *	DO_TELL		on = program	what = a line for its standard input
 *	DO_SAYS		on = program	what = wait until it prints a line that begins so
 *	DO_EXIT		on = program	wait until it has ended
 *	DO_CRASH	on = program	end it at once (SIGKILL)
 *	DO_STATE	on = node	what = wait until a socket is in this state (LISTEN, TIME_WAIT, ...)
 *	DO_GONE		on = node	what = wait until no socket is in this state ("" = until there is none but LISTEN);
 *					both on a NAT: an entry of its table, in conntrack's states (FIN_WAIT, LAST_ACK, ...)
 *	DO_SEGMENT	on = node/dev	what = wait until such a segment comes in there: SYN, SYN-ACK, FIN, RST, ACK (bare), DATA
 *	DO_NETEM	on = wire/dev	what = "loss 100%", "delay 10ms", "duplicate 100%", "" (the link's usual);
 *					no other percentage than 0 and 100, no part of a millisecond
 *	DO_SYSCTL	on = node	what = "key=value"
 *	DO_CONF		on = node	what = a file in the lab's folder, its name ending in ".conf": its lines are
 *					applied as sysctl -p does; what became of each is on record
 *	DO_KILL		on = node	what = end its sockets in this state (SOCK_DESTROY)
 *	DO_COUNT	on = node	what = a state: how many there are by sock_diag and by /proc/net/tcp
 *	DO_SEND		on = node	what = a segment that no program would send, in the words of <twlab/craft.h>:
 *					"SYN from=10.0.0.1:40001 to=10.0.0.2:8080 seq=+1 ts=-1"; seq counts from the next
 *					number that "from" would use in their last connection, ts from its last TSval,
 *					as its peer saw that (without ts=: no timestamp). It has the mark 7323, so that a ruleset can tell it
 *					from what the node's kernel sends; facts and pictures say that it was made up, and no
 *					state of the end whose address it bears follows from it
 *	DO_TRIAL	on = node	what = how many segments ("1000") are tried on TIME_WAITs, each on one of its
 *					own, on a host that is set as this node is; they are drawn from the run's seed
 *					(<twlab/trial.h>)
 *	DO_ASK		on = program	ask it about each of those: it gets a line for each, then the end of its input,
 *					and prints a line for each;
 *					wait until it has told all, or has ended
 *	DO_SLEEP			.ms, or what = so many ms, where that is a sum ("{1000 * answer}")
 */
enum step_do {
	DO_NOTHING, DO_START, DO_TELL, DO_SAYS, DO_EXIT, DO_CRASH, DO_STATE, DO_GONE,
	DO_SEGMENT, DO_NETEM, DO_SYSCTL, DO_CONF, DO_KILL, DO_COUNT, DO_SEND, DO_TRIAL, DO_ASK, DO_SLEEP,
	STEP_DOES
};

struct step {
	enum step_do act;
	const char *on, *what;
	int ms;			/* DO_SLEEP: how long; a wait: at most (default 10 minutes) */
	const char *why;	/* in words, for the record, that of a wait too; the ladder shows it with DO_NETEM, DO_SYSCTL, DO_KILL */
	const char *when;
};

/* What a claim that holds means for what the article says. */
enum bearing {
	BEARS_OUT,		/* it is so */
	BEARS_LIMIT,		/* it is so within this limit */
	BEARS_AGAINST,		/* it is not so */
	BEARINGS
};

/* A fact that must hold. Facts are listed in <twlab/facts.h>.
 *
 * expect is an operator and a value: "= 1", "!= 0", ">= 60", "< 5", "60..64.1",
 * "~ SYN" (contains). A value may be another fact of the same node (@name) or of
 * another (@node:name). A claim on "host*" must hold on each of them.
 */
struct claim {
	const char *article;	/* "A1": the article's claim it decides; NULL for a claim of the lab's own */
	const char *words;
	const char *node, *fact, *expect;
	const char *source;	/* RFC section, man page, kernel file */
	const char *when;
	enum bearing bears;	/* on the article's claim */
	const char *ipv4_only;	/* why it says nothing about IPv6; NULL: it does */
};

/* What a student hands in: one file, which is put where it belongs, and then the
 * lab runs with it.
 *
 *	TASK_PREDICT	lines "name = value", held against what the lab as it is shows
 *	TASK_SYSCTL	lines "key = value" for the node .on, after the lab's own settings
 *	TASK_RULES	nft, in the place of the lab's own rulesets of the node .on
 *	TASK_PROGRAM	C, compiled, in the place of the program .on
 */
enum task_kind { TASK_NOTHING, TASK_PREDICT, TASK_SYSCTL, TASK_RULES, TASK_PROGRAM, TASK_KINDS };

struct task {
	const char *name;
	enum task_kind kind;
	const char *file;	/* its name in what is handed in */
	const char *on;
	const char *what;	/* is to be done */
};

/* What earns points. It looks at one fact of a run of .variant with the task's
 * file in place. For a prediction, .name is the name in the file, and .expect
 * how far from the fact the value may be: "8%", "1500", NULL for not at all. For
 * the others .expect is that of a claim. A fact from what a program itself prints
 * (prog.*) is as true as the program: a student's may print anything.
 */
struct mark {
	const char *task;
	const char *name;	/* what a mutant names; unique in the lab */
	int points;
	const char *words;	/* what must be so; for a prediction, what is asked */
	const char *variant;
	const char *node, *fact, *expect;	/* "host*": on each of them, for these points */
	const char *hint;	/* what to look at; not the answer */
	const char *when;
	bool share;		/* the fact is a percentage: where .expect does not hold, that much of the points, rounded down */
};

/* A wrong solution: the right one, with a mistake in one of its files. */
struct mutant {
	const char *name;
	const char *refused_by;	/* the name of a mark */
	const char *is;		/* what is wrong with it */
	const char *file;	/* of solution/, in which */
	const char *from, *to;	/* each of the first is the second */
};

struct lab {
	const char *name;	/* its folder: "01-four-way-close" */
	const char *question;
	const char *answer;	/* in a sentence */
	const struct param *params;
	const struct variant *variants;
	struct topo topo;
	const struct program *programs;
	const struct step *steps;
	const struct claim *claims;
	const struct task *tasks;
	const struct mark *marks;
	const struct mutant *mutants;
	unsigned int guests;	/* that the runs of a submission are shared out among; 0 is 1. Where they would take
				 * two seconds in one: to begin another takes a processor as long as some three runs */
	int floor;			/* the points of a handout that nobody touched */
	const char *ipv4_only;		/* why none of it can be run over IPv6; NULL: it can */
};

/* A number for the words of this header: it is another one when a row has other fields, or there
 * is another step. Raise the 1u when a row that looks the same means something else.
 */
#define LAB_WORDS_(so_far, size) ((so_far) * 31 + (size))
#define LAB_TOPO_	LAB_WORDS_(LAB_WORDS_(LAB_WORDS_(LAB_WORDS_(LAB_WORDS_(1u, sizeof(struct node)), \
			sizeof(struct link)), sizeof(struct route)), sizeof(struct setting)), sizeof(struct ruleset))
#define LAB_ROWS_	LAB_WORDS_(LAB_WORDS_(LAB_WORDS_(LAB_WORDS_(LAB_WORDS_(LAB_TOPO_, sizeof(struct param)), \
			sizeof(struct variant)), sizeof(struct program)), sizeof(struct step)), sizeof(struct claim))
#define LAB_WORDS	LAB_WORDS_(LAB_WORDS_(LAB_WORDS_(LAB_WORDS_(LAB_WORDS_(LAB_ROWS_, sizeof(struct task)), \
			sizeof(struct mark)), sizeof(struct mutant)), sizeof(struct lab)), STEP_DOES)

/* What twlab looks for in a lab that is no part of it: a shared object, given as a
 * file (twlab run ./mylab.so). Its last line makes it: LAB_EXPORT(lab);
 */
struct lab_export {
	size_t words;
	const struct lab *lab;
};

#define LAB_EXPORT(lab)	extern const struct lab_export twlab_lab __attribute__((visibility("default"))); \
			const struct lab_export twlab_lab = { LAB_WORDS, &lab }

#endif

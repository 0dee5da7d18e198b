/* When a client has used up its ports, what helps?
 *
 *	client ────── wire ────── server
 *	  {ports} ports to go out from, a connection every 0.3 s
 *
 * connect() takes a local port that is free for this server: one with which the
 * four-tuple does not exist yet. Whoever closes first keeps the four-tuple in
 * TIME_WAIT for 60 s, so a client that closes first can open as many connections
 * in a minute as it has ports (28232 by default; 8 here), and then no more:
 * EADDRNOTAVAIL, before any packet is sent. Each variant is one of the things
 * that people do about it.
 */
#include <twlab/lab.h>

static const struct param params[] = {
	{ "ports", "8", "2..1000", "how many ports the client may go out from (net.ipv4.ip_local_port_range)", .personal = "4|6" },
	{ "tries", "20", "1..1000", "how many connections the client wants", .personal = "13..16" },
	{ "pace", "300", "0..10000", "how many ms go by between two of them", .personal = "560..700" },
	{ "closes", "client", "client|server|rst", "who closes first; rst: the client, by RST (SO_LINGER with 0 s)" },
	{ "sources", "1", "1..2", "how many addresses the client has" },
	{ "targets", "1", "1..16", "how many ports the server listens at" },
	{ "reuse", "0", "0..2", "net.ipv4.tcp_tw_reuse on the client" },
	{ "timestamps", "on", "on|off", "TCP timestamps on the client" },
	{ "fin_timeout", "60", "1..120", "net.ipv4.tcp_fin_timeout on the client" },
	{ "buckets", "65536", "0..262144", "net.ipv4.tcp_max_tw_buckets on the client (65536: its default with 16 GB)" },
	{ "port", "8080", "1024..60000", "the server's first port", .personal = "2000..32000" },
	{ 0 }
};

static const struct variant variants[] = {
	{ "exhausted", "closes=client", "after as many connections as there are ports: EADDRNOTAVAIL" },
	{ "short-fin-timeout", "fin_timeout=4", "a shorter tcp_fin_timeout does not help: it is not TIME_WAIT's" },
	{ "more-ports", "ports=32", "more ports: so many connections more" },
	{ "more-addresses", "sources=2", "a second address: as many again" },
	{ "more-targets", "targets=2", "a second port of the server's: as many again" },
	{ "tw-reuse", "reuse=1", "tcp_tw_reuse: a TIME_WAIT that is a second old gives its port" },
	{ "reuse-no-stamps", "reuse=1 timestamps=off", "control: which needs timestamps" },
	{ "rst", "closes=rst", "SO_LINGER 0: no TIME_WAIT, and an error at the server" },
	{ "server-first", "closes=server", "the server closes first: TIME_WAIT is there, and lets a new SYN in" },
	{ "few-buckets", "buckets=4", "tcp_max_tw_buckets: what is over the limit gets no TIME_WAIT" },
	{ 0 }
};

static const struct node nodes[] = {
	{ "client" },
	{ "server" },
	{ 0 }
};

static const struct link links[] = {
	{ { "client", "eth0", "10.0.0.1/24" }, { "server", "eth0", "10.0.0.2/24" },
	  .wire = "wire", .delay_ms = 10, .when = "sources == 1" },
	{ { "client", "eth0", "10.0.0.1/24 10.0.0.11/24" }, { "server", "eth0", "10.0.0.2/24" },
	  .wire = "wire", .delay_ms = 10, .when = "sources == 2" },
	{ 0 }
};

static const struct setting settings[] = {
	{ "client", "net.ipv4.ip_local_port_range", "40000 {40000 + ports - 1}", "few, so that they are soon used up" },
	{ "client", "net.ipv4.tcp_fin_timeout", "{fin_timeout}", "said to help", .when = "fin_timeout != 60" },
	{ "client", "net.ipv4.tcp_tw_reuse", "{reuse}", "a TIME_WAIT may give its port to a connect()", .when = "reuse != 0" },
	{ "client", "net.ipv4.tcp_timestamps", "0", "control", .when = "timestamps == off" },
	{ "client", "net.ipv4.tcp_max_tw_buckets", "{buckets}", "how many TIME_WAITs there may be", .when = "buckets != 65536" },
	{ 0 }
};

static const struct program programs[] = {
	{ "server", "server", "server", "{port} {targets} {closes == server ? first : second}" },
	{ "client", "client", "client",
	  "10.0.0.2 {port} {targets} {tries} {pace} {closes == client ? fin : closes == server ? wait : rst}",
	  .when = "sources == 1" },
	{ "client", "client", "client",
	  "10.0.0.2 {port} {targets} {tries} {pace} {closes == client ? fin : closes == server ? wait : rst} 10.0.0.1 10.0.0.11",
	  .when = "sources == 2" },
	{ 0 }
};

static const struct step steps[] = {
	{ DO_START, "server" },
	{ DO_STATE, "server", "LISTEN" },
	{ DO_START, "client", .why = "one connection after the other" },
	{ DO_SAYS,  "client", "error" },
	{ DO_COUNT, "client", "TIME_WAIT", .why = "who has TIME_WAITs now: the client?" },
	{ DO_COUNT, "server", "TIME_WAIT", .why = "the server?" },
	{ DO_SLEEP, .ms = 30000 },
	{ DO_TELL,  "client", "after_30s", .why = "and one more" },
	{ DO_SAYS,  "client", "after_30s" },
	{ DO_GONE,  "client", "TIME_WAIT", .why = "no TIME_WAIT is left" },
	{ DO_TELL,  "client", "after_time_wait", .why = "and one more" },
	{ DO_SAYS,  "client", "after_time_wait" },
	{ DO_SLEEP, .ms = 1000, .why = "everything is said" },
	{ DO_TELL,  "server", "end" },
	{ DO_EXIT,  "server" },
	{ 0 }
};

/* What the client can open before its ports are used up, if nothing gives them back. A
 * connection takes three round trips of 20 ms, and the client looks again 30 s later:
 * claims that are about one TIME_WAIT of all of them want it to be through by 29 s. And
 * of an odd number of ports connect() looks at all but one, another one each time: it
 * may fail while that is free (Linux net/ipv4/inet_hashtables.c, remaining &= ~1U).
 */
#define ROOM    "{ports * sources * targets}"
#define FULL    "closes == client && !(ports % 2) && buckets >= ports * sources * targets && ports * sources * targets < tries" \
		" && (pace + 60) * tries < 29000"
#define STUCK   FULL " && (reuse != 1 || timestamps == off)"
#define REUSES  FULL " && reuse == 1 && timestamps == on && pace * ports * sources * targets > 2100"
#define ENOUGH  "closes == client && reuse != 1 && buckets >= tries && ports * sources * targets >= tries" \
		" && (pace + 60) * tries < 29000"

static const struct claim claims[] = {
	{ "A3", "as many connections as there are ports, addresses and targets for",
	  "client", "prog.opened", "= " ROOM, "Linux net/ipv4/inet_hashtables.c, __inet_hash_connect", .when = STUCK },
	{ "A3", "and the next connect() says EADDRNOTAVAIL",
	  "client", "prog.error", "= EADDRNOTAVAIL", "connect(2); ip(7), ip_local_port_range", .when = STUCK },
	{ "A3", "without a single packet for it",
	  "client", "mib.ActiveOpens", "= {ports * sources * targets + 1}", "RFC 4022, tcpActiveOpens", .when = STUCK },
	{ "A3", "each four-tuple is taken by a TIME_WAIT",
	  "client", "count.TIME_WAIT.sock_diag", "= " ROOM, "RFC 9293, 3.4.1", .when = STUCK },
	{ "A3", "half a minute later it is the same",
	  "client", "prog.after_30s", "= EADDRNOTAVAIL", "Linux include/net/tcp.h, TCP_TIMEWAIT_LEN",
	  .when = STUCK },
	{ "A3", "when TIME_WAIT is over, the ports are free again",
	  "client", "prog.after_time_wait", "= 0", "RFC 9293, 3.10.8 time-wait timeout", .when = STUCK },

	{ "A12", "TIME_WAIT lasts 60 s, whatever tcp_fin_timeout is",
	  "client", "conn1.TIME_WAIT.ms", "60000..64200", "Linux net/ipv4/tcp.c: it is for an orphaned FIN_WAIT_2",
	  .when = "fin_timeout != 60 && " STUCK,
	  .bears = BEARS_AGAINST },

	{ NULL, "with more ports than connections nothing is refused",
	  "client", "prog.opened", "= {tries}", "ip-sysctl, ip_local_port_range", .when = ENOUGH },
	{ NULL, "each of them has its TIME_WAIT",
	  "client", "count.TIME_WAIT.sock_diag", "= {tries}", "RFC 9293, 3.6", .when = ENOUGH },

	{ "A10", "with tcp_tw_reuse nothing is refused",
	  "client", "prog.opened", "= {tries}", "ip-sysctl, tcp_tw_reuse", .when = REUSES },
	{ "A10", "each connection over the number of ports takes the place of a TIME_WAIT",
	  "client", "mib.TWRecycled", ">= {tries - ports * sources * targets}",
	  "Linux net/ipv4/tcp_ipv4.c, tcp_twsk_unique", .when = REUSES },
	{ "A10", "of which there are never more than four-tuples",
	  "client", "TIME_WAIT.max", "<= " ROOM, "Linux net/ipv4/tcp_ipv4.c, tcp_twsk_unique", .when = REUSES },

	{ NULL, "a RST instead of a FIN: nothing is refused",
	  "client", "prog.opened", "= {tries}", "socket(7), SO_LINGER", .when = "closes == rst" },
	{ NULL, "there is no TIME_WAIT on the client",
	  "client", "TIME_WAIT.max", "= 0", "RFC 9293, 3.10.4 abort", .when = "closes == rst" },
	{ NULL, "and none on the server",
	  "server", "TIME_WAIT.max", "= 0", "RFC 9293, 3.10.7.4 second check", .when = "closes == rst" },
	{ NULL, "but the server's program is told ECONNRESET, each time",
	  "server", "prog.resets", "= @prog.served", "RFC 9293, 3.10.7.4 second check", .when = "closes == rst" },

	{ NULL, "the server closes first: nothing is refused",
	  "client", "prog.opened", "= {tries}", "RFC 9293, 3.6", .when = "closes == server" },
	{ "A1", "the client has no TIME_WAIT",
	  "client", "TIME_WAIT.max", "= 0", "RFC 9293, 3.6", .when = "closes == server" },
	{ "A1", "the server has them",
	  "server", "TIME_WAIT.max", ">= 1", "RFC 9293, 3.6", .when = "closes == server" },
	{ "A15", "but not more than there are four-tuples: a new SYN takes the place of its TIME_WAIT",
	  "server", "TIME_WAIT.max", "<= " ROOM, "RFC 9293, 3.6.1 MAY-2", .when = "closes == server" },

	{ NULL, "over the limit TIME_WAIT is left out: nothing is refused",
	  "client", "prog.opened", "= {tries}", "ip-sysctl, tcp_max_tw_buckets",
	  .when = "closes == client && reuse != 1 && buckets < ports && ports < tries" },
	{ NULL, "there are never more than the limit",
	  "client", "TIME_WAIT.max", "= {buckets}", "ip-sysctl, tcp_max_tw_buckets",
	  .when = "closes == client && reuse != 1 && buckets < ports && ports < tries" },
	{ NULL, "and each that was left out is counted",
	  "client", "mib.TCPTimeWaitOverflow", ">= {tries - buckets}", "Linux LINUX_MIB_TCPTIMEWAITOVERFLOW",
	  .when = "closes == client && reuse != 1 && buckets < ports && ports < tries && (pace + 60) * tries < 29000" },
	{ 0 }
};

static const struct task tasks[] = {
	{ "predict", TASK_PREDICT, "predictions.txt", .what = "say, before you run anything, how many connections there will be" },
	{ "cure", TASK_SYSCTL, "client.conf", "client",
	  "the client has {ports} ports, wants {tries} connections, and closes first. One line was found on the web, and does not "
	  "help: let all {tries} through by settings of the client, and leave TIME_WAIT and timestamps as they are" },
	{ "client", TASK_PROGRAM, "client.c", "client",
	  "write a client that makes all of its {tries} exchanges though it has {ports} ports: one that copes with what connect() "
	  "says, ends no connection by RST, and holds no TIME_WAIT where the server closes by itself" },
	{ 0 }
};

static const struct mark marks[] = {
	{ "predict", "opened", 3, "how many connections the client opens, until connect() fails", "exhausted",
	  "client", "prog.opened", NULL, "what is a connection, and how many different ones can this client have?" },
	{ "predict", "error", 2, "the name of the error that connect() fails with", "exhausted",
	  "client", "prog.error", NULL, "connect(2). Does it need a packet to find out?" },
	{ "predict", "after_30s", 2, "and what it says half a minute later: 0, or the name of an error", "exhausted",
	  "client", "prog.after_30s", NULL, "for how long is a four-tuple held? states.jsonl" },
	{ "predict", "opened_two_addresses", 2, "how many connections, if the client has two addresses", "more-addresses",
	  "client", "prog.opened", NULL, "what is a connection, and how many different ones can this client have?" },
	{ "predict", "opened_reuse", 2, "how many, with tcp_tw_reuse=1", "tw-reuse",
	  "client", "prog.opened", NULL, "how old does a TIME_WAIT have to be? Yours begin {pace} ms apart" },
	{ "predict", "resets", 3, "how often the server is told ECONNRESET, if the client ends by RST", "rst",
	  "server", "prog.resets", "2", "programs/server.out; to whom does a RST go, and who asks the socket after it?" },

	{ "cure", "all_opened", 4, "all {tries} connections are opened", "exhausted",
	  "client", "prog.opened", "= {tries}", "either there are more four-tuples, or they are free earlier. What does the line that was found set?" },
	{ "cure", "time_wait_kept", 3, "the last of them has a TIME_WAIT, too", "exhausted",
	  "client", "conn{tries}.path", "~ TIME_WAIT", "the counter TCPTimeWaitOverflow; what is TIME_WAIT for? Labs 03 and 04" },
	{ "cure", "timestamps_kept", 2, "TCP timestamps are in use", "exhausted",
	  "server", "conn1.SYN-ACK.1.tsecr", ">= 1", "tcp.options.timestamp in the server's SYN,ACK" },

	{ "client", "all_served", 5, "all {tries} questions are answered, with {ports} ports", "exhausted",
	  "server", "conn{tries}.sent.DATA", ">= 1", "which error is it, for how long will it last, and what can a program do meanwhile that costs nothing?" },
	{ "client", "no_resets", 3, "and no connection is ended by RST", "exhausted",
	  "client", "conn{tries}.sent.RST", "= 0", "tcp.flags.reset == 1: who sent it, and why? socket(7), SO_LINGER" },
	{ "client", "closes_second", 4, "where the server closes first, your client closes second, up to the last of {tries}", "server-first",
	  "client", "conn{tries}.path", "= SYN_SENT ESTABLISHED CLOSE_WAIT LAST_ACK CLOSE", "programs/client.err; lab 01: which states are those of who closes second?" },
	{ "client", "no_time_wait", 2, "and never has a TIME_WAIT there", "server-first",
	  "client", "TIME_WAIT.max", "= 0", "whose FIN is the first? What tells a client that the server has closed?" },
	{ "client", "no_resets_either", 2, "again without a RST", "server-first",
	  "client", "conn{tries}.sent.RST", "= 0", "tcp.flags.reset == 1: who sent it, and why? socket(7), SO_LINGER" },
	{ 0 }
};

static const struct mutant mutants[] = {
	{ "no-limit", "opened", "thinks that the ports are enough",
	  "predictions.txt", "opened = {ports}", "opened = {tries}" },
	{ "refused", "error", "takes it for a refusal by the server",
	  "predictions.txt", "error = EADDRNOTAVAIL", "error = ECONNREFUSED" },
	{ "half-a-minute", "after_30s", "takes TIME_WAIT for 30 s",
	  "predictions.txt", "after_30s = EADDRNOTAVAIL", "after_30s = 0" },
	{ "ports-only", "opened_two_addresses", "counts ports instead of four-tuples",
	  "predictions.txt", "{2 * ports}", "{ports}" },
	{ "reuse-nothing", "opened_reuse", "thinks that tcp_tw_reuse is for servers",
	  "predictions.txt", "opened_reuse = {tries}", "opened_reuse = {ports}" },
	{ "nobody-told", "resets", "thinks that a RST after the reply is seen by nobody",
	  "predictions.txt", "resets = {tries}", "resets = 0" },
	{ "as-found", "all_opened", "leaves tcp_fin_timeout=30 as it is",
	  "client.conf", "tcp_tw_reuse = 1", "tcp_fin_timeout = 30" },
	{ "no-buckets", "time_wait_kept", "leaves TIME_WAIT out",
	  "client.conf", "tcp_tw_reuse = 1", "tcp_max_tw_buckets = 0" },
	{ "reuse-only", "all_opened", "sets tcp_tw_reuse, and takes away the timestamps that it needs",
	  "client.conf", "tcp_tw_reuse = 1", "tcp_tw_reuse = 1\nnet.ipv4.tcp_timestamps = 0" },
	{ "no-stamps", "timestamps_kept", "has ports enough, and takes the timestamps away",
	  "client.conf", "tcp_tw_reuse = 1", "ip_local_port_range = 32768 60999\nnet.ipv4.tcp_timestamps = 0" },
	{ "gives-up", "all_served", "ends at the first error",
	  "client.c", "seconds < 90", "seconds < 1" },
	{ "spins", "all_served", "tries again at once, without end",
	  "client.c", "wait_ms(1000);", "seconds = 0;" },
	{ "linger", "no_resets", "ends by RST (SO_LINGER with 0 s)", "client.c",
	  "if (!strcmp(how, \"fin\"))\n\t\tshutdown(conn, SHUT_WR);\n\twhile (read(conn, line, sizeof(line)) > 0)\n\t\tcontinue;",
	  "setsockopt(conn, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));" },
	{ "first-fin", "no_time_wait", "sends its FIN as soon as it has asked",
	  "client.c", "|| read(conn, line", "|| shutdown(conn, SHUT_WR) || read(conn, line" },
	{ "hangs-up", "no_resets_either", "ends by RST where the server closes first", "client.c",
	  "if (!strcmp(how, \"fin\"))",
	  "if (!strcmp(how, \"wait\"))\n\t\tsetsockopt(conn, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));\n\tif (!strcmp(how, \"fin\"))" },
	{ 0 }
};

const struct lab lab_port_exhaustion = {
	"08-port-exhaustion",
	"When TIME_WAIT has used up a client's ports, what helps, and what does it cost?",
	"More four-tuples or letting the server close first; tcp_tw_reuse with timestamps; the rest does nothing, or gives up what TIME_WAIT is for.",
	params, variants, { nodes, links, NULL, settings }, programs, steps, claims,
	tasks, marks, mutants, .floor = 2, .guests = 2
};

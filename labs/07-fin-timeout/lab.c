/* What does tcp_fin_timeout change?
 *
 *	client ────── wire ────── server
 *	  closes first              does not close, for a long time
 *
 * The client has sent its FIN and got the ACK: FIN_WAIT2. Now the other direction has
 * to end, and that may take as long as the server likes: a connection that is closed
 * one way only is a good connection. Unless nobody is there to read: of a socket whose
 * program has closed it, an orphan, the kernel waits for tcp_fin_timeout.
 *
 * Six connections, each under another value: 4, 30, 60, 61, 62 and 120 s. It is looked
 * at when FIN_WAIT2 begins, and above 60 s once more when T - 60 s have passed; so the
 * value stays until that is over.
 *
 * And one value for two connections, as somebody has set it: of the first the server
 * closes its side after a while, of the second it does not.
 */
#include <twlab/lab.h>

static const struct param params[] = {
	{ "ends", "close", "close|shutdown", "how the client ends its direction: close (an orphan) or shutdown (it holds the socket)" },
	{ "server", "late", "late|soon|once", "when the server closes: after 5 minutes; after 1 s; the first of two connections after as many s as answer says, the second not" },
	{ "last", "120", "4..200", "tcp_fin_timeout for the last of the six connections, in s", .personal = "64..80" },
	{ "given", "61", "4..200", "tcp_fin_timeout for both of the two connections, in s" },
	{ "answer", "40", "10..50", "after how many s the server closes the first of the two", .personal = "36..50" },
	{ "limit", "20", "5..50", "what a client that sets a limit of its own (a task) is told, in s", .personal = "6..15" },
	{ "delay", "10", "1..100", "one-way delay of the wire in ms", .personal = "10..40" },
	{ "port", "8080", "1024..65535", "the server's port", .personal = "2000..32000" },
	{ 0 }
};

static const struct variant variants[] = {
	{ "orphaned", "ends=close server=late", "an orphan in FIN_WAIT2 is given up after tcp_fin_timeout, or so" },
	{ "held", "ends=shutdown server=late", "control: a socket that a program holds waits for as long as it takes" },
	{ "answered", "ends=close server=soon", "control: where TIME_WAIT is reached it lasts 60 s, whatever the value" },
	{ "found", "ends=close server=once", "61, to be on the safe side: two seconds" },
	{ 0 }
};

static const struct node nodes[] = {
	{ "client" },
	{ "server" },
	{ 0 }
};

static const struct link links[] = {
	{ { "client", "eth0", "10.0.0.1/24" }, { "server", "eth0", "10.0.0.2/24" },
	  .wire = "wire", .delay_ms = 10 },
	{ 0 }
};

static const struct setting settings[] = {
	{ "client", "net.ipv4.tcp_fin_timeout", "{given}", "what somebody has set", .when = "server == once" },
	{ 0 }
};

static const struct program programs[] = {
	{ "server", "server", "server", "{port}" },
	{ "client", "client", "client", "10.0.0.2 {port} {ends} {limit}" },
	{ 0 }
};

/* A connection under @value. Then @ms: until FIN_WAIT2 has begun, and been decided upon.
 * A server that closes soon does so after 1 s.
 */
#define CONNECTION(value, number, pause) \
	{ DO_SYSCTL, "client", "net.ipv4.tcp_fin_timeout=" value, .when = "server != once" }, \
	{ DO_TELL,  "client", "next", .when = "server != once" }, \
	{ DO_SAYS,  "client", "finished=" number, .when = "server != once" }, \
	{ DO_SLEEP, .ms = pause, .when = "server == late" }, \
	{ DO_SLEEP, .ms = 1000, .when = "server == soon" }, \
	{ DO_TELL,  "server", "close", .when = "server == soon" }, \
	{ DO_SAYS,  "server", "closed", .when = "server == soon" }, \
	{ DO_SLEEP, .ms = 500, .when = "server == soon" }

static const struct step steps[] = {
	{ DO_NETEM, "wire/client", "delay {delay}ms" },
	{ DO_NETEM, "wire/server", "delay {delay}ms" },
	{ DO_START, "server" },
	{ DO_STATE, "server", "LISTEN" },
	{ DO_START, "client" },
	CONNECTION("4", "1", 500),
	CONNECTION("30", "2", 500),
	CONNECTION("60", "3", 500),
	CONNECTION("61", "4", 3000),
	CONNECTION("62", "5", 5000),
	CONNECTION("{last}", "6", 300000),

	{ DO_TELL,  "client", "next", .when = "server == once" },
	{ DO_SAYS,  "client", "finished=1", .when = "server == once" },
	{ DO_SLEEP, .what = "{1000 * answer}", .why = "the server takes its time", .when = "server == once" },
	{ DO_TELL,  "server", "close", .why = "now the other direction", .when = "server == once" },
	{ DO_SAYS,  "server", "closed", .when = "server == once" },
	{ DO_SLEEP, .ms = 500, .when = "server == once" },
	{ DO_TELL,  "client", "next", .when = "server == once" },
	{ DO_SAYS,  "client", "finished=2", .when = "server == once" },
	{ DO_SLEEP, .ms = 300000, .why = "of this one the server does not think any more", .when = "server == once" },

	{ DO_TELL,  "server", "close", .why = "now the other direction", .when = "server != soon" },
	{ DO_SAYS,  "server", "closed", .when = "server != soon" },
	{ DO_SLEEP, .ms = 500 },
	{ DO_GONE,  "client", "", .why = "nothing is left" },
	{ DO_GONE,  "server", "", .why = "nothing is left" },
	{ 0 }
};

#define ORPHAN   "ends == close && server == late"
#define HELD     "ends == shutdown && server == late"
#define TIMEWAIT "(ends == shutdown || server == soon)"
#define OF_SIX   " && server != once"
#define ONCE     "server == once && ends == close"
#define FW2      "Linux net/ipv4/tcp_input.c, tcp_rcv_state_process; ip-sysctl, tcp_fin_timeout"
#define TWICE    "Linux net/ipv4/tcp_timer.c, tcp_keepalive_timer"
#define LEN      "Linux include/net/tcp.h, TCP_TIMEWAIT_LEN"

static const struct claim claims[] = {
	{ "A12", "it is for FIN_WAIT2 where no program holds the socket: 4 means 4 s",
	  "client", "conn1.FIN_WAIT2.ms", "4000..4700", FW2, .when = ORPHAN, .bears = BEARS_LIMIT },
	{ NULL, "30 means 30 s", "client", "conn2.FIN_WAIT2.ms", "30000..34200", FW2, .when = ORPHAN },
	{ NULL, "60 means 60 s", "client", "conn3.FIN_WAIT2.ms", "60000..64200", FW2, .when = ORPHAN },
	{ "A12", "61 means 2 s: twice what is above 60", "client", "conn4.FIN_WAIT2.ms", "2000..2400", TWICE, .when = ORPHAN, .bears = BEARS_LIMIT },
	{ NULL, "62 means 4 s: twice what is above 60", "client", "conn5.FIN_WAIT2.ms", "4000..4700", TWICE, .when = ORPHAN },
	{ NULL, "{last} means {last > 60 ? 2 * (last - 60) : last} s", "client", "conn6.FIN_WAIT2.ms",
	  "{last > 60 ? 2000 * (last - 60) : 1000 * last}..{(last > 60 ? 2250 * (last - 60) : 1125 * last) + 300}", TWICE, .when = ORPHAN },
	{ NULL, "and then there is no TIME_WAIT", "client", "conn1.path",
	  "= SYN_SENT ESTABLISHED FIN_WAIT1 FIN_WAIT2 CLOSE", FW2, .when = ORPHAN },
	{ NULL, "so that the server's FIN, when it comes, is answered by RST",
	  "server", "conn1.FIN.1.answer", "= RST", "RFC 9293, 3.10.7.1", .when = ORPHAN },

	{ NULL, "with 4 a socket that is held is in FIN_WAIT2 until the server closes",
	  "client", "conn1.FIN_WAIT2.ms", "> 300000", "RFC 9293, 3.6 case 1; " FW2, .when = HELD },
	{ NULL, "with 61 as well", "client", "conn4.FIN_WAIT2.ms", "> 300000", "RFC 9293, 3.6 case 1; " FW2, .when = HELD },
	{ NULL, "and with {last}", "client", "conn6.FIN_WAIT2.ms", ">= 299000", "RFC 9293, 3.6 case 1; " FW2, .when = HELD },

	{ "A12", "TIME_WAIT lasts 60 s, whatever tcp_fin_timeout is", "client", "conn1.TIME_WAIT.ms", "60000..64200", LEN, .when = TIMEWAIT, .bears = BEARS_AGAINST },
	{ "A12", "TIME_WAIT lasts 60 s, whatever tcp_fin_timeout is", "client", "conn2.TIME_WAIT.ms", "60000..64200", LEN, .when = TIMEWAIT, .bears = BEARS_AGAINST },
	{ "A12", "TIME_WAIT lasts 60 s, whatever tcp_fin_timeout is", "client", "conn3.TIME_WAIT.ms", "60000..64200", LEN, .when = TIMEWAIT OF_SIX, .bears = BEARS_AGAINST },
	{ "A12", "TIME_WAIT lasts 60 s, whatever tcp_fin_timeout is", "client", "conn4.TIME_WAIT.ms", "60000..64200", LEN, .when = TIMEWAIT OF_SIX, .bears = BEARS_AGAINST },
	{ "A12", "TIME_WAIT lasts 60 s, whatever tcp_fin_timeout is", "client", "conn5.TIME_WAIT.ms", "60000..64200", LEN, .when = TIMEWAIT OF_SIX, .bears = BEARS_AGAINST },
	{ "A12", "TIME_WAIT lasts 60 s, whatever tcp_fin_timeout is", "client", "conn6.TIME_WAIT.ms", "60000..64200", LEN, .when = TIMEWAIT OF_SIX, .bears = BEARS_AGAINST },

	{ NULL, "both are given up under {given} after {given > 60 ? 2 * (given - 60) : given} s", "client", "conn2.FIN_WAIT2.ms",
	  "{given > 60 ? 2000 * (given - 60) : 1000 * given}..{(given > 60 ? 2250 * (given - 60) : 1125 * given) + 300}", TWICE,
	  .when = ONCE, .bears = BEARS_LIMIT },
	{ NULL, "which is too soon for a server that takes {answer} s: its FIN is answered by RST",
	  "server", "conn1.FIN.1.answer", "= RST", "RFC 9293, 3.10.7.1",
	  .when = ONCE " && (given > 60 ? 2 * (given - 60) : given) < answer - 5" },
	{ NULL, "the server's FIN after {answer} s is in time",
	  "server", "conn1.FIN.1.answer", "= ACK", "RFC 9293, 3.6 case 1",
	  .when = ONCE " && (given > 60 ? 2 * (given - 60) : given) > answer" },
	{ 0 }
};

static const struct task tasks[] = {
	{ "predict", TASK_PREDICT, "predictions.txt", .what = "say, before you run anything, how long each state will last" },
	{ "cure", TASK_SYSCTL, "client.conf", "client",
	  "somebody has read that tcp_fin_timeout is the length of TIME_WAIT, and has set it to 61 on the client, to be on the "
	  "safe side. Since then, servers that take {answer} s to close their side are reset. Cure that by settings of "
	  "the client; but a server that never closes must not keep an orphan there for more than some 62 s" },
	{ "client", TASK_PROGRAM, "client.c", "client",
	  "write a client whose orphans are given up after as many seconds as its fourth argument says, whatever "
	  "tcp_fin_timeout is" },
	{ 0 }
};

#define LINGER_HINT "tcp(7) has an option of the socket for it. It is not SO_LINGER: that is about data which was not sent yet"

static const struct mark marks[] = {
	{ "predict", "fin_wait2_4_ms", 2, "how many ms the client is in FIN_WAIT2 under 4, when nobody holds the socket", "orphaned",
	  "client", "conn1.FIN_WAIT2.ms", "15%", "the first row of tcp(7), tcp_fin_timeout; timer and expires_ms in states.jsonl" },
	{ "predict", "fin_wait2_last_ms", 4, "the same under {last}", "orphaned",
	  "client", "conn6.FIN_WAIT2.ms", "15%", "what is done with the part above 60 s, and how often? The timers of conn6 in states.jsonl" },
	{ "predict", "late_fin_answer", 2, "what answers the server's FIN, when that comes after 5 minutes: ACK or RST", "orphaned",
	  "server", "conn1.FIN.1.answer", NULL, "is there a socket on the client that could answer?" },
	{ "predict", "held_fin_answer", 2, "and if the client's program still holds the socket", "held",
	  "server", "conn1.FIN.1.answer", NULL, "the path of conn1 on the client, in states.jsonl; what became of the timer?" },
	{ "predict", "time_wait_4_ms", 2, "how many ms TIME_WAIT lasts under 4, if the server closes in time", "answered",
	  "client", "conn1.TIME_WAIT.ms", "10%", "which of the two does tcp_fin_timeout set? RFC 9293, 3.6 says what TIME_WAIT depends on" },
	{ "predict", "time_wait_last_ms", 2, "and under {last}", "answered",
	  "client", "conn6.TIME_WAIT.ms", "10%", "the timer timewait in states.jsonl, where it begins" },

	{ "cure", "slow_server_is_heard", 4, "the FIN of a server that takes {answer} s is acknowledged", "found",
	  "server", "conn1.FIN.1.answer", "= ACK", "how long is the first connection in FIN_WAIT2, and what ends that? States.jsonl has its timer" },
	{ "cure", "time_wait_follows", 2, "and TIME_WAIT follows, as long as it should", "found",
	  "client", "conn1.TIME_WAIT.ms", ">= 60000", "the path of conn1 on the client; which settings can leave TIME_WAIT out?" },
	{ "cure", "orphans_are_given_up", 4, "the orphan of a server that never closes is gone after some 62 s", "found",
	  "client", "conn2.FIN_WAIT2.ms", "< 64500", "the second connection: what is a timeout too long for?" },

	{ "client", "limit_above_4", 3, "an orphan stays {limit} s where tcp_fin_timeout is 4", "orphaned",
	  "client", "conn1.FIN_WAIT2.ms", "{1000 * limit}..{1125 * limit + 400}", LINGER_HINT },
	{ "client", "limit_below_60", 3, "and where it is 60", "orphaned",
	  "client", "conn3.FIN_WAIT2.ms", "{1000 * limit}..{1125 * limit + 400}", LINGER_HINT },
	{ "client", "limit_for_last", 2, "and where it is {last}", "orphaned",
	  "client", "conn6.FIN_WAIT2.ms", "{1000 * limit}..{1125 * limit + 400}", LINGER_HINT },
	{ "client", "closes_in_order", 2, "its direction ends by a FIN, and the other is waited for", "orphaned",
	  "client", "conn1.path", "= SYN_SENT ESTABLISHED FIN_WAIT1 FIN_WAIT2 CLOSE", "what was the last segment that the client sent by itself?" },
	{ 0 }
};

static const struct mutant mutants[] = {
	{ "as-it-says", "fin_wait2_last_ms", "takes a value above 60 for what it says",
	  "predictions.txt", "{2060 * (last - 60)}", "{1000 * last}" },
	{ "capped", "fin_wait2_last_ms", "thinks that 60 s is the most",
	  "predictions.txt", "{2060 * (last - 60)}", "60000" },
	{ "time-wait-too", "time_wait_4_ms", "takes tcp_fin_timeout for the length of TIME_WAIT",
	  "predictions.txt", "time_wait_4_ms = 61000", "time_wait_4_ms = 4000" },
	{ "for-ever", "fin_wait2_4_ms", "thinks that FIN_WAIT2 has no timeout at all",
	  "predictions.txt", "fin_wait2_4_ms = 4100", "fin_wait2_4_ms = 300000" },
	{ "orphan-or-not", "held_fin_answer", "thinks that a socket which a program holds is given up as well",
	  "predictions.txt", "held_fin_answer = ACK", "held_fin_answer = RST" },
	{ "shorter", "slow_server_is_heard", "sets tcp_fin_timeout to 30, as the recipes say",
	  "client.conf", "= 60", "= 30" },
	{ "some-more", "slow_server_is_heard", "sets 65 in the place of 61",
	  "client.conf", "= 60", "= 65" },
	{ "two-minutes", "orphans_are_given_up", "sets it to twice the length of TIME_WAIT",
	  "client.conf", "= 60", "= 120" },
	{ "no-buckets", "time_wait_follows", "leaves TIME_WAIT out",
	  "client.conf", "= 60", "= 60\nnet.ipv4.tcp_max_tw_buckets = 0" },
	{ "just-close", "limit_above_4", "leaves it to tcp_fin_timeout",
	  "client.c", "if (setsockopt(", "if (0 && setsockopt(" },
	{ "so-linger", "limit_above_4", "takes SO_LINGER for it", "client.c",
	  "IPPROTO_TCP, TCP_LINGER2, &seconds, sizeof(seconds)",
	  "SOL_SOCKET, SO_LINGER, &(struct linger){ 1, seconds }, sizeof(struct linger)" },
	{ "abort", "closes_in_order", "ends by RST (SO_LINGER with 0 s)", "client.c",
	  "IPPROTO_TCP, TCP_LINGER2, &seconds, sizeof(seconds)",
	  "SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger)" },
	{ "holds", "limit_above_4", "holds the socket for that time, and only then closes it", "client.c",
	  "if (close(conn))",
	  "shutdown(conn, SHUT_WR);\n\t\tif (fork() == 0) {\n\t\t\tsleep((unsigned int)seconds);\n\t\t\t_exit(0);\n\t\t}\n\t\tif (close(conn))" },
	{ 0 }
};

const struct lab lab_fin_timeout = {
	"07-fin-timeout",
	"What does net.ipv4.tcp_fin_timeout change: TIME_WAIT, or something else?",
	"How long an orphan stays in FIN_WAIT2; never TIME_WAIT, and from 61 to 119 not what it says.",
	params, variants, { nodes, links, NULL, settings }, programs, steps, claims,
	tasks, marks, mutants, .floor = 4
};

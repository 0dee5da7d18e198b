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
 */
#include "labs/lab.h"

static const struct param params[] = {
	{ "ends", "close", "close|shutdown", "how the client ends its direction: close (an orphan) or shutdown (it holds the socket)" },
	{ "server", "late", "late|soon", "when the server closes: after 5 minutes, or after 1 s" },
	{ "last", "120", "4..200", "tcp_fin_timeout for the last of the six connections, in s" },
	{ "delay", "10", "1..100", "one-way delay of the wire in ms" },
	{ "port", "8080", "1024..65535", "the server's port" },
	{ 0 }
};

static const struct variant variants[] = {
	{ "orphaned", "ends=close server=late", "an orphan in FIN_WAIT2 is given up after tcp_fin_timeout, or so" },
	{ "held", "ends=shutdown server=late", "control: a socket that a program holds waits for as long as it takes" },
	{ "answered", "ends=close server=soon", "control: where TIME_WAIT is reached it lasts 60 s, whatever the value" },
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

static const struct program programs[] = {
	{ "server", "server", "server", "{port}" },
	{ "client", "client", "client", "10.0.0.2 {port} {ends}" },
	{ 0 }
};

/* A connection under @value. Then @ms: until FIN_WAIT2 has begun, and been decided upon.
 * A server that closes soon does so after 1 s.
 */
#define CONNECTION(value, number, pause) \
	{ DO_SYSCTL, "client", "net.ipv4.tcp_fin_timeout=" value }, \
	{ DO_TELL,  "client", "next" }, \
	{ DO_SAYS,  "client", "finished=" number }, \
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
	{ DO_TELL,  "server", "close", .why = "now the other direction", .when = "server == late" },
	{ DO_SAYS,  "server", "closed", .when = "server == late" },
	{ DO_SLEEP, .ms = 500 },
	{ DO_GONE,  "client", "", .why = "nothing is left" },
	{ DO_GONE,  "server", "", .why = "nothing is left" },
	{ 0 }
};

#define ORPHAN   "ends == close && server == late"
#define HELD     "ends == shutdown"
#define TIMEWAIT "ends == shutdown || server == soon"
#define FW2      "Linux net/ipv4/tcp_input.c, tcp_rcv_state_process; ip-sysctl, tcp_fin_timeout"
#define TWICE    "Linux net/ipv4/tcp_timer.c, tcp_keepalive_timer"
#define LEN      "Linux include/net/tcp.h, TCP_TIMEWAIT_LEN"

static const struct claim claims[] = {
	{ "A12", "it is for FIN_WAIT2 where no program holds the socket: 4 means 4 s",
	  "client", "conn1.FIN_WAIT2.ms", "4000..4700", FW2, .when = ORPHAN, .bears = BEARS_LIMIT },
	{ NULL, "30 means 30 s", "client", "conn2.FIN_WAIT2.ms", "30000..34200", FW2, .when = ORPHAN },
	{ NULL, "60 means 60 s", "client", "conn3.FIN_WAIT2.ms", "60000..64200", FW2, .when = ORPHAN },
	{ "A12", "and 61 means 2 s: twice what is above 60", "client", "conn4.FIN_WAIT2.ms", "2000..2400", TWICE, .when = ORPHAN, .bears = BEARS_LIMIT },
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
	{ "A12", "TIME_WAIT lasts 60 s, whatever tcp_fin_timeout is", "client", "conn3.TIME_WAIT.ms", "60000..64200", LEN, .when = TIMEWAIT, .bears = BEARS_AGAINST },
	{ "A12", "TIME_WAIT lasts 60 s, whatever tcp_fin_timeout is", "client", "conn4.TIME_WAIT.ms", "60000..64200", LEN, .when = TIMEWAIT, .bears = BEARS_AGAINST },
	{ "A12", "TIME_WAIT lasts 60 s, whatever tcp_fin_timeout is", "client", "conn5.TIME_WAIT.ms", "60000..64200", LEN, .when = TIMEWAIT, .bears = BEARS_AGAINST },
	{ "A12", "TIME_WAIT lasts 60 s, whatever tcp_fin_timeout is", "client", "conn6.TIME_WAIT.ms", "60000..64200", LEN, .when = TIMEWAIT, .bears = BEARS_AGAINST },
	{ 0 }
};

const struct lab lab_fin_timeout = {
	"07-fin-timeout",
	"What does net.ipv4.tcp_fin_timeout change: TIME_WAIT, or something else?",
	"How long an orphan stays in FIN_WAIT2; never TIME_WAIT, and from 61 to 119 not what it says.",
	params, variants, { nodes, links }, programs, steps, claims
};

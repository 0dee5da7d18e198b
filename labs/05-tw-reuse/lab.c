/* When does a TIME_WAIT make room for a new connection?
 *
 *	client ────── wire ────── server
 *
 * Two answers, for TIME_WAIT has two sides to be on.
 *
 * On the side that calls connect() it is tcp_tw_reuse: 0 no, 1 yes, 2 over the
 * loopback only; with timestamps, after a second. The client closes first, and has
 * one port to choose from.
 *
 * On the side that is called it is the SYN itself, whatever the sysctls say: a
 * sequence number beyond the old connection's last, or a newer timestamp, shows
 * that it is no old duplicate. The server closes first, twelve times, and each
 * TIME_WAIT gets a SYN of its own: sequence number one beyond the last, the next
 * expected, one before; timestamp newer by a tick, the same, older by a tick, none.
 * These SYNs are made (DO_SEND): no kernel would send most of them. The client's own
 * kernel knows nothing of them, and is kept from answering with RST.
 */
#include "labs/lab.h"

static const struct param params[] = {
	{ "side", "client", "client|server", "whose TIME_WAIT it is" },
	{ "reuse", "1", "0|1", "tcp_tw_reuse on the side in question; on the client, at its first try" },
	{ "timestamps", "on", "on|off", "TCP timestamps on both sides" },
	{ "delay", "10", "1..100", "one-way delay of the wire in ms" },
	{ "port", "8080", "1024..30000", "the server's port" },
	{ 0 }
};

static const struct variant variants[] = {
	{ "client", "side=client", "tcp_tw_reuse 0, 1 and 2, and the delay" },
	{ "client-off", "side=client reuse=0", "control: without it the four-tuple is held for 60 s" },
	{ "client-no-timestamps", "side=client timestamps=off", "control: without timestamps it does nothing" },
	{ "server", "side=server", "twelve kinds of SYN into TIME_WAIT" },
	{ "server-no-timestamps", "side=server timestamps=off", "control: without timestamps only the sequence number counts" },
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
	{ "client", "net.ipv4.tcp_timestamps", "0", "control", .when = "timestamps == off" },
	{ "server", "net.ipv4.tcp_timestamps", "0", "control", .when = "timestamps == off" },
	{ "server", "net.ipv4.tcp_tw_reuse", "{reuse}", "it does nothing here", .when = "side == server" },
	{ "client", "net.ipv4.ip_local_port_range", "40000 40000", "one port to choose from", .when = "side == client" },
	{ "server", "net.ipv4.tcp_synack_retries", "0", "nobody acknowledges these SYN,ACKs: once each is enough", .when = "side == server" },
	{ 0 }
};

static const struct ruleset rulesets[] = {
	{ "client", "table ip quiet { chain out { type filter hook output priority filter; "
		    "tcp flags & rst != 0 meta mark != 7323 drop; }; }", .when = "side == server" },
	{ 0 }
};

static const struct program programs[] = {
	{ "server", "server", "server", "{port} {side == server ? first : last}" },
	{ "client", "client", "client", "10.0.0.2 {port}", .when = "side == client" },
	{ "local-server", "client", "server", "{port} last", .when = "side == client" },
	{ "local", "client", "client", "127.0.0.1 {port}", .when = "side == client" },
	{ "visitor", "client", "visitor", "10.0.0.2 {port} 40001 12", .when = "side == server" },
	{ 0 }
};

/* One cell of the table: a SYN from @number; with @absolute where the old
 * connection had no timestamp to count from.
 */
#define CELL(number, beyond, relative, absolute) \
	{ DO_SEND, "client", "SYN from=10.0.0.1:" number " to=10.0.0.2:{port} seq=" beyond relative, \
	  .when = "side == server && timestamps == on" }, \
	{ DO_SEND, "client", "SYN from=10.0.0.1:" number " to=10.0.0.2:{port} seq=" beyond absolute, \
	  .when = "side == server && timestamps == off" }, \
	{ DO_SLEEP, .ms = 100, .when = "side == server" }
#define ROW(first, second, third, fourth, beyond) \
	CELL(first, beyond, " ts=+1", " ts=1000"), CELL(second, beyond, " ts=+0", " ts=1000"), \
	CELL(third, beyond, " ts=-1", " ts=1000"), CELL(fourth, beyond, "", "")

static const struct step steps[] = {
	{ DO_NETEM, "wire/client", "delay {delay}ms" },
	{ DO_NETEM, "wire/server", "delay {delay}ms" },
	{ DO_START, "server" },
	{ DO_STATE, "server", "LISTEN" },

	{ DO_START, "client", .when = "side == client" },
	{ DO_TELL,  "client", "connect first 100", .why = "the client closes first, 0.1 s after a full second", .when = "side == client" },
	{ DO_STATE, "client", "TIME_WAIT", .when = "side == client" },
	{ DO_SYSCTL, "client", "net.ipv4.tcp_tw_reuse={reuse}", .when = "side == client" },
	{ DO_TELL,  "client", "connect at_once", .why = "the same connection again, at once", .when = "side == client" },
	{ DO_SAYS,  "client", "at_once", .when = "side == client" },
	{ DO_TELL,  "client", "until reused", .why = "and again, until it comes about", .when = "side == client" },
	{ DO_SAYS,  "client", "reused", .when = "side == client" },
	{ DO_SLEEP, .ms = 2000, .why = "long enough", .when = "side == client" },
	{ DO_SYSCTL, "client", "net.ipv4.tcp_tw_reuse=0", .when = "side == client" },
	{ DO_TELL,  "client", "connect reuse0", .when = "side == client" },
	{ DO_SAYS,  "client", "reuse0", .when = "side == client" },
	{ DO_SYSCTL, "client", "net.ipv4.tcp_tw_reuse=2", .when = "side == client" },
	{ DO_TELL,  "client", "connect reuse2", .when = "side == client" },
	{ DO_SAYS,  "client", "reuse2", .when = "side == client" },
	{ DO_SYSCTL, "client", "net.ipv4.tcp_tw_reuse=1", .when = "side == client" },
	{ DO_TELL,  "client", "connect reuse1", .when = "side == client" },
	{ DO_SAYS,  "client", "reuse1", .when = "side == client" },

	{ DO_START, "local-server", .why = "now over the loopback", .when = "side == client" },
	{ DO_STATE, "client", "LISTEN", .when = "side == client" },
	{ DO_START, "local", .when = "side == client" },
	{ DO_TELL,  "local", "connect local.first", .when = "side == client" },
	{ DO_SAYS,  "local", "local.first", .when = "side == client" },
	{ DO_SLEEP, .ms = 2000, .why = "long enough", .when = "side == client" },
	{ DO_SYSCTL, "client", "net.ipv4.tcp_tw_reuse=0", .when = "side == client" },
	{ DO_TELL,  "local", "connect local.reuse0", .when = "side == client" },
	{ DO_SAYS,  "local", "local.reuse0", .when = "side == client" },
	{ DO_SYSCTL, "client", "net.ipv4.tcp_tw_reuse=2", .when = "side == client" },
	{ DO_TELL,  "local", "connect local.reuse2", .when = "side == client" },
	{ DO_SAYS,  "local", "local.reuse2", .when = "side == client" },

	{ DO_START, "visitor", .why = "the server closes first, twelve times", .when = "side == server" },
	{ DO_EXIT,  "visitor", .when = "side == server" },
	{ DO_SLEEP, .ms = 5000, .why = "so that a timer that is set anew shows", .when = "side == server" },
	ROW("40001", "40002", "40003", "40004", "+1"),
	ROW("40005", "40006", "40007", "40008", "+0"),
	ROW("40009", "40010", "40011", "40012", "-1"),
	{ DO_GONE,  "server", "", .why = "nothing is left" },
	{ DO_GONE,  "client", "", .why = "nothing is left" },
	{ 0 }
};

#define CLIENT  "side == client"
#define REUSES  "side == client && timestamps == on"
#define SERVER  "side == server"
#define STAMPED "side == server && timestamps == on"
#define UNIQUE  "Linux net/ipv4/tcp_ipv4.c, tcp_twsk_unique"
#define MINI    "Linux net/ipv4/tcp_minisocks.c, tcp_timewait_state_process"
#define MAY_2   "RFC 9293, 3.6.1 MAY-2; " MINI
#define BCP_159 "RFC 6191, 2; " MINI

/* The SYN of cell @n is the client's connection 12 + n. */
static const struct claim claims[] = {
	{ "A10", "at first the four-tuple is held, whatever tcp_tw_reuse says",
	  "client", "prog.at_once", "= EADDRNOTAVAIL", UNIQUE, .when = CLIENT, .bears = BEARS_LIMIT },
	{ "A10", "with it and timestamps a new connection gets it within a second or so",
	  "client", "prog.reused_ms", "500..{1100 + 2 * delay}", UNIQUE, .when = REUSES " && reuse == 1" },
	{ "A10", "without it that takes the whole of TIME_WAIT",
	  "client", "prog.reused_ms", "60000..{64400 + 2 * delay}", UNIQUE, .when = REUSES " && reuse == 0" },
	{ "A10", "without timestamps that takes the whole of TIME_WAIT, as if tcp_tw_reuse were 0",
	  "client", "prog.reused_ms", "60000..{64400 + 2 * delay}", UNIQUE, .when = CLIENT " && timestamps == off", .bears = BEARS_LIMIT },
	{ "A10", "the ISN of the new connection is 65537 beyond the old one's last number",
	  "client", "conn2.isn_step", "= 65537", UNIQUE, .when = REUSES " && reuse == 1" },
	{ "A10", "its SYN brings the old connection's timestamp along",
	  "client", "conn2.SYN.1.tsecr", "!= 0", UNIQUE, .when = REUSES " && reuse == 1" },
	{ NULL, "a SYN that takes nothing over has none to bring",
	  "client", "conn1.SYN.1.tsecr", "= 0", "RFC 7323, 3.2", .when = REUSES },
	{ NULL, "tcp_tw_reuse=0: no", "client", "prog.reuse0", "= EADDRNOTAVAIL", "ip-sysctl, tcp_tw_reuse", .when = CLIENT },
	{ NULL, "tcp_tw_reuse=2: not over a network", "client", "prog.reuse2", "= EADDRNOTAVAIL", "ip-sysctl, tcp_tw_reuse", .when = CLIENT },
	{ "A10", "tcp_tw_reuse=1: yes, after more than a second", "client", "prog.reuse1", "= connected", "ip-sysctl, tcp_tw_reuse", .when = REUSES },
	{ NULL, "tcp_tw_reuse=1 without timestamps: no", "client", "prog.reuse1", "= EADDRNOTAVAIL", "ip-sysctl, tcp_tw_reuse", .when = CLIENT " && timestamps == off" },
	{ NULL, "tcp_tw_reuse=0 over the loopback: no", "client", "prog.local.reuse0", "= EADDRNOTAVAIL", "ip-sysctl, tcp_tw_reuse", .when = CLIENT },
	{ NULL, "tcp_tw_reuse=2 over the loopback: yes", "client", "prog.local.reuse2", "= connected", "ip-sysctl, tcp_tw_reuse", .when = REUSES },
	{ "A10", "each is counted as TWRecycled",
	  "client", "mib.TWRecycled", "= {2 + reuse}", "Linux LINUX_MIB_TIMEWAITRECYCLED", .when = REUSES },

	{ "A15", "number beyond, timestamp newer: a new connection", "client", "conn13.SYN.1.answer", "= SYN-ACK", MAY_2, .when = SERVER },
	{ "A15", "number beyond, timestamp the same: a new connection", "client", "conn14.SYN.1.answer", "= SYN-ACK", MAY_2, .when = SERVER },
	{ "A15", "number beyond, but timestamp older: TIME_WAIT answers", "client", "conn15.SYN.1.answer", "= ACK", "RFC 7323, 5.3; " MINI, .when = STAMPED, .bears = BEARS_LIMIT },
	{ "A15", "number beyond, a timestamp where the old connection had none: a new connection",
	  "client", "conn15.SYN.1.answer", "= SYN-ACK", MAY_2, .when = SERVER " && timestamps == off" },
	{ "A15", "number beyond, no timestamp: a new connection", "client", "conn16.SYN.1.answer", "= SYN-ACK", MAY_2, .when = SERVER },
	{ "A16", "number expected next, but timestamp newer: a new connection", "client", "conn17.SYN.1.answer", "= SYN-ACK", BCP_159, .when = STAMPED },
	{ "A16", "number expected next, timestamp the same: TIME_WAIT answers", "client", "conn18.SYN.1.answer", "= ACK", BCP_159, .when = SERVER },
	{ "A16", "number expected next, timestamp older: TIME_WAIT answers", "client", "conn19.SYN.1.answer", "= ACK", BCP_159, .when = SERVER },
	{ "A15", "number expected next, no timestamp: TIME_WAIT answers", "client", "conn20.SYN.1.answer", "= ACK", MAY_2, .when = SERVER },
	{ "A16", "number old, but timestamp newer: a new connection", "client", "conn21.SYN.1.answer", "= SYN-ACK", BCP_159, .when = STAMPED },
	{ "A16", "number old, a timestamp where the old connection had none: TIME_WAIT answers",
	  "client", "conn21.SYN.1.answer", "= ACK", BCP_159, .when = SERVER " && timestamps == off" },
	{ "A16", "number old, timestamp the same: TIME_WAIT answers", "client", "conn22.SYN.1.answer", "= ACK", BCP_159, .when = SERVER },
	{ "A16", "number old, timestamp older: TIME_WAIT answers", "client", "conn23.SYN.1.answer", "= ACK", BCP_159, .when = SERVER },
	{ "A15", "number old, no timestamp: TIME_WAIT answers", "client", "conn24.SYN.1.answer", "= ACK", MAY_2, .when = SERVER },
	{ "A15", "the new connection's own numbers begin beyond the old one's last, on this side too",
	  "server", "conn13.isn_step", "> 0", "RFC 9293, 3.6.1 MAY-2 (1); RFC 6528, 3", .when = SERVER },
	{ "A10", "on the side that is called it does nothing: TIME_WAIT answers an old SYN all the same",
	  "client", "conn24.SYN.1.answer", "= ACK", MINI, .when = SERVER " && reuse == 1", .bears = BEARS_LIMIT },
	{ NULL, "a SYN with an older timestamp starts TIME_WAIT's 60 s anew",
	  "server", "conn11.TIME_WAIT.rearmed", "= 1", MINI, .when = STAMPED },
	{ NULL, "one without a timestamp, though answered as well, does not",
	  "server", "conn12.TIME_WAIT.rearmed", "= 0", MINI, .when = SERVER },
	{ 0 }
};

const struct lab lab_tw_reuse = {
	"05-tw-reuse",
	"When does a TIME_WAIT make room for a new connection on its four-tuple?",
	"On connect() with tcp_tw_reuse, timestamps, and a second's patience; on a SYN that is beyond the old connection or newer than it.",
	params, variants, { nodes, links, NULL, settings, rulesets }, programs, steps, claims
};

/* Who can end a TIME_WAIT before its time?
 *
 *	client ────── wire ────── server
 *	  closes first              sends something late
 *
 * RFC 1337: a late segment reaches TIME_WAIT, which answers it with an ACK, as it has
 * to. The ACK reaches a host that has forgotten the connection, and answers with RST,
 * as it has to. The RST reaches TIME_WAIT and ends it: assassination. Nobody has done
 * anything wrong. tcp_rfc1337=1 makes a TIME_WAIT that ignores RST.
 *
 * The client closes five connections. To the first comes an old duplicate of the
 * server's last data; to the next three a RST with the number that is expected, the
 * one before, the one behind it; to the fifth, nothing. The late segments are made
 * (DO_SEND); the RST that answers the duplicate's ACK is the server's kernel's own.
 */
#include <twlab/lab.h>

static const struct param params[] = {
	{ "rfc1337", "0", "0|1", "the client's tcp_rfc1337" },
	{ "rst", "sent", "sent|kept", "RSTs of the server's kernel: sent, or kept back by a rule" },
	{ "delay", "10", "1..100", "one-way delay of the wire in ms" },
	{ "port", "8080", "1024..30000", "the server's port" },
	{ 0 }
};

static const struct variant variants[] = {
	{ "assassinated", "rfc1337=0", "an old duplicate ends TIME_WAIT, by way of a RST" },
	{ "ignored", "rfc1337=1", "with tcp_rfc1337=1 TIME_WAIT ignores the RST" },
	{ "kept-back", "rfc1337=0 rst=kept", "control: the same duplicate, but no RST answers" },
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
	{ "client", "net.ipv4.tcp_rfc1337", "1", "ignore RST in TIME_WAIT", .when = "rfc1337 == 1" },
	{ 0 }
};

static const struct ruleset rulesets[] = {
	{ "server", "table ip quiet { chain out { type filter hook output priority filter; "
		    "tcp flags & rst != 0 meta mark != 7323 drop; }; }", .when = "rst == kept" },
	{ 0 }
};

static const struct program programs[] = {
	{ "server", "server", "server", "{port}" },
	{ "client", "client", "client", "10.0.0.2 {port} 40001 5" },
	{ 0 }
};

#define BACK(number) " from=10.0.0.2:{port} to=10.0.0.1:" number

static const struct step steps[] = {
	{ DO_NETEM, "wire/client", "delay {delay}ms" },
	{ DO_NETEM, "wire/server", "delay {delay}ms" },
	{ DO_START, "server" },
	{ DO_STATE, "server", "LISTEN" },
	{ DO_START, "client" },
	{ DO_EXIT,  "client" },
	{ DO_GONE,  "server", "", .why = "the server has forgotten all of it" },
	{ DO_SLEEP, .ms = 10000 },
	{ DO_SEND,  "server", "DATA" BACK("40001") " seq=-7 data=hello", .why = "an old duplicate of the server's data" },
	{ DO_SLEEP, .ms = 500 },
	{ DO_SEND,  "server", "RST" BACK("40002"), .why = "a RST with the number that is expected" },
	{ DO_SLEEP, .ms = 500 },
	{ DO_SEND,  "server", "RST" BACK("40003") " seq=-1", .why = "a RST with the one before" },
	{ DO_SLEEP, .ms = 500 },
	{ DO_SEND,  "server", "RST" BACK("40004") " seq=+1", .why = "a RST with the one behind it" },
	{ DO_SLEEP, .ms = 500 },
	{ DO_GONE,  "client", "", .why = "nothing is left" },
	{ 0 }
};

#define KILLS "rfc1337 == 0"
#define MINI  "Linux net/ipv4/tcp_minisocks.c, tcp_timewait_state_process"
#define LEN   "Linux include/net/tcp.h, TCP_TIMEWAIT_LEN"

static const struct claim claims[] = {
	{ NULL, "TIME_WAIT answers the old duplicate with an ACK",
	  "client", "conn1.sent.ACK", "= 4", "RFC 9293, 3.10.7.4 first check; RFC 1337, 1 figure 1" },
	{ NULL, "the host that has forgotten the connection answers that with RST",
	  "server", "conn1.sent.RST", "= 1", "RFC 9293, 3.10.7.1; RFC 1337, 1 figure 1", .when = "rst == sent" },
	{ NULL, "which ends TIME_WAIT: 10 s instead of 60",
	  "client", "conn1.TIME_WAIT.ms", "10000..12000", "RFC 9293, 3.10.7.4 second check; RFC 1337, 1", .when = KILLS " && rst == sent" },
	{ NULL, "with tcp_rfc1337=1 it does not; the duplicate has started the 60 s anew",
	  "client", "conn1.TIME_WAIT.ms", "70000..75200", "RFC 1337, 3 fix F1; " MINI, .when = "rfc1337 == 1" },
	{ NULL, "without that RST it does not; the duplicate has started the 60 s anew",
	  "client", "conn1.TIME_WAIT.ms", "70000..75200", MINI, .when = "rst == kept" },
	{ NULL, "a RST alone, with the expected number, ends it as well",
	  "client", "conn2.TIME_WAIT.ms", "10000..12000", "RFC 9293, 3.10.7.4 second check; " MINI, .when = KILLS },
	{ NULL, "with tcp_rfc1337=1 it does not",
	  "client", "conn2.TIME_WAIT.ms", "60000..64200", "RFC 1337, 3 fix F1; " MINI, .when = "rfc1337 == 1" },
	{ NULL, "nor does it start the 60 s anew",
	  "client", "conn2.TIME_WAIT.rearmed", "= 0", "Linux 4.19; " MINI, .when = "rfc1337 == 1" },
	{ NULL, "a RST with the number before is ignored",
	  "client", "conn3.TIME_WAIT.ms", "60000..64200", "RFC 5961, 3.2; " MINI },
	{ NULL, "a RST with the number behind is ignored",
	  "client", "conn4.TIME_WAIT.ms", "60000..64200", "RFC 5961, 3.2; " MINI },
	{ NULL, "what nothing comes to lasts 60 s",
	  "client", "conn5.TIME_WAIT.ms", "60000..64200", LEN },
	{ 0 }
};

const struct lab lab_rfc1337 = {
	"12-rfc1337",
	"Can a RST end TIME_WAIT, and where would it come from?",
	"Yes: an old duplicate is enough to provoke it; tcp_rfc1337=1 makes TIME_WAIT ignore it.",
	params, variants, { nodes, links, NULL, settings, rulesets }, programs, steps, claims
};

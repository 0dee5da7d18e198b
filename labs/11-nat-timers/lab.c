/* Whose timer ends first: the host's or the NAT's?
 *
 *	host1 ──┐
 *	        ├── nat ────── wire ────── server
 *	host2 ──┘
 *
 * A NAT remembers each connection, in states of its own with timers of its own:
 * 30 s for LAST_ACK, 120 s for TIME_WAIT (Linux nf_conntrack). It is no end of
 * the connection and sees only what passes. So it may forget one that an end
 * still has, or keep one that both have forgotten.
 *
 * One scene for each. In "late" the client's FIN is lost again and again, the
 * pauses between two grow longer than 30 s, and the next FIN meets a NAT that does
 * not know it. In "next" another host uses the same port, toward the same
 * server, which is still in TIME_WAIT.
 */
#include <twlab/lab.h>

static const struct param params[] = {
	{ "scene", "next", "next|late", "what happens: see above" },
	{ "last_ack", "30", "5..300", "net.netfilter.nf_conntrack_tcp_timeout_last_ack on the NAT, in seconds" },
	{ "time_wait", "120", "2..300", "net.netfilter.nf_conntrack_tcp_timeout_time_wait on the NAT, in seconds" },
	{ "invalid", "forward", "forward|drop", "what the NAT does with a packet of no connection that it knows" },
	{ "clock", "behind", "behind|ahead", "host2's clock: an hour behind host1's, or an hour ahead" },
	{ "rfc1337", "0", "0|1", "net.ipv4.tcp_rfc1337 on the server" },
	{ "port", "8080", "1024..39999", "the server's port" },
	{ 0 }
};

static const struct variant variants[] = {
	{ "table-outlives", "scene=next", "the NAT keeps the connection for 120 s, and gives the next host another port" },
	{ "handed-on", "scene=next time_wait=5", "a NAT that forgets after 5 s hands the four-tuple on to another host" },
	{ "handed-on-ahead", "scene=next time_wait=5 clock=ahead", "control: a host whose clock is ahead is let in at once" },
	{ "handed-on-rfc1337", "scene=next time_wait=5 rfc1337=1", "with tcp_rfc1337 on the server the other host does not get in at all" },
	{ "late-fin", "scene=late", "a FIN that the NAT does not know leaves with the address of the inside" },
	{ "late-fin-dropped", "scene=late invalid=drop", "a NAT that drops what it does not know: nothing leaks, nothing closes" },
	{ "late-fin-kept", "scene=late last_ack=120", "control: a NAT with more patience: the FIN is translated, and all is closed" },
	{ 0 }
};

static const struct node nodes[] = {
	{ "host", .many = "2", .uptime_s = "i == 1 ? 1500000 : clock == ahead ? 1503600 : 1496400" },
	{ "nat", NODE_NAT },
	{ "server" },
	{ 0 }
};

static const struct link links[] = {
	{ { "host", "eth0", "10.1.0.{i}/32" }, { "nat", "lan{i}", "10.1.255.254/32" } },
	{ { "nat", "wan", "203.0.113.1/24" }, { "server", "eth0", "203.0.113.2/24" },
	  .wire = "wire", .delay_ms = 10 },
	{ 0 }
};

static const struct route routes[] = {
	{ "host", "default", "10.1.255.254" },
	{ 0 }
};

static const struct ruleset rulesets[] = {
	{ "nat", "table ip nat { chain out { type nat hook postrouting priority srcnat; oifname wan masquerade; }; }" },
	{ "nat", "table ip guard { chain through { type filter hook forward priority filter; ct state invalid drop; }; }",
	  .when = "invalid == drop" },
	{ 0 }
};

static const struct setting settings[] = {
	{ "nat", "net.netfilter.nf_conntrack_tcp_timeout_last_ack", "{last_ack}", "the NAT's patience", .when = "last_ack != 30" },
	{ "nat", "net.netfilter.nf_conntrack_tcp_timeout_time_wait", "{time_wait}", "the NAT's patience", .when = "time_wait != 120" },
	{ "server", "net.ipv4.tcp_rfc1337", "1", "a RST does not end TIME_WAIT", .when = "rfc1337 == 1" },
	{ 0 }
};

static const struct program programs[] = {
	{ "server", "server", "server", "{port} 2 {scene == late ? told : now}" },
	{ "client", "host", "client", "203.0.113.2 {port} 40000 {scene == late ? told : now}" },
	{ 0 }
};

#define LATE  "scene == late"
#define NEXT  "scene == next"

static const struct step steps[] = {
	{ DO_START, "server" },
	{ DO_STATE, "server", "LISTEN" },
	{ DO_START, "client1" },

	{ DO_EXIT,  "client1", .when = NEXT },
	{ DO_STATE, "server", "TIME_WAIT", .why = "the server closed first", .when = NEXT },
	{ DO_GONE,  "nat", "", .why = "the NAT has forgotten, the server has not", .when = NEXT " && time_wait < 50" },
	{ DO_SLEEP, .ms = 6000, .when = NEXT " && time_wait >= 50" },
	{ DO_START, "client2", .why = "the other host, from the same port", .when = NEXT },
	{ DO_EXIT,  "client2", .when = NEXT },
	{ DO_GONE,  "server", "", .when = NEXT },
	{ DO_GONE,  "nat", "", .why = "nothing is left", .when = NEXT },

	{ DO_SAYS,  "client1", "reply", .when = LATE },
	{ DO_TELL,  "server", "close", .why = "the server closes first", .when = LATE },
	{ DO_STATE, "server", "FIN_WAIT2", .why = "and its FIN is acknowledged", .when = LATE },
	{ DO_NETEM, "wire/server", "loss 100%", .why = "what the client sends from now on is lost", .when = LATE },
	{ DO_TELL,  "client1", "close", .when = LATE },
	{ DO_STATE, "nat", "LAST_ACK", .why = "the NAT has seen the FIN", .when = LATE },
	{ DO_GONE,  "nat", "", .why = "the NAT has forgotten, the host has not", .when = LATE " && last_ack < 56" },
	{ DO_SLEEP, .ms = 90000, .when = LATE " && last_ack >= 56" },
	{ DO_NETEM, "wire/server", "", .why = "the wire is whole again", .when = LATE },
	{ DO_SEGMENT, "nat/lan1", "FIN", .why = "and the FIN comes once more", .when = LATE },
	{ DO_SLEEP, .ms = 1000, .when = LATE },
	{ 0 }
};

#define KEPT     NEXT " && time_wait >= 62"
#define HANDED   NEXT " && time_wait < 50"
#define LEAKS    LATE " && last_ack < 56"

static const struct claim claims[] = {
	{ NULL, "the NAT keeps a closed connection for its own TIME_WAIT, 120 s if nothing else is set",
	  "nat", "nat1.TIME_WAIT.ms", "{time_wait * 1000 - 10}..{time_wait * 1000 + 1200}",	/* less a tick */
	  "Linux net/netfilter/nf_conntrack_proto_tcp.c, tcp_timeouts", .when = NEXT },
	{ NULL, "which is longer than the server's",
	  "server", "conn1.TIME_WAIT.ms", "60000..64200", "Linux include/net/tcp.h, TCP_TIMEWAIT_LEN", .when = KEPT },
	{ NULL, "so that the next host is given another port",
	  "nat", "nat2.as", "!= @nat1.as", "RFC 5382, REQ-7", .when = KEPT },
	{ NULL, "and is served by its first SYN",
	  "host2", "conn1.sent.SYN", "= 1", "RFC 9293, 3.5", .when = KEPT },

	{ NULL, "a NAT that has forgotten gives the next host the same port",
	  "nat", "nat2.as", "= @nat1.as", "RFC 5382, 5 REQ-5 asks for 4 minutes", .when = HANDED },
	{ "A16", "a SYN whose timestamp is newer is let into TIME_WAIT",
	  "host2", "conn1.SYN.1.answer", "= SYN-ACK", "RFC 6191, 2", .when = HANDED " && clock == ahead" },
	{ "A16", "so that the host is served by it",
	  "host2", "conn1.sent.SYN", "= 1", "RFC 6191, 2", .when = HANDED " && clock == ahead" },
	{ "A16", "one whose timestamp is older is answered by an ACK, as an old duplicate would be",
	  "host2", "conn1.SYN.1.answer", "= ACK", "RFC 6191, 2; RFC 9293, 3.10.7.4 first check", .when = HANDED " && clock == behind" },
	{ NULL, "which the host takes for a half-open connection, and answers by RST",
	  "host2", "conn1.RST.1.at_ms", "< 100", "RFC 9293, 3.5.1", .when = HANDED " && clock == behind" },
	{ NULL, "the RST ends the server's TIME_WAIT",
	  "server", "conn1.TIME_WAIT.ms", "< 55000", "RFC 9293, 3.10.7.4 second check", .when = HANDED " && clock == behind && rfc1337 == 0" },
	{ NULL, "and the second SYN is served",
	  "host2", "conn1.sent.SYN", "= 2", "RFC 9293, 3.5.1", .when = HANDED " && clock == behind && rfc1337 == 0" },
	{ NULL, "with tcp_rfc1337 the RST is ignored, and each old SYN starts TIME_WAIT anew",
	  "server", "conn1.TIME_WAIT.ms", "> 100000", "Linux net/ipv4/tcp_minisocks.c, tcp_timewait_state_process",
	  .when = HANDED " && clock == behind && rfc1337 == 1" },
	{ NULL, "so that connect() gives up",
	  "host2", "prog.connect", "= ETIMEDOUT", "tcp(7), tcp_syn_retries", .when = HANDED " && clock == behind && rfc1337 == 1" },

	{ NULL, "the NAT forgets a connection whose FIN it saw, 30 s after it saw it last",
	  "nat", "nat1.LAST_ACK.ms", "80000..95000", "Linux net/netfilter/nf_conntrack_proto_tcp.c, tcp_timeouts",
	  .when = LATE " && last_ack == 30" },
	{ NULL, "while the host is still in LAST_ACK",
	  "host1", "conn1.path", "= SYN_SENT ESTABLISHED CLOSE_WAIT LAST_ACK", "RFC 6298, 5.5; tcp(7), tcp_retries2", .when = LEAKS },
	{ NULL, "its next FIN leaves untranslated: the server gets it from the inside address",
	  "server", "conn1.stray.from", "= @nat:nat1.from", "Linux nf_conntrack_proto_tcp.c: a FIN begins no connection", .when = LEAKS " && invalid == forward" },
	{ NULL, "a NAT that drops what it does not know lets no FIN out",
	  "server", "conn1.rcvd.FIN", "= 0", "nft(8), ct state invalid", .when = LEAKS " && invalid == drop" },
	{ NULL, "either way the server goes on waiting in FIN_WAIT_2",
	  "server", "conn1.path", "= SYN_RECV ESTABLISHED FIN_WAIT1 FIN_WAIT2", "RFC 9293, 3.3.2 figure 5", .when = LEAKS },

	{ NULL, "a NAT that remembers translates the late FIN: the server comes to TIME_WAIT",
	  "server", "conn1.path", "= SYN_RECV ESTABLISHED FIN_WAIT1 FIN_WAIT2 TIME_WAIT", "RFC 9293, 3.3.2 figure 5", .when = LATE " && last_ack >= 60" },
	{ NULL, "and the client's program sees no error",
	  "host1", "prog.so_error", "= 0", "socket(7), SO_ERROR", .when = LATE " && last_ack >= 60" },
	{ 0 }
};

const struct lab lab_nat_timers = {
	"11-nat-timers",
	"What if a NAT forgets a connection sooner than its ends do, or later?",
	"Sooner: a late FIN leaves untranslated, or the next host meets the old TIME_WAIT. Later: it costs a port, and is safe.",
	params, variants, { nodes, links, routes, settings, rulesets }, programs, steps, claims
};

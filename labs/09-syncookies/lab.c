/* What if the SYN queue is full?
 *
 *	client ────── wire ──────┐
 *	                         ├── server, room for {backlog} half-open connections
 *	flood ────── wire2 ──────┘
 *	        ✗ takes each SYN,ACK
 *
 * A server keeps a half-open connection for each SYN until the handshake is
 * done, up to as many as listen() said. Who sends SYNs and never the third segment
 * fills that queue (RFC 4987). A SYN cookie is a way to keep nothing: what the
 * server has to know is put into the sequence number of its SYN,ACK, and comes
 * back with the client's ACK. There is not much room in it.
 */
#include <twlab/lab.h>

static const struct param params[] = {
	{ "cookies", "1", "0..2", "net.ipv4.tcp_syncookies on the server: never, when the queue is full, always" },
	{ "flood", "16", "0..200", "how many SYNs a second, for 8 s; 0: no flood" },
	{ "backlog", "8", "1..1000", "what the server says to listen()" },
	{ "timestamps", "on", "on|off", "TCP timestamps on the client" },
	{ "mss", "1400", "536..1460", "the largest segment that the client takes" },
	{ "port", "8080", "1024..65535", "the server's port" },
	{ 0 }
};

static const struct variant variants[] = {
	{ "cookies", "cookies=1", "the queue is full, a cookie lets the client in" },
	{ "no-cookies", "cookies=0", "control: without cookies its SYNs are dropped until there is room" },
	{ "no-flood", "cookies=1 flood=0", "control: while there is room no cookie is used" },
	{ "always", "cookies=2 flood=0", "with 2, each SYN gets one" },
	{ "no-stamps", "cookies=1 timestamps=off", "without timestamps there is no room for options: they are lost" },
	{ 0 }
};

static const struct node nodes[] = {
	{ "client" },
	{ "flood" },
	{ "server" },
	{ 0 }
};

static const struct link links[] = {
	{ { "client", "eth0", "10.0.0.1/24" }, { "server", "eth0", "10.0.0.2/24" },
	  .wire = "wire", .delay_ms = 10 },
	{ { "flood", "eth0", "10.9.0.1/24" }, { "server", "eth1", "10.9.0.2/24" },
	  .wire = "wire2", .delay_ms = 10 },
	{ 0 }
};

static const struct setting settings[] = {
	{ "server", "net.ipv4.tcp_syncookies", "{cookies}", "what this is about", .when = "cookies != 1" },
	{ "client", "net.ipv4.tcp_timestamps", "0", "no room for options", .when = "timestamps == off" },
	{ 0 }
};

static const struct program programs[] = {
	{ "server", "server", "server", "{port} {backlog}" },
	{ "flood", "flood", "flood", "10.9.0.2 {port} 8 {flood}" },
	{ "client", "client", "client", "10.0.0.2 {port} {mss}" },
	{ 0 }
};

static const struct step steps[] = {
	{ DO_NETEM, "wire2/flood", "loss 100%", .why = "no SYN,ACK gets back to the flood" },
	{ DO_START, "server" },
	{ DO_STATE, "server", "LISTEN" },
	{ DO_START, "flood", .when = "flood > 0" },
	{ DO_SAYS,  "flood", "wave=2", .why = "the queue is full by now", .when = "flood > 0" },
	{ DO_COUNT, "server", "SYN_RECV", .why = "half-open connections" },
	{ DO_START, "client", .why = "somebody who means it" },
	{ DO_EXIT,  "client" },
	{ DO_EXIT,  "flood", .when = "flood > 0" },
	{ DO_TELL,  "server", "end" },
	{ DO_EXIT,  "server" },
	{ DO_SLEEP, .ms = 200, .why = "the last segments arrive" },
	{ 0 }
};

#define FULL   "flood > backlog + 1"
#define COOKIE "(cookies == 2 || (cookies == 1 && " FULL "))"
#define CODED4 "(mss >= 1460 ? 1460 : mss >= 1440 ? 1440 : mss >= 1300 ? 1300 : 536)"
#define CODED6 "(mss >= 1440 ? 1440 : mss >= 1420 ? 1420 : 1220)"
#define CODED  "{(ip == 6 ? " CODED6 " : " CODED4 ") - (timestamps == on ? 12 : 0)}"
#define TOLD   "{(ip == 6 && mss > 1440 ? 1440 : mss) - (timestamps == on ? 12 : 0)}"

static const struct claim claims[] = {
	{ NULL, "there are as many half-open connections as the queue has room for",
	  "server", "count.SYN_RECV.sock_diag", "{backlog}..{backlog + 1}", "listen(2); Linux include/net/inet_connection_sock.h, inet_csk_reqsk_queue_is_full",
	  .when = FULL " && cookies != 2" },

	{ "A9", "with cookies a client is served by its first SYN",
	  "client", "conn1.sent.SYN", "= 1", "RFC 4987, 3.6", .when = COOKIE },
	{ "A9", "SYNs that find the queue full are answered by a cookie",
	  "server", "mib.SyncookiesSent", ">= 1", "Linux net/ipv4/tcp_input.c, tcp_conn_request", .when = "cookies == 1 && " FULL },
	{ "A9", "and one comes back, with the client's ACK",
	  "server", "mib.SyncookiesRecv", "= 1", "Linux net/ipv4/syncookies.c, cookie_v4_check", .when = COOKIE },
	{ "A9", "without cookies the client's SYN gets no answer",
	  "client", "conn1.SYN.1.answer", "= ", "RFC 4987, 2.1", .when = "cookies == 0 && " FULL },
	{ "A9", "it is dropped, as each that finds the queue full",
	  "server", "mib.TCPReqQFullDrop", ">= 1", "Linux net/ipv4/tcp_input.c, tcp_conn_request", .when = "cookies == 0 && " FULL },
	{ "A9", "and the client waits, a second at least",
	  "client", "prog.waited_ms", ">= 1000", "RFC 6298, 2.1 and 5.5", .when = "cookies == 0 && " FULL },
	{ "A9", "while there is room no cookie is used: the server knows the client's MSS as it was said",
	  "server", "prog.mss", "= " TOLD, "RFC 9293, 3.7.1", .when = "cookies != 2 && flood == 0" },

	{ NULL, "a cookie has two bits for the MSS: the next lower of four",
	  "server", "prog.mss", "= " CODED, "Linux net/ipv4/syncookies.c, net/ipv6/syncookies.c, msstab", .when = COOKIE },
	{ NULL, "SACK comes back in the low bits of the timestamp",
	  "server", "prog.sack", "= 1", "Linux net/ipv4/syncookies.c, cookie_timestamp_decode", .when = COOKIE " && timestamps == on" },
	{ NULL, "and so does the window scale",
	  "server", "prog.wscale", ">= 0", "Linux net/ipv4/syncookies.c, cookie_timestamp_decode", .when = COOKIE " && timestamps == on" },
	{ NULL, "without timestamps SACK is lost",
	  "server", "prog.sack", "= 0", "Linux net/ipv4/syncookies.c", .when = COOKIE " && timestamps == off" },
	{ NULL, "and window scaling: no window is above 65535",
	  "server", "prog.wscale", "= -1", "RFC 7323, 2.2", .when = COOKIE " && timestamps == off" },
	{ NULL, "on both sides: the SYN,ACK did not offer it",
	  "client", "prog.wscale", "= -1", "RFC 7323, 2.2", .when = COOKIE " && timestamps == off" },
	{ 0 }
};

const struct lab lab_syncookies = {
	"09-syncookies",
	"Who is served when the SYN queue is full, and what does a SYN cookie cost?",
	"With cookies everybody who answers; what does not fit into the cookie is lost.",
	params, variants, { nodes, links, NULL, settings }, programs, steps, claims
};

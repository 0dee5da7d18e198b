/* Who closes, and who waits?
 *
 *	client ────── wire ────── server
 *
 * A TCP connection is two streams, and each is closed on its own: four segments,
 * FIN and ACK in one direction, FIN and ACK in the other. Whoever sent the first
 * FIN stays in TIME_WAIT when all is over (RFC 9293, 3.6). The wire takes 10 ms
 * each way, so that every step of this can be seen.
 */
#include <twlab/lab.h>

static const struct param params[] = {
	{ "closer", "client", "client|server|both", "who closes first" },
	{ "delay", "10", "1..1000", "one-way delay of the wire in ms" },
	{ "port", "8080", "1024..65535", "the server's port" },
	{ 0 }
};

static const struct variant variants[] = {
	{ "client-first", "closer=client", "the client closes first, and waits" },
	{ "server-first", "closer=server", "the server closes first, and waits" },
	{ "both-at-once", "closer=both", "the FINs cross: both wait" },
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
	{ "client", "client", "client", "10.0.0.2 {port}" },
	{ 0 }
};

static const struct step steps[] = {
	{ DO_NETEM, "wire/client", "delay {delay}ms", .why = "a step at a time" },
	{ DO_NETEM, "wire/server", "delay {delay}ms", .why = "a step at a time" },
	{ DO_START, "server" },
	{ DO_STATE, "server", "LISTEN" },
	{ DO_START, "client" },
	{ DO_SAYS,  "client", "reply", .why = "a question and its reply: the connection works" },

	{ DO_TELL,  "client", "close", .why = "the client closes first", .when = "closer == client" },
	{ DO_STATE, "client", "FIN_WAIT2", .when = "closer == client" },
	{ DO_TELL,  "server", "close", .why = "now the other direction", .when = "closer == client" },

	{ DO_TELL,  "server", "close", .why = "the server closes first", .when = "closer == server" },
	{ DO_STATE, "server", "FIN_WAIT2", .when = "closer == server" },
	{ DO_TELL,  "client", "close", .why = "now the other direction", .when = "closer == server" },

	{ DO_TELL,  "client", "close", .why = "both close in the same moment", .when = "closer == both" },
	{ DO_TELL,  "server", "close", .when = "closer == both" },

	{ DO_STATE, "client", "TIME_WAIT", .when = "closer != server" },
	{ DO_STATE, "server", "TIME_WAIT", .when = "closer != client" },
	{ DO_EXIT,  "client" },
	{ DO_EXIT,  "server" },
	{ DO_SLEEP, .ms = 1000, .why = "everything is said" },
	{ DO_COUNT, "client", "TIME_WAIT", .why = "as netstat -ant | grep TIME_WAIT | wc -l does" },
	{ DO_COUNT, "server", "TIME_WAIT", .why = "as netstat -ant | grep TIME_WAIT | wc -l does" },
	{ DO_GONE,  "client", "" , .why = "nothing is left" },
	{ DO_GONE,  "server", "" , .why = "nothing is left" },
	{ 0 }
};

#define ACTIVE  "SYN_SENT ESTABLISHED FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE"
#define PASSIVE "SYN_SENT ESTABLISHED CLOSE_WAIT LAST_ACK CLOSE"

static const struct claim claims[] = {
	{ "A1", "the side that closes first sends the last ACK",
	  "{closer}", "conn1.last_sent", "= ACK", "RFC 9293, 3.6 figure 12", .when = "closer != both" },
	{ "A1", "and it is the one that goes through TIME_WAIT (as client)",
	  "client", "conn1.path", "= " ACTIVE, "RFC 9293, 3.3.2 figure 5", .when = "closer == client" },
	{ "A1", "the other side goes through CLOSE_WAIT and LAST_ACK, never TIME_WAIT",
	  "server", "conn1.path", "= SYN_RECV ESTABLISHED CLOSE_WAIT LAST_ACK CLOSE",
	  "RFC 9293, 3.3.2 figure 5", .when = "closer == client" },
	{ "A1", "and it is the one that goes through TIME_WAIT (as server)",
	  "server", "conn1.path", "= SYN_RECV ESTABLISHED FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE",
	  "RFC 9293, 3.3.2 figure 5", .when = "closer == server" },
	{ "A1", "the other side goes through CLOSE_WAIT and LAST_ACK, never TIME_WAIT",
	  "client", "conn1.path", "= " PASSIVE, "RFC 9293, 3.3.2 figure 5", .when = "closer == server" },
	{ "A1", "when both close at once, the client waits",
	  "client", "conn1.path", "= SYN_SENT ESTABLISHED FIN_WAIT1 CLOSING TIME_WAIT CLOSE",
	  "RFC 9293, 3.6 figure 13", .when = "closer == both", .bears = BEARS_LIMIT },
	{ "A1", "and so does the server",
	  "server", "conn1.path", "= SYN_RECV ESTABLISHED FIN_WAIT1 CLOSING TIME_WAIT CLOSE",
	  "RFC 9293, 3.6 figure 13", .when = "closer == both", .bears = BEARS_LIMIT },
	{ NULL, "each side sends one FIN (the client)", "client", "conn1.sent.FIN", "= 1", "RFC 9293, 3.6" },
	{ NULL, "each side sends one FIN (the server)", "server", "conn1.sent.FIN", "= 1", "RFC 9293, 3.6" },
	{ "A2", "TIME_WAIT is followed by CLOSED",
	  "client", "conn1.path", "~ TIME_WAIT CLOSE", "RFC 9293, 3.10.8 time-wait timeout", .when = "closer != server" },
	{ "A2", "TIME_WAIT is followed by CLOSED",
	  "server", "conn1.path", "~ TIME_WAIT CLOSE", "RFC 9293, 3.10.8 time-wait timeout", .when = "closer != client" },
	{ "A2", "it lasts a fixed 60 s, whatever the MSL, and at most a timer granule (4.1 s) more",
	  "client", "conn1.TIME_WAIT.ms", "60000..64200", "Linux include/net/tcp.h, TCP_TIMEWAIT_LEN",
	  .when = "closer != server", .bears = BEARS_LIMIT },
	{ "A2", "it lasts a fixed 60 s, whatever the MSL, and at most a timer granule (4.1 s) more",
	  "server", "conn1.TIME_WAIT.ms", "60000..64200", "Linux include/net/tcp.h, TCP_TIMEWAIT_LEN",
	  .when = "closer != client", .bears = BEARS_LIMIT },
	{ "A13", "netstat counts as many TIME_WAITs on the client as sock_diag reports",
	  "client", "count.TIME_WAIT.proc", "= @count.TIME_WAIT.sock_diag", "netstat(8), sock_diag(7)" },
	{ "A13", "netstat counts as many TIME_WAITs on the server as sock_diag reports",
	  "server", "count.TIME_WAIT.proc", "= @count.TIME_WAIT.sock_diag", "netstat(8), sock_diag(7)" },
	{ "A13", "and that is one on whoever closed first",
	  "{closer}", "count.TIME_WAIT.proc", "= 1", "RFC 9293, 3.6", .when = "closer != both" },
	{ 0 }
};

const struct lab lab_four_way_close = {
	"01-four-way-close",
	"Who sends which FIN and ACK when a connection closes, and who waits afterwards?",
	"Each side closes its own direction; whoever closed first waits 60 s in TIME_WAIT.",
	params, variants, { nodes, links }, programs, steps, claims
};

/* What can nobody have while TIME_WAIT lasts?
 *
 *	client ────── wire ────── server
 *
 * TIME_WAIT holds a four-tuple: local address and port, remote address and port.
 * Who wants it back is refused, by bind() or by connect(), and in two places it is
 * not: where both the old and the new socket have SO_REUSEADDR, and where a port
 * that was asked for by bind() meets a peer with timestamps.
 *
 * On the server, which closes first, two programs are restarted. On the client,
 * which closes first as well, one program wants its connections again. The kernel
 * may choose ports there as it likes, out of one.
 */
#include "labs/lab.h"

static const struct param params[] = {
	{ "timewait", "kept", "kept|destroyed", "what becomes of TIME_WAIT: kept; ended at once by SOCK_DESTROY" },
	{ "timestamps", "on", "on|off", "TCP timestamps on both sides" },
	{ "delay", "10", "1..1000", "one-way delay of the wire in ms" },
	{ "port", "8080", "1024..30000", "the server's ports: this one and the next three" },
	{ 0 }
};

static const struct variant variants[] = {
	{ "held", "timewait=kept", "TIME_WAIT holds the four-tuple, with two exceptions" },
	{ "no-timestamps", "timestamps=off", "without timestamps there is one exception less" },
	{ "destroyed", "timewait=destroyed", "control: TIME_WAIT is gone, and everything is free" },
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
	{ "client", "net.ipv4.tcp_timestamps", "0", "no exception for a bound port", .when = "timestamps == off" },
	{ "server", "net.ipv4.tcp_timestamps", "0", "no exception for a bound port", .when = "timestamps == off" },
	{ 0 }
};

static const struct program programs[] = {
	{ "restart0", "server", "restart", "{port} 0" },
	{ "restart1", "server", "restart", "{port + 1} 1" },
	{ "server2", "server", "server", "{port + 2}" },
	{ "server3", "server", "server", "{port + 3}" },
	{ "client0", "client", "client", "10.0.0.2 {port}" },
	{ "client1", "client", "client", "10.0.0.2 {port + 1}" },
	{ "again", "client", "again", "10.0.0.2 {port + 2} 40001" },
	{ 0 }
};

static const struct step steps[] = {
	{ DO_NETEM, "wire/client", "delay {delay}ms" },
	{ DO_NETEM, "wire/server", "delay {delay}ms" },
	{ DO_START, "restart*" },
	{ DO_START, "server*" },
	{ DO_SAYS,  "restart*", "listening" },
	{ DO_SAYS,  "server*", "listening" },
	{ DO_START, "client*", .why = "the server closes first: TIME_WAIT is there" },
	{ DO_EXIT,  "client*" },
	{ DO_SYSCTL, "client", "net.ipv4.ip_local_port_range=40000 40000", .why = "one port to choose from" },
	{ DO_START, "again", .why = "the client closes first: TIME_WAIT is here" },
	{ DO_SAYS,  "again", "first_bound" },
	{ DO_SLEEP, .ms = 1500, .why = "all four connections are closed, in both directions" },
	{ DO_COUNT, "server", "TIME_WAIT" },
	{ DO_COUNT, "client", "TIME_WAIT" },
	{ DO_KILL,  "server", "TIME_WAIT", .why = "TIME_WAIT ends now (SOCK_DESTROY)", .when = "timewait == destroyed" },
	{ DO_KILL,  "client", "TIME_WAIT", .why = "TIME_WAIT ends now (SOCK_DESTROY)", .when = "timewait == destroyed" },
	{ DO_TELL,  "restart*", "try", .why = "the server is started again" },
	{ DO_TELL,  "again", "try", .why = "the client wants its connections again" },
	{ DO_EXIT,  "restart*", .why = "a port is free again" },
	{ DO_EXIT,  "again", .why = "a four-tuple is free again" },
	{ DO_SLEEP, .ms = 500, .why = "the last connection is closed as well" },
	{ 0 }
};

#define KEPT "timewait == kept"
#define GONE "timewait == destroyed"

static const struct claim claims[] = {
	{ NULL, "two connections are in TIME_WAIT on the server, which closed them first",
	  "server", "count.TIME_WAIT.proc", "= 2", "RFC 9293, 3.6" },
	{ NULL, "and two on the client, which closed the others",
	  "client", "count.TIME_WAIT.proc", "= 2", "RFC 9293, 3.6" },

	{ "A3", "a server that is started again cannot bind its port: neither socket has SO_REUSEADDR",
	  "server", "prog.old0.new0", "= EADDRINUSE", "bind(2)", .when = KEPT },
	{ "A3", "nor if only the new one has it",
	  "server", "prog.old0.new1", "= EADDRINUSE", "Linux net/ipv4/inet_connection_sock.c, inet_csk_bind_conflict", .when = KEPT },
	{ "A3", "nor if only the old one had it",
	  "server", "prog.old1.new0", "= EADDRINUSE", "Linux net/ipv4/inet_connection_sock.c, inet_csk_bind_conflict", .when = KEPT },
	{ "A3", "bind() may have the port if both the old and the new socket have SO_REUSEADDR",
	  "server", "prog.old1.new1", "= bound", "socket(7), SO_REUSEADDR", .bears = BEARS_LIMIT },
	{ "A3", "a port is free when TIME_WAIT is over: 60 s and at most a timer granule later",
	  "server", "prog.old0.free_ms", "60000..64500", "Linux include/net/tcp.h, TCP_TIMEWAIT_LEN", .when = KEPT },

	{ "A3", "a client cannot connect from the same port to the same server",
	  "client", "prog.same", "= connect: EADDRNOTAVAIL", "connect(2); RFC 9293, 3.4.1", .when = KEPT },
	{ "A3", "it can from the same port to another of the server's ports: that is another four-tuple",
	  "client", "prog.other_port", "= connected", "RFC 9293, 3.4.1" },
	{ "A3", "a port that is asked for by bind() is refused by bind()",
	  "client", "prog.same_bound", "= bind: EADDRINUSE", "bind(2)", .when = KEPT },
	{ "A3", "a port that both asked for by bind() connects at once, if there are timestamps",
	  "client", "prog.same_bound_reuse", "= connected", "Linux net/ipv4/tcp_ipv4.c, tcp_twsk_unique",
	  .when = KEPT " && timestamps == on", .bears = BEARS_LIMIT },
	{ NULL, "by a SYN that cannot be taken for an old one: its number is beyond all old ones",
	  "client", "conn5.isn_step", "= 65537", "Linux net/ipv4/tcp_ipv4.c, tcp_twsk_unique",
	  .when = KEPT " && timestamps == on" },
	{ "A3", "without timestamps bind() allows it, but connect() does not",
	  "client", "prog.same_bound_reuse", "= connect: EADDRNOTAVAIL", "Linux net/ipv4/tcp_ipv4.c, tcp_twsk_unique",
	  .when = KEPT " && timestamps == off" },
	{ "A3", "a four-tuple is free when TIME_WAIT is over: 60 s and at most a timer granule later",
	  "client", "prog.same.free_ms", "60000..64500", "Linux include/net/tcp.h, TCP_TIMEWAIT_LEN", .when = KEPT },

	{ "A3", "without TIME_WAIT the server's port is free at once",
	  "server", "prog.old0.new0", "= bound", "bind(2)", .when = GONE },
	{ "A3", "and so is the client's four-tuple",
	  "client", "prog.same", "= connected", "connect(2)", .when = GONE },
	{ "A3", "and the port that is asked for by bind()",
	  "client", "prog.same_bound", "= connected", "bind(2)", .when = GONE },
	{ 0 }
};

const struct lab lab_tuple_lock = {
	"02-tuple-lock",
	"Which bind() and which connect() does a TIME_WAIT refuse, and for how long?",
	"Those that want its port or its four-tuple, for 60 s; not where both sockets have SO_REUSEADDR.",
	params, variants, { nodes, links, NULL, settings }, programs, steps, claims
};

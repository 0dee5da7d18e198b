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
#include <twlab/lab.h>

static const struct param params[] = {
	{ "scene", "tuple", "tuple|crash", "what happens: a four-tuple is wanted again; a server crashes, and is started again at once" },
	{ "timewait", "kept", "kept|destroyed", "what becomes of TIME_WAIT: kept; ended at once by SOCK_DESTROY" },
	{ "timestamps", "on", "on|off", "TCP timestamps on both sides" },
	{ "delay", "10", "1..1000", "one-way delay of the wire in ms", .personal = "10..200" },
	{ "port", "8080", "1024..30000", "the server's ports: this one and the next three", .personal = "2000..29000" },
	{ 0 }
};

static const struct variant variants[] = {
	{ "held", "timewait=kept", "TIME_WAIT holds the four-tuple, with two exceptions" },
	{ "no-timestamps", "timestamps=off", "without timestamps there is one exception less" },
	{ "destroyed", "timewait=destroyed", "control: TIME_WAIT is gone, and everything is free" },
	{ "crashed", "scene=crash", "a server that crashes is not up again for a minute" },
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
	{ "daemon1", "server", "daemon", "{port}" },
	{ "daemon2", "server", "daemon", "{port}" },
	{ "daemon3", "server", "daemon", "{port}" },
	{ "caller1", "client", "client", "10.0.0.2 {port}" },
	{ "caller2", "client", "client", "10.0.0.2 {port}" },
	{ 0 }
};

#define TUPLE "scene == tuple"
#define CRASH "scene == crash"

static const struct step steps[] = {
	{ DO_NETEM, "wire/client", "delay {delay}ms" },
	{ DO_NETEM, "wire/server", "delay {delay}ms" },
	{ DO_START, "restart*", .when = TUPLE },
	{ DO_START, "server*", .when = TUPLE },
	{ DO_SAYS,  "restart*", "listening", .when = TUPLE },
	{ DO_SAYS,  "server*", "listening", .when = TUPLE },
	{ DO_START, "client*", .why = "the server closes first: TIME_WAIT is there", .when = TUPLE },
	{ DO_EXIT,  "client*", .when = TUPLE },
	{ DO_SYSCTL, "client", "net.ipv4.ip_local_port_range=40000 40000", .why = "one port to choose from", .when = TUPLE },
	{ DO_START, "again", .why = "the client closes first: TIME_WAIT is here", .when = TUPLE },
	{ DO_SAYS,  "again", "first_bound", .when = TUPLE },
	{ DO_SLEEP, .ms = 1500, .why = "all four connections are closed, in both directions", .when = TUPLE },
	{ DO_COUNT, "server", "TIME_WAIT", .when = TUPLE },
	{ DO_COUNT, "client", "TIME_WAIT", .when = TUPLE },
	{ DO_KILL,  "server", "TIME_WAIT", .why = "TIME_WAIT ends now (SOCK_DESTROY)", .when = TUPLE " && timewait == destroyed" },
	{ DO_KILL,  "client", "TIME_WAIT", .why = "TIME_WAIT ends now (SOCK_DESTROY)", .when = TUPLE " && timewait == destroyed" },
	{ DO_TELL,  "restart*", "try", .why = "the server is started again", .when = TUPLE },
	{ DO_TELL,  "again", "try", .why = "the client wants its connections again", .when = TUPLE },
	{ DO_EXIT,  "restart*", .why = "a port is free again", .when = TUPLE },
	{ DO_EXIT,  "again", .why = "a four-tuple is free again", .when = TUPLE },
	{ DO_SLEEP, .ms = 500, .why = "the last connection is closed as well", .when = TUPLE },

	{ DO_START, "daemon1", .when = CRASH },
	{ DO_STATE, "server", "LISTEN", .when = CRASH },
	{ DO_START, "caller1", .why = "it closes first: TIME_WAIT is there", .when = CRASH },
	{ DO_EXIT,  "caller1", .when = CRASH },
	{ DO_SLEEP, .ms = 200, .when = CRASH },
	{ DO_CRASH, "daemon1", .why = "the server crashes", .when = CRASH },
	{ DO_START, "daemon2", .why = "and is started again at once", .when = CRASH },
	{ DO_SLEEP, .ms = 1000, .when = CRASH },
	{ DO_START, "caller2", .why = "does it serve?", .when = CRASH },
	{ DO_EXIT,  "caller2", .when = CRASH },
	{ DO_START, "daemon3", .why = "by mistake, one more", .when = CRASH },
	{ DO_SLEEP, .ms = 1000, .when = CRASH },
	{ DO_COUNT, "server", "LISTEN", .why = "how many are there now?", .when = CRASH },
	{ DO_GONE,  "server", "", .why = "nothing is left", .when = CRASH },
	{ 0 }
};

#define KEPT TUPLE " && timewait == kept"
#define GONE TUPLE " && timewait == destroyed"

static const struct claim claims[] = {
	{ NULL, "two connections are in TIME_WAIT on the server, which closed them first",
	  "server", "count.TIME_WAIT.proc", "= 2", "RFC 9293, 3.6", .when = TUPLE },
	{ NULL, "and two on the client, which closed the others",
	  "client", "count.TIME_WAIT.proc", "= 2", "RFC 9293, 3.6", .when = TUPLE },

	{ "A3", "a server that is started again cannot bind its port: neither socket has SO_REUSEADDR",
	  "server", "prog.old0.new0", "= EADDRINUSE", "bind(2)", .when = KEPT },
	{ "A3", "nor if only the new one has it",
	  "server", "prog.old0.new1", "= EADDRINUSE", "Linux net/ipv4/inet_connection_sock.c, inet_csk_bind_conflict", .when = KEPT },
	{ "A3", "nor if only the old one had it",
	  "server", "prog.old1.new0", "= EADDRINUSE", "Linux net/ipv4/inet_connection_sock.c, inet_csk_bind_conflict", .when = KEPT },
	{ "A3", "bind() may have the port if both the old and the new socket have SO_REUSEADDR",
	  "server", "prog.old1.new1", "= bound", "socket(7), SO_REUSEADDR", .bears = BEARS_LIMIT, .when = TUPLE },
	{ "A3", "a port is free when TIME_WAIT is over: 60 s and at most a timer granule later",
	  "server", "prog.old0.free_ms", "60000..64500", "Linux include/net/tcp.h, TCP_TIMEWAIT_LEN", .when = KEPT },

	{ "A3", "a client cannot connect from the same port to the same server",
	  "client", "prog.same", "= connect: EADDRNOTAVAIL", "connect(2); RFC 9293, 3.4.1", .when = KEPT },
	{ "A3", "it can from the same port to another of the server's ports: that is another four-tuple",
	  "client", "prog.other_port", "= connected", "RFC 9293, 3.4.1", .when = TUPLE },
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

	{ "A3", "a server that crashes, and is started again at once, does not get its port",
	  "server", "prog.bind", "= EADDRINUSE", "bind(2)", .when = CRASH },
	{ NULL, "so its clients are refused",
	  "client", "conn2.SYN.1.answer", "= RST", "RFC 9293, 3.10.7.1", .when = CRASH },
	{ NULL, "for nobody listens any more", "server", "count.LISTEN.proc", "= 0", "what is left is a TIME_WAIT", .when = CRASH },
	{ 0 }
};

static const struct task tasks[] = {
	{ "restart", TASK_PROGRAM, "daemon.c", "daemon",
	  "write a server that can be started again at once after a crash. It is started, serves a client and closes first, is "
	  "killed, and is started again; then, by mistake, once more beside the one that runs" },
	{ 0 }
};

static const struct mark marks[] = {
	{ "restart", "serves", 2, "the first client is served, and the server closes first", "crashed",
	  "server", "conn1.path", "~ ESTABLISHED FIN_WAIT1", "programs/daemon1.err; the states of the server in states.jsonl" },
	{ "restart", "serves_again", 5, "so is the second, one second after the crash", "crashed",
	  "server", "conn2.sent.DATA", ">= 1", "programs/daemon2.err: what does bind() say, and for how long? socket(7)" },
	{ "restart", "time_wait_stays", 3, "and TIME_WAIT lasts as long as it should", "crashed",
	  "server", "conn1.TIME_WAIT.ms", ">= 60000", "what would have been lost, if the wire had lost the last ACK? Lab 03" },
	{ "restart", "alone", 2, "a second one beside it is refused", "crashed",
	  "server", "count.LISTEN.sock_diag", "= 1", "socket(7): two options sound alike; who gets the next connection?" },
	{ 0 }
};

#define REUSE		"setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on))"
#define BIND		"bind(listener, (struct sockaddr *)&addr, sizeof(addr))"
#define REUSE_THEN_BIND	"if (" REUSE ")\n\t\tdie(\"SO_REUSEADDR\");\n\tif (" BIND " || listen(listener, 5))"

static const struct mutant mutants[] = {
	{ "without", "serves_again", "asks for the port as it is",
	  "daemon.c", "on = 1", "on = 0" },
	{ "too-late", "serves_again", "sets SO_REUSEADDR after bind()", "daemon.c",
	  REUSE_THEN_BIND,
	  "if (" BIND " || " REUSE " || listen(listener, 5))" },
	{ "waits", "serves_again", "tries until the port is free", "daemon.c",
	  REUSE_THEN_BIND,
	  "while (" BIND ")\n\t\tsleep(1);\n\tif (listen(listener, 5))" },
	{ "abort", "time_wait_stays", "leaves no TIME_WAIT (SO_LINGER with 0 s)", "daemon.c",
	  "close(conn);",
	  "setsockopt(conn, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));\n\t\tclose(conn);" },
	{ "reuseport", "alone", "takes SO_REUSEPORT for it",
	  "daemon.c", "SO_REUSEADDR", "SO_REUSEPORT" },
	{ "closes-second", "serves", "waits for the client to close first", "daemon.c",
	  "close(conn);",
	  "while (read(conn, line, sizeof(line)) > 0)\n\t\t\tcontinue;\n\t\tclose(conn);" },
	{ 0 }
};


const struct lab lab_tuple_lock = {
	"02-tuple-lock",
	"Which bind() and which connect() does a TIME_WAIT refuse, and for how long?",
	"Those that want its port or its four-tuple, for 60 s; not where both sockets have SO_REUSEADDR.",
	params, variants, { nodes, links, NULL, settings }, programs, steps, claims,
	tasks, marks, mutants, .floor = 0
};

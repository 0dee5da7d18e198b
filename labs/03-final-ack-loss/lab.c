/* What if the last ACK is lost?
 *
 *	client ────── wire ────── server
 *	  closes first    ✗ takes the final ACK
 *
 * The server's FIN is answered, but the answer never arrives: the server cannot
 * know, and sends its FIN again. TIME_WAIT is there to answer it again (RFC 9293,
 * 3.10.7.4, eighth check), and starts its 2MSL anew. Where TIME_WAIT was taken
 * away there is no socket to answer for, and the kernel answers RST.
 *
 * netem acts on the wire, for as long as it takes one bare ACK to come by: that
 * packet and no other is lost.
 */
#include "labs/lab.h"

static const struct param params[] = {
	{ "timewait", "kept", "kept|destroyed|none", "what becomes of the client's TIME_WAIT: kept; ended at once by SOCK_DESTROY; never made (tcp_max_tw_buckets=0)" },
	{ "holds", "yes", "yes|no", "does the server keep its descriptor (shutdown) or not (close)" },
	{ "delay", "10", "1..1000", "one-way delay of the wire in ms" },
	{ "port", "8080", "1024..65535", "the server's port" },
	{ 0 }
};

static const struct variant variants[] = {
	{ "kept", "timewait=kept", "TIME_WAIT answers the repeated FIN" },
	{ "destroyed", "timewait=destroyed", "without TIME_WAIT the repeated FIN is answered by RST" },
	{ "no-buckets", "timewait=none", "the same where no TIME_WAIT was allowed" },
	{ "nobody-holds", "timewait=destroyed holds=no", "the same RST, and no program left to be told" },
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
	{ "client", "net.ipv4.tcp_max_tw_buckets", "0", "no TIME_WAIT at all", .when = "timewait == none" },
	{ 0 }
};

static const struct program programs[] = {
	{ "server", "server", "server", "{port} {holds == yes ? hold : close}" },
	{ "client", "client", "client", "10.0.0.2 {port}" },
	{ 0 }
};

static const struct step steps[] = {
	{ DO_NETEM, "wire/client", "delay {delay}ms" },
	{ DO_NETEM, "wire/server", "delay {delay}ms" },
	{ DO_START, "server" },
	{ DO_STATE, "server", "LISTEN" },
	{ DO_START, "client" },
	{ DO_SAYS,  "client", "reply" },
	{ DO_TELL,  "client", "close", .why = "the client closes first" },
	{ DO_STATE, "client", "FIN_WAIT2" },
	{ DO_NETEM, "wire/server", "delay {delay}ms loss 100%", .why = "what the client sends next will be lost" },
	{ DO_TELL,  "server", "close" },
	{ DO_SEGMENT, "wire/client", "ACK", .why = "that was the final ACK" },
	{ DO_NETEM, "wire/server", "delay {delay}ms", .why = "the wire is whole again" },
	{ DO_KILL,  "client", "TIME_WAIT", .why = "TIME_WAIT ends now (SOCK_DESTROY)", .when = "timewait == destroyed" },
	{ DO_SEGMENT, "wire/server", "FIN", .why = "the FIN comes again" },
	{ DO_GONE,  "server", "", .why = "the passive side is done" },
	{ DO_EXIT,  "server" },
	{ DO_EXIT,  "client" },
	{ DO_GONE,  "client", "", .why = "nothing is left" },
	{ 0 }
};

static const struct claim claims[] = {
	{ NULL, "the final ACK is lost, and it alone", "client", "conn1.lost.ACK", "= 1", "the step above" },
	{ NULL, "nothing else is lost on its way to the server", "wire", "netem.server.drops", "= 1", "tc-netem(8)" },
	{ "A4", "the passive side sends its FIN again",
	  "server", "conn1.sent.FIN", "= 2", "RFC 9293, 3.10.8 retransmission timeout" },
	{ "A4", "some 0.2 s later: a tail loss probe, no later than its retransmission timer",
	  "server", "conn1.FIN.2.gap_ms", "200..{(9 * delay) / 2 + 215}", "RFC 8985, 7; Linux tcp_schedule_loss_probe" },

	{ "A4", "TIME_WAIT answers the FIN with an ACK again",
	  "server", "conn1.FIN.2.answer", "= ACK", "RFC 9293, 3.10.7.4 eighth check", .when = "timewait == kept" },
	{ "A4", "and starts its 60 s anew",
	  "client", "conn1.TIME_WAIT.rearmed", "= 1", "RFC 9293, 3.10.7.4 eighth check", .when = "timewait == kept" },
	{ "A4", "so that it is not over before 60 s have passed since the second FIN",
	  "client", "conn1.TIME_WAIT.ms", "60200..{64400 + 4 * delay}", "Linux net/ipv4/tcp_minisocks.c, tcp_timewait_state_process", .when = "timewait == kept" },
	{ "A4", "the passive side reaches CLOSED",
	  "server", "conn1.path", "= SYN_RECV ESTABLISHED CLOSE_WAIT LAST_ACK CLOSE", "RFC 9293, 3.3.2 figure 5" },
	{ "A4", "and its program sees no error",
	  "server", "prog.so_error", "= 0", "socket(7), SO_ERROR", .when = "timewait == kept && holds == yes" },

	{ "A5", "without TIME_WAIT the FIN is answered by RST",
	  "server", "conn1.FIN.2.answer", "= RST", "RFC 9293, 3.10.7.1", .when = "timewait != kept" },
	{ "A5", "which the program that still holds its descriptor takes for an error",
	  "server", "prog.so_error", "= ECONNRESET", "RFC 9293, 3.10.7.4 second check", .when = "timewait != kept && holds == yes" },
	{ "A5", "and a program that has let go of it never learns",
	  "server", "prog.close", "= 0", "close(2)", .when = "timewait != kept && holds == no",
	  .bears = BEARS_LIMIT },
	{ NULL, "the kernel counts the TIME_WAIT it could not make",
	  "client", "mib.TCPTimeWaitOverflow", ">= 1", "ip-sysctl, tcp_max_tw_buckets", .when = "timewait == none" },
	{ 0 }
};

const struct lab lab_final_ack_loss = {
	"03-final-ack-loss",
	"What happens when the last ACK of a close is lost, with TIME_WAIT and without?",
	"TIME_WAIT answers the repeated FIN again; without it the answer is RST, an error for whoever still listens.",
	params, variants, { nodes, links, NULL, settings }, programs, steps, claims
};

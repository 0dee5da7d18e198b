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
#include <twlab/lab.h>

static const struct param params[] = {
	{ "timewait", "kept", "kept|destroyed|none", "what becomes of the client's TIME_WAIT: kept; ended at once by SOCK_DESTROY; never made (tcp_max_tw_buckets=0)" },
	{ "holds", "yes", "yes|no", "does the server keep its descriptor (shutdown) or not (close)" },
	{ "delay", "10", "1..1000", "one-way delay of the wire in ms", .personal = "10..40" },
	{ "port", "8080", "1024..65535", "the server's port", .personal = "2000..32000" },
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
	{ "A5", "a program that has let go of its descriptor never learns",
	  "server", "prog.close", "= 0", "close(2)", .when = "timewait != kept && holds == no",
	  .bears = BEARS_LIMIT },
	{ NULL, "the kernel counts the TIME_WAIT it could not make",
	  "client", "mib.TCPTimeWaitOverflow", ">= 1", "ip-sysctl, tcp_max_tw_buckets", .when = "timewait == none" },
	{ 0 }
};

static const struct task tasks[] = {
	{ "predict", TASK_PREDICT, "predictions.txt", .what = "say, before you run anything, what will be seen" },
	{ "cure", TASK_SYSCTL, "client.conf", "client",
	  "somebody has set tcp_max_tw_buckets to 0 on the client, and servers that talk to it log resets: "
	  "cure that by settings of the client" },
	{ "server", TASK_PROGRAM, "server.c", "server",
	  "write a server that closes second and notices whether its last FIN was acknowledged: it prints so_error=0, "
	  "or so_error= and the name of the error" },
	{ 0 }
};

#define GAP_HINT "run.json has the delay of your wire; RFC 8985, 7.2, and the timer rto in states.jsonl: which of the two is due first?"

static const struct mark marks[] = {
	{ "predict", "second_fin_ms", 4, "after how many ms the server sends its FIN again", "kept",
	  "server", "conn1.FIN.2.gap_ms", "10%", GAP_HINT },
	{ "predict", "answer_with_timewait", 2, "what the client answers then: ACK or RST", "kept",
	  "server", "conn1.FIN.2.answer", NULL, "filter tcp.flags.fin == 1, and see what comes back behind the second one" },
	{ "predict", "timewait_set_anew", 2, "how often the timer of TIME_WAIT is set anew", "kept",
	  "client", "conn1.TIME_WAIT.rearmed", NULL, "RFC 9293, 3.10.7.4, eighth check; expires_ms in states.jsonl" },
	{ "predict", "answer_without", 2, "what it answers when there is no TIME_WAIT: ACK or RST", "destroyed",
	  "server", "conn1.FIN.2.answer", NULL, "RFC 9293, 3.10.7.1: who answers for a socket that is not there?" },
	{ "predict", "error_without", 2, "SO_ERROR of the server's socket then: 0, or the name of an error", "destroyed",
	  "server", "prog.so_error", NULL, "what does tcp(7) call a connection that the other side ended this way?" },
	{ "predict", "close_returns", 2, "and what close() has returned where the server used that", "nobody-holds",
	  "server", "prog.close", NULL, "which came first: the return of close(), or the answer to the FIN?" },

	{ "cure", "fin_is_acknowledged", 4, "the repeated FIN is answered by an ACK", "no-buckets",
	  "server", "conn1.FIN.2.answer", "= ACK", "what would have to be there to answer it? The counter TCPTimeWaitOverflow says why it is not" },
	{ "cure", "no_error", 2, "the server's program sees no error", "no-buckets",
	  "server", "prog.so_error", "= 0", "programs/server.out" },
	{ "cure", "timewait_lasts", 2, "TIME_WAIT lasts as long as it should", "no-buckets",
	  "client", "conn1.TIME_WAIT.ms", ">= 60000", "how long is 2 MSL on Linux, and can a setting change that?" },

	{ "server", "answers", 2, "it answers what it was asked, and closes second", "kept",
	  "server", "conn1.path", "= SYN_RECV ESTABLISHED CLOSE_WAIT LAST_ACK CLOSE", "programs/server.err; the states of the server in states.jsonl" },
	{ "server", "says_all_is_well", 4, "it says that all is well when the FIN was acknowledged in the end", "kept",
	  "server", "prog.so_error", "= 0", "when is it too early to ask the socket? TCP_INFO tells its state" },
	{ "server", "notices_the_reset", 4, "it notices when the FIN was answered by RST", "destroyed",
	  "server", "prog.so_error", "= ECONNRESET", "close() gives the descriptor away; shutdown() does not. And who can tell an error after the other side's FIN: read()?" },
	{ 0 }
};

static const struct mutant mutants[] = {
	{ "first-timer", "second_fin_ms", "takes the first retransmission timeout of a connection, 1 s, for that of the FIN",
	  "predictions.txt", "{2 * delay + 210}", "1000" },
	{ "timer-runs-on", "timewait_set_anew", "thinks that TIME_WAIT does not start anew",
	  "predictions.txt", "timewait_set_anew = 1", "timewait_set_anew = 0" },
	{ "always-ack", "answer_without", "thinks that the kernel acknowledges for a socket that is gone",
	  "predictions.txt", "answer_without = RST", "answer_without = ACK" },
	{ "silent-reset", "error_without", "thinks that a reset after both FINs is no error",
	  "predictions.txt", "error_without = ECONNRESET", "error_without = 0" },
	{ "close-tells", "close_returns", "thinks that close() waits for the other side",
	  "predictions.txt", "close_returns = 0", "close_returns = -1" },
	{ "fin-timeout", "fin_is_acknowledged", "takes tcp_fin_timeout for the length of TIME_WAIT",
	  "client.conf", "tcp_max_tw_buckets = 8192", "tcp_fin_timeout = 120" },
	{ "asks-too-early", "notices_the_reset", "asks SO_ERROR at once after its FIN", "server.c",
	  "error = outcome(conn);",
	  "socklen_t size = sizeof(error);\n\tgetsockopt(conn, SOL_SOCKET, SO_ERROR, &error, &size);" },
	{ "always-reset", "says_all_is_well", "prints ECONNRESET without looking",
	  "server.c", "error = outcome(conn);", "error = ECONNRESET;" },
	{ "hangs-up", "answers", "closes without an answer",
	  "server.c", "if (write(conn", "return 0;\n\tif (write(conn" },
	{ "does-not-compile", "answers", "has a bracket too many",
	  "server.c", "int main(", "int main((" },
	{ 0 }
};

const struct lab lab_final_ack_loss = {
	"03-final-ack-loss",
	"What happens when the last ACK of a close is lost, with TIME_WAIT and without?",
	"TIME_WAIT answers the repeated FIN again; without it the answer is RST, an error for whoever still listens.",
	params, variants, { nodes, links, NULL, settings }, programs, steps, claims,
	tasks, marks, mutants, .floor = 2
};

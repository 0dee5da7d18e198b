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
 *
 * And a thousand segments of all kinds, each to a TIME_WAIT of its own (DO_TRIAL), with
 * a program that is asked what becomes of each.
 */
#include <twlab/lab.h>

static const struct param params[] = {
	{ "side", "client", "client|server|any", "whose TIME_WAIT it is; any: that of a thousand segments" },
	{ "reuse", "1", "0|1", "tcp_tw_reuse on the side in question; on the client, at its first try" },
	{ "timestamps", "on", "on|off", "TCP timestamps on both sides" },
	{ "at", "100", "0..900", "how many ms after a full second the client closes at first", .personal = "100..800" },
	{ "seq1", "+1", "+1|+700", "the number of a SYN of one's own", .personal = "+1|+700" },
	{ "ts1", "+1", "+1|+0|-1|-700", "its timestamp", .personal = "-1|-700" },
	{ "seq2", "+0", "+0|-1|-700", "the number of a second one", .personal = "+0|-1|-700" },
	{ "ts2", "+0", "+700|+1|+0|-1", "its timestamp", .personal = "+700|+1|+0|-1" },
	{ "seq3", "-1", "+700|+1|+0|-1", "the number of a third one, without a timestamp", .personal = "+700|+1|+0|-1" },
	{ "delay", "10", "1..100", "one-way delay of the wire in ms", .personal = "10..40" },
	{ "port", "8080", "1024..30000", "the server's port", .personal = "2000..30000" },
	{ 0 }
};

static const struct variant variants[] = {
	{ "client", "side=client", "tcp_tw_reuse 0, 1 and 2, and the delay" },
	{ "client-off", "side=client reuse=0", "control: without it the four-tuple is held for 60 s" },
	{ "client-no-timestamps", "side=client timestamps=off", "control: without timestamps it does nothing" },
	{ "server", "side=server", "twelve kinds of SYN into TIME_WAIT" },
	{ "server-no-timestamps", "side=server timestamps=off", "control: without timestamps only the sequence number counts" },
	{ "segments", "side=any", "a thousand segments, and how far one sentence of RFC 793 carries",
	  .ipv4_only = "the peers of its segments are played in IPv4 (lib/trial.h)" },
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
	{ "server", "server", "server", "{port} {side == server ? first : last}", .when = "side != any" },
	{ "client", "client", "client", "10.0.0.2 {port}", .when = "side == client" },
	{ "local-server", "client", "server", "{port} last", .when = "side == client" },
	{ "local", "client", "client", "127.0.0.1 {port}", .when = "side == client" },
	{ "visitor", "client", "visitor", "10.0.0.2 {port} 40001 12", .when = "side == server" },
	{ "visitor-again", "client", "visitor", "10.0.0.2 {port} 40021 3", .when = "side == server && timestamps == on" },
	{ "answer", "client", "answer", "", .when = "side == any" },
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
#define OWN "side == server && timestamps == on"

static const struct step steps[] = {
	{ DO_NETEM, "wire/client", "delay {delay}ms" },
	{ DO_NETEM, "wire/server", "delay {delay}ms" },
	{ DO_START, "server", .when = "side != any" },
	{ DO_STATE, "server", "LISTEN", .when = "side != any" },

	{ DO_START, "client", .when = "side == client" },
	{ DO_TELL,  "client", "connect first {at}", .why = "the client closes first, {at} ms after a full second", .when = "side == client" },
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

	{ DO_START, "visitor-again", .why = "three more, for SYNs of one's own", .when = OWN },
	{ DO_EXIT,  "visitor-again", .when = OWN },
	{ DO_SEND,  "client", "SYN from=10.0.0.1:40021 to=10.0.0.2:{port} seq={seq1} ts={ts1}", .when = OWN },
	{ DO_SLEEP, .ms = 100, .when = OWN },
	{ DO_SEND,  "client", "SYN from=10.0.0.1:40022 to=10.0.0.2:{port} seq={seq2} ts={ts2}", .when = OWN },
	{ DO_SLEEP, .ms = 100, .when = OWN },
	{ DO_SEND,  "client", "SYN from=10.0.0.1:40023 to=10.0.0.2:{port} seq={seq3}", .when = OWN },
	{ DO_SLEEP, .ms = 100, .when = OWN },

	{ DO_START, "answer", .when = "side == any" },
	{ DO_TRIAL, "server", "1000", .why = "a thousand segments, each to a TIME_WAIT of its own", .when = "side == any" },
	{ DO_ASK,   "answer", .why = "what becomes of each?", .when = "side == any" },
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
#define SEGMENTS "side == any"
#define MAY_2   "RFC 9293, 3.6.1 MAY-2; " MINI
#define BCP_159 "RFC 6191, 2; " MINI

/* The SYN of cell @n is the client's connection 12 + n; those of one's own are 28 to 30. */
static const struct claim claims[] = {
	{ "A10", "at first the four-tuple is held, whatever tcp_tw_reuse says",
	  "client", "prog.at_once", "= EADDRNOTAVAIL", UNIQUE, .when = CLIENT, .bears = BEARS_LIMIT },
	{ "A10", "with it and timestamps a new connection gets it within a second or so",
	  "client", "prog.reused_ms", "{950 - at}..{1100 + 2 * delay}", UNIQUE, .when = REUSES " && reuse == 1" },
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

	{ NULL, "the FIN that has come is acknowledged when it comes again, and starts the 60 s anew",
	  "server", "trial.fin-again.restarts", "= @trial.fin-again.n", "RFC 9293, 3.10.7.4 eighth check", .when = SEGMENTS },
	{ NULL, "about which RFC 793's sentence is right",
	  "server", "trial.fin-again.agreed", "= 100", "RFC 793, page 73", .when = SEGMENTS },
	{ NULL, "but not about everything that arrives",
	  "server", "trial.agreed", "< 60", MINI, .when = SEGMENTS },
	{ NULL, "TIME_WAIT answers nothing by RST",
	  "server", "trial.RST", "= 0", MINI, .when = SEGMENTS },
	{ NULL, "no SYN lets in a new connection that has an ACK as well",
	  "server", "trial.syn-ack.SYN-ACK", "= 0", MINI, .when = SEGMENTS },
	{ NULL, "a RST with the number expected ends TIME_WAIT",
	  "server", "trial.rst.ends", ">= 1", "RFC 9293, 3.10.7.4 second check", .when = SEGMENTS },
	{ NULL, "but none does where tcp_rfc1337 is 1",
	  "server", "trial.rst-1337.ends", "= 0", "RFC 1337, 4; ip-sysctl, tcp_rfc1337", .when = SEGMENTS },
	{ 0 }
};

static const struct task tasks[] = {
	{ "predict", TASK_PREDICT, "predictions.txt", .what = "say, before you run anything, who gets the four-tuple, and when" },
	{ "answer", TASK_PROGRAM, "answer.c", "answer",
	  "write time_wait_answer(): what TIME_WAIT answers to a segment, and what becomes of it. It is held against the running "
	  "kernel on a thousand segments, drawn for you alone" },
	{ 0 }
};

#define TRIALS(class, points, words, hint) \
	{ "answer", class, points, words, "segments", "server", "trial." class ".agreed", "= 100", hint, .share = true }

static const struct mark marks[] = {
	{ "predict", "reused_ms", 4, "after how many ms the client gets its four-tuple back, with tcp_tw_reuse=1", "client",
	  "client", "prog.reused_ms", "80", "it closes {at} ms after a full second. In which unit does TIME_WAIT remember when it heard the last timestamp?" },
	{ "predict", "not_reused_ms", 2, "and with tcp_tw_reuse=0", "client-off",
	  "client", "prog.reused_ms", "5%", "who else ends a TIME_WAIT?" },
	{ "predict", "reuse2", 1, "what connect() says with tcp_tw_reuse=2, over the wire: connected, or the name of an error", "client",
	  "client", "prog.reuse2", NULL, "ip-sysctl.rst, tcp_tw_reuse: what is 2 for?" },
	{ "predict", "local_reuse2", 1, "and over the loopback", "client",
	  "client", "prog.local.reuse2", NULL, "ip-sysctl.rst, tcp_tw_reuse: what is 2 for?" },
	{ "predict", "reuse1_without_stamps", 2, "and with tcp_tw_reuse=1 over the wire, but without timestamps", "client-no-timestamps",
	  "client", "prog.reuse1", NULL, "what guards the new connection against old segments, when TIME_WAIT does not?" },
	{ "predict", "syn1_answer", 3, "what answers a SYN with number {seq1} from the expected and timestamp {ts1} from the last: SYN-ACK or ACK", "server",
	  "client", "conn28.SYN.1.answer", NULL, "which is looked at first, the number or the timestamp? tcp.port == 40021" },
	{ "predict", "syn2_answer", 3, "and one with number {seq2} and timestamp {ts2}", "server",
	  "client", "conn29.SYN.1.answer", NULL, "RFC 6191, 2: when is a timestamp greater enough? tcp.port == 40022" },
	{ "predict", "syn3_answer", 2, "and one with number {seq3}, without a timestamp", "server",
	  "client", "conn30.SYN.1.answer", NULL, "RFC 9293, 3.6.1, MAY-2, condition (1). tcp.port == 40023" },

	TRIALS("fin-again", 2, "right about the FIN that has come, once more", "RFC 9293, 3.10.7.4, eighth check: TIME-WAIT STATE"),
	TRIALS("data", 2, "right about data, old or new", "nobody is there to read it. Is it looked at?"),
	TRIALS("bare-ack", 4, "right about bare ACKs", "does anybody have to be told, when nothing is wrong with a number?"),
	TRIALS("syn-number", 5, "right about SYNs without a timestamp", "in which of them is the number beyond? Sequence numbers wrap: RFC 9293, 3.4"),
	TRIALS("syn-stamp", 6, "right about SYNs with a timestamp", "the table of this lab; and which of the answers starts the 60 s anew? `grep rearmed facts.tsv`. On a connection without timestamps there is nothing to compare"),
	TRIALS("syn-ack", 3, "right about SYNs with an ACK", "would a host that wants a new connection send this?"),
	TRIALS("rst", 5, "right about RSTs", "lab 12; which number does it have to have? What if its timestamp is old?"),
	TRIALS("rst-1337", 3, "right about RSTs where tcp_rfc1337 is 1", "lab 12, and RFC 1337, 4: what is ignored, and what goes on?"),
	TRIALS("old-stamp", 4, "right about segments with an old timestamp", "RFC 7323, 5.3, R1: what is done with a segment that PAWS refuses? Does that come before the number?"),
	TRIALS("no-ack-flag", 4, "right about segments without the flag ACK", "which of the answers start the 60 s anew? tcp_timewait_state_process()"),
	{ 0 }
};

static const struct mutant mutants[] = {
	{ "at-once", "reused_ms", "thinks that tcp_tw_reuse works at once",
	  "predictions.txt", "{1000 - at + 2 * delay}", "0" },
	{ "whole-second", "reused_ms", "waits for a whole second",
	  "predictions.txt", "{1000 - at + 2 * delay}", "{1000 + 2 * delay}" },
	{ "fin-timeout", "not_reused_ms", "takes TIME_WAIT for 30 s",
	  "predictions.txt", "not_reused_ms = 61000", "not_reused_ms = 30000" },
	{ "everywhere", "reuse2", "takes 2 for more than 1",
	  "predictions.txt", "\nreuse2 = EADDRNOTAVAIL", "\nreuse2 = connected" },
	{ "stampless", "reuse1_without_stamps", "thinks that tcp_tw_reuse needs no timestamps",
	  "predictions.txt", "reuse1_without_stamps = EADDRNOTAVAIL", "reuse1_without_stamps = connected" },
	{ "number-first", "syn1_answer", "looks at the number before the timestamp", "predictions.txt",
	  "{ts1 < 0 ? syn1 : not}_answer = ACK\n{ts1 < 0 ? not : syn1}_answer = SYN-ACK",
	  "syn1_answer = SYN-ACK" },
	{ "swapped", "syn2_answer", "takes one answer for the other", "predictions.txt",
	  "{ts2 < 1 ? syn2 : not}_answer = ACK\n{ts2 < 1 ? not : syn2}_answer = SYN-ACK",
	  "{ts2 < 1 ? syn2 : not}_answer = SYN-ACK\n{ts2 < 1 ? not : syn2}_answer = ACK" },
	{ "rfc793", "bare-ack", "acknowledges everything",
	  "answer.c", "bool stamped =", "return *fate = RESTARTS, ACK;\n\tbool stamped =" },
	{ "rst-all", "fin-again", "answers RST to everything, as if there were no socket",
	  "answer.c", "bool stamped =", "return *fate = ENDS, RST;\n\tbool stamped =" },
	{ "at-least", "syn-number", "takes a number that is expected for one beyond (>= instead of >)",
	  "answer.c", "(after(segment->seq, tw->rcv_nxt)", "(!after(tw->rcv_nxt, segment->seq)" },
	{ "no-wrap", "syn-number", "compares numbers as if they did not wrap",
	  "answer.c", "(int32_t)(a - b) > 0", "a > b" },
	{ "no-stamps", "syn-stamp", "does not look at timestamps",
	  "answer.c", "stamped = segment->has_ts && tw->has_ts", "stamped = false" },
	{ "not-older", "syn-stamp", "takes a timestamp that is the same for a newer one",
	  "answer.c", "newer = stamped && after(segment->ts, tw->ts_recent)", "newer = stamped && !old" },
	{ "syn-is-syn", "syn-ack", "takes a SYN with an ACK for a SYN",
	  "answer.c", "!segment->rst && !segment->ack && !old", "!segment->rst && !old" },
	{ "any-rst", "rst", "lets every RST end TIME_WAIT",
	  "answer.c", "!old && segment->seq == tw->rcv_nxt && segment->rst", "segment->rst" },
	{ "no-1337", "rst-1337", "forgets about tcp_rfc1337",
	  "answer.c", "tw->rfc1337 ? LIVES : ENDS", "ENDS" },
	{ "number-of-old", "old-stamp", "lets an old segment with the right number through in silence",
	  "answer.c", "!old && segment->seq == tw->rcv_nxt && empty", "segment->seq == tw->rcv_nxt && empty" },
	{ "all-restart", "no-ack-flag", "starts the 60 s anew with every answer",
	  "answer.c", "!segment->rst && (old || segment->ack) ?", "!segment->rst ?" },
	{ 0 }
};

const struct lab lab_tw_reuse = {
	"05-tw-reuse",
	"When does a TIME_WAIT make room for a new connection on its four-tuple?",
	"On connect() with tcp_tw_reuse, timestamps, and a second's patience; on a SYN that is beyond the old connection or newer than it.",
	params, variants, { nodes, links, NULL, settings, rulesets }, programs, steps, claims,
	tasks, marks, mutants, .floor = 0, .guests = 2
};

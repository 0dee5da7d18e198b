/* Whose bytes are these?
 *
 *	client ────── wire ────── server
 *	  one four-tuple, two connections after each other
 *
 * TCP knows a segment by its four-tuple and its numbers. A segment of the first
 * connection is held back on the wire; TCP repeats it, the connection ends, the
 * next one on the same four-tuple begins. Then the segment comes. If its numbers
 * fit, the server's program reads bytes that nobody sent on this connection.
 * TIME_WAIT is there so that there is no next connection while such a segment
 * may be about (RFC 9293, 3.4.1); timestamps let the server know it for old
 * (RFC 7323, 5).
 *
 * That the numbers fit is chance, and rare. Here nothing is left to chance: both
 * sides choose their first sequence numbers (TCP_REPAIR), and the second
 * connection starts so much lower that after one order and its reply it is where
 * the first was when the segment was sent. What the kernel's own choice does
 * about it is a variant, too.
 */
#include <twlab/lab.h>

static const struct param params[] = {
	{ "timewait", "destroyed", "kept|destroyed|none", "what becomes of the client's TIME_WAIT: kept; ended at once by SOCK_DESTROY; never made (tcp_max_tw_buckets=0)" },
	{ "timestamps", "off", "on|off", "TCP timestamps on both sides" },
	{ "numbers", "both", "both|client|none", "who chooses a first sequence number: both; the client alone; nobody, the kernel does" },
	{ "hold", "20000", "2000..200000", "for how many ms the wire holds the segment back" },
	{ "isn", "1000000", "100000..2000000000", "the client's first sequence number; the server's is twice that" },
	{ "port", "8080", "1024..65535", "the server's port" },
	{ 0 }
};

static const struct variant variants[] = {
	{ "no-time-wait", "timewait=destroyed", "the server reads bytes that nobody sent on this connection" },
	{ "time-wait", "timewait=kept", "control: with TIME_WAIT there is no next connection for 60 s" },
	{ "timestamps", "timestamps=on", "control: PAWS refuses the segment" },
	{ "held-longer", "timewait=kept hold=70000", "a wire that holds a segment for longer than TIME_WAIT" },
	{ "server-number", "numbers=client", "control: the server's own sequence number: the segment's ACK does not fit" },
	{ "kernel-numbers", "numbers=none", "control: nobody chooses: the segment is far out of the window" },
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
	{ "client", "net.ipv4.tcp_timestamps", "0", "nothing tells old from new but the numbers", .when = "timestamps == off" },
	{ "server", "net.ipv4.tcp_timestamps", "0", "nothing tells old from new but the numbers", .when = "timestamps == off" },
	{ 0 }
};

/* An order is 16 bytes, a reply 3. */
static const struct program programs[] = {
	{ "server", "server", "server", "{port} 10.0.0.1 40000 {2 * isn} {2 * isn - 3}", .privileged = true, .when = "numbers == both" },
	{ "server", "server", "server", "{port} 10.0.0.1 40000", .when = "numbers != both" },
	{ "client", "client", "client", "10.0.0.2 {port} 40000 {isn} {isn - 16}", .privileged = true, .when = "numbers != none" },
	{ "client", "client", "client", "10.0.0.2 {port} 40000", .when = "numbers == none" },
	{ 0 }
};

#define MEET  "numbers == both"
#define WAITS "timewait == kept && timestamps == off"	/* with timestamps connect() may take its place (lab 05) */

static const struct step steps[] = {
	{ DO_START, "server" },
	{ DO_STATE, "server", "LISTEN", .when = "numbers != both" },
	{ DO_START, "client" },
	{ DO_TELL,  "client", "open", .why = "the first connection" },
	{ DO_SLEEP, .ms = 3, .why = "while its SYN is on the way", .when = MEET },
	{ DO_TELL,  "server", "open", .when = MEET },
	{ DO_SAYS,  "client", "conn1=open" },
	{ DO_NETEM, "wire/server", "delay {hold}ms", .why = "what comes by now is held back" },
	{ DO_TELL,  "client", "pay 9999 to Eve" },
	{ DO_SEGMENT, "wire/client", "DATA", .why = "that was the segment" },
	{ DO_NETEM, "wire/server", "", .why = "what comes after it is not held" },
	{ DO_SAYS,  "client", "conn1.reply1", .why = "TCP sent it again" },
	{ DO_TELL,  "client", "close" },
	{ DO_SAYS,  "client", "conn1=closed" },
	{ DO_STATE, "client", "TIME_WAIT", .when = "timewait != none" },
	{ DO_GONE,  "server", "", .why = "the server is done with the first connection" },

	{ DO_KILL,  "client", "TIME_WAIT", .why = "TIME_WAIT ends now (SOCK_DESTROY)", .when = "timewait == destroyed" },
	{ DO_TELL,  "client", "open", .why = "the same four-tuple again?", .when = WAITS },
	{ DO_SAYS,  "client", "refused", .when = WAITS },
	{ DO_SEGMENT, "server/eth0", "DATA", .why = "the old segment comes, and finds nobody", .when = WAITS " && hold < 60000" },
	{ DO_GONE,  "client", "TIME_WAIT", .why = "TIME_WAIT is over", .when = WAITS },

	{ DO_TELL,  "client", "open", .why = "the second connection, on the same four-tuple" },
	{ DO_SLEEP, .ms = 3, .why = "while its SYN is on the way", .when = MEET },
	{ DO_TELL,  "server", "open", .when = MEET },
	{ DO_SAYS,  "client", "conn2=open" },
	{ DO_TELL,  "client", "pay 0010 to Bob" },
	{ DO_SAYS,  "client", "conn2.reply1" },
	{ DO_COUNT, "server", "ESTABLISHED", .why = "all is well so far" },
	{ DO_SEGMENT, "server/eth0", "DATA", .why = "the old segment comes", .when = "timewait != kept || timestamps == on || hold >= 60000" },
	{ DO_SLEEP, .ms = 50 },
	{ DO_TELL,  "client", "pay 0020 to Ann" },
	{ DO_SAYS,  "client", "conn2.reply2" },
	{ DO_TELL,  "client", "close" },
	{ DO_SAYS,  "client", "conn2=closed" },
	{ DO_SAYS,  "server", "conn2=end" },
	{ DO_EXIT,  "server" },
	{ DO_SLEEP, .ms = 100 },
	{ 0 }
};

#define FOREIGN  "numbers == both && timestamps == off && (timewait != kept || hold >= 65000)"
#define GUARDED  "(numbers != both || timestamps == on || (timewait == kept && hold < 60000))"

static const struct claim claims[] = {
	{ NULL, "the old segment and its repetition both reached the server",
	  "server", "conn1.rcvd.DATA", "= 2", "tc-netem(8)" },
	{ NULL, "the second connection's numbers begin below where the first one's ended",
	  "client", "conn2.isn_step", "< 0", "Linux net/ipv4/tcp.c, TCP_QUEUE_SEQ", .when = "numbers != none && (timewait != kept || timestamps == off)" },
	{ "A6", "the second order of the second connection is not read as the client sent it",
	  "server", "prog.conn2.order2", "!= @client:prog.conn2.sent2", "RFC 9293, 3.4.1", .when = FOREIGN },
	{ "A6", "what the server reads is the order of the first connection",
	  "server", "prog.conn2.order2", "= @client:prog.conn1.sent1", "RFC 9293, 3.4.1", .when = FOREIGN },
	{ "A6", "byte for byte",
	  "server", "prog.conn2.bytes2", "= @prog.conn1.bytes1", "RFC 9293, 3.4.1", .when = FOREIGN },
	{ "A6", "the client's own order is taken for a repetition: the server never reads it",
	  "server", "prog.conn2.bytes2", "!= 70 61 79 20 30 30 32 30 20 74 6f 20 41 6e 6e 0a",
	  "RFC 9293, 3.10.7.4 first check", .when = FOREIGN },

	{ "A7", "with TIME_WAIT there is no second connection for as long",
	  "client", "prog.refused", "= EADDRNOTAVAIL", "RFC 9293, 3.4.1; connect(2)", .when = WAITS },
	{ "A7", "which is 60 s",
	  "client", "conn1.TIME_WAIT.ms", "60000..64200", "Linux include/net/tcp.h, TCP_TIMEWAIT_LEN", .when = WAITS },
	{ "A7", "the old segment meets no socket, and is answered by RST",
	  "server", "conn1.sent.RST", "= 1", "RFC 9293, 3.10.7.1", .when = WAITS " && hold < 60000" },

	{ "A7", "a wire that holds a segment for longer than that beats it",
	  "server", "prog.conn2.order2", "= @client:prog.conn1.sent1", "RFC 9293, 3.4.2", .when = WAITS " && numbers == both && hold >= 65000",
	  .bears = BEARS_LIMIT },

	{ "A7", "the second connection reads its own bytes",
	  "server", "prog.conn2.order2", "= @client:prog.conn2.sent2", "RFC 9293, 3.4.1", .when = GUARDED },
	{ "A7", "timestamps protect as well: PAWS refuses the old segment",
	  "server", "mib.PAWSEstab", "= 1", "RFC 7323, 5.3 R1", .when = "timestamps == on && numbers == both && timewait != kept",
	  .bears = BEARS_LIMIT },
	{ "A6", "a listening server's number is its own: there the old acknowledgment does not fit",
	  "server", "mib.TCPChallengeACK", "= 1", "RFC 5961, 5.2", .when = "numbers == client && timewait != kept && timestamps == off",
	  .bears = BEARS_LIMIT },
	{ "A6", "the kernel's own numbers go up by 15625 a ms, so that a second connection is soon far beyond the first",
	  "client", "conn2.isn_step", "> 1000000", "RFC 9293, 3.4.1; Linux net/core/secure_seq.c, seq_scale", .when = "numbers == none && timewait != kept",
	  .bears = BEARS_LIMIT },
	{ NULL, "where the old segment is for the server what it has had long ago",
	  "server", "mib.TCPDSACKOldSent", "= 1", "RFC 9293, 3.10.7.4 first check; RFC 2883", .when = "numbers == none && timewait != kept && timestamps == off" },
	{ 0 }
};

const struct lab lab_old_duplicate = {
	"04-old-duplicate",
	"Can a connection receive what was sent on the one before it?",
	"Yes, where TIME_WAIT and timestamps are gone and the numbers fit: the program reads bytes that nobody sent on its connection.",
	params, variants, { nodes, links, NULL, settings }, programs, steps, claims
};

/* Why do some hosts behind a NAT get no answer?
 *
 *	host1 ──┐
 *	host2 ──┼── nat ────── wire ────── server, tcp_tw_recycle=1
 *	host… ──┘
 *
 * A server that recycles TIME_WAIT early (Linux up to 4.11) guards itself by
 * remembering, for each address, the newest TCP timestamp that address has sent:
 * for 60 s, a SYN from there with an older one is dropped without a word. That
 * holds while an address is one machine. Behind a NAT it is many, and their
 * clocks started when each was booted.
 *
 * One host's clock is ahead. It is served first, and the server, which closes
 * first, remembers its timestamp. The others' clocks are behind.
 */
#include <twlab/lab.h>

static const struct param params[] = {
	{ "hosts", "2", "1..200", "how many stand behind the NAT", .personal = "3" },
	{ "ahead", "1", "1..hosts", "whose clock is ahead, and who is served first", .personal = "1..3" },
	{ "behind", "3600", "0..1000000", "by how many seconds the other clocks are behind (host i: i less)", .personal = "10|15|16|17|24|25|26|27|28|29|30" },
	{ "uptime", "2000000", "1000000..2000000", "how long the host that is ahead has been up, in seconds", .personal = "1000000..2000000" },
	{ "recycle", "1", "0|1", "tcp_tw_recycle on the server" },
	{ "nat", "one", "one|pool|no", "all hosts behind one address; an address a host; no NAT at all" },
	{ "timestamps", "on", "on|off|some", "TCP timestamps: on; off everywhere; off on the hosts that are not ahead" },
	{ "port", "8080", "1024..65535", "the server's port", .personal = "2000..32000" },
	{ "clock", "host", "host|connection", "a timestamp clock for each host; or for each connection: that of the next local port is so much behind" },
	{ 0 }
};

static const struct variant variants[] = {
	{ "recycling", "recycle=1", "hosts whose clock is behind get no answer for 60 s" },
	{ "catching-up", "behind=20", "or until their clock has caught up" },
	{ "without-stamp", "timestamps=some", "a SYN without a timestamp is dropped, too" },
	{ "recycling-off", "recycle=0", "control: no recycling, no failure" },
	{ "timestamps-off", "timestamps=off", "control: nothing to compare, and nothing recycled" },
	{ "no-nat", "nat=no", "control: an address is one host again" },
	{ "pool", "nat=pool", "control: a NAT with an address a host" },
	{ "own-offsets", "nat=no clock=connection", "without NAT, but with an offset for each connection: no better" },
	{ 0 }
};

static const struct node nodes[] = {
	{ "host", .many = "hosts", .uptime_s = "i == ahead ? uptime : uptime - behind + i",
	  .scatter_s = "clock == connection ? behind : 0" },
	{ "nat", NODE_NAT },
	{ "server", .recycle = "recycle" },
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
	{ "server", "10.1.0.0/16", "203.0.113.1", .when = "nat == no" },
	{ "server", "198.51.100.0/24", "203.0.113.1", .when = "nat == pool" },
	{ 0 }
};

/* The chain `in` has no rule: before Linux 4.18 answers find their way back only
 * where both hooks are registered.
 */
static const struct ruleset rulesets[] = {
	{ "nat", "table ip nat { chain in { type nat hook prerouting priority dstnat; }; chain out { type nat hook postrouting priority srcnat; oifname wan masquerade; }; }",
	  .when = "nat == one" },
	{ "nat", "table ip nat { chain in { type nat hook prerouting priority dstnat; }; "
		 "chain out { type nat hook postrouting priority srcnat; "
		 "oifname wan snat ip prefix to ip saddr map { 10.1.0.0/24 : 198.51.100.0/24 }; }; }",
	  .when = "nat == pool" },
	{ 0 }
};

static const struct setting settings[] = {
	{ "host", "net.ipv4.tcp_timestamps", "0", "control", .when = "timestamps == off || (timestamps == some && i != ahead)" },
	{ "server", "net.ipv4.tcp_timestamps", "0", "control", .when = "timestamps == off" },
	{ "host", "net.ipv4.ip_local_port_range", "40000 40000", "the first connection's port", .when = "clock == connection" },
	{ 0 }
};

static const struct program programs[] = {
	{ "server", "server", "server", "{port} {clock == connection ? 2 : hosts}" },
	{ "client", "host", "client", "203.0.113.2 {port}" },
	{ "again", "host", "client", "203.0.113.2 {port}", .when = "clock == connection" },
	{ 0 }
};

#define OFFSETS "clock == connection"

static const struct step steps[] = {
	{ DO_START, "server" },
	{ DO_STATE, "server", "LISTEN" },
	{ DO_START, "client{ahead}", .why = "the host whose clock is ahead" },
	{ DO_EXIT,  "client{ahead}" },
	{ DO_SLEEP, .ms = 2000, .why = "long enough for 3.5 RTO" },
	{ DO_SYSCTL, "host{ahead}", "net.ipv4.ip_local_port_range=40001 40001", .why = "another connection, with another offset", .when = OFFSETS },
	{ DO_START, "again{ahead}", .why = "the same host once more", .when = OFFSETS },
	{ DO_EXIT,  "again{ahead}", .when = OFFSETS },
	{ DO_START, "client*", .why = "now all the others", .when = "clock == host" },
	{ DO_EXIT,  "client*", .when = "clock == host" },
	{ DO_GONE,  "server", "", .why = "nothing is left" },
	{ 0 }
};

#define FAILS "recycle == 1 && nat == one && timestamps != off && i != ahead && clock == host"

/* A SYN goes out after 0, 1, 3, 7, 15, 31 and 63 s, the first of them 2 s after the
 * stamp that it is held against. The timer wheel rounds each pause up, by 8 jiffies at
 * most below 2 s, 64 below 16 s, 512 above (32 ms, 256 ms and 2.05 s at 250 Hz): the
 * sixth SYN comes by 31.9 s, the seventh by 65.9 s, and is answered 20 ms later. A clock
 * that is 34 s behind is left out: it may be the one or the other.
 */
#define BEHIND_LONG  " && (behind - i > 34 || timestamps == some)"
#define BEHIND_SHORT " && behind - i > 3 && behind - i < 34 && timestamps == on"
#define ALL_BEHIND   "recycle == 1 && nat == one && clock == host && hosts > 1 && behind - hosts > 3"

static const struct claim claims[] = {
	{ "A14", "the host whose clock is ahead is served by its first SYN",
	  "host{ahead}", "conn1.sent.SYN", "= 1", "Linux 4.9 net/ipv4/tcp_metrics.c, tcp_peer_is_proven" },
	{ "A11", "recycling ends TIME_WAIT after 3.5 RTO instead of 60 s",
	  "server", "conn1.TIME_WAIT.ms", "700..900", "Linux 4.9 net/ipv4/tcp_minisocks.c, tcp_time_wait",
	  .when = "recycle == 1 && timestamps != off" },
	{ "A11", "without it TIME_WAIT lasts 60 s",
	  "server", "conn1.TIME_WAIT.ms", "60000..64200", "Linux include/net/tcp.h, TCP_TIMEWAIT_LEN",
	  .when = "recycle == 0" },
	{ "A14", "without timestamps nothing is recycled: TIME_WAIT lasts 60 s",
	  "server", "conn1.TIME_WAIT.ms", "60000..64200", "Linux 4.9 net/ipv4/tcp_minisocks.c, tcp_time_wait",
	  .when = "timestamps == off" },

	{ "A17", "a host whose clock is behind sends SYN after SYN",
	  "host", "conn1.sent.SYN", "= 7", "RFC 6298, 5.5; tcp_syn_retries", .when = FAILS BEHIND_LONG },
	{ "A17", "which arrive at the server, but none is answered while the stamp is fresh",
	  "server", "syn.older.answered", "= 0", "Linux 4.9 net/ipv4/tcp_input.c, tcp_conn_request",
	  .when = "recycle == 1 && nat == one && timestamps == on && hosts > 1" },
	{ "A17", "they are dropped in silence, each of them",
	  "server", "syn.older.silent", ">= {hosts - 1}", "Linux 4.9 net/ipv4/tcp_input.c, tcp_conn_request",
	  .when = ALL_BEHIND " && timestamps == on" },
	{ "A14", "and counted as PAWSPassive",
	  "server", "mib.PAWSPassive", ">= {hosts - 1}", "Linux 4.9 LINUX_MIB_PAWSPASSIVEREJECTED",
	  .when = ALL_BEHIND " && timestamps != off" },
	{ "A14", "a clock that has caught up before its first SYN is served by it",
	  "host", "conn1.sent.SYN", "= 1", "Linux 4.9 TCP_PAWS_WINDOW",
	  .when = FAILS " && behind - i < 3 && timestamps == on && hosts == 2" },
	{ "A14", "it gets through when the remembered stamp is 60 s old: by its SYN of 63 s",
	  "host", "conn1.served_ms", "63000..66000", "Linux 4.9 TCP_PAWS_MSL; RFC 6298, 5.5", .when = FAILS BEHIND_LONG },
	{ "A14", "or earlier, when its clock has caught up",
	  "host", "conn1.served_ms", "{(behind - i - 3) * 1000}..32400", "Linux 4.9 TCP_PAWS_WINDOW",
	  .when = FAILS BEHIND_SHORT },
	{ "A14", "a SYN without any timestamp is dropped, too",
	  "server", "syn.no_ts.silent", ">= {hosts - 1}", "Linux 3.17 a26552afe894", .when = "recycle == 1 && timestamps == some && nat == one" },

	{ "A19", "with recycling off every host is served by its first SYN",
	  "host", "conn1.sent.SYN", "= 1", "Linux 4.9 net/ipv4/tcp_input.c, tcp_conn_request", .when = "recycle == 0 && (clock == host || i == ahead)" },
	{ "A18", "without NAT recycling does no harm: every host is served by its first SYN",
	  "host", "conn1.sent.SYN", "= 1", "Linux 4.9 net/ipv4/tcp_metrics.c", .when = "recycle == 1 && nat == no && clock == host" },
	{ "A18", "nor behind a NAT that gives each host an address of its own",
	  "host", "conn1.sent.SYN", "= 1", "Linux 4.9 net/ipv4/tcp_metrics.c", .when = "recycle == 1 && nat == pool" },
	{ "A18", "not so where a kernel has a timestamp offset for each connection: the same host's next connection gets no answer",
	  "host{ahead}", "conn2.sent.SYN", "= 7", "Linux net/core/secure_seq.c, secure_tcp_seq_and_ts_off (4.10, and 7.0 on)",
	  .when = "recycle == 1 && timestamps == on && behind > 34 && " OFFSETS, .bears = BEARS_LIMIT },
	{ NULL, "the server drops them, since their timestamps are older than the first connection's",
	  "server", "syn.older.silent", "= 6", "Linux 4.9 net/ipv4/tcp_input.c, tcp_conn_request",
	  .when = "recycle == 1 && timestamps == on && behind > 34 && " OFFSETS },
	{ "A14", "without timestamps there is nothing to compare: every host is served by its first SYN",
	  "host", "conn1.sent.SYN", "= 1", "Linux 4.9 net/ipv4/tcp_metrics.c", .when = "recycle == 1 && timestamps == off && (clock == host || i == ahead)" },
	{ 0 }
};

static const struct task tasks[] = {
	{ "predict", TASK_PREDICT, "predictions.txt", .what = "say, before you run anything, what each host will see" },
	{ "cure", TASK_SYSCTL, "server.conf", "server",
	  "these four lines were found on the web, and now some customers wait for half a minute: cure that by settings "
	  "of the server, without breaking what works" },
	{ "nat", TASK_RULES, "nat.nft", "nat",
	  "the server cannot be changed: let every host through by rules of the NAT, which has the addresses "
	  "198.51.100.0/24 to give away (the server has a route there)" },
	{ 0 }
};

static const struct mark marks[] = {
	{ "predict", "host{i}_syns", 2, "how many SYNs host{i} sends until it is served", "recycling",
	  "host", "conn1.sent.SYN", NULL, "whose clock is ahead, and by how much? A SYN is repeated after 1, 2, 4, 8, ... s" },
	{ "predict", "host{i}_waits_ms", 2, "how many ms host{i} waits until it is served", "recycling",
	  "host", "conn1.served_ms", "1000", "the sum of the pauses between its SYNs, and a round trip of your wire" },
	{ "predict", "without_stamp_syns", 3, "how many SYNs the others send when they have no timestamps at all", "without-stamp",
	  "host{ahead == 1 ? 2 : 1}", "conn1.sent.SYN", NULL, "for how long does the server remember? No clock can catch up here" },
	{ "predict", "timewait_ms", 2, "how long TIME_WAIT lasts on the server, in ms", "recycling",
	  "server", "conn1.TIME_WAIT.ms", "30%", "3.5 times what? The timer rto of the server in states.jsonl" },

	{ "cure", "served_at_once", 4, "every host is served by its first SYN", "recycling",
	  "host*", "conn1.sent.SYN", "= 1", "which of the four lines makes the server remember timestamps by address?" },
	{ "cure", "timewait_kept", 3, "TIME_WAIT on the server lasts as long as it should", "recycling",
	  "server", "conn1.TIME_WAIT.ms", ">= 60000", "what else does that line do? states.jsonl" },
	{ "cure", "timestamps_kept", 3, "TCP timestamps are still in use", "recycling",
	  "server", "conn1.SYN-ACK.1.tsecr", ">= 1", "tcp.options.timestamp in the server's SYN,ACK: RFC 7323 has two more uses for it" },

	{ "nat", "let_through", 4, "every host is served by its first SYN", "pool",
	  "host*", "conn1.sent.SYN", "= 1", "what does the server take all the hosts for, and by what?" },
	{ "nat", "still_recycles", 1, "while the server still recycles", "pool",
	  "server", "conn1.TIME_WAIT.ms", "< 1000", "nothing on the server was to be changed" },
	{ 0 }
};

static const struct mutant mutants[] = {
	{ "nobody-waits", "host{ahead == 1 ? 2 : 1}_syns", "thinks that every host is served at once",
	  "predictions.txt", "behind > 20 ? 6 : behind > 12 ? 5 : 4", "1" },
	{ "one-timeout", "host{ahead == 1 ? 2 : 1}_waits_ms", "counts the SYNs, but takes each pause for 1 s", "predictions.txt",
	  "behind > 20 ? 31400 : behind > 12 ? 15300 : 7100",
	  "behind > 20 ? 5000 : behind > 12 ? 4000 : 3000" },
	{ "caught-up", "without_stamp_syns", "lets a host without timestamps catch up",
	  "predictions.txt", "without_stamp_syns = 7", "without_stamp_syns = 6" },
	{ "a-minute", "timewait_ms", "takes TIME_WAIT for 60 s in spite of recycling",
	  "predictions.txt", "timewait_ms = 850", "timewait_ms = 60000" },
	{ "reuse-off", "served_at_once", "takes away the wrong line", "server.conf",
	  "tcp_tw_reuse = 1\nnet.ipv4.tcp_tw_recycle = 0",
	  "tcp_tw_reuse = 0\nnet.ipv4.tcp_tw_recycle = 1" },
	{ "as-found", "timewait_kept", "changes nothing",
	  "server.conf", "tcp_tw_recycle = 0", "tcp_tw_recycle = 1" },
	{ "timestamps-off", "timestamps_kept", "takes the timestamps away instead",
	  "server.conf", "tcp_tw_recycle = 0", "tcp_tw_recycle = 1\nnet.ipv4.tcp_timestamps = 0" },
	{ "one-address", "let_through", "gives all hosts one other address", "nat.nft",
	  "snat ip prefix to ip saddr map { 10.1.0.0/24 : 198.51.100.0/24 }",
	  "snat to 198.51.100.7" },
	{ 0 }
};

const struct lab lab_tw_recycle_nat = {
	"06-tw-recycle-nat",
	"Why does tcp_tw_recycle leave hosts behind a NAT without an answer?",
	"The server takes all hosts behind one address for one machine, and drops SYNs whose timestamp runs backwards.",
	params, variants, { nodes, links, routes, settings, rulesets }, programs, steps, claims,
	tasks, marks, mutants, .floor = 4
};

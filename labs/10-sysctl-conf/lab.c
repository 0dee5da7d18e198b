/* What do the four lines do?
 *
 *	client ────── wire ──────┐
 *	  8 ports to go out from ├── server, room for 8 half-open connections
 *	flood ────── wire2 ──────┘
 *
 * sysctl.conf, in this folder, is what many pages recommend against many
 * TIME_WAITs. It is applied to client and server as sysctl -p would, and a load
 * is put on them that has something for each line: a connection that only the
 * client closes (tcp_fin_timeout), more connections in a row than there are ports
 * (tcp_tw_reuse, tcp_tw_recycle), a full SYN queue (tcp_syncookies).
 */
#include <twlab/lab.h>

static const struct param params[] = {
	{ "apply", "yes", "yes|no", "is sysctl.conf applied, to client and server" },
	{ "cookies", "1", "0|1", "net.ipv4.tcp_syncookies before that" },
	{ "tries", "20", "9..100", "how many connections in a row the client wants" },
	{ "recycle", "gone", "gone|there", "this kernel's tcp_tw_recycle: gone since Linux 4.12" },
	{ "port", "8080", "1024..39999", "the server's port; the next one is used, too" },
	{ 0 }
};

static const struct variant variants[] = {
	{ "after", "apply=yes", "the four lines, and the load after them" },
	{ "before", "apply=no", "control: the same load with the kernel's defaults" },
	{ "before-no-cookies", "apply=no cookies=0", "control: as if tcp_syncookies were 0 by default" },
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
	{ "client", "net.ipv4.ip_local_port_range", "40000 40007", "few, so that they are soon used up" },
	{ "server", "net.ipv4.tcp_syncookies", "{cookies}", "control", .when = "cookies == 0" },
	{ 0 }
};

static const struct program programs[] = {
	{ "server", "server", "server", "{port} serve" },
	{ "holder", "server", "server", "{port + 1} hold" },
	{ "flood", "flood", "flood", "10.9.0.2 {port} 1 16" },
	{ "client", "client", "client", "10.0.0.2 {port} {tries}" },
	{ 0 }
};

static const struct step steps[] = {
	{ DO_NETEM, "wire2/flood", "loss 100%", .why = "no SYN,ACK gets back to the flood" },
	{ DO_CONF,  "client", "sysctl.conf", .why = "sysctl -p", .when = "apply == yes" },
	{ DO_CONF,  "server", "sysctl.conf", .why = "sysctl -p", .when = "apply == yes" },
	{ DO_START, "server" },
	{ DO_START, "holder" },
	{ DO_STATE, "server", "LISTEN" },
	{ DO_START, "client" },
	{ DO_TELL,  "client", "orphan", .why = "for tcp_fin_timeout" },
	{ DO_SAYS,  "client", "orphan" },
	{ DO_TELL,  "client", "burst", .why = "for tcp_tw_reuse" },
	{ DO_SAYS,  "client", "burst" },
	{ DO_GONE,  "client", "FIN_WAIT2" },
	{ DO_GONE,  "client", "TIME_WAIT", .why = "all ports are free again" },
	{ DO_START, "flood", .why = "for tcp_syncookies" },
	{ DO_SAYS,  "flood", "wave" },
	{ DO_SLEEP, .ms = 500, .why = "the SYN queue is full by now" },
	{ DO_TELL,  "client", "one" },
	{ DO_SAYS,  "client", "one=" },
	{ DO_EXIT,  "flood" },
	{ DO_TELL,  "server", "end" },
	{ DO_TELL,  "holder", "end" },
	{ DO_EXIT,  "server" },
	{ DO_SLEEP, .ms = 200, .why = "the last segments arrive: the orphan's FIN finds no socket" },
	{ 0 }
};

#define APPLIED "apply == yes"

static const struct claim claims[] = {
	{ "A8", "the line for tcp_syncookies is taken", "client", "conf.net.ipv4.tcp_syncookies.is", "= 1", "sysctl(8)", .when = APPLIED },
	{ "A8", "the line for tcp_tw_reuse is taken", "client", "conf.net.ipv4.tcp_tw_reuse.is", "= 1", "sysctl(8)", .when = APPLIED },
	{ "A8", "the line for tcp_fin_timeout is taken, though it comes after one that fails",
	  "client", "conf.net.ipv4.tcp_fin_timeout.is", "= 30", "sysctl(8)", .when = APPLIED },
	{ "A8", "from Linux 4.12 on the line for tcp_tw_recycle is an error: there is no such file",
	  "client", "conf.net.ipv4.tcp_tw_recycle.error", "= ENOENT", "Linux 4.12, commit 4396e46187ca",
	  .when = APPLIED " && recycle == gone", .bears = BEARS_LIMIT },
	{ NULL, "so that sysctl -p ends with an error",
	  "client", "conf.errors", "= 1", "sysctl(8)", .when = APPLIED " && recycle == gone" },

	{ "A9", "its default is 1: the line changes nothing",
	  "server", "conf.net.ipv4.tcp_syncookies.usual", "= 1", "Linux net/ipv4/tcp_ipv4.c, tcp_sk_init", .when = APPLIED, .bears = BEARS_LIMIT },
	{ "A9", "a client is served while the SYN queue is full",
	  "client", "prog.one_ms", "< 1000", "RFC 4987, 3.6", .when = "cookies == 1" },
	{ "A9", "by a cookie",
	  "server", "mib.SyncookiesRecv", "= 1", "Linux net/ipv4/syncookies.c, cookie_v4_check", .when = "cookies == 1" },
	{ "A9", "if it were 0, the client would have to wait",
	  "client", "prog.one_ms", ">= 1000", "RFC 6298, 2.1 and 5.5", .when = "apply == no && cookies == 0" },

	{ "A10", "its default is 2 since Linux 4.19: on the loopback only",
	  "client", "conf.net.ipv4.tcp_tw_reuse.usual", "= 2", "Linux 4.19, commit 79e9fed46038", .when = APPLIED, .bears = BEARS_LIMIT },
	{ "A10", "before, the client runs out of ports: 8 connections",
	  "client", "prog.opened", "= 8", "Linux net/ipv4/inet_hashtables.c, __inet_hash_connect", .when = "apply == no" },
	{ "A10", "connect() says EADDRNOTAVAIL",
	  "client", "prog.burst", "= EADDRNOTAVAIL", "connect(2)", .when = "apply == no" },
	{ "A10", "after it, the client opens as many as it wants",
	  "client", "prog.opened", "= {tries}", "ip-sysctl, tcp_tw_reuse", .when = APPLIED },
	{ "A10", "in the place of TIME_WAITs",
	  "client", "mib.TWRecycled", ">= {tries - 8}", "Linux net/ipv4/tcp_ipv4.c, tcp_twsk_unique", .when = APPLIED },

	{ NULL, "before, an orphaned FIN_WAIT_2 lasts 60 s",
	  "client", "conn1.FIN_WAIT2.ms", "60000..64200", "Linux net/ipv4/tcp.c, tcp_fin_time", .when = "apply == no" },
	{ NULL, "after it, an orphaned FIN_WAIT_2 lasts 30 s",
	  "client", "conn1.FIN_WAIT2.ms", "30000..32200", "Linux net/ipv4/tcp.c, tcp_fin_time", .when = APPLIED },
	{ "A12", "TIME_WAIT lasts 60 s, whatever tcp_fin_timeout is",
	  "client", "conn{tries + 1}.TIME_WAIT.ms", "60000..64200", "Linux include/net/tcp.h, TCP_TIMEWAIT_LEN", .when = APPLIED, .bears = BEARS_AGAINST },
	{ 0 }
};

const struct lab lab_sysctl_conf = {
	"10-sysctl-conf",
	"What do the four lines in sysctl.conf do, line by line?",
	"One changes nothing, one helps who calls connect(), one is an error, and one is about FIN_WAIT_2.",
	params, variants, { nodes, links, NULL, settings }, programs, steps, claims
};

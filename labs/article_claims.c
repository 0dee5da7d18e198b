/* article_claims.c - what the article says, to be put to the test */
#include "labs/article_claims.h"

const struct article_claim article[] = {
	{ "A1", "The side that closes first sends the last ACK and then enters TIME_WAIT." },
	{ "A2", "It stays there for 2MSL, then returns to CLOSED." },
	{ "A3", "Meanwhile the four-tuple cannot be used." },
	{ "A4", "If the last ACK is lost, the passive side sends its FIN again; TIME_WAIT is there to ACK it again, and starts its 2MSL anew." },
	{ "A5", "Without TIME_WAIT that FIN would be answered by RST, which the passive side takes for an error." },
	{ "A6", "Without TIME_WAIT a new connection on the same four-tuple could receive the old one's delayed data." },
	{ "A7", "2MSL lets old segments die, so that the next connection is safe." },
	{ "A8", "Put tcp_syncookies, tcp_tw_reuse and tcp_tw_recycle = 1 and tcp_fin_timeout = 30 into /etc/sysctl.conf, then sysctl -p." },
	{ "A9", "tcp_syncookies = 1 uses cookies when the SYN queue overflows; the default is 0." },
	{ "A10", "tcp_tw_reuse = 1 lets sockets in TIME_WAIT serve new connections; the default is 0." },
	{ "A11", "tcp_tw_recycle = 1 recycles TIME_WAIT quickly; the default is 0." },
	{ "A12", "tcp_fin_timeout changes the timeout." },
	{ "A13", "netstat -ant | grep TIME_WAIT | wc -l counts them." },
	{ "A14", "Recycling needs tcp_timestamps = 1: the newest timestamp of each host is kept, and a request with an older one is dropped." },
	{ "A15", "A four-tuple in TIME_WAIT may be used again by a SYN whose sequence number is beyond the old connection's last," },
	{ "A16", "or whose timestamp is newer." },
	{ "A17", "Behind a NAT many hosts share one address but keep their own timestamps, so SYNs are dropped: the client sends SYN, the server does not answer." },
	{ "A18", "Without NAT recycling does no harm." },
	{ "A19", "With a NAT in front, turn fast recycling off." },
	{ 0 }
};

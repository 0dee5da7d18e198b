/* trace.h - what the captures of a run mean: segments and connections
 *
 * A run captures frames on every interface. The same frame passes several of
 * them: out of a host, into the wire, out of the wire (or not: netem took it),
 * into the NAT, out of it with another address, ... A trace finds out which
 * sightings are one packet, and which packets are one connection, also where a
 * NAT rewrote the addresses or where TSvals were shifted.
 *
 *	frames (struct trace_frame) ── same packet ──> struct segment ──> struct conn
 *
 * All times are nanoseconds since the run's start (struct evidence.start_ns).
 */
#ifndef TWLAB_TRACE_H
#define TWLAB_TRACE_H

#include "lib/err.h"

#include <netinet/in.h>

/* One interface that was captured: "client/eth0" is node "client", device "eth0". */
struct trace_iface {
	char *node;
	char *dev;
	bool end;		/* its node is an endpoint (a host), not a wire, router or NAT */
};

/* One frame as one interface saw it. */
struct trace_frame {
	int64_t at_ns;
	unsigned int iface;	/* index of trace.ifaces */
	bool out;		/* leaving the node through this interface; else coming in */
	uint32_t len;		/* bytes in @data, an Ethernet frame */
	uint8_t *data;
	uint64_t packet_id;	/* epb_packetid: the same on every interface the packet passed; 0 = not IP/TCP */
	char *comment;		/* what a reader should know; NULL for most */
};

struct endpoint {
	int family;		/* AF_INET or AF_INET6 */
	struct in6_addr addr;	/* IPv4 as ::ffff:a.b.c.d */
	uint16_t port;		/* host order */
};

enum tcp_flag {
	TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_PSH = 0x08,
	TCP_ACK = 0x10, TCP_URG = 0x20, TCP_ECE = 0x40, TCP_CWR = 0x80,
};

/* What stands in one TCP/IP packet. */
struct tcp_view {
	struct endpoint src, dst;
	uint32_t seq, ack;
	uint16_t window;
	uint8_t flags;		/* enum tcp_flag */
	uint8_t ttl;
	uint16_t ip_id;		/* 0 for IPv6 */
	bool has_ts;
	uint32_t tsval, tsecr;
	uint8_t n_sack;
	uint8_t wscale;		/* 255 = no such option */
	uint16_t mss;		/* 0 = no such option */
	bool sack_ok;
	const uint8_t *payload;
	uint32_t payload_len;
};

/* Read the TCP/IP packet in Ethernet frame @data. False if it is none, or cut
 * short. @view points into @data.
 */
bool tcp_read(const uint8_t *data, uint32_t len, struct tcp_view *view);

/* "SYN", "FIN,ACK", "ACK", "PSH,ACK", "RST": flags in the order people say them.
 * @text has room for 40 bytes; returns it.
 */
char *tcp_flags_text(uint8_t flags, char *text);

/* One packet on its way from one end to the other. */
struct segment {
	uint64_t packet_id;
	unsigned int conn;	/* index of trace.conns */
	bool from_client;	/* sent by the side that sent the first SYN */
	int from, to;		/* node index (trace.nodes) of sender and receiver; -1 = was not captured there */
	int64_t sent_ns;	/* seen first, on its way out of the sender (or at the first sighting) */
	int64_t rcvd_ns;	/* seen coming in at the receiver; -1 = never arrived */
	int lost_node;		/* where it was seen last if it never arrived; else -1 */
	bool is_copy;		/* a second arrival of a packet duplicated on the way */
	unsigned int *sightings;/* frames (indexes, in time order) that are this packet */
	unsigned int n_sightings;
	struct tcp_view tcp;	/* as its sender sent it (first sighting) */
	struct tcp_view tcp_rcvd;/* as its receiver got it, after NAT (last sighting) */
	uint32_t rel_seq, rel_ack;/* relative to the ISNs; 0 for what came before one was known */
	bool is_retransmission;	/* its sequence space was sent before by the same side */
	bool is_dup_ack;	/* an empty ACK equal to one sent before (e.g. TIME_WAIT's answer to a second FIN) */
	char *note;		/* short: "final ACK", "FIN again", "lost on the wire", "RST", ...; NULL */
};

/* One connection, end to end: what the client calls it and what the server does. */
struct conn {
	int client, server;		/* node indexes; -1 = not among the nodes */
	struct endpoint client_local, client_remote;	/* as the client node sees it */
	struct endpoint server_local, server_remote;	/* as the server node sees it */
	unsigned int n_at_client, n_at_server;	/* 1, 2, ...: which connection of that node this is, by time */
	unsigned int *segments;		/* indexes of trace.segments, by sent_ns */
	unsigned int n_segments;
	int64_t first_ns, last_ns;
	uint32_t client_isn, server_isn;
};

struct trace {
	struct trace_iface *ifaces;	unsigned int n_ifaces;
	struct trace_frame *frames;	unsigned int n_frames;	/* by at_ns */
	char **nodes;			unsigned int n_nodes;	/* in the interfaces' order */
	struct segment *segments;	unsigned int n_segments;/* by sent_ns */
	struct conn *conns;		unsigned int n_conns;	/* by first_ns */
};

/* A new, empty trace. */
struct trace *trace_new(void);

/* Declare an interface; returns its index. Names are copied. */
unsigned int trace_add_iface(struct trace *trace, const char *node, const char *dev, bool end);

/* Add a frame (copied). Frames may come in any order before trace_follow(). */
void trace_add_frame(struct trace *trace, unsigned int iface, int64_t at_ns, bool out,
		     const void *data, uint32_t len);

/* Sort the frames, give the packets their ids, find segments and connections,
 * write notes and comments. Call once, when all frames are there. The result
 * depends on the frames alone.
 */
void trace_follow(struct trace *trace);

int trace_node(const struct trace *trace, const char *name);	/* -1 if unknown */

void trace_free(struct trace *trace);

#endif

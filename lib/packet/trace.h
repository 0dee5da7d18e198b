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
 * A segment is the node's that it is first seen leaving. That need not be the end whose
 * address it bears: a NAT, a reject rule or a router's kernel makes segments in the name of
 * others (.is_foreign), and so does a step of a lab (.is_made_up). What a router or NAT
 * passes on came in there before, and is its sender's.
 *
 * All times are nanoseconds since the run's start (struct evidence.start_ns).
 */
#ifndef TWLAB_TRACE_H
#define TWLAB_TRACE_H

#include <twlab/err.h>
#include <twlab/tcp.h>

#pragma GCC visibility push(default)	/* public */

/* One interface that was captured: "client/eth0" is node "client", device "eth0". */
struct trace_iface {
	char *node;
	char *dev;
	bool end;		/* its node is an endpoint (a host), not a wire, router or NAT */
	int node_index;		/* index of trace.nodes */
};

/* One frame as one interface saw it. */
struct trace_frame {
	int64_t at_ns;
	unsigned int iface;	/* index of trace.ifaces */
	bool out;		/* leaving the node through this interface; else coming in */
	uint32_t len;		/* bytes in @data, an Ethernet frame */
	uint8_t *data;
	uint64_t packet_id;	/* epb_packetid: the same on every interface the packet passed; 0 = neither TCP nor an error about it */
	char *comment;		/* what a reader should know; NULL for most */
	unsigned int number;	/* as Wireshark counts: from 1, by time, or by place in the file it was read from */
};

/* One packet on its way from one end to the other. */
struct segment {
	uint64_t packet_id;
	unsigned int conn;	/* index of trace.conns */
	bool from_client;	/* sent by the side that sent the first SYN */
	int from;		/* node (index of trace.nodes) that made it; -1 = was not captured there */
	int to;			/* node that got it or, lost, was to get it; -1 = not among the nodes */
	int64_t sent_ns;	/* seen first, on its way out of the sender (or at the first sighting) */
	int64_t rcvd_ns;	/* seen coming in at the receiver; -1 = never arrived */
	int lost_node;		/* where it was seen last if it never arrived; else -1 */
	bool is_under_way;	/* it may have arrived yet: the record ended before */
	bool is_copy;		/* duplicated on the way: starts where the copy was made, with an id of its own */
	bool is_foreign;	/* made by another node than the end whose address it bears: a NAT's RST, say */
	bool is_made_up;	/* by a step of the lab (DO_SEND), on node .from: no kernel sent it */
	uint64_t copy_of;	/* packet_id of what it is a copy of; 0 = no copy */
	unsigned int *sightings;/* frames (indexes, in time order) that are this packet */
	unsigned int n_sightings;
	struct tcp_view tcp;	/* as its sender sent it (first sighting) */
	struct tcp_view tcp_rcvd;/* as its receiver got it, after NAT (last sighting) */
	uint32_t rel_seq, rel_ack;/* relative to the ISNs; 0 for what came before one was known */
	bool is_retransmission;	/* its sequence space was sent before by the same side */
	bool is_stray;		/* arrived under another four-tuple than its connection has there: a NAT let it through untranslated */
	bool is_dup_ack;	/* an empty ACK equal to one sent before (e.g. TIME_WAIT's answer to a second FIN) */
	unsigned int icmp;	/* the first ICMP error about it, as trace.icmps counts from 1; 0 = none */
	char *note;		/* short: "final ACK", "FIN again", "lost on the wire", "RST", ...; NULL */
};

/* One connection, end to end: what the client calls it and what the server does. */
struct conn {
	int client, server;		/* node indexes; -1 = not among the nodes */
	struct endpoint client_local, client_remote;	/* as the client node sees it */
	struct endpoint server_local, server_remote;	/* as the server node sees it */
	unsigned int n_at_client, n_at_server;	/* 1, 2, ...: which connection of that node this is, by the time
						 * it met a packet of it; 0 = it never did */
	unsigned int *segments;		/* indexes of trace.segments, by sent_ns */
	unsigned int n_segments;
	int64_t first_ns, last_ns;
	int64_t at_client_ns, at_server_ns;	/* when that end first sent or got a packet of it; -1 = never */
	uint32_t client_isn, server_isn;
	bool has_client_isn, has_server_isn;	/* its SYN or SYN,ACK was seen */
	bool is_made_up;		/* begun by a SYN that a step made up */
	int earlier;			/* the connection before it on the same four-tuple, at either end; -1 = none */
};

/* One ICMP error about a segment, on its way back to whom that came from. */
struct icmp_error {
	struct segment way;	/* as a segment's way; its .tcp holds the two addresses, its .from who made the error */
	int family;		/* which ICMP: AF_INET or AF_INET6 */
	uint8_t type, code;	/* icmp_name() */
	int segment;		/* that it is about: index of trace.segments */
};

/* A step made a segment up, and sent it from a node. */
struct trace_send {
	int64_t at_ns;		/* a moment before it left */
	char *node;
	char *what;		/* in the words of lib/packet/craft.h: "RST from=10.0.0.2:80 to=10.0.0.1:40000 seq=-1" */
};

struct trace {
	struct trace_iface *ifaces;	unsigned int n_ifaces;
	struct trace_frame *frames;	unsigned int n_frames;	/* by at_ns */
	char **nodes;			unsigned int n_nodes;	/* in the interfaces' order */
	struct segment *segments;	unsigned int n_segments;/* by sent_ns */
	struct conn *conns;		unsigned int n_conns;	/* by first_ns */
	struct icmp_error *icmps;	unsigned int n_icmps;	/* by way.sent_ns */
	struct trace_send *sends;	unsigned int n_sends;	/* by at_ns */
	int64_t end_ns;			/* when the record ended; 0 = unknown, and what did not arrive is lost */
	unsigned int *pools[2];		/* where segments[].sightings and conns[].segments point into */
};

/* A new, empty trace. */
struct trace *trace_new(void);

/* Declare an interface; returns its index. Names are copied. */
unsigned int trace_add_iface(struct trace *trace, const char *node, const char *dev, bool end);

/* Add a frame (copied). Frames may come in any order before trace_follow(). */
void trace_add_frame(struct trace *trace, unsigned int iface, int64_t at_ns, bool out,
		     const void *data, uint32_t len);

/* A step makes a segment up: sends come by time, before trace_follow(). Texts are copied. */
void trace_add_send(struct trace *trace, int64_t at_ns, const char *node, const char *what);

int trace_node(const struct trace *trace, const char *name);	/* -1 if unknown */

/* The segment with which the other side answered segment conn->segments[@i]: the
 * first that it sent after getting it, and before it got another of the same
 * kind (copies that the net made do not count, nor what was made up or made by others in its name).
 * Returns its place in conn->segments, or -1 if there was none.
 */
int trace_answer(const struct trace *trace, const struct conn *conn, unsigned int i);

void trace_free(struct trace *trace);

#pragma GCC visibility pop

#endif

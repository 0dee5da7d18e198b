/* conn.c - which packets are one connection
 *
 * A connection has a four-tuple at each end, and a NAT makes them differ. What
 * joins them is a packet: it left one end under one four-tuple and reached the
 * other under another. So a table knows, by node and four-tuple as that node
 * sees it, which connection it is now and which side of it this is.
 *
 * A SYN with a new ISN begins another connection, whatever was there before;
 * the same ISN again is a retransmission. But a SYN that a step made up ends no socket: where the
 * client goes on with what was there before, so does the connection.
 */
#include <twlab/conn.h>

#include <twlab/hashmap.h>

/* What a four-tuple at a node means now, or which node (as conn) has an address. A struct hashmap has
 * them: by key_of(), as 2 * conn + client.
 */
struct place {
	bool known;
	unsigned int conn;
	bool client;		/* it is the client's view of it */
};

enum { ANY_NODE = -2 };		/* an address alone: which node has it */

static uint64_t key_of(int node, const struct endpoint *local, const struct endpoint *remote)
{
	uint64_t key = endpoint_hash(local, (uint64_t)(node + 16));

	return remote ? endpoint_hash(remote, key) : key;
}

static uint64_t addr_key(const struct endpoint *endpoint)
{
	struct endpoint addr = *endpoint;

	addr.port = 0;
	return key_of(ANY_NODE, &addr, NULL);
}

static struct place place_of(const struct hashmap *table, uint64_t key)
{
	const uint64_t *value = hashmap_find(table, key);

	return value ? (struct place){ true, (unsigned int)(*value / 2), *value % 2 } : (struct place){ 0 };
}

static void place_set(struct hashmap *table, uint64_t key, unsigned int conn, bool client)
{
	*hashmap_put(table, key) = 2 * (uint64_t)conn + client;
}

static uint64_t sender_key(const struct segment *segment)
{
	return key_of(segment->from, &segment->tcp.src, &segment->tcp.dst);
}

static uint64_t receiver_key(const struct segment *segment)
{
	return key_of(segment->to, &segment->tcp_rcvd.dst, &segment->tcp_rcvd.src);
}

static bool is_host(const struct trace *trace, int node)
{
	for (unsigned int i = 0; i < trace->n_ifaces; i++)
		if (trace->ifaces[i].node_index == node)
			return trace->ifaces[i].end;
	return false;
}

/* Does @segment tell where its sender's address is? What routers, NATs and steps make bears others'. */
static bool is_at_home(const struct trace *trace, const struct segment *segment)
{
	return segment->from >= 0 && !segment->is_made_up && is_host(trace, segment->from);
}

/* Learn which node has which address, for packets that never arrive there. */
static void addresses_learn(const struct trace *trace, struct hashmap *table)
{
	for (unsigned int i = 0; i < trace->n_segments; i++) {
		const struct segment *segment = &trace->segments[i];

		if (is_at_home(trace, segment))
			place_set(table, addr_key(&segment->tcp.src), (unsigned int)segment->from, false);
		if (segment->to >= 0)
			place_set(table, addr_key(&segment->tcp_rcvd.dst), (unsigned int)segment->to, false);
	}
}

static int node_with(const struct hashmap *table, const struct endpoint *endpoint)
{
	struct place place = place_of(table, addr_key(endpoint));

	return place.known ? (int)place.conn : -1;
}

static bool is_syn(const struct segment *segment)
{
	return tcp_kind(&segment->tcp) == KIND_SYN;
}

/* Does this SYN, from the client or server of @conn, begin a new connection? */
static bool begins_anew(const struct conn *conn, const struct segment *syn, bool by_client)
{
	if (by_client)
		return !conn->has_client_isn || syn->tcp.seq != conn->client_isn;
	/* without an answer so far, it may be a simultaneous open (RFC 9293, 3.5) */
	return !conn->has_client_isn ||
	       (conn->has_server_isn && syn->tcp.seq != conn->server_isn);
}

/* In the middle of a connection nobody says who began it: a SYN,ACK is from the
 * server, and else the server is who has the lower port.
 */
static bool looks_like_client(const struct segment *segment)
{
	switch (tcp_kind(&segment->tcp)) {
	case KIND_SYN:
		return true;
	case KIND_SYN_ACK:
		return false;
	case KIND_RST: case KIND_FIN: case KIND_DATA: case KIND_ACK: case TCP_KINDS:
		break;
	}
	return segment->tcp.src.port >= segment->tcp.dst.port;
}

/* How @node, the client or else the server of @conn, sees it. */
static void view_set(struct conn *conn, bool client, int node, const struct endpoint *local,
		     const struct endpoint *remote)
{
	*(client ? &conn->client : &conn->server) = node;
	*(client ? &conn->client_local : &conn->server_local) = *local;
	*(client ? &conn->client_remote : &conn->server_remote) = *remote;
}

/* The node whose address @segment bears. Routers and NATs have connections of their own, too. */
static int home_of(const struct trace *trace, const struct segment *segment, const struct hashmap *table)
{
	int home = is_at_home(trace, segment) ? segment->from : node_with(table, &segment->tcp.src);

	return home < 0 && is_syn(segment) ? segment->from : home;
}

static unsigned int conn_new(struct trace *trace, struct segment *segment,
			     const struct hashmap *table)
{
	struct conn *conn = grow(&trace->conns, trace->n_conns, sizeof(*conn));
	struct place near = place_of(table, sender_key(segment));
	struct place far = place_of(table, receiver_key(segment));

	conn->earlier = near.known ? (int)near.conn : far.known ? (int)far.conn : -1;
	conn->is_made_up = segment->is_made_up && is_syn(segment);
	segment->from_client = looks_like_client(segment);
	view_set(conn, segment->from_client, home_of(trace, segment, table), &segment->tcp.src, &segment->tcp.dst);
	/* a guess, until one arrives: the last that was seen of this one */
	view_set(conn, !segment->from_client, node_with(table, &segment->tcp_rcvd.dst),
		 &segment->tcp_rcvd.dst, &segment->tcp_rcvd.src);
	conn->first_ns = segment->sent_ns;
	return trace->n_conns++;
}

/* A server that has not answered this connection's SYN cannot have sent data or
 * FIN on it: those are from the socket of the connection before, still there.
 */
static unsigned int not_before_its_syn(const struct trace *trace, const struct segment *segment,
				       unsigned int conn)
{
	const struct conn *now = &trace->conns[conn], *before;

	if (segment->from_client || now->has_server_isn || !now->has_client_isn ||
	    now->earlier < 0 || !tcp_seq_len(&segment->tcp) ||
	    segment->tcp.flags & (TCP_SYN | TCP_RST))
		return conn;
	before = &trace->conns[now->earlier];
	return before->server == segment->from &&
	       endpoint_equal(&before->server_local, &segment->tcp.src) ?
	       (unsigned int)now->earlier : conn;
}

/* A client whose kernel speaks, but neither begins nor resets a connection, still has the socket of
 * before the SYN that was made up, unless that was let in.
 */
static unsigned int not_after_made_up(const struct trace *trace, const struct segment *segment, unsigned int conn)
{
	const struct conn *now = &trace->conns[conn], *before;

	if (segment->is_made_up || !segment->from_client || segment->tcp.flags & TCP_RST)
		return conn;
	for (; now->is_made_up && !now->has_server_isn && now->earlier >= 0; now = before) {
		before = &trace->conns[now->earlier];
		if (!endpoint_equal(&before->client_local, &segment->tcp.src) ||
		    !endpoint_equal(&before->client_remote, &segment->tcp.dst))
			break;
	}
	return (unsigned int)(now - trace->conns);
}

/* What was made in another's name and never arrived: who has the address that it was to go to? */
static struct place place_by_address(const struct segment *segment, const struct hashmap *table)
{
	int node = node_with(table, &segment->tcp_rcvd.dst);

	return place_of(table, key_of(node, &segment->tcp_rcvd.dst, &segment->tcp_rcvd.src));
}

static unsigned int conn_of(struct trace *trace, struct segment *segment,
			    const struct hashmap *table)
{
	struct place near = place_of(table, sender_key(segment));
	struct place far = place_of(table, receiver_key(segment));

	if (!near.known && !far.known && segment->rcvd_ns < 0)
		far = place_by_address(segment, table);

	if (segment->is_copy) {
		const struct segment *first = &trace->segments[segment->copy_of - 1];

		segment->from_client = first->from_client;
		return first->conn;
	}
	if (near.known && is_syn(segment) &&
	    begins_anew(&trace->conns[near.conn], segment, near.client))
		return conn_new(trace, segment, table);
	if (near.known) {
		segment->from_client = near.client;
		return not_before_its_syn(trace, segment, not_after_made_up(trace, segment, near.conn));
	}
	if (far.known && !is_syn(segment)) {
		segment->from_client = !far.client;
		return far.conn;
	}
	return conn_new(trace, segment, table);
}

/* ... but for one that a SYN took that was made up, and not let in. */
static bool takes_back(const struct trace *trace, const struct segment *segment, struct place place)
{
	return place.conn > segment->conn && segment->from_client && !segment->is_copy &&
	       not_after_made_up(trace, segment, place.conn) == segment->conn;
}

/* From now on both four-tuples mean this connection; an older packet that is
 * late does not take them back.
 */
static void tuples_set(const struct trace *trace, const struct segment *segment, struct hashmap *table)
{
	struct place near = place_of(table, sender_key(segment)), far;
	bool takes = is_syn(segment);

	if (!near.known || (takes && near.conn < segment->conn) || takes_back(trace, segment, near))
		place_set(table, sender_key(segment), segment->conn, segment->from_client);
	far = place_of(table, receiver_key(segment));
	if (!far.known || (takes && far.conn < segment->conn) || takes_back(trace, segment, far))
		place_set(table, receiver_key(segment), segment->conn, !segment->from_client);
}

static void isn_note(struct conn *conn, const struct segment *segment)
{
	if (!(segment->tcp.flags & TCP_SYN))
		return;
	if (segment->from_client && !conn->has_client_isn) {
		conn->has_client_isn = true;
		conn->client_isn = segment->tcp.seq;
	} else if (!segment->from_client && !conn->has_server_isn) {
		conn->has_server_isn = true;
		conn->server_isn = segment->tcp.seq;
	}
}

static void segment_join(struct trace *trace, struct segment *segment, struct hashmap *table)
{
	unsigned int number = conn_of(trace, segment, table);
	struct conn *conn = &trace->conns[number];

	segment->conn = number;
	tuples_set(trace, segment, table);
	isn_note(conn, segment);
	conn->n_segments++;
}

/* The first packet that an end sent or got says how it sees the connection. */
static void views_learn(const struct trace *trace, struct conn *conn)
{
	bool known[2] = { false };

	for (unsigned int i = 0; i < conn->n_segments; i++) {
		const struct segment *segment = &trace->segments[conn->segments[i]];
		bool client = segment->from_client;

		if (!known[client] && is_at_home(trace, segment)) {
			view_set(conn, client, segment->from, &segment->tcp.src, &segment->tcp.dst);
			known[client] = true;
		}
		if (!known[!client] && segment->rcvd_ns >= 0) {
			view_set(conn, !client, segment->to, &segment->tcp_rcvd.dst,
				 &segment->tcp_rcvd.src);
			known[!client] = true;
		}
	}
}

struct sender {			/* what an end's kernel has sent, or steps in its name */
	bool sent, acked, finished;
	bool agreed;			/* sent a SYN,ACK */
	uint32_t next;			/* sequence number after all it sent */
	uint32_t end;			/* ... after its FIN */
	uint32_t ack_seq, ack_ack;	/* its latest bare ACK */
	uint16_t ack_window;
};

/* After the other side's FIN a window means nothing, so it may differ. */
static bool same_ack(const struct tcp_view *tcp, const struct sender *sender,
		     const struct sender *other)
{
	return sender->acked && tcp->seq == sender->ack_seq && tcp->ack == sender->ack_ack &&
	       (tcp->window == sender->ack_window ||
		(other->finished && tcp->ack == other->end));
}

static void repeats_mark(struct segment *segment, struct sender *sender,
			 const struct sender *other)
{
	const struct tcp_view *tcp = &segment->tcp;
	uint32_t end = tcp->seq + tcp_seq_len(tcp);

	if (tcp_kind(tcp) == KIND_ACK) {
		segment->is_dup_ack = same_ack(tcp, sender, other);
		sender->acked = true;
		sender->ack_seq = tcp->seq;
		sender->ack_ack = tcp->ack;
		sender->ack_window = tcp->window;
	} else if (tcp_kind(tcp) != KIND_RST) {
		bool agrees = tcp_kind(tcp) == KIND_SYN_ACK;

		/* a first SYN,ACK after a SYN of the same side is none (RFC 9293, 3.5 figure 8) */
		segment->is_retransmission = sender->sent && tcp_after(sender->next, tcp->seq) &&
					     (!agrees || sender->agreed);
		sender->agreed |= agrees;
		if (!sender->sent || tcp_after(end, sender->next))
			sender->next = end;
		sender->sent = true;
	}
	if (tcp->flags & TCP_FIN) {
		sender->finished = true;
		sender->end = end;
	}
}

/* Which end made it? Where nobody saw, the one whose address it bears. */
static bool is_foreign(const struct segment *segment, const struct conn *conn)
{
	return segment->from >= 0 && segment->from != (segment->from_client ? conn->client : conn->server);
}

/* @ours and @theirs: what kernels sent. @made_up: what steps sent in the name of this end. What others
 * made in its name says nothing about it.
 */
static void repeats_find(struct segment *segment, struct sender *ours, const struct sender *theirs,
			 struct sender *made_up)
{
	if (segment->is_copy)
		return;
	if (segment->is_made_up) {
		repeats_mark(segment, made_up, theirs);
		segment->is_retransmission |= ours->sent && tcp_kind(&segment->tcp) != KIND_RST &&
					      tcp_seq_len(&segment->tcp) && tcp_after(ours->next, segment->tcp.seq);
	} else if (!segment->is_foreign) {
		repeats_mark(segment, ours, theirs);
	}
}

static void relative_set(struct segment *segment, const struct conn *conn)
{
	bool client = segment->from_client;

	if (client ? conn->has_client_isn : conn->has_server_isn)
		segment->rel_seq = segment->tcp.seq -
				   (client ? conn->client_isn : conn->server_isn);
	if (segment->tcp.flags & TCP_ACK && (client ? conn->has_server_isn : conn->has_client_isn))
		segment->rel_ack = segment->tcp.ack -
				   (client ? conn->server_isn : conn->client_isn);
}

static bool is_stray(const struct segment *segment, const struct conn *conn)
{
	bool client = segment->from_client;

	return segment->rcvd_ns >= 0 &&
	       !(endpoint_equal(&segment->tcp_rcvd.dst, client ? &conn->server_local : &conn->client_local) &&
		 endpoint_equal(&segment->tcp_rcvd.src, client ? &conn->server_remote : &conn->client_remote));
}

static void conn_finish(struct trace *trace, struct conn *conn)
{
	struct sender senders[2] = { 0 }, made_up[2] = { 0 };

	views_learn(trace, conn);
	conn->last_ns = conn->first_ns;
	for (unsigned int i = 0; i < conn->n_segments; i++) {
		struct segment *segment = &trace->segments[conn->segments[i]];
		bool client = segment->from_client;
		int64_t last = segment->rcvd_ns >= 0 ? segment->rcvd_ns : segment->sent_ns;

		if (segment->rcvd_ns < 0)
			segment->to = client ? conn->server : conn->client;
		segment->is_stray = is_stray(segment, conn);
		segment->is_foreign = is_foreign(segment, conn);
		repeats_find(segment, &senders[client], &senders[!client], &made_up[client]);
		relative_set(segment, conn);
		if (last > conn->last_ns)
			conn->last_ns = last;
	}
}

static void segments_list(struct trace *trace)
{
	unsigned int *pool = must_calloc(trace->n_segments, sizeof(*pool));

	trace->pools[1] = pool;
	for (unsigned int i = 0; i < trace->n_conns; i++) {
		trace->conns[i].segments = pool;
		pool += trace->conns[i].n_segments;
		trace->conns[i].n_segments = 0;
	}
	for (unsigned int i = 0; i < trace->n_segments; i++) {
		struct conn *conn = &trace->conns[trace->segments[i].conn];

		conn->segments[conn->n_segments++] = i;
	}
}

/* When did the client or server of @conn first send or get a packet of it? */
static int64_t first_meeting(const struct trace *trace, const struct conn *conn, bool client)
{
	int64_t first = INT64_MAX, at;

	for (unsigned int i = 0; i < conn->n_segments; i++) {
		const struct segment *segment = &trace->segments[conn->segments[i]];

		at = segment->from_client != client ? segment->rcvd_ns :
		     segment->from >= 0 && !segment->is_copy && !segment->is_foreign ? segment->sent_ns : -1;
		if (at >= 0 && at < first)
			first = at;
	}
	return first == INT64_MAX ? -1 : first;
}

struct meeting {		/* of a node and a connection */
	int64_t at_ns;
	unsigned int *number;	/* to be given */
	unsigned int conn;
	int node;
};

static int by_node_and_time(const void *one, const void *two)
{
	const struct meeting *a = one, *b = two;

	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	return a->conn < b->conn ? -1 : a->conn > b->conn;
}

static void conns_number(struct trace *trace)
{
	auto_free struct meeting *meetings = must_calloc(2 * (size_t)trace->n_conns, sizeof(*meetings));
	unsigned int n = 0, number = 0;

	for (unsigned int i = 0; i < trace->n_conns; i++) {
		struct conn *conn = &trace->conns[i];

		conn->at_client_ns = first_meeting(trace, conn, true);
		conn->at_server_ns = first_meeting(trace, conn, false);
		if (conn->at_client_ns >= 0)
			meetings[n++] = (struct meeting){ conn->at_client_ns, &conn->n_at_client,
							  i, conn->client };
		if (conn->at_server_ns >= 0)
			meetings[n++] = (struct meeting){ conn->at_server_ns, &conn->n_at_server,
							  i, conn->server };
	}
	qsort(meetings, n, sizeof(*meetings), by_node_and_time);
	for (unsigned int i = 0; i < n; i++) {
		number = i && meetings[i].node == meetings[i - 1].node ? number + 1 : 1;
		*meetings[i].number = number;
	}
}

void conn_follow(struct trace *trace)
{
	struct hashmap table = { 0 };

	addresses_learn(trace, &table);
	for (unsigned int i = 0; i < trace->n_segments; i++)
		segment_join(trace, &trace->segments[i], &table);
	segments_list(trace);
	for (unsigned int i = 0; i < trace->n_conns; i++)
		conn_finish(trace, &trace->conns[i]);
	conns_number(trace);
	hashmap_free(&table);
}

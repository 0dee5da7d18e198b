/* scene.c - what every picture of a run has to know about it */
#include "diagrams/scene.h"

#include "labs/plan/plan.h"

#include <inttypes.h>

const struct conn *scene_conn(const struct scene *scene, unsigned int i)
{
	return &scene->trace->conns[scene->conns[i]];
}

const struct socket_states *scene_socket(const struct scene *scene, int node, unsigned int conn)
{
	for (unsigned int i = 0; i < scene->n_sockets; i++) {
		const struct socket_states *sock = &scene->sockets[i];

		if (sock->node == node && sock->conn == (int)conn && sock->n_spans)
			return sock;
	}
	return NULL;
}

const char *scene_node(const struct scene *scene, int node)
{
	return node < 0 || (unsigned int)node >= scene->trace->n_nodes ? "?" : scene->trace->nodes[node];
}

const char *scene_state(const struct state_span *span)
{
	return span->state == STATE_NONE ? "unknown" : tcp_state_name(span->state);
}

const char *scene_nat_state(const struct state_span *span)
{
	return span->call;
}

int64_t scene_span_ns(const struct scene *scene, const struct state_span *span)
{
	return (span->to_ns < 0 ? scene->evidence->end_ns : span->to_ns) - span->from_ns;
}

char *scene_duration(int64_t ns, char *text)
{
	double s = (double)ns / NS_PER_S;

	if (ns < NS_PER_MS)
		snprintf(text, 32, "%lld µs", (long long)ns / NS_PER_US);
	else if (s < 0.09995)
		snprintf(text, 32, "%.1f ms", s * 1000);
	else if (s < 1)
		snprintf(text, 32, "%.0f ms", s * 1000);
	else
		snprintf(text, 32, s < 10 ? "%.2f s" : "%.1f s", s);
	return text;
}

static bool is_first_syn(const struct tcp_view *tcp)
{
	return (tcp->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

bool scene_syn_silent(const struct scene *scene, const struct conn *conn, unsigned int k)
{
	const struct segment *segments = scene->trace->segments, *syn = &segments[conn->segments[k]];

	if (!is_first_syn(&syn->tcp) || syn->rcvd_ns < 0 || syn->icmp)
		return false;
	for (unsigned int i = k + 1; i < conn->n_segments; i++) {
		const struct segment *next = &segments[conn->segments[i]];

		if (next->from_client != syn->from_client)
			return false;
		if (is_first_syn(&next->tcp))
			return true;
	}
	return true;
}

const char *scene_kind(const struct tcp_view *tcp)
{
	if (tcp->flags & TCP_RST)
		return "RST";
	if (tcp->flags & TCP_SYN)
		return tcp->flags & TCP_ACK ? "SYN,ACK" : "SYN";
	if (tcp->flags & TCP_FIN)
		return "FIN";
	return tcp->payload_len ? "DATA" : "ACK";
}

/* What a node does to the packets that pass, by comparing two sightings. */
static void learn_part(struct scene *scene, int node, const struct trace_frame *a, const struct trace_frame *b)
{
	struct tcp_view in, out;

	if (!tcp_read(a->data, a->len, &in) || !tcp_read(b->data, b->len, &out))
		return;
	if (!endpoint_equal(&in.src, &out.src) || !endpoint_equal(&in.dst, &out.dst))
		scene->parts[node] = PART_NAT;
	else if (in.ttl != out.ttl && scene->parts[node] == PART_WIRE)
		scene->parts[node] = PART_ROUTER;
}

/* Ranks grow from the clients to the servers: each packet's sightings say who
 * comes after whom. Bounded, should the packets contradict each other.
 */
static bool raise_rank(unsigned int *rank, int before, int after, unsigned int most)
{
	if (before < 0 || after < 0 || before == after)
		return false;
	if (rank[after] > rank[before] || rank[before] >= most)
		return false;
	rank[after] = rank[before] + 1;
	return true;
}

/* Which connections go the other way than the first one between their two ends: on the page, too,
 * each host has one side. To be freed.
 */
static bool *turned_round(const struct trace *trace)
{
	bool *turned = must_calloc(trace->n_conns + 1, sizeof(*turned));

	for (unsigned int i = 0; i < trace->n_conns; i++)
		for (unsigned int k = 0; k < i; k++) {
			const struct conn *a = &trace->conns[k], *b = &trace->conns[i];

			if (turned[k] || (a->client != b->server && a->client != b->client))
				continue;
			if (a->client == b->client && a->server == b->server)
				break;
			turned[i] = a->client == b->server && a->server == b->client;
			if (turned[i])
				break;
		}
	return turned;
}

/* @node_of: the node of each interface. */
static bool rank_segment(struct scene *scene, const struct segment *segment, const int *node_of,
			 const bool *turned, unsigned int *rank)
{
	const struct trace *trace = scene->trace;
	bool forth = segment->from_client != (segment->conn < trace->n_conns && turned[segment->conn]);
	bool moved = raise_rank(rank, forth ? segment->from : segment->to,
				forth ? segment->to : segment->from, trace->n_nodes);
	int before = -1;

	for (unsigned int i = 0; i < segment->n_sightings; i++) {
		const struct trace_frame *frame = &trace->frames[segment->sightings[i]];
		int node = node_of[frame->iface];

		if (node >= 0 && node == before)
			learn_part(scene, node, &trace->frames[segment->sightings[i - 1]], frame);
		moved |= raise_rank(rank, forth ? before : node, forth ? node : before, trace->n_nodes);
		before = node;
	}
	return moved;
}

static void find_path(struct scene *scene)
{
	const struct trace *trace = scene->trace;
	auto_free unsigned int *rank = must_calloc(trace->n_nodes, sizeof(*rank));
	auto_free int *node_of = must_calloc(trace->n_ifaces, sizeof(*node_of));
	auto_free bool *turned = turned_round(trace);
	bool moved = true;
	unsigned int n = 0;

	for (unsigned int i = 0; i < trace->n_nodes; i++)
		scene->parts[i] = PART_WIRE;
	for (unsigned int i = 0; i < trace->n_ifaces; i++) {
		node_of[i] = trace_node(trace, trace->ifaces[i].node);
		if (node_of[i] >= 0 && trace->ifaces[i].end)
			scene->parts[node_of[i]] = PART_END;
	}
	for (unsigned int pass = 0; moved && pass <= trace->n_nodes; pass++) {
		moved = false;
		for (unsigned int i = 0; i < trace->n_segments; i++)
			moved |= rank_segment(scene, &trace->segments[i], node_of, turned, rank);
	}
	for (unsigned int i = 0; i < trace->n_segments; i++) {	/* a wire makes nothing */
		int maker = trace->segments[i].from;

		if (maker >= 0 && scene->parts[maker] == PART_WIRE)
			scene->parts[maker] = PART_ROUTER;
	}
	for (unsigned int r = 0; r <= trace->n_nodes; r++)
		for (unsigned int i = 0; i < trace->n_nodes; i++)
			if (rank[i] == r)
				scene->path[n++] = i;
}

/* Did the server ever answer? What a picture of many must show is one of each. */
static bool was_answered(const struct trace *trace, const struct conn *conn)
{
	for (unsigned int i = 0; i < conn->n_segments; i++)
		if (!trace->segments[conn->segments[i]].from_client)
			return true;
	return false;
}

/* Was the SYN sent again before anything came of it? */
static bool had_to_wait(const struct trace *trace, const struct conn *conn)
{
	for (unsigned int i = 0; i < conn->n_segments; i++) {
		const struct segment *segment = &trace->segments[conn->segments[i]];

		if (!segment->from_client)
			return false;
		if (segment->is_retransmission)
			return true;
	}
	return true;
}

/* The first connection that has a later one on its four-tuple, and those. */
static void choose_heirs(struct scene *scene)
{
	const struct trace *trace = scene->trace;
	int first = -1, last = -1;

	for (unsigned int i = 0; i < trace->n_conns; i++)
		if (trace->conns[i].earlier >= 0 && (first < 0 || trace->conns[i].earlier < first))
			first = trace->conns[i].earlier;
	for (unsigned int i = 0; first >= 0 && i < trace->n_conns && scene->n_conns < SCENE_CONNS; i++)
		if ((int)i == first || (last >= 0 && trace->conns[i].earlier == last))
			scene->conns[scene->n_conns++] = (unsigned int)(last = (int)i);
}

/* host1 and host200 are of a kind, and so is each with itself. */
static bool same_kind(const char *a, const char *b)
{
	size_t len = strcspn(a, "0123456789");

	return len == strcspn(b, "0123456789") && !strncmp(a, b, len);
}

/* Is a connection of a client of this kind chosen, and, with @fates, of this fate? */
static bool is_chosen(const struct scene *scene, const struct conn *conn, bool fates)
{
	const struct trace *trace = scene->trace;

	for (unsigned int i = 0; i < scene->n_conns; i++) {
		const struct conn *other = scene_conn(scene, i);

		if (same_kind(scene_node(scene, other->client), scene_node(scene, conn->client)) &&
		    (!fates || (was_answered(trace, other) == was_answered(trace, conn) &&
				had_to_wait(trace, other) == had_to_wait(trace, conn))))
			return true;
	}
	return false;
}

static int by_number(const void *a, const void *b)
{
	const unsigned int *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* All if there are few. Else those on one four-tuple, one after the other: what
 * becomes of it is what such a run is about. Else the first one of each kind of client, and
 * then of each fate. In order of time.
 */
static void choose_conns(struct scene *scene)
{
	const struct trace *trace = scene->trace;

	if (trace->n_conns > SCENE_FEW)
		choose_heirs(scene);
	if (!scene->n_conns)
		for (int fates = 0; fates < 2; fates++)
			for (unsigned int i = 0; i < trace->n_conns && scene->n_conns < SCENE_CONNS; i++)
				if ((trace->n_conns <= SCENE_FEW && !fates) || !is_chosen(scene, &trace->conns[i], fates))
					scene->conns[scene->n_conns++] = i;
	qsort(scene->conns, scene->n_conns, sizeof(*scene->conns), by_number);
	scene->n_left_out = trace->n_conns - scene->n_conns;
}

/* How TCP calls what conntrack calls so. */
static enum tcp_state state_like(const char *state)
{
	if (!strcmp(state, "FIN_WAIT"))	/* either of the two */
		return STATE_FIN_WAIT2;
	if (!strcmp(state, "CLOSE"))	/* it is still there */
		return STATE_CLOSING;
	return tcp_state_named(state);
}

bool scene_through(const struct scene *scene, const struct segment *segment, int node,
		   struct tcp_view *in, struct tcp_view *out)
{
	const struct trace *trace = scene->trace;
	bool came = false;

	for (unsigned int i = 0; i < segment->n_sightings; i++) {
		const struct trace_frame *frame = &trace->frames[segment->sightings[i]];

		if (trace->ifaces[frame->iface].node_index != node)
			continue;
		if (frame->out)
			return came && tcp_read(frame->data, frame->len, out);
		came = tcp_read(frame->data, frame->len, in);
	}
	return false;
}

/* How @conn's segments from one side look where they come in at @node: what a NAT there knows the connection by. */
static void ends_at(const struct scene *scene, const struct conn *conn, int node, bool from_client,
		    struct endpoint *from, struct endpoint *to)
{
	*from = from_client ? conn->client_local : conn->server_local;
	*to = from_client ? conn->client_remote : conn->server_remote;
	for (unsigned int k = 0; k < conn->n_segments; k++) {
		const struct segment *segment = &scene->trace->segments[conn->segments[k]];
		struct tcp_view in, out;

		if (segment->from_client != from_client || !scene_through(scene, segment, node, &in, &out))
			continue;
		*from = in.src;
		*to = in.dst;
		return;
	}
}

/* Was the entry whose first row is @row made by connection @conn, and not by a later one on its four-tuple? */
static bool is_about(const struct scene *scene, const struct nat_row *row, unsigned int conn)
{
	const struct trace *trace = scene->trace;
	const struct conn *shown = &trace->conns[conn];
	int node = trace_node(trace, row->node);
	bool known = false;

	for (int side = 0; side < 2 && !known; side++) {	/* what comes from the server may make an entry, too */
		struct endpoint from, to;
		char from_text[64], to_text[64];

		ends_at(scene, shown, node, !side, &from, &to);
		known = !strcmp(row->from, endpoint_text(&from, from_text)) && !strcmp(row->to, endpoint_text(&to, to_text));
	}
	if (!known || row->at_ns < shown->first_ns)
		return false;
	for (unsigned int i = conn + 1; i < trace->n_conns; i++)
		if (endpoint_equal(&trace->conns[i].client_local, &shown->client_local) &&
		    endpoint_equal(&trace->conns[i].client_remote, &shown->client_remote))
			return row->at_ns < trace->conns[i].first_ns;
	return true;
}

static void read_nat_row(const struct nat_row *row, struct socket_states *sock)
{
	struct state_span *last = sock->n_spans ? &sock->spans[sock->n_spans - 1] : NULL;

	if (row->event == SEEN_REARM) {
		if (last)
			last->rearms++;
		return;
	}
	if (last && last->to_ns < 0)
		last->to_ns = row->at_ns;
	if (last && last->to_ns == last->from_ns)	/* told of and left within one look: too short to be drawn */
		sock->n_spans--;
	if (row->event == SEEN_GONE)
		return;
	*(struct state_span *)grow(&sock->spans, sock->n_spans++, sizeof(*sock->spans)) = (struct state_span){
		.state = state_like(row->state), .from_ns = row->at_ns, .to_ns = -1, .cause = -1, .call = row->state };
}

/* The row behind @row that tells of the same entry; NULL if there is none. */
static const struct nat_row *next_of(const struct evidence *evidence, const struct nat_row *row)
{
	for (const struct nat_row *next = row + 1; row->event != SEEN_GONE && next < evidence->nats + evidence->n_nats; next++)
		if (!strcmp(next->node, row->node) && !strcmp(next->from, row->from) && !strcmp(next->to, row->to) &&
		    !strcmp(next->as, row->as))
			return next->event == SEEN_NEW ? NULL : next;
	return NULL;
}

/* A life for each entry that a shown connection made in a NAT, or in each of several. */
static void read_nats(struct scene *scene)
{
	const struct evidence *evidence = scene->evidence;

	for (unsigned int r = 0; r < evidence->n_nats; r++) {
		const struct nat_row *row = &evidence->nats[r];
		struct socket_states sock = { .node = trace_node(scene->trace, row->node), .conn = -1 };

		for (unsigned int i = 0; i < scene->n_conns && sock.conn < 0 && row->event == SEEN_NEW; i++)
			if (is_about(scene, row, scene->conns[i]))
				sock.conn = (int)scene->conns[i];
		for (; row && sock.conn >= 0; row = next_of(evidence, row))
			read_nat_row(row, &sock);
		if (sock.n_spans)
			*(struct socket_states *)grow(&scene->nat_lives, scene->n_nat_lives++, sizeof(sock)) = sock;
		else
			free(sock.spans);
	}
}

static char *caption(const struct evidence *evidence, const struct plan *plan)
{
	const char *recycle = evidence->recycle ? evidence->recycle : "";
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();	/* only memory can lack, and then there is nothing to write into */
	fprintf(out, "%s", evidence->lab);
	if (evidence->variant && *evidence->variant)
		fprintf(out, " · %s", evidence->variant);
	for (unsigned int p = 0; plan && p < evidence->n_params; p++)
		if (!plan_is_usual(plan, evidence->params[p]))
			fprintf(out, " · %s", evidence->params[p]);
	fprintf(out, " · Linux %s", evidence->kernel);
	fprintf(out, " · %s", !strcmp(evidence->runner, "vm") ? "vm, virtual time" : evidence->runner);
	fprintf(out, " · seed %" PRIu64, evidence->seed);
	if (*recycle)
		fprintf(out, " · tcp_tw_recycle: %s", recycle);
	fclose(out);
	return text;
}

void scene_open(struct scene *scene, const struct evidence *evidence, const struct plan *plan,
		const struct socket_states *sockets, unsigned int n_sockets)
{
	const struct trace *trace = evidence->trace;

	*scene = (struct scene){ .evidence = evidence, .trace = trace, .sockets = sockets, .n_sockets = n_sockets };
	scene->path = must_calloc(trace->n_nodes, sizeof(*scene->path));
	scene->parts = must_calloc(trace->n_nodes, sizeof(*scene->parts));
	scene->caption = caption(evidence, plan);
	find_path(scene);
	choose_conns(scene);
	read_nats(scene);
}

void scene_close(struct scene *scene)
{
	for (unsigned int i = 0; i < scene->n_nat_lives; i++)
		free(scene->nat_lives[i].spans);
	free(scene->nat_lives);
	free(scene->path);
	free(scene->parts);
	free(scene->caption);
	*scene = (struct scene){ 0 };
}

/* sample.h - runs written by hand, for the tests of what draws runs
 *
 * Segments and stays are rows of a table, times are milliseconds.
 */
#ifndef TWLAB_TESTS_SAMPLE_H
#define TWLAB_TESTS_SAMPLE_H

#include "diagrams/scene.h"
#include <twlab/evidence.h>
#include <twlab/socket_states.h>

struct sample_segment {
	unsigned int conn;
	bool from_client;
	double sent_ms, rcvd_ms;	/* rcvd < 0: lost at .lost */
	uint8_t flags;
	uint32_t seq, ack, len;
	int lost;
	bool again;
	int maker;			/* node + 1 that made it in its sender's name; 0 = its sender */
	bool made_up;
};

struct sample_stay {
	int node, conn;
	enum tcp_state state;
	double from_ms, to_ms;		/* to < 0: still there at the end */
	int cause;			/* a row of the segments */
	bool sent;
	const char *call;		/* instead of a cause */
	unsigned int rearms;
	bool inferred;
};

struct sample_event {
	double at_ms;
	const char *kind, *node, *what;
};

struct sample {
	const char *lab, *recycle;
	const char *nodes[8];
	const char *ends;		/* by node: 'e' is an endpoint, others are not */
	int conns[12][2];		/* client and server node; { 0, 0 } ends */
	int earlier[12];			/* the connection before it on its four-tuple: 1, 2, ...; 0 = none */
	struct sample_segment segments[64];
	struct sample_stay spans[64];	/* of one life together, in order */
	struct sample_event events[8];
};

struct sampled {
	struct evidence evidence;
	struct trace trace;
	struct socket_states *sockets;
	unsigned int n_sockets;
};

static inline int64_t sample_ns(double ms)
{
	return ms < 0 ? -1 : (int64_t)(ms * NS_PER_MS);
}

static inline void sample_endpoint(struct endpoint *end, int node, unsigned int port)
{
	char text[64];

	snprintf(text, sizeof(text), "10.0.0.%d:%u", node + 1, port);
	endpoint_parse(text, end);
}

static inline void sample_conns(const struct sample *sample, struct trace *trace)
{
	while (sample->conns[trace->n_conns][1]) {
		unsigned int i = trace->n_conns++;
		struct conn *conn;

		trace->conns = must_realloc(trace->conns, i + 1, sizeof(*trace->conns));
		conn = &trace->conns[i];
		*conn = (struct conn){ .client = sample->conns[i][0], .server = sample->conns[i][1],
					.earlier = sample->earlier[i] - 1 };
		sample_endpoint(&conn->client_local, conn->client, 40000 + i);
		sample_endpoint(&conn->server_local, conn->server, 80);
		conn->client_remote = conn->server_local;
		conn->server_remote = conn->client_local;
	}
}

static inline void sample_segments(const struct sample *sample, struct trace *trace)
{
	for (const struct sample_segment *row = sample->segments; row->flags; row++) {
		struct conn *conn = &trace->conns[row->conn];
		unsigned int n = trace->n_segments++;
		struct segment *segment;

		trace->segments = must_realloc(trace->segments, n + 1, sizeof(*segment));
		segment = &trace->segments[n];
		*segment = (struct segment){
			.packet_id = n + 1, .conn = row->conn, .from_client = row->from_client,
			.from = row->from_client ? conn->client : conn->server,
			.to = row->rcvd_ms < 0 ? -1 : row->from_client ? conn->server : conn->client,
			.sent_ns = sample_ns(row->sent_ms), .rcvd_ns = sample_ns(row->rcvd_ms),
			.lost_node = row->rcvd_ms < 0 ? row->lost : -1,
			.rel_seq = row->seq, .rel_ack = row->ack, .is_retransmission = row->again,
			.is_made_up = row->made_up,
		};
		if (row->maker) {
			segment->from = row->maker - 1;
			segment->is_foreign = true;
		}
		segment->tcp.flags = row->flags;
		segment->tcp.payload_len = row->len;
		conn->segments = must_realloc(conn->segments, conn->n_segments + 1, sizeof(*conn->segments));
		conn->segments[conn->n_segments++] = n;
	}
}

static inline void sample_lives(const struct sample *sample, struct sampled *sampled)
{
	for (const struct sample_stay *row = sample->spans; row->state || row->to_ms; row++) {
		struct socket_states *sock = sampled->n_sockets ? &sampled->sockets[sampled->n_sockets - 1] : NULL;

		if (!sock || sock->node != row->node || sock->conn != row->conn) {
			sampled->sockets = must_realloc(sampled->sockets, sampled->n_sockets + 1, sizeof(*sock));
			sock = &sampled->sockets[sampled->n_sockets++];
			*sock = (struct socket_states){ .node = row->node, .conn = row->conn };
		}
		sock->spans = must_realloc(sock->spans, sock->n_spans + 1, sizeof(*sock->spans));
		sock->spans[sock->n_spans++] = (struct state_span){
			row->state, sample_ns(row->from_ms), sample_ns(row->to_ms), row->inferred,
			row->call ? -1 : row->cause, row->sent, row->call, -1, row->rearms, 1 };
	}
}

static inline void sample_events(const struct sample *sample, struct evidence *evidence)
{
	while (sample->events[evidence->n_events].kind)
		evidence->n_events++;
	evidence->events = must_calloc(evidence->n_events, sizeof(*evidence->events));
	for (unsigned int i = 0; i < evidence->n_events; i++) {
		const struct sample_event *row = &sample->events[i];

		evidence->events[i] = (struct event_row){ sample_ns(row->at_ms), (char *)row->kind,
							  (char *)row->node, (char *)row->what, NULL, i + 1 };
	}
}

static inline void sample_make(const struct sample *sample, struct sampled *sampled)
{
	static char variant[] = "sample", kernel[] = "6.1.0-test", runner[] = "vm";
	struct trace *trace = &sampled->trace;

	*sampled = (struct sampled){ .evidence = {
		.lab = (char *)sample->lab, .variant = variant, .kernel = kernel, .runner = runner,
		.recycle = (char *)(sample->recycle ? sample->recycle : ""), .seed = 1, .end_ns = 70 * NS_PER_S } };
	sampled->evidence.trace = trace;
	while (sample->nodes[trace->n_nodes])
		trace->n_nodes++;
	trace->nodes = must_calloc(trace->n_nodes, sizeof(char *));
	trace->ifaces = must_calloc(trace->n_nodes, sizeof(*trace->ifaces));
	for (unsigned int i = 0; i < trace->n_nodes; i++) {
		trace->nodes[i] = (char *)sample->nodes[i];
		trace->ifaces[trace->n_ifaces++] = (struct trace_iface){
			(char *)sample->nodes[i], NULL, sample->ends[i] == 'e' };
	}
	sample_conns(sample, trace);
	sample_segments(sample, trace);
	sample_lives(sample, sampled);
	sample_events(sample, &sampled->evidence);
}

static inline void sample_free(struct sampled *sampled)
{
	for (unsigned int i = 0; i < sampled->n_sockets; i++)
		free(sampled->sockets[i].spans);
	for (unsigned int i = 0; i < sampled->trace.n_conns; i++)
		free(sampled->trace.conns[i].segments);
	free(sampled->sockets);
	free(sampled->trace.conns);
	free(sampled->trace.segments);
	free(sampled->trace.nodes);
	free(sampled->trace.ifaces);
	free(sampled->evidence.events);
}

/* What @draw makes of @sample; to be freed. */
static inline char *sample_drawn(const struct sample *sample, char *(*draw)(const struct scene *scene))
{
	struct sampled sampled;
	struct scene scene;
	char *text;

	sample_make(sample, &sampled);
	scene_open(&scene, &sampled.evidence, NULL, sampled.sockets, sampled.n_sockets);
	text = draw(&scene);
	scene_close(&scene);
	sample_free(&sampled);
	return text;
}

#define S TCP_SYN
#define SA (TCP_SYN | TCP_ACK)
#define A TCP_ACK
#define PA (TCP_PSH | TCP_ACK)
#define FA (TCP_FIN | TCP_ACK)
#define RA (TCP_RST | TCP_ACK)

/* The client closes first; its last ACK is lost on the wire, once. */
static const struct sample sample_loss __attribute__((unused)) = {
	.lab = "03-final-ack-loss",
	.nodes = { "client", "wire", "server" }, .ends = "ewe", .conns = { { 0, 2 } },
	.segments = {
		{ 0, true, 0, 10, S, 0, 0 },
		{ 0, false, 10.02, 20, SA, 0, 1 },
		{ 0, true, 20.03, 30, A, 1, 1 },
		{ 0, true, 21, 31, PA, 1, 1, 9 },
		{ 0, false, 31.02, 41, A, 1, 10 },
		{ 0, false, 32, 42, PA, 1, 10, 6 },
		{ 0, true, 42.02, 52, A, 10, 7 },
		{ 0, true, 60, 70, FA, 10, 7 },
		{ 0, false, 70.02, 80, A, 7, 11 },
		{ 0, false, 90, 100, FA, 7, 11 },
		{ 0, true, 100.02, -1, A, 11, 8, .lost = 1 },
		{ 0, false, 310, 320, FA, 7, 11, .again = true },
		{ 0, true, 320.02, 330, A, 11, 8 },
		{ 0 }
	},
	.spans = {
		{ 0, 0, STATE_SYN_SENT, 0, 20, 0, true },
		{ 0, 0, STATE_ESTABLISHED, 20, 60, 1 },
		{ 0, 0, STATE_FIN_WAIT1, 60, 80, 7, true },
		{ 0, 0, STATE_FIN_WAIT2, 80, 100, 8 },
		{ 0, 0, STATE_TIME_WAIT, 100, 61300, 9, .rearms = 1 },
		{ 0, 0, STATE_CLOSE, 61300, -1, -1, .call = "timeout" },
		{ 2, 0, STATE_SYN_RECV, 10, 30, 0, .inferred = true },
		{ 2, 0, STATE_ESTABLISHED, 30, 70, 2 },
		{ 2, 0, STATE_CLOSE_WAIT, 70, 90, 7 },
		{ 2, 0, STATE_LAST_ACK, 90, 330, 9, true },
		{ 2, 0, STATE_CLOSE, 330, -1, 12 },
		{ 0 }
	},
	.events = { { 85, "netem", "wire", "loss 100% toward server" },
		    { 200, "netem", "wire", "delay 10ms" }, { 0 } },
};

/* Both close at once. */
static const struct sample sample_both __attribute__((unused)) = {
	.lab = "01-four-way-close",
	.nodes = { "client", "wire", "server" }, .ends = "ewe", .conns = { { 0, 2 } },
	.segments = {
		{ 0, true, 0, 10, S, 0, 0 },
		{ 0, false, 10.02, 20, SA, 0, 1 },
		{ 0, true, 20.03, 30, A, 1, 1 },
		{ 0, true, 60, 70, FA, 1, 1 },
		{ 0, false, 60.4, 70.4, FA, 1, 1 },
		{ 0, false, 70.02, 80, A, 2, 2 },
		{ 0, true, 70.42, 80.4, A, 2, 2 },
		{ 0 }
	},
	.spans = {
		{ 0, 0, STATE_SYN_SENT, 0, 20, 0, true },
		{ 0, 0, STATE_ESTABLISHED, 20, 60, 1 },
		{ 0, 0, STATE_FIN_WAIT1, 60, 70.4, 3, true },
		{ 0, 0, STATE_CLOSING, 70.4, 80, 4 },
		{ 0, 0, STATE_TIME_WAIT, 80, 61300, 5 },
		{ 0, 0, STATE_CLOSE, 61300, -1, -1, .call = "timeout" },
		{ 2, 0, STATE_SYN_RECV, 10, 30, 0, .inferred = true },
		{ 2, 0, STATE_ESTABLISHED, 30, 60.4, 2 },
		{ 2, 0, STATE_FIN_WAIT1, 60.4, 70, 4, true },
		{ 2, 0, STATE_CLOSING, 70, 80.4, 3 },
		{ 2, 0, STATE_TIME_WAIT, 80.4, 62000, 6 },
		{ 2, 0, STATE_CLOSE, 62000, -1, -1, .call = "timeout" },
		{ 0 }
	},
};

/* Two hosts behind a NAT; the second's SYNs get no answer, then a reset. */
static const struct sample sample_nat __attribute__((unused)) = {
	.lab = "06-tw-recycle-nat", .recycle = "emulated",
	.nodes = { "host1", "host2", "nat", "server" }, .ends = "eene", .conns = { { 0, 3 }, { 1, 3 } },
	.segments = {
		{ 0, true, 0, 1, S, 0, 0 },
		{ 0, false, 1.02, 2, SA, 0, 1 },
		{ 0, true, 2.03, 3, A, 1, 1 },
		{ 0, false, 4, 5, FA, 1, 1 },
		{ 0, true, 5.02, 6, FA, 1, 2 },
		{ 0, false, 6.02, 7, A, 2, 2 },
		{ 1, true, 900, 901, S, 0, 0 },
		{ 1, true, 1900, 1901, S, 0, 0, .again = true },
		{ 1, true, 61900, 61901, S, 0, 0, .again = true },
		{ 1, false, 61901.1, 61902, RA, 0, 1 },
		{ 0 }
	},
	.spans = {
		{ 0, 0, STATE_SYN_SENT, 0, 2, 0, true },
		{ 0, 0, STATE_ESTABLISHED, 2, 5, 1 },
		{ 0, 0, STATE_LAST_ACK, 5, 7, 4, true },
		{ 0, 0, STATE_CLOSE, 7, -1, 5 },
		{ 1, 1, STATE_SYN_SENT, 900, 61902, 6, true },
		{ 1, 1, STATE_CLOSE, 61902, -1, 9 },
		{ 3, 0, STATE_SYN_RECV, 1, 3, 0 },
		{ 3, 0, STATE_ESTABLISHED, 3, 4, 2 },
		{ 3, 0, STATE_FIN_WAIT1, 4, 6, 3, true },
		{ 3, 0, STATE_TIME_WAIT, 6, 712, 4 },
		{ 3, 0, STATE_CLOSE, 712, -1, -1, .call = "SOCK_DESTROY" },
		{ 0 }
	},
};

/* A NAT resets the client in the server's name; a step has made a FIN up, and nobody looked at the server. */
static const struct sample sample_foreign __attribute__((unused)) = {
	.lab = "foreign", .nodes = { "client", "nat", "server" }, .ends = "e-e", .conns = { { 0, 2 } },
	.segments = {
		{ 0, true, 0, 10, S, 0, 0 },
		{ 0, false, 10.02, 20, SA, 0, 1 },
		{ 0, true, 20.03, 30, A, 1, 1 },
		{ 0, true, 60, 70, FA, 1, 1, .made_up = true },
		{ 0, true, 90, -1, PA, 1, 1, 9, .lost = 1 },
		{ 0, false, 90.02, 91, RA, 1, 10, .maker = 2 },
		{ 0 }
	},
	.spans = {
		{ 0, 0, STATE_SYN_SENT, 0, 20, 0, true },
		{ 0, 0, STATE_ESTABLISHED, 20, 91, 1 },
		{ 0, 0, STATE_CLOSE, 91, -1, 5 },
		{ 2, 0, STATE_NONE, 10, 70, -1 },
		{ 0 }
	},
};

#undef S
#undef SA
#undef A
#undef PA
#undef FA
#undef RA

#endif

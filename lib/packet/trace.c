/* trace.c - what was captured, and looking it up */
#include <twlab/trace.h>

struct trace *trace_new(void)
{
	return must_calloc(1, sizeof(struct trace));
}

int trace_node(const struct trace *trace, const char *name)
{
	for (unsigned int i = 0; i < trace->n_nodes; i++)
		if (!strcmp(trace->nodes[i], name))
			return (int)i;
	return -1;
}

unsigned int trace_add_iface(struct trace *trace, const char *node, const char *dev, bool end)
{
	struct trace_iface *iface = grow(&trace->ifaces, trace->n_ifaces, sizeof(*iface));

	iface->node = must_strdup(node);
	iface->dev = must_strdup(dev);
	iface->end = end;
	iface->node_index = trace_node(trace, node);
	if (iface->node_index < 0) {
		*(char **)grow(&trace->nodes, trace->n_nodes, sizeof(char *)) = must_strdup(node);
		iface->node_index = (int)trace->n_nodes++;
	}
	return trace->n_ifaces++;
}

void trace_add_frame(struct trace *trace, unsigned int iface, int64_t at_ns, bool out,
		     const void *data, uint32_t len)
{
	struct trace_frame *frame = grow(&trace->frames, trace->n_frames, sizeof(*frame));

	assert(iface < trace->n_ifaces);
	frame->iface = iface;
	frame->at_ns = at_ns;
	frame->out = out;
	frame->len = len;
	frame->data = must_calloc(1, len);
	if (len)
		memcpy(frame->data, data, len);
	trace->n_frames++;
}

void trace_add_send(struct trace *trace, int64_t at_ns, const char *node, const char *what)
{
	struct trace_send *send = grow(&trace->sends, trace->n_sends++, sizeof(*send));

	*send = (struct trace_send){ at_ns, must_strdup(node), must_strdup(what) };
}

int trace_answer(const struct trace *trace, const struct conn *conn, unsigned int i)
{
	const struct segment *asked = &trace->segments[conn->segments[i]];
	enum tcp_kind kind = tcp_kind(&asked->tcp);
	int64_t until_ns = INT64_MAX;

	if (asked->rcvd_ns < 0)
		return -1;
	for (unsigned int k = i + 1; k < conn->n_segments; k++) {
		const struct segment *segment = &trace->segments[conn->segments[k]];

		if (segment->sent_ns > until_ns)
			break;
		if (segment->from_client != asked->from_client) {
			if (segment->sent_ns >= asked->rcvd_ns && !segment->is_copy &&
			    !segment->is_foreign && !segment->is_made_up)
				return (int)k;
		} else if (tcp_kind(&segment->tcp) == kind && !segment->is_copy &&
			   segment->rcvd_ns >= 0 && segment->rcvd_ns < until_ns) {
			until_ns = segment->rcvd_ns;
		}
	}
	return -1;
}

void trace_free(struct trace *trace)
{
	if (!trace)
		return;
	for (unsigned int i = 0; i < trace->n_ifaces; i++) {
		free(trace->ifaces[i].node);
		free(trace->ifaces[i].dev);
	}
	for (unsigned int i = 0; i < trace->n_nodes; i++)
		free(trace->nodes[i]);
	for (unsigned int i = 0; i < trace->n_frames; i++) {
		free(trace->frames[i].data);
		free(trace->frames[i].comment);
	}
	for (unsigned int i = 0; i < trace->n_segments; i++)
		free(trace->segments[i].note);
	for (unsigned int i = 0; i < trace->n_icmps; i++)
		free(trace->icmps[i].way.sightings);
	for (unsigned int i = 0; i < trace->n_sends; i++) {
		free(trace->sends[i].node);
		free(trace->sends[i].what);
	}
	for (size_t i = 0; i < ARRAY_SIZE(trace->pools); i++)
		free(trace->pools[i]);
	free(trace->ifaces);
	free(trace->nodes);
	free(trace->frames);
	free(trace->sends);
	free(trace->segments);
	free(trace->conns);
	free(trace->icmps);
	free(trace);
}

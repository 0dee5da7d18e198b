/* trace.c - gather frames, then follow them
 *
 * Following is four steps, each reading what the one before it wrote: correlate.c (frames
 * to packets), made_up.c (which of them steps made), conn.c (packets to connections), notes.c (words).
 */
#include <twlab/trace.h>

#include <twlab/conn.h>
#include <twlab/made_up.h>
#include <twlab/notes.h>
#include <twlab/correlate.h>

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

struct by_time {
	int64_t at_ns;
	unsigned int order;	/* frames of one instant stay as they were added */
};

static int earlier(const void *one, const void *two)
{
	const struct by_time *a = one, *b = two;

	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static void frames_sort(struct trace *trace)
{
	auto_free struct by_time *order = must_calloc(trace->n_frames, sizeof(*order));
	struct trace_frame *sorted;

	for (unsigned int i = 0; i < trace->n_frames; i++)
		order[i] = (struct by_time){ trace->frames[i].at_ns, i };
	qsort(order, trace->n_frames, sizeof(*order), earlier);
	sorted = must_calloc(trace->n_frames, sizeof(*sorted));
	for (unsigned int i = 0; i < trace->n_frames; i++) {
		sorted[i] = trace->frames[order[i].order];
		if (!sorted[i].number)
			sorted[i].number = i + 1;
	}
	free(trace->frames);
	trace->frames = sorted;
}

void trace_follow(struct trace *trace)
{
	assert(!trace->segments);	/* once */
	frames_sort(trace);
	correlate_frames(trace);
	made_up_mark(trace);
	conn_follow(trace);
	notes_write(trace);
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
	free(trace);
}

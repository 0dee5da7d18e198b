/* made_up.c - which segments a step of the lab made up
 *
 * The record says when a step sent a segment, from where, and in which words. The segment is
 * the first such that left this node thereafter: sending is done before the next thing happens.
 */
#include <twlab/made_up.h>

#define SOON_NS (100 * NS_PER_MS)	/* it may pass a queue on its way out of the node (lib/recycle/tsoffset.h) */
#define CONTROLS (TCP_SYN | TCP_FIN | TCP_RST)

struct wanted {			/* what the words say of a segment */
	struct endpoint src, dst;
	uint8_t controls;	/* those of its flags that begin or end a connection */
	bool has_data;
};

/* Words that are not known here say nothing about which segment it is. */
static bool words_read(const char *what, struct wanted *wanted)
{
	static const struct { const char *name; uint8_t flag; } flags[] = {
		{ "SYN", TCP_SYN }, { "FIN", TCP_FIN }, { "RST", TCP_RST },
	};
	auto_free char *words = must_strdup(what);
	char *save = NULL, *word = strtok_r(words, " ", &save);

	*wanted = (struct wanted){ 0 };
	for (size_t i = 0; word && i < ARRAY_SIZE(flags); i++)
		if (strstr(word, flags[i].name))
			wanted->controls |= flags[i].flag;
	while (word && (word = strtok_r(NULL, " ", &save))) {
		if (!strncmp(word, "from=", 5) && !endpoint_parse(word + 5, &wanted->src))
			return false;
		if (!strncmp(word, "to=", 3) && !endpoint_parse(word + 3, &wanted->dst))
			return false;
		wanted->has_data |= !strncmp(word, "data=", 5) || !strncmp(word, "len=", 4);
	}
	return wanted->src.family && wanted->dst.family;
}

/* A NAT that sends may translate one of the two ends. */
static bool is_wanted(const struct tcp_view *tcp, const struct wanted *wanted)
{
	return (tcp->flags & CONTROLS) == wanted->controls && !!tcp->payload_len == wanted->has_data &&
	       (endpoint_equal(&tcp->src, &wanted->src) || endpoint_equal(&tcp->dst, &wanted->dst));
}

/* The first segment that was sent at @at_ns or later. */
static unsigned int first_since(const struct trace *trace, int64_t at_ns)
{
	unsigned int low = 0, high = trace->n_segments;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (trace->segments[mid].sent_ns < at_ns)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void send_mark(struct trace *trace, const struct trace_send *send)
{
	int node = trace_node(trace, send->node);
	struct wanted wanted;

	if (node < 0 || !words_read(send->what, &wanted))
		return;
	for (unsigned int i = first_since(trace, send->at_ns); i < trace->n_segments; i++) {
		struct segment *segment = &trace->segments[i];
		const struct trace_frame *first = &trace->frames[segment->sightings[0]];

		if (segment->sent_ns > send->at_ns + SOON_NS)
			return;
		if (segment->is_made_up || segment->is_copy || !first->out ||
		    trace->ifaces[first->iface].node_index != node || !is_wanted(&segment->tcp, &wanted))
			continue;
		segment->is_made_up = true;
		segment->from = node;
		return;
	}
}

void made_up_mark(struct trace *trace)
{
	for (unsigned int i = 0; i < trace->n_sends; i++)
		send_mark(trace, &trace->sends[i]);
	for (unsigned int i = 0; i < trace->n_segments; i++) {	/* ids are still places here */
		struct segment *segment = &trace->segments[i];

		if (segment->is_copy)
			segment->is_made_up = trace->segments[segment->copy_of - 1].is_made_up;
	}
}

/* trace_follow.c - from frames to connections
 *
 * Five steps, each reading what the one before it wrote: correlate.c (frames to packets),
 * made_up.c (which of them steps made), conn.c (packets to connections), icmp.c (errors
 * about them), notes.c (words).
 */
#include <twlab/trace_follow.h>

#include <twlab/conn.h>
#include <twlab/correlate.h>
#include <twlab/icmp.h>
#include <twlab/made_up.h>
#include <twlab/notes.h>

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
	icmp_follow(trace);
	notes_write(trace);
}

/* correlate.c - which sightings of a frame are one packet
 *
 * Each sighting is linked to the one before it on the packet's way:
 *
 *	coming in through X	<- going out through the device at the other end of X's cable
 *	going out of Y		<- coming in through another device of the same node (wire, router, NAT)
 *	going out of a host	<- nothing: it starts here
 *
 * Frames are put in groups by what no router or NAT changes. A packet usually
 * has a group to itself, and then the links are plain. Where the same bytes
 * were sent twice (SYN,ACK or RST again, with IP id 0 and no timestamps), the
 * sightings are told apart by time: a frame goes with the one that makes its
 * delay most like that of the undoubted packets around it on the same device.
 * Two frames linked to the same one are a packet and its copy (netem duplicate).
 * What a router or NAT changed more of (a rule that sets the MSS, or one that gives both
 * addresses another) is linked by its sequence numbers to what came in there a moment before.
 *
 * A packet without a frame before its first is made where it is seen: by a host, or by a
 * router or NAT. These answer, and so make nothing before something came in; a wire makes
 * nothing at all. There its maker is unknown: the record began when it was on its way.
 *
 * The work is linear in the number of frames, but for groups of many equal
 * packets, where at most SCAN candidates are looked at for each.
 */
#include <twlab/correlate.h>

#include <twlab/hashmap.h>

#define NONE UINT32_MAX
#define SCAN 256
#define JITTER_NS NS_PER_MS	/* how much delays may differ while no other packet explains them better */

struct sighting {
	uint64_t key;		/* of what stays the same along the whole way; 0 = no TCP */
	uint64_t cable;		/* of what stays the same from one node to the next */
	uint64_t src, dst;	/* hashes of the endpoints: a NAT leaves one of them alone */
	uint32_t next;		/* frame of the same group */
	uint32_t prev;		/* the sighting before, on the packet's way */
	uint32_t packet;	/* index of trace.segments */
	bool used;		/* another one's prev */
	bool plain;		/* linked without doubt: its delay says how long packets take here */
};

struct group {			/* first and last of its frames */
	uint32_t head, tail;
};

struct follow {
	struct trace *trace;
	struct sighting *sightings;	/* by frame */
	struct group *groups;		/* by their first frames */
	uint32_t n_groups;
	uint32_t *peer;			/* device at the other end of the cable, by device */
	uint32_t *plain, *plain_from;	/* frames with a plain link, by device; where a device's begin */
	uint32_t *came;			/* first frame that came in, by node */
	bool *wire;			/* passes packets on as they are, by node */
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15;
	return hash ^ (hash >> 29);
}

static uint64_t mix_bytes(uint64_t hash, const uint8_t *data, uint32_t len)
{
	uint64_t word;

	for (; len >= 8; len -= 8, data += 8) {
		memcpy(&word, data, 8);
		hash = mix(hash, word);
	}
	word = 0;
	if (len)
		memcpy(&word, data, len);
	return mix(hash, word);
}

static void sighting_read(struct sighting *s, const struct trace_frame *frame)
{
	struct tcp_view tcp;

	*s = (struct sighting){ .next = NONE, .prev = NONE, .packet = NONE };
	if (!tcp_read(frame->data, frame->len, &tcp))
		return;
	s->key = mix((uint64_t)tcp.seq << 32 | tcp.ack,
		     (uint64_t)tcp.window << 32 | (uint64_t)tcp.flags << 16 | tcp.ip_id);
	s->key = mix(s->key, (uint64_t)tcp.payload_len << 8 | tcp.options_len);
	s->key = mix_bytes(s->key, tcp.options, tcp.options_len);
	s->key = mix_bytes(s->key, tcp.payload, tcp.payload_len) | 1;
	s->src = endpoint_hash(&tcp.src, 1);
	s->dst = endpoint_hash(&tcp.dst, 1);
	s->cable = mix(mix(mix(s->key, s->src), s->dst), tcp.ttl);
}

/* Put frame @i into the group of its key. @numbers: of groups, from 1 on. */
static void group_add(struct follow *f, struct hashmap *numbers, uint32_t i)
{
	uint64_t *number = hashmap_put(numbers, f->sightings[i].key);
	struct group *group;

	if (!*number) {
		*(struct group *)grow(&f->groups, f->n_groups, sizeof(*group)) = (struct group){ i, i };
		*number = ++f->n_groups;
		return;
	}
	group = &f->groups[*number - 1];
	f->sightings[group->tail].next = i;
	group->tail = i;
}

static void groups_make(struct follow *f)
{
	struct hashmap numbers = { 0 };

	for (uint32_t i = 0; i < f->trace->n_frames; i++) {
		sighting_read(&f->sightings[i], &f->trace->frames[i]);
		if (f->sightings[i].key)
			group_add(f, &numbers, i);
	}
	hashmap_free(&numbers);
}

static int node_of(const struct follow *f, uint32_t i)
{
	return f->trace->ifaces[f->trace->frames[i].iface].node_index;
}

/* Could frame @i, seen coming in, be what went out as frame @before? */
static bool same_cable(const struct follow *f, uint32_t before, uint32_t i)
{
	return f->trace->frames[before].out && node_of(f, before) != node_of(f, i) &&
	       f->sightings[before].cable == f->sightings[i].cable;
}

static bool can_follow(const struct follow *f, uint32_t before, uint32_t i)
{
	const struct trace_frame *a = &f->trace->frames[before], *b = &f->trace->frames[i];
	const struct sighting *s = f->sightings;

	if (!b->out)
		return a->iface == f->peer[b->iface] && same_cable(f, before, i);
	return !a->out && a->iface != b->iface && node_of(f, before) == node_of(f, i) &&
	       !f->trace->ifaces[b->iface].end &&
	       (s[before].src == s[i].src || s[before].dst == s[i].dst);
}

/* Which devices are joined by a cable: a frame that comes in was, a moment
 * before, seen going out of the other end. Boyer and Moore's majority vote.
 */
static void peers_find(struct follow *f)
{
	auto_free uint32_t *votes = must_calloc(f->trace->n_ifaces, sizeof(*votes));
	/* the last few frames of the group that went out; older ones cannot be the latest */
	for (uint32_t g = 0; g < f->n_groups; g++) {
		uint32_t last[8], n = 0;

		for (uint32_t i = f->groups[g].head; i != NONE; i = f->sightings[i].next) {
			const struct trace_frame *frame = &f->trace->frames[i];

			if (frame->out) {
				last[n++ % ARRAY_SIZE(last)] = i;
				continue;
			}
			for (uint32_t k = n; k > 0 && k + ARRAY_SIZE(last) > n; k--) {
				uint32_t out = last[(k - 1) % ARRAY_SIZE(last)];
				uint32_t *peer = &f->peer[frame->iface];

				if (!same_cable(f, out, i))
					continue;
				if (!votes[frame->iface])
					*peer = f->trace->frames[out].iface;
				if (*peer == f->trace->frames[out].iface)
					votes[frame->iface]++;
				else
					votes[frame->iface]--;
				break;
			}
		}
	}
}

/* A group in which no device shows a frame twice is one packet. */
static bool is_plain(const struct follow *f, uint32_t head)
{
	const struct trace_frame *frames = f->trace->frames;
	uint32_t seen[64], n = 0;

	for (uint32_t i = head; i != NONE; i = f->sightings[i].next) {
		for (uint32_t k = 0; k < n; k++)
			if (frames[seen[k]].iface == frames[i].iface &&
			    frames[seen[k]].out == frames[i].out)
				return false;
		if (n == ARRAY_SIZE(seen))
			return false;
		seen[n++] = i;
	}
	return true;
}

static void link_to(struct follow *f, uint32_t i, uint32_t before)
{
	f->sightings[i].prev = before;
	f->sightings[before].used = true;
}

static void link_plain(struct follow *f, uint32_t head)
{
	uint32_t seen[64], n = 0, k;

	for (uint32_t i = head; i != NONE; i = f->sightings[i].next) {
		for (k = n; k > 0 && !can_follow(f, seen[k - 1], i); k--)
			;
		if (k) {
			link_to(f, i, seen[k - 1]);
			f->sightings[i].plain = true;
		}
		seen[n++] = i;
	}
}

/* List the frames with a plain link by device; they stay in order of time. */
static void plain_list(struct follow *f)
{
	unsigned int n_ifaces = f->trace->n_ifaces, n = f->trace->n_frames;
	auto_free uint32_t *end = must_calloc(n_ifaces + 1, sizeof(*end));

	f->plain_from = must_calloc(n_ifaces + 1, sizeof(*f->plain_from));
	f->plain = must_calloc(n, sizeof(*f->plain));
	for (uint32_t i = 0; i < n; i++)
		if (f->sightings[i].plain)
			f->plain_from[f->trace->frames[i].iface + 1]++;
	for (uint32_t k = 0; k < n_ifaces; k++)
		end[k + 1] = f->plain_from[k + 1] += f->plain_from[k];
	for (uint32_t i = 0; i < n; i++)
		if (f->sightings[i].plain)
			f->plain[end[f->trace->frames[i].iface]++] = i;
}

static int64_t delay_of(const struct follow *f, uint32_t before, uint32_t i)
{
	return f->trace->frames[i].at_ns - f->trace->frames[before].at_ns;
}

/* How long the packet took that passed where frame @i did, in the same
 * direction, at nearly the same time.
 */
static int64_t usual_delay(const struct follow *f, uint32_t i)
{
	const struct trace_frame *frame = &f->trace->frames[i];
	const uint32_t *all = f->plain + f->plain_from[frame->iface];
	uint32_t n = f->plain_from[frame->iface + 1] - f->plain_from[frame->iface];
	uint32_t low = 0, high = n, best = NONE;

	while (low < high) {	/* the first one after @i */
		uint32_t mid = low + (high - low) / 2;

		if (all[mid] < i)
			low = mid + 1;
		else
			high = mid;
	}
	for (uint32_t k = low; k > 0 && k + 8 > low && best == NONE; k--)
		if (f->trace->frames[all[k - 1]].out == frame->out)
			best = all[k - 1];
	for (uint32_t k = low; k < n && k < low + 8; k++)	/* of those after @i, the first is the nearest */
		if (f->trace->frames[all[k]].out == frame->out &&
		    (best == NONE || delay_of(f, i, all[k]) < delay_of(f, best, i)))
			best = all[k];
	return best == NONE ? 0 : delay_of(f, f->sightings[best].prev, best);
}

/* Which of the @n frames in @before (by time) is @i's sighting before? */
static uint32_t choose(const struct follow *f, const uint32_t *before, uint32_t n, uint32_t i)
{
	uint32_t best = NONE, best_free = NONE;
	int64_t best_off = 0, best_free_off = 0;
	int64_t usual = usual_delay(f, i);

	for (uint32_t k = n; k > 0 && k + SCAN > n; k--) {
		uint32_t one = before[k - 1];
		int64_t off;

		if (!can_follow(f, one, i))
			continue;
		off = llabs(delay_of(f, one, i) - usual);
		if (best == NONE || off < best_off) {
			best = one;
			best_off = off;
		}
		if (!f->sightings[one].used && (best_free == NONE || off < best_free_off)) {
			best_free = one;
			best_free_off = off;
		}
	}
	if (best_free == NONE || best_free_off > best_off + JITTER_NS)
		return best;
	/* a cable loses nothing and keeps the order: a copy does not overtake */
	for (uint32_t k = n < SCAN ? 0 : n - SCAN; k < n && !f->trace->frames[i].out; k++)
		if (!f->sightings[before[k]].used && can_follow(f, before[k], i) &&
		    llabs(delay_of(f, before[k], i) - usual) <= best_off + JITTER_NS)
			return before[k];
	return best_free;
}

static void link_equals(struct follow *f, uint32_t head)
{
	uint32_t *group = NULL, n = 0, before;

	for (uint32_t i = head; i != NONE; i = f->sightings[i].next) {
		before = choose(f, group, n, i);
		if (before != NONE)
			link_to(f, i, before);
		*(uint32_t *)grow(&group, n, sizeof(*group)) = i;
		n++;
	}
	free(group);
}

/* Could frame @i, which left a router, be what came in as frame @before, with other options? Where a NAT
 * changed both addresses (its own as the source, another target), all else has to be the same.
 */
static bool is_rewritten(const struct follow *f, uint32_t before, uint32_t i)
{
	const struct trace_frame *a = &f->trace->frames[before], *b = &f->trace->frames[i];
	struct tcp_view in, out;

	if (a->out || f->sightings[before].used || a->iface == b->iface || node_of(f, before) != node_of(f, i) ||
	    !tcp_read(a->data, a->len, &in) || !tcp_read(b->data, b->len, &out))
		return false;
	return in.seq == out.seq && in.ack == out.ack && in.flags == out.flags && in.ip_id == out.ip_id &&
	       in.payload_len == out.payload_len && in.ttl > out.ttl &&
	       (endpoint_equal(&in.src, &out.src) || endpoint_equal(&in.dst, &out.dst) ||
		f->sightings[before].key == f->sightings[i].key);
}

static void link_rewritten(struct follow *f)
{
	const struct trace_frame *frames = f->trace->frames;

	for (uint32_t i = 0; i < f->trace->n_frames; i++) {
		if (!f->sightings[i].key || f->sightings[i].prev != NONE || !frames[i].out ||
		    f->trace->ifaces[frames[i].iface].end)
			continue;
		for (uint32_t k = i; k > 0 && k + SCAN > i && frames[i].at_ns - frames[k - 1].at_ns < JITTER_NS; k--) {
			if (!f->sightings[k - 1].key || !is_rewritten(f, k - 1, i))
				continue;
			link_to(f, i, k - 1);
			break;
		}
	}
}

/* What each node does to the packets that pass, and since when it got any. */
static void nodes_learn(struct follow *f)
{
	const struct sighting *s = f->sightings;

	f->came = must_calloc(f->trace->n_nodes, sizeof(*f->came));
	f->wire = must_calloc(f->trace->n_nodes, sizeof(*f->wire));
	memset(f->came, 0xff, f->trace->n_nodes * sizeof(*f->came));
	for (uint32_t i = 0; i < f->trace->n_frames; i++) {
		int node = node_of(f, i);

		if (!s[i].key)
			continue;
		if (!f->trace->frames[i].out && f->came[node] == NONE)
			f->came[node] = i;
		if (f->trace->frames[i].out && s[i].prev != NONE && s[i].cable == s[s[i].prev].cable)
			f->wire[node] = true;
	}
}

/* The node that made the packet whose first frame is @origin; -1 = it is unknown. */
static int maker_of(const struct follow *f, uint32_t origin)
{
	const struct trace_frame *frame = &f->trace->frames[origin];
	int node = node_of(f, origin);

	if (!frame->out)
		return -1;
	return f->trace->ifaces[frame->iface].end || (!f->wire[node] && f->came[node] < origin) ? node : -1;
}

/* Number the packets by their first sighting. The first frame that follows
 * another is the same packet; a second one starts a copy.
 */
static uint32_t packets_number(struct follow *f)
{
	struct sighting *s = f->sightings;
	auto_free bool *passed_on = must_calloc(f->trace->n_frames, sizeof(*passed_on));
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->trace->n_frames; i++) {
		if (!s[i].key)
			continue;
		if (s[i].prev != NONE && !passed_on[s[i].prev]) {
			passed_on[s[i].prev] = true;
			s[i].packet = s[s[i].prev].packet;
		} else {
			s[i].packet = n++;
		}
		f->trace->frames[i].packet_id = s[i].packet + 1;
	}
	return n;
}

static void segment_read(const struct follow *f, struct segment *segment)
{
	const struct trace *trace = f->trace;
	uint32_t head = segment->sightings[0];
	uint32_t tail = segment->sightings[segment->n_sightings - 1];
	const struct trace_frame *first = &trace->frames[head], *last = &trace->frames[tail];
	uint32_t origin = head;

	tcp_read(first->data, first->len, &segment->tcp);
	tcp_read(last->data, last->len, &segment->tcp_rcvd);
	segment->packet_id = first->packet_id;
	segment->sent_ns = first->at_ns;
	if (f->sightings[head].prev != NONE) {
		segment->is_copy = true;
		segment->copy_of = trace->frames[f->sightings[head].prev].packet_id;
		while (f->sightings[origin].prev != NONE)
			origin = f->sightings[origin].prev;
	}
	segment->from = maker_of(f, origin);
	segment->to = segment->lost_node = -1;
	segment->rcvd_ns = -1;
	if (!last->out && trace->ifaces[last->iface].end) {
		segment->to = node_of(f, tail);
		segment->rcvd_ns = last->at_ns;
	} else {
		segment->lost_node = node_of(f, tail);
	}
}

int64_t *path_pace(const struct trace *trace)
{
	int64_t *pace = must_calloc(trace->n_ifaces * 2 + 1, sizeof(*pace));

	for (unsigned int k = 0; k < trace->n_segments; k++) {
		const struct segment *segment = &trace->segments[k];

		for (unsigned int i = 1; i < segment->n_sightings; i++) {
			const struct trace_frame *here = &trace->frames[segment->sightings[i - 1]];

			pace[here->iface * 2 + here->out] = trace->frames[segment->sightings[i]].at_ns - here->at_ns;
		}
	}
	return pace;
}

bool path_is_under_way(const struct trace *trace, const int64_t *pace, const struct trace_frame *last)
{
	return trace->end_ns && trace->end_ns - last->at_ns < pace[last->iface * 2 + last->out] + JITTER_NS;
}

static void under_way_mark(struct trace *trace)
{
	auto_free int64_t *pace = path_pace(trace);

	for (unsigned int k = 0; k < trace->n_segments; k++) {
		struct segment *segment = &trace->segments[k];

		segment->is_under_way = segment->lost_node >= 0 &&
			path_is_under_way(trace, pace, &trace->frames[segment->sightings[segment->n_sightings - 1]]);
	}
}

static void segments_make(struct follow *f, uint32_t n)
{
	struct trace *trace = f->trace;
	struct sighting *s = f->sightings;
	unsigned int *pool = must_calloc(trace->n_frames, sizeof(*pool));

	trace->pools[0] = pool;
	trace->segments = must_calloc(n, sizeof(*trace->segments));
	trace->n_segments = n;
	for (uint32_t i = 0; i < trace->n_frames; i++)
		if (s[i].key)
			trace->segments[s[i].packet].n_sightings++;
	for (uint32_t k = 0; k < n; k++) {
		trace->segments[k].sightings = pool;
		pool += trace->segments[k].n_sightings;
		trace->segments[k].n_sightings = 0;
	}
	for (uint32_t i = 0; i < trace->n_frames; i++) {
		struct segment *segment;

		if (!s[i].key)
			continue;
		segment = &trace->segments[s[i].packet];
		segment->sightings[segment->n_sightings++] = i;
	}
	for (uint32_t k = 0; k < n; k++)
		segment_read(f, &trace->segments[k]);
	under_way_mark(trace);
}

void correlate_frames(struct trace *trace)
{
	struct follow f = { .trace = trace };

	f.sightings = must_calloc(trace->n_frames, sizeof(*f.sightings));
	f.peer = must_calloc(trace->n_ifaces, sizeof(*f.peer));
	memset(f.peer, 0xff, trace->n_ifaces * sizeof(*f.peer));
	groups_make(&f);
	peers_find(&f);
	for (uint32_t g = 0; g < f.n_groups; g++)
		if (is_plain(&f, f.groups[g].head))
			link_plain(&f, f.groups[g].head);
	plain_list(&f);
	for (uint32_t g = 0; g < f.n_groups; g++)
		if (!is_plain(&f, f.groups[g].head))
			link_equals(&f, f.groups[g].head);
	link_rewritten(&f);
	nodes_learn(&f);
	segments_make(&f, packets_number(&f));
	free(f.sightings);
	free(f.came);
	free(f.wire);
	free(f.groups);
	free(f.peer);
	free(f.plain);
	free(f.plain_from);
}

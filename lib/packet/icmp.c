/* icmp.c - ICMP errors, and the segments that they are about
 *
 * One pass over the frames, by time: of each TCP segment's sightings the latest is
 * kept by what an ICMP error would quote of it, and the errors look there.
 */
#include <twlab/icmp.h>

#include <twlab/correlate.h>
#include <twlab/hashmap.h>
#include <twlab/ip.h>

#include <net/ethernet.h>

enum { V4_UNREACHABLE = 3, V4_QUENCH = 4, V4_REDIRECT = 5, V4_EXCEEDED = 11, V4_PARAMETER = 12 };
enum { V6_UNREACHABLE = 1, V6_TOO_BIG = 2, V6_EXCEEDED = 3, V6_PARAMETER = 4 };
enum { ANY_CODE = 256 };	/* what such a type is called, whatever its code; behind the codes that have a name */

/* https://www.iana.org/assignments/icmp-parameters and .../icmpv6-parameters */
static const struct {
	int family;
	unsigned int type, code;
	const char *name;
} names[] = {
	{ AF_INET, V4_UNREACHABLE, 0, "net unreachable" },
	{ AF_INET, V4_UNREACHABLE, 1, "host unreachable" },
	{ AF_INET, V4_UNREACHABLE, 2, "protocol unreachable" },
	{ AF_INET, V4_UNREACHABLE, 3, "port unreachable" },
	{ AF_INET, V4_UNREACHABLE, 4, "fragmentation needed" },
	{ AF_INET, V4_UNREACHABLE, 5, "source route failed" },
	{ AF_INET, V4_UNREACHABLE, 6, "net unknown" },
	{ AF_INET, V4_UNREACHABLE, 7, "host unknown" },
	{ AF_INET, V4_UNREACHABLE, 8, "source host isolated" },
	{ AF_INET, V4_UNREACHABLE, 9, "net prohibited" },
	{ AF_INET, V4_UNREACHABLE, 10, "host prohibited" },
	{ AF_INET, V4_UNREACHABLE, 11, "net unreachable for this type of service" },
	{ AF_INET, V4_UNREACHABLE, 12, "host unreachable for this type of service" },
	{ AF_INET, V4_UNREACHABLE, 13, "admin prohibited" },
	{ AF_INET, V4_UNREACHABLE, 14, "host precedence violation" },
	{ AF_INET, V4_UNREACHABLE, 15, "precedence cutoff" },
	{ AF_INET, V4_UNREACHABLE, ANY_CODE, "destination unreachable" },
	{ AF_INET, V4_QUENCH, ANY_CODE, "source quench" },
	{ AF_INET, V4_REDIRECT, ANY_CODE, "redirect" },
	{ AF_INET, V4_EXCEEDED, 1, "fragment reassembly time exceeded" },
	{ AF_INET, V4_EXCEEDED, ANY_CODE, "time to live exceeded" },
	{ AF_INET, V4_PARAMETER, ANY_CODE, "parameter problem" },
	{ AF_INET6, V6_UNREACHABLE, 0, "no route" },
	{ AF_INET6, V6_UNREACHABLE, 1, "admin prohibited" },
	{ AF_INET6, V6_UNREACHABLE, 2, "beyond scope of source address" },
	{ AF_INET6, V6_UNREACHABLE, 3, "address unreachable" },
	{ AF_INET6, V6_UNREACHABLE, 4, "port unreachable" },
	{ AF_INET6, V6_UNREACHABLE, 5, "source address failed policy" },
	{ AF_INET6, V6_UNREACHABLE, 6, "reject route" },
	{ AF_INET6, V6_UNREACHABLE, ANY_CODE, "destination unreachable" },
	{ AF_INET6, V6_TOO_BIG, ANY_CODE, "packet too big" },
	{ AF_INET6, V6_EXCEEDED, 1, "fragment reassembly time exceeded" },
	{ AF_INET6, V6_EXCEEDED, ANY_CODE, "hop limit exceeded" },
	{ AF_INET6, V6_PARAMETER, ANY_CODE, "parameter problem" },
};

const char *icmp_name(int family, uint8_t type, uint8_t code)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].family == family && names[i].type == type &&
		    (names[i].code == code || names[i].code == ANY_CODE))
			return names[i].name;
	return NULL;
}

/* --- one frame --- */

/* The segment that is quoted: 8 bytes of it are sure to be there (RFC 792), of its first fragment. */
static bool quote_read(struct rest *rest, int family, struct icmp_view *view)
{
	const uint8_t *tcp;
	struct ip_view ip;

	if (!ip_read(rest, &ip) || ip.family != family || ip.protocol != IPPROTO_TCP || ip.fragment & 0x1fff)
		return false;
	tcp = rest_take(rest, 8);
	if (!tcp)
		return false;
	view->quoted_src = ip.src;
	view->quoted_src.port = be16(tcp);
	view->quoted_dst = ip.dst;
	view->quoted_dst.port = be16(tcp + 2);
	view->quoted_seq = be32(tcp + 4);
	view->quoted_id = ip.id;
	return true;
}

bool icmp_read(const uint8_t *data, uint32_t len, struct icmp_view *view)
{
	struct rest rest = { data, len };
	uint16_t type = tcp_ether_type(&rest.at, &rest.len);
	bool six = type == ETHERTYPE_IPV6;
	const uint8_t *icmp;
	struct ip_view ip;

	if ((!six && type != ETHERTYPE_IP) || !ip_read(&rest, &ip) || (ip.family == AF_INET6) != six ||
	    ip.protocol != (six ? IPPROTO_ICMPV6 : IPPROTO_ICMP) || ip.fragment)
		return false;
	icmp = rest_take(&rest, 8);
	if (!icmp || !icmp_name(ip.family, icmp[0], icmp[1]))
		return false;
	*view = (struct icmp_view){ ip.family, icmp[0], icmp[1], ip.ttl, ip.src, ip.dst };
	return quote_read(&rest, ip.family, view);
}

/* --- all of them --- */

#define SCAN 256		/* so many errors under way are looked at for each sighting */

struct following {
	struct trace *trace;
	struct hashmap seen;		/* the latest sighting of each segment, by what would be quoted of it */
	struct icmp_view *views;	/* of each error's last sighting */
};

static bool is_icmp(const struct trace_frame *frame)
{
	struct icmp_view view;

	return icmp_read(frame->data, frame->len, &view);
}

static uint64_t quote_hash(const struct endpoint *src, const struct endpoint *dst, uint32_t seq, uint16_t id)
{
	return endpoint_hash(dst, endpoint_hash(src, (uint64_t)seq << 16 | id));
}

static bool is_quoted(const struct trace_frame *frame, const struct endpoint *src, const struct endpoint *dst,
		      uint32_t seq, uint16_t id)
{
	struct tcp_view tcp;

	return tcp_read(frame->data, frame->len, &tcp) && tcp.seq == seq && tcp.ip_id == id &&
	       endpoint_equal(&tcp.src, src) && endpoint_equal(&tcp.dst, dst);
}

static uint64_t seen_key(const struct following *f, const struct endpoint *src, const struct endpoint *dst,
			 uint32_t seq, uint16_t id)
{
	uint64_t key = quote_hash(src, dst, seq, id);
	const uint64_t *frame;

	while ((frame = hashmap_find(&f->seen, key)) && !is_quoted(&f->trace->frames[*frame], src, dst, seq, id))
		key = hashmap_next(key);
	return key;
}

/* Is @view, seen now in @frame, the error that was seen last in @last? */
static bool can_follow(const struct trace *trace, const struct icmp_error *error, const struct icmp_view *was,
		       const struct trace_frame *frame, const struct icmp_view *view)
{
	const struct trace_frame *last = &trace->frames[error->way.sightings[error->way.n_sightings - 1]];
	int from = trace->ifaces[last->iface].node_index, to = trace->ifaces[frame->iface].node_index;

	if (was->family != view->family || was->type != view->type || was->code != view->code ||
	    was->quoted_seq != view->quoted_seq || was->quoted_id != view->quoted_id)
		return false;
	if (!frame->out)	/* a cable changes nothing */
		return last->out && from != to && was->ttl == view->ttl && endpoint_equal(&was->dst, &view->dst) &&
		       endpoint_equal(&was->quoted_src, &view->quoted_src);
	return from == to && last->iface != frame->iface && !trace->ifaces[frame->iface].end;
}

/* The error that @frame is another sighting of. */
static struct icmp_error *error_of(const struct following *f, const struct trace_frame *frame,
				   const struct icmp_view *view)
{
	struct trace *trace = f->trace;

	for (unsigned int i = trace->n_icmps; i > 0 && i + SCAN > trace->n_icmps; i--)
		if (can_follow(trace, &trace->icmps[i - 1], &f->views[i - 1], frame, view))
			return &trace->icmps[i - 1];
	return NULL;
}

/* Did it come into this node before, and has left it once? */
static bool is_copy(const struct following *f, const struct trace_frame *frame, const struct icmp_view *view)
{
	const struct trace *trace = f->trace;

	for (unsigned int i = trace->n_icmps; frame->out && i > 0 && i + SCAN > trace->n_icmps; i--) {
		const struct icmp_error *error = &trace->icmps[i - 1];
		const struct icmp_view *was = &f->views[i - 1];

		for (unsigned int k = 0; k < error->way.n_sightings; k++) {
			const struct trace_frame *one = &trace->frames[error->way.sightings[k]];

			if (!one->out && was->type == view->type && was->quoted_seq == view->quoted_seq &&
			    was->quoted_id == view->quoted_id && one->iface != frame->iface &&
			    trace->ifaces[one->iface].node_index == trace->ifaces[frame->iface].node_index)
				return true;
		}
	}
	return false;
}

static struct icmp_error *error_new(struct following *f, const struct trace_frame *frame, const struct icmp_view *view)
{
	struct trace *trace = f->trace;
	bool copy = is_copy(f, frame, view);
	struct icmp_error *error = grow(&trace->icmps, trace->n_icmps, sizeof(*error));

	grow(&f->views, trace->n_icmps, sizeof(*f->views));
	trace->n_icmps++;
	*error = (struct icmp_error){
		.family = view->family, .type = view->type, .code = view->code, .segment = -1,
		.way = {
			.from = frame->out ? trace->ifaces[frame->iface].node_index : -1, .to = -1,
			.sent_ns = frame->at_ns, .rcvd_ns = -1, .lost_node = -1, .is_copy = copy,
			.tcp = { .src = view->src, .dst = view->dst },
		},
	};
	return error;
}

/* The segment that this error is about: as it was seen where the error is now. */
static void find_segment(const struct following *f, struct icmp_error *error, const struct icmp_view *view)
{
	const uint64_t *frame = hashmap_find(&f->seen, seen_key(f, &view->quoted_src, &view->quoted_dst,
								view->quoted_seq, view->quoted_id));

	if (error->segment < 0 && frame)
		error->segment = (int)f->trace->frames[*frame].packet_id - 1;
}

static void frame_take(struct following *f, uint32_t i)
{
	struct trace *trace = f->trace;
	struct trace_frame *frame = &trace->frames[i];
	struct icmp_error *error;
	struct icmp_view view;
	struct tcp_view tcp;

	if (frame->packet_id && tcp_read(frame->data, frame->len, &tcp))
		*hashmap_put(&f->seen, seen_key(f, &tcp.src, &tcp.dst, tcp.seq, tcp.ip_id)) = i;
	if (!icmp_read(frame->data, frame->len, &view))
		return;
	error = error_of(f, frame, &view);
	if (!error)
		error = error_new(f, frame, &view);
	f->views[error - trace->icmps] = view;
	*(unsigned int *)grow(&error->way.sightings, error->way.n_sightings, sizeof(unsigned int)) = i;
	error->way.n_sightings++;
	find_segment(f, error, &view);
}

/* It arrived if it was seen last coming into a host. */
static void way_end(const struct trace *trace, struct segment *way, const int64_t *pace)
{
	const struct trace_frame *last = &trace->frames[way->sightings[way->n_sightings - 1]];
	const struct trace_iface *iface = &trace->ifaces[last->iface];

	if (!last->out && iface->end) {
		way->to = iface->node_index;
		way->rcvd_ns = last->at_ns;
		return;
	}
	way->lost_node = iface->node_index;
	way->is_under_way = path_is_under_way(trace, pace, last);
}

static void error_finish(struct trace *trace, unsigned int i, const int64_t *pace)
{
	struct icmp_error *error = &trace->icmps[i];
	struct segment *about = &trace->segments[error->segment];
	const struct conn *conn = &trace->conns[about->conn];

	error->way.conn = about->conn;
	error->way.from_client = !about->from_client;
	way_end(trace, &error->way, pace);
	if (error->way.to < 0)
		error->way.to = about->from_client ? conn->client : conn->server;
	if (!about->icmp)
		about->icmp = i + 1;
	error->way.packet_id = trace->n_segments + i + 1;
	for (unsigned int k = 0; k < error->way.n_sightings; k++)
		trace->frames[error->way.sightings[k]].packet_id = error->way.packet_id;
}

char *icmp_text(const struct trace *trace, const struct icmp_error *error)
{
	return must_printf("ICMP %s from %s", icmp_name(error->family, error->type, error->code),
			   error->way.from < 0 ? "?" : trace->nodes[error->way.from]);
}

static void comment_write(struct trace *trace, const struct icmp_error *error)
{
	const struct segment *way = &error->way, *about = &trace->segments[error->segment];
	struct trace_frame *first = &trace->frames[way->sightings[0]];
	struct trace_frame *last = &trace->frames[way->sightings[way->n_sightings - 1]];
	auto_free char *text = icmp_text(trace, error);
	char flags[40], src[64], dst[64];

	first->comment = must_printf("%s%s (type %u, code %u), about %s %s > %s", text, way->is_copy ? ", a copy made on the way" : "",
				     error->type, error->code, tcp_flags_text(about->tcp.flags, flags),
				     endpoint_text(&about->tcp.src, src), endpoint_text(&about->tcp.dst, dst));
	if (way->rcvd_ns >= 0 || last == first)
		return;
	last->comment = must_printf("%s: %s", text, way->is_under_way ? "under way when the record ends" : "it never arrived");
}

/* Those about nothing on record go; the rest is finished. */
static void errors_finish(struct trace *trace)
{
	auto_free int64_t *pace = path_pace(trace);
	unsigned int left = 0;

	for (unsigned int i = 0; i < trace->n_icmps; i++) {
		if (trace->icmps[i].segment < 0)
			free(trace->icmps[i].way.sightings);
		else
			trace->icmps[left++] = trace->icmps[i];
	}
	trace->n_icmps = left;
	for (unsigned int i = 0; i < left; i++) {
		error_finish(trace, i, pace);
		comment_write(trace, &trace->icmps[i]);
	}
}

void icmp_follow(struct trace *trace)
{
	struct following f = { .trace = trace };
	unsigned int n = 0;

	for (unsigned int i = 0; i < trace->n_frames; i++)
		n += is_icmp(&trace->frames[i]);
	if (!n)
		return;
	for (uint32_t i = 0; i < trace->n_frames; i++)
		frame_take(&f, i);
	errors_finish(trace);
	hashmap_free(&f.seen);
	free(f.views);
}

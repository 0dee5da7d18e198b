/* timeline.c - the picture of how long everything took, to scale */
#include "diagrams/timeline.h"

#include "diagrams/plane.h"

enum { LEFT = 168, RIGHT = 940, TOP = 40, AXIS = 478, LEGEND = 506, BAND = 20, TICKS = 22 };
enum { ROW_BOTH = 30, ROW_SHAPES = 5, ROW_NAMED = 13, ROW_ADDRESS = 26, BAR_MOST = 60, MARK_ROOM = 8, LEGEND_MARK = 9 };
enum { WHOLE_WITH_ZOOM = 180, ZOOM_TOP = 246, ZOOM_CONNS = 2, ZOOM_TIMES = 4 };

#define REMEMBERED_NS (60 * NS_PER_S)	/* Linux 4.9, TCP_PAWS_MSL */

struct timeline {
	const struct scene *scene;
	const struct trace *trace;
	struct dot *dot;
	/* The panel that is being drawn: the whole run, or its beginning in close-up. */
	int64_t from_ns, to_ns;
	double top, axis;
	double row;		/* height of one */
	bool both;		/* room for both ends of a connection */
	bool dense;		/* no room even for shapes */
};

static double x_of(const struct timeline *timeline, int64_t at_ns)
{
	double part = (double)(at_ns - timeline->from_ns) / (double)(timeline->to_ns - timeline->from_ns);

	return LEFT + plane_max(0, plane_min(1, part)) * (RIGHT - LEFT);
}

static bool in_panel(const struct timeline *timeline, int64_t from_ns, int64_t to_ns)
{
	return from_ns <= timeline->to_ns && to_ns >= timeline->from_ns;
}

/* The time that is drawn: from the first segment to the last change. */
static void find_span(struct timeline *timeline)
{
	const struct scene *scene = timeline->scene;

	timeline->from_ns = timeline->trace->n_conns ? timeline->trace->conns[0].first_ns : 0;
	for (unsigned int i = 0; i < timeline->trace->n_segments; i++) {
		const struct segment *segment = &timeline->trace->segments[i];

		if (i == 0 || segment->sent_ns < timeline->from_ns)
			timeline->from_ns = segment->sent_ns;
		if (segment->sent_ns > timeline->to_ns)
			timeline->to_ns = segment->sent_ns;
	}
	for (unsigned int i = 0; i < scene->n_sockets; i++)
		for (unsigned int k = 0; scene->sockets[i].conn >= 0 && k < scene->sockets[i].n_spans; k++) {
			const struct state_span *span = &scene->sockets[i].spans[k];
			int64_t end = span->to_ns >= 0 ? span->to_ns : span->state == STATE_CLOSE
				    ? span->from_ns : scene->evidence->end_ns;

			if (end > timeline->to_ns)
				timeline->to_ns = end;
		}
	timeline->to_ns += (timeline->to_ns - timeline->from_ns) / 50 + NS_PER_MS;
}

static void draw_axis(struct timeline *timeline)
{
	static const double steps[] = { 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5,
					1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000 };
	const struct look *look = palette_look(LOOK_QUIET);
	const struct dot_line line = { look, .width = 0.6, .style = "dotted" };
	double span = (double)(timeline->to_ns - timeline->from_ns) / NS_PER_S;
	size_t s = 0;
	double step;

	while (s + 1 < ARRAY_SIZE(steps) && span / steps[s] > 13)
		s++;
	for (step = steps[s]; span / step > 13; )	/* a record may say that it took years */
		step *= 10;
	for (unsigned int i = 0; step * i <= span; i++) {
		double x = x_of(timeline, timeline->from_ns + (int64_t)(step * i * NS_PER_S));
		auto_free char *label = must_printf("%.4g", step * i);

		dot_line(timeline->dot, &line, (struct dot_point){ x, timeline->top },
			 (struct dot_point){ x, timeline->axis });
		dot_text(timeline->dot, &(struct dot_text){ x, timeline->axis + 10, .colour = look->text, .plain = label });
	}
	dot_text(timeline->dot, &(struct dot_text){ LEFT - 12, timeline->axis + 10, DOT_RIGHT, .colour = look->text,
						    .plain = "seconds" });
}

/* The moments at which the timer of @life's TIME_WAIT was set anew. */
static void draw_rearms(struct timeline *timeline, const struct socket_states *sock, double y, double height)
{
	const struct evidence *evidence = timeline->scene->evidence;
	const struct dot_line line = { palette_look(LOOK_PAGE), .width = 2 };

	for (unsigned int i = 0; i < evidence->n_states; i++) {
		const struct state_row *row = &evidence->states[i];
		double x = x_of(timeline, row->at_ns);

		if (row->event == SEEN_REARM && in_panel(timeline, row->at_ns, row->at_ns) && row->state == STATE_TIME_WAIT &&
		    !strcmp(row->node, scene_node(timeline->scene, sock->node)) &&
		    endpoint_equal(&row->local, &sock->local) && endpoint_equal(&row->remote, &sock->remote))
			dot_line(timeline->dot, &line, (struct dot_point){ x, y - height / 2 + 1 },
				 (struct dot_point){ x, y + height / 2 - 1 });
	}
}

/* Its name and how long, in one line or two, if there is room for them. */
static void draw_stay_words(struct timeline *timeline, const struct state_span *span, struct dot_point at,
			    double width, double height)
{
	const struct look *look = palette_state(span->state);
	bool waits = span->state == STATE_TIME_WAIT;
	char time[32];
	auto_free char *words = must_printf("%s  %s%s", scene_state(span), span->to_ns < 0 ? "over " : "",
					    scene_duration(scene_span_ns(timeline->scene, span), time));
	struct dot_text text = { at.x, at.y, .colour = look->text };

	if (height >= ROW_NAMED && dot_width(words, 12.5) < width) {
		*(waits ? &text.bold : &text.plain) = words;
		dot_text(timeline->dot, &text);
	} else if (height >= ROW_ADDRESS && dot_width(scene_state(span), 9.5) < width) {
		text.size = 10;
		text.y -= 7;
		text.plain = scene_state(span);
		dot_text(timeline->dot, &text);
		text.y += 14;
		text.plain = time;
		dot_text(timeline->dot, &text);
	} else if (height >= ROW_ADDRESS && waits) {	/* beside it: after the end there is nothing */
		bool right = at.x + width / 2 + 8 + dot_width(words, 12.5) < RIGHT;

		text = (struct dot_text){ at.x + (width / 2 + 8) * (right ? 1 : -1), at.y,
					  right ? DOT_LEFT : DOT_RIGHT, .back = "#ffffff", .bold = words };
		dot_text(timeline->dot, &text);
	}
}

static void draw_stay(struct timeline *timeline, const struct state_span *span, double y, double height)
{
	struct look look = *palette_state(span->state);
	double from = x_of(timeline, span->from_ns), width;
	int64_t ns = scene_span_ns(timeline->scene, span);

	if (!in_panel(timeline, span->from_ns, span->from_ns + ns))
		return;
	if (timeline->dense)
		look.width = 0;
	width = plane_max(1.2, x_of(timeline, span->from_ns + ns) - from);
	dot_box(timeline->dot, &(struct dot_box){ from + width / 2, y, width, height, .look = &look,
						  .style = span->inferred || span->state == STATE_NONE ? "dashed" : NULL });
	draw_stay_words(timeline, span, (struct dot_point){ from + width / 2, y }, width, height);
}

static void draw_life(struct timeline *timeline, const struct socket_states *sock, double y, double height)
{
	for (unsigned int i = 0; sock && i < sock->n_spans; i++)
		if (sock->spans[i].state != STATE_CLOSE && sock->spans[i].state != STATE_LISTEN)
			draw_stay(timeline, &sock->spans[i], y, height);
	if (sock)
		draw_rearms(timeline, sock, y, height);
}

static const struct mark {
	const char *words, *shape;
	const struct look look;
} marks[] = {
	{ "SYN, answered", "invtriangle", { "#1a1a1a", "#1a1a1a", "#1a1a1a", 1, "solid" } },
	{ "SYN, no answer", "invtriangle", { "#1a1a1a", "#ffffff", "#1a1a1a", 1.2, "solid" } },
	{ "sent again", "diamond", { "#1a1a1a", "#ffffff", "#1a1a1a", 1.2, "solid" } },
	{ "lost", NULL, { "#1a1a1a", "#0067a5", "#1a1a1a", 1, "solid" } },	/* else a cross, as in the ladder */
	{ "RST", "box", { "#a3195b", "#a3195b", "#1a1a1a", 1, "solid" } },
	{ "made by a node between", "box", { "#a3195b", "#ffffff", "#1a1a1a", 1.6, "solid" } },
	{ "made up by a step", "ellipse", { "#4a4420", "", "#1a1a1a", 1.2, "solid" } },	/* around its mark */
};
enum { MARK_ANSWERED, MARK_SILENT, MARK_AGAIN, MARK_LOST, MARK_RST, MARK_FOREIGN, MARK_MADE_UP, MARK_NONE };

static int mark_of(const struct timeline *timeline, const struct conn *conn, unsigned int k)
{
	const struct segment *segment = &timeline->trace->segments[conn->segments[k]];

	if (segment->is_foreign && !segment->is_made_up && segment->rcvd_ns >= 0)
		return MARK_FOREIGN;
	if (segment->tcp.flags & TCP_RST)
		return MARK_RST;
	if (segment->rcvd_ns < 0)
		return segment->is_under_way ? MARK_NONE : MARK_LOST;
	if (scene_kind(&segment->tcp)[0] == 'S' && !(segment->tcp.flags & TCP_ACK))
		return scene_syn_silent(timeline->scene, conn, k) ? MARK_SILENT : MARK_ANSWERED;
	return segment->is_retransmission ? MARK_AGAIN : MARK_NONE;
}

/* In rows too thin for shapes a mark is only dark or light. */
static void draw_mark(struct timeline *timeline, int mark, double x, double y, double size)
{
	struct look look = marks[mark].look;

	if (mark == MARK_LOST && !timeline->dense) {
		dot_cross(timeline->dot, x, y, size / 2);
		return;
	}
	if (timeline->dense) {
		look.width = size < LEGEND_MARK ? 0 : 0.6;
		look.fill = mark == MARK_SILENT ? palette_look(LOOK_QUIET)->line : look.fill;
	}
	dot_box(timeline->dot, &(struct dot_box){ x, y, size, size, timeline->dense ? NULL : marks[mark].shape, &look });
}

/* What neither end made stands between their rows, with its maker's name. */
static void draw_maker(struct timeline *timeline, const struct segment *segment, double x, double y)
{
	const char *name = scene_node(timeline->scene, segment->from);

	if (timeline->both)
		dot_text(timeline->dot, &(struct dot_text){ x + 8, y, DOT_LEFT, .size = 10, .back = "#ffffff", .plain = name });
}

static void draw_marks(struct timeline *timeline, const struct conn *conn, double client_y, double server_y)
{
	double size = plane_max(3, plane_min(10, timeline->row * (timeline->both ? 0.2 : 0.9)));
	double between = timeline->both ? client_y + MARK_ROOM + 1 : client_y;

	for (unsigned int k = 0; k < conn->n_segments; k++) {
		const struct segment *segment = &timeline->trace->segments[conn->segments[k]];
		int mark = mark_of(timeline, conn, k);

		double x = x_of(timeline, segment->sent_ns);
		double y = segment->is_foreign ? between : segment->from_client ? client_y : server_y;

		if (!in_panel(timeline, segment->sent_ns, segment->sent_ns))
			continue;
		if (mark != MARK_NONE)
			draw_mark(timeline, mark, x, y, size);
		if (segment->is_made_up && !timeline->dense)
			draw_mark(timeline, MARK_MADE_UP, x, y, size * 1.7);
		if (segment->is_foreign && !segment->is_copy)
			draw_maker(timeline, segment, x, y);
	}
}

static void draw_name(struct timeline *timeline, int node, const struct endpoint *end, double y, bool address)
{
	char text[64];

	dot_text(timeline->dot, &(struct dot_text){ LEFT - 12, y - (address ? 7 : 0), DOT_RIGHT, .size = 12,
						    .bold = scene_node(timeline->scene, node) });
	if (address)
		dot_text(timeline->dot, &(struct dot_text){ LEFT - 12, y + 7, DOT_RIGHT, .size = 10,
							    .colour = palette_look(LOOK_QUIET)->text,
							    .plain = endpoint_text(end, text) });
}

static void draw_row(struct timeline *timeline, unsigned int i)
{
	const struct conn *conn = &timeline->trace->conns[i];
	double top = timeline->top + i * timeline->row, inner = timeline->row * (timeline->dense ? 1 : 0.86);
	double height = timeline->both ? plane_min(BAR_MOST, inner / 2 - 1) : inner;
	double client_y = timeline->both ? top + timeline->row / 2 - height / 2 - 1 : top + timeline->row / 2;
	double server_y = client_y + (timeline->both ? height + 2 : 0);
	unsigned int every = (unsigned int)(ROW_NAMED / timeline->row) + 1;

	draw_life(timeline, scene_socket(timeline->scene, conn->client, i), client_y, height);
	if (timeline->both)
		draw_life(timeline, scene_socket(timeline->scene, conn->server, i), server_y, height);
	draw_marks(timeline, conn, client_y + (timeline->both ? height / 2 - MARK_ROOM : 0),
		   server_y + (timeline->both ? height / 2 - MARK_ROOM : 0));
	if (i % every == 0)
		draw_name(timeline, conn->client, &conn->client_local, client_y, timeline->both && height >= ROW_ADDRESS);
	if (timeline->both)
		draw_name(timeline, conn->server, &conn->server_local, server_y, height >= ROW_ADDRESS);
}

/* From when on the server remembers the stamp of this connection's client:
 * when it enters TIME_WAIT, if timestamps were spoken. -1 = never.
 */
static int64_t remembers_from(const struct timeline *timeline, unsigned int i)
{
	const struct conn *conn = &timeline->trace->conns[i];
	const struct socket_states *sock = scene_socket(timeline->scene, conn->server, i);
	bool stamped = conn->n_segments && timeline->trace->segments[conn->segments[0]].tcp.has_ts;

	for (unsigned int k = 0; sock && stamped && k < sock->n_spans; k++)
		if (sock->spans[k].state == STATE_TIME_WAIT)
			return sock->spans[k].from_ns;
	return -1;
}

static bool same_address(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && !memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

static void draw_band(struct timeline *timeline, int64_t from_ns, int64_t to_ns, double y)
{
	double from = x_of(timeline, from_ns), to = x_of(timeline, to_ns);

	if (in_panel(timeline, from_ns, to_ns))
		dot_box(timeline->dot, &(struct dot_box){ (from + to) / 2, y, to - from, BAND - 4,
							  .look = palette_look(LOOK_NOTE) });
}

/* One band an address: as long as the server holds SYNs from there against the
 * newest stamp that it knows of it. Only the first address has room.
 */
static void draw_memory(struct timeline *timeline)
{
	const struct look *look = palette_look(LOOK_NOTE);
	const struct endpoint *whose = NULL;
	int64_t from = 0, until = 0;
	double y = timeline->axis - BAND / 2 - 4;
	char text[64] = "";

	for (unsigned int i = 0; i < timeline->trace->n_conns; i++) {
		const struct conn *conn = &timeline->trace->conns[i];
		int64_t at = remembers_from(timeline, i);

		if (at < 0 || (whose && !same_address(whose, &conn->server_remote)))
			continue;
		if (whose && at > until)
			draw_band(timeline, from, until, y);
		from = whose && at <= until ? from : at;
		until = at + REMEMBERED_NS;
		whose = &conn->server_remote;
	}
	if (!whose)
		return;
	draw_band(timeline, from, until, y);
	endpoint_text(whose, text);
	*strrchr(text, ':') = '\0';
	auto_free char *words = must_printf("the server remembers the newest timestamp of %s", text);

	dot_text(timeline->dot, &(struct dot_text){ LEFT + 8, y, DOT_LEFT, .colour = look->text, .plain = words });
	dot_text(timeline->dot, &(struct dot_text){ LEFT - 12, y, DOT_RIGHT, .size = 12, .colour = look->text,
						    .plain = "60 s of memory" });
}

static bool is_used(const struct timeline *timeline, int mark)
{
	for (unsigned int i = 0; i < timeline->trace->n_conns; i++)
		for (unsigned int k = 0; k < timeline->trace->conns[i].n_segments; k++)
			if (mark_of(timeline, &timeline->trace->conns[i], k) == mark)
				return true;
	for (unsigned int i = 0; mark == MARK_MADE_UP && !timeline->dense && i < timeline->trace->n_segments; i++)
		if (timeline->trace->segments[i].is_made_up)
			return true;
	return false;
}

static void draw_legend(struct timeline *timeline)
{
	const struct evidence *evidence = timeline->scene->evidence;
	bool rearmed = false;
	double x = LEFT;

	for (int i = 0; i < MARK_NONE; i++) {
		if (!is_used(timeline, i))
			continue;
		draw_mark(timeline, i, x, LEGEND, LEGEND_MARK);
		dot_text(timeline->dot, &(struct dot_text){ x + 10, LEGEND, DOT_LEFT, .plain = marks[i].words });
		x += 40 + dot_width(marks[i].words, 11);
	}
	for (unsigned int i = 0; i < evidence->n_states; i++)
		rearmed |= evidence->states[i].event == SEEN_REARM && evidence->states[i].state == STATE_TIME_WAIT;
	if (rearmed)
		dot_text(timeline->dot, &(struct dot_text){ x, LEGEND, DOT_LEFT,
							    .plain = "white stroke: timer set anew" });
}

static void draw_panel(struct timeline *timeline)
{
	const struct scene *scene = timeline->scene;
	bool recycles = scene->evidence->recycle && *scene->evidence->recycle;
	unsigned int n = timeline->trace->n_conns;
	double bottom = timeline->axis - (recycles ? BAND + 4 : 0);

	timeline->row = (bottom - timeline->top) / (n ? n : 1);
	timeline->both = timeline->row >= ROW_BOTH;
	timeline->dense = timeline->row < ROW_SHAPES;
	draw_axis(timeline);
	for (unsigned int i = 0; i < n; i++)
		draw_row(timeline, i);
	if (recycles)
		draw_memory(timeline);
}

/* The end of the first burst: the last segment before the longest silence. */
static int64_t first_burst(const struct timeline *timeline)
{
	int64_t longest = 0, end = timeline->to_ns;

	for (unsigned int i = 0; i < timeline->trace->n_segments; i++) {
		int64_t at = timeline->trace->segments[i].sent_ns;
		int64_t next = i + 1 < timeline->trace->n_segments ? timeline->trace->segments[i + 1].sent_ns
								   : timeline->to_ns;

		if (next - at > longest) {
			longest = next - at;
			end = at;
		}
	}
	return end;
}

/* Below the whole run, its beginning, many times larger. */
static void draw_zoom(struct timeline *timeline, int64_t end)
{
	const struct look *look = palette_look(LOOK_QUIET);
	const struct dot_line line = { look, .width = 0.8 };
	int64_t span = timeline->to_ns - timeline->from_ns;
	double x;
	char time[32];

	end += (end - timeline->from_ns) / 12;
	x = x_of(timeline, end);
	auto_free char *words = must_printf("the first %s, %lld times as large", scene_duration(end - timeline->from_ns, time),
					    (long long)(span / (end - timeline->from_ns)));

	dot_line(timeline->dot, &line, (struct dot_point){ LEFT, timeline->axis + TICKS },
		 (struct dot_point){ LEFT, ZOOM_TOP });
	dot_line(timeline->dot, &line, (struct dot_point){ x, timeline->axis + TICKS },
		 (struct dot_point){ RIGHT, ZOOM_TOP });
	timeline->to_ns = end;
	timeline->top = ZOOM_TOP;
	timeline->axis = AXIS;
	draw_panel(timeline);
	dot_text(timeline->dot, &(struct dot_text){ LEFT + 12, ZOOM_TOP - 10, DOT_LEFT, .size = 12,
						    .colour = look->text, .plain = words });
}

char *timeline_draw(const struct scene *scene)
{
	struct timeline timeline = { .scene = scene, .trace = scene->trace, .top = TOP, .axis = AXIS };
	int64_t burst;
	bool zoomed;

	find_span(&timeline);
	burst = first_burst(&timeline);
	zoomed = scene->trace->n_conns > 0 && scene->trace->n_conns <= ZOOM_CONNS && burst > timeline.from_ns &&
		 (burst - timeline.from_ns) * ZOOM_TIMES < timeline.to_ns - timeline.from_ns;
	timeline.dot = dot_new(DOT_SLIDE_WIDTH, DOT_SLIDE_HEIGHT, "How long it took, to scale", scene->caption);
	if (zoomed)
		timeline.axis = WHOLE_WITH_ZOOM;
	draw_panel(&timeline);
	if (zoomed)
		draw_zoom(&timeline, burst);
	draw_legend(&timeline);
	return dot_end(timeline.dot);
}

/* state_diagram.c - the picture of TCP's states and the way that a connection took
 *
 * CLOSED stands in it twice, as in the RFC: where a connection begins and where
 * it ends. So the places are spots, not states.
 */
#include "diagrams/state_diagram.h"

#include "diagrams/plane.h"

enum spot {
	CLOSED, LISTEN, SYN_RECV, SYN_SENT, ESTAB, FIN_WAIT1, CLOSE_WAIT,
	FIN_WAIT2, CLOSING, LAST_ACK, TIME_WAIT, GONE,
	SPOTS
};

enum { LEFT = 172, MIDDLE = 480, RIGHT = 788 };

static const struct {
	enum tcp_state state;
	double x, y, width, height;
} spots[] = {
	[CLOSED]	= { STATE_CLOSE,	MIDDLE,  68, 140, 36 },
	[LISTEN]	= { STATE_LISTEN,	MIDDLE, 134, 140, 36 },
	[SYN_RECV]	= { STATE_SYN_RECV,	LEFT,	202, 140, 40 },
	[SYN_SENT]	= { STATE_SYN_SENT,	RIGHT,	202, 140, 40 },
	[ESTAB]		= { STATE_ESTABLISHED,	MIDDLE, 270, 150, 40 },
	[FIN_WAIT1]	= { STATE_FIN_WAIT1,	LEFT,	338, 140, 40 },
	[CLOSE_WAIT]	= { STATE_CLOSE_WAIT,	RIGHT,	338, 140, 40 },
	[FIN_WAIT2]	= { STATE_FIN_WAIT2,	LEFT,	406, 140, 40 },
	[CLOSING]	= { STATE_CLOSING,	MIDDLE, 396, 140, 40 },
	[LAST_ACK]	= { STATE_LAST_ACK,	RIGHT,	406, 140, 40 },
	[TIME_WAIT]	= { STATE_TIME_WAIT,	MIDDLE, 483, 196, 62 },
	[GONE]		= { STATE_CLOSE,	RIGHT,	483, 140, 36 },
};
static_assert(ARRAY_SIZE(spots) == SPOTS, "spots[] lacks one");

/* RFC 9293, 3.3.2, figure 5 and its notes. Where each line begins and ends, and
 * where its words stand.
 */
static const struct route {
	enum spot from, to;
	const char *words;	/* NULL: no way of the RFC's, drawn only where it was taken */
	struct dot_point a, b;
	struct dot_point at;
	enum dot_align align;
} routes[] = {
	{ CLOSED, LISTEN, "listen()", { 466, 86 }, { 466, 116 }, { 458, 101 }, DOT_RIGHT },
	{ LISTEN, CLOSED, "close()", { 494, 116 }, { 494, 86 }, { 502, 101 }, DOT_LEFT },
	{ CLOSED, SYN_SENT, "connect() / snd SYN", { 550, 62 }, { 786, 182 }, { 676, 110 }, DOT_LEFT },
	{ SYN_SENT, CLOSED, "close()", { 744, 182 }, { 550, 80 }, { 628, 136 }, DOT_RIGHT },
	{ LISTEN, SYN_RECV, "rcv SYN / snd SYN,ACK", { 410, 142 }, { 242, 190 }, { 326, 178 }, DOT_LEFT },
	{ SYN_RECV, LISTEN, "rcv RST", { 190, 182 }, { 410, 126 }, { 300, 142 }, DOT_RIGHT },
	{ LISTEN, SYN_SENT, "send() / snd SYN", { 550, 142 }, { 718, 190 }, { 634, 178 }, DOT_RIGHT },
	{ SYN_SENT, SYN_RECV, "rcv SYN / snd SYN,ACK", { 718, 202 }, { 242, 202 }, { 480, 202 } },
	{ SYN_RECV, ESTAB, "rcv ACK of SYN", { 242, 210 }, { 405, 262 }, { 316, 248 }, DOT_RIGHT },
	{ SYN_SENT, ESTAB, "rcv SYN,ACK / snd ACK", { 718, 210 }, { 555, 262 }, { 644, 248 }, DOT_LEFT },
	{ SYN_RECV, FIN_WAIT1, "close() / snd FIN", { 172, 222 }, { 172, 318 }, { 164, 270 }, DOT_RIGHT },
	{ ESTAB, FIN_WAIT1, "close() / snd FIN", { 405, 278 }, { 242, 330 }, { 326, 316 }, DOT_LEFT },
	{ ESTAB, CLOSE_WAIT, "rcv FIN / snd ACK", { 555, 278 }, { 718, 330 }, { 634, 316 }, DOT_RIGHT },
	{ FIN_WAIT1, FIN_WAIT2, "rcv ACK of FIN", { 172, 358 }, { 172, 386 }, { 160, 372 }, DOT_RIGHT },
	{ FIN_WAIT1, CLOSING, "rcv FIN / snd ACK", { 242, 346 }, { 410, 392 }, { 334, 358 }, DOT_LEFT },
	{ FIN_WAIT1, TIME_WAIT, "rcv FIN,ACK / snd ACK", { 236, 358 }, { 402, 452 }, { 316, 404 } },
	{ FIN_WAIT2, TIME_WAIT, "rcv FIN / snd ACK", { 242, 416 }, { 382, 472 }, { 296, 454 }, DOT_RIGHT },
	{ CLOSING, TIME_WAIT, "rcv ACK of FIN", { 480, 416 }, { 480, 452 }, { 494, 434 }, DOT_LEFT },
	{ CLOSE_WAIT, LAST_ACK, "close() / snd FIN", { 788, 358 }, { 788, 386 }, { 800, 372 }, DOT_LEFT },
	{ LAST_ACK, GONE, "rcv ACK of FIN", { 788, 426 }, { 788, 464 }, { 800, 445 }, DOT_LEFT },
	{ FIN_WAIT2, GONE, NULL, { 242, 404 }, { 718, 466 }, { 596, 436 }, DOT_LEFT },
	{ TIME_WAIT, GONE, "2 MSL are over", { 578, 483 }, { 718, 483 }, { 648, 473 } },
};

enum { SIDES = 2 };
static const struct {
	const char *mark;	/* before everything that belongs to this side */
	enum role role;
	double shift;		/* of its line, where both take the same way */
} sides[SIDES] = {
	{ "\u25cf", LOOK_CLIENT, -7 },
	{ "\u25a0", LOOK_SERVER, 7 },
};

/* What is known while one picture is drawn. */
struct drawing {
	const struct scene *scene;
	const struct conn *conn;
	const struct socket_states *sockets[SIDES];
	struct dot *dot;
	char *words[ARRAY_SIZE(routes)][SIDES];	/* of the routes that were taken */
	bool dashed;		/* some spot is */
};

static enum spot spot_of(enum tcp_state state)
{
	for (int i = LISTEN; i < SPOTS; i++)
		if (spots[i].state == state)
			return (enum spot)i;
	return CLOSED;
}

/* What this end sent because of what it received, be it a little later: the next
 * that it sent, if nothing else came in before. Bare ACKs have no answer but RST,
 * and a FIN is nobody's answer: it is sent when the program closes.
 */
static const struct segment *reply_to(const struct drawing *drawing, const struct socket_states *sock,
				      const struct segment *cause)
{
	bool asks = cause->tcp.payload_len || cause->tcp.flags & (TCP_SYN | TCP_FIN);
	const struct segment *reply = NULL;
	int64_t next_ns = INT64_MAX;	/* when something else came in */

	for (unsigned int i = 0; i < drawing->conn->n_segments; i++) {
		const struct segment *segment =
			&drawing->scene->trace->segments[drawing->conn->segments[i]];

		if (segment == cause || segment->is_made_up)
			continue;
		if (!reply && segment->from == sock->node && segment->sent_ns >= cause->rcvd_ns)
			reply = segment;
		if (segment->to == sock->node && segment->rcvd_ns >= cause->rcvd_ns && segment->rcvd_ns < next_ns)
			next_ns = segment->rcvd_ns;
	}
	if (!reply || reply->sent_ns >= next_ns)
		return NULL;
	return reply->tcp.flags & TCP_RST || (asks && !(reply->tcp.flags & TCP_FIN)) ? reply : NULL;
}

/* "rcv FIN / snd ACK", "close() / snd FIN", "timeout" */
static char *cause_words(const struct drawing *drawing, const struct socket_states *sock, const struct state_span *span)
{
	const struct segment *cause = span->cause < 0 ? NULL : &drawing->scene->trace->segments[span->cause];
	const struct segment *reply;
	const char *call = span->call && *span->call ? span->call : NULL;

	if (!cause)
		return must_strdup(call ? call : "");
	if (span->cause_sent) {
		if (!call)
			call = span->state == STATE_SYN_SENT ? "connect()" : "close()";
		return must_printf("%s / snd %s", call, scene_kind(&cause->tcp));
	}
	reply = reply_to(drawing, sock, cause);
	return reply ? must_printf("rcv %s / snd %s", scene_kind(&cause->tcp), scene_kind(&reply->tcp))
		     : must_printf("rcv %s", scene_kind(&cause->tcp));
}

static struct dot_point border(enum spot spot, double dx, double dy)
{
	/* How many times the box the way is, in the direction where it is more. */
	double k = plane_max(plane_abs(dx) / (spots[spot].width / 2), plane_abs(dy) / (spots[spot].height / 2));

	return (struct dot_point){ spots[spot].x + dx / k, spots[spot].y + dy / k };
}

static void draw_way(struct drawing *drawing, const struct dot_line *line, struct dot_point a,
		     struct dot_point b, double shift)
{
	double dx = b.x - a.x, dy = b.y - a.y, len = plane_length(dx, dy);
	struct dot_point by = { -dy / len * shift, dx / len * shift };

	/* The same side of the line, whichever way it runs. */
	if (by.x < 0 || (by.x == 0 && by.y < 0))
		by = (struct dot_point){ -by.x, -by.y };
	if (shift < 0)
		by = (struct dot_point){ -by.x, -by.y };
	dot_line(drawing->dot, line, (struct dot_point){ a.x + by.x, a.y + by.y },
		 (struct dot_point){ b.x + by.x, b.y + by.y });
}

/* A way that no textbook has: straight across. */
static void draw_other_way(struct drawing *drawing, int side, enum spot from, enum spot to, const char *words)
{
	const struct look *look = palette_look(sides[side].role);
	double dx = spots[to].x - spots[from].x, dy = spots[to].y - spots[from].y;
	struct dot_point a = border(from, dx, dy), b = border(to, -dx, -dy);

	if (from == to)
		return;
	draw_way(drawing, &(struct dot_line){ look, .style = "dashed", .arrow = ARROW_END }, a, b, 0);
	dot_text(drawing->dot, &(struct dot_text){ .x = (a.x + b.x) / 2, .y = (a.y + b.y) / 2 + side * 14,
						   .colour = look->text, .back = "#ffffff", .plain = words });
}

/* Note which routes @side took; what is no route is drawn at once. */
static void follow(struct drawing *drawing, int side)
{
	const struct socket_states *sock = drawing->sockets[side];
	enum tcp_state first = sock->spans[0].state;	/* with SYN cookies a server has no SYN_RECV */
	enum spot at = first == STATE_SYN_RECV || (side == 1 && first == STATE_ESTABLISHED) ? LISTEN : CLOSED;

	if (first == STATE_NONE)
		return;
	for (unsigned int i = 0; i < sock->n_spans; i++) {
		enum spot to = spot_of(sock->spans[i].state);
		auto_free char *cause = cause_words(drawing, sock, &sock->spans[i]);
		char *words = must_printf("%s%u %s", sides[side].mark, i + 1, cause);
		size_t r = 0;

		if (to == GONE && (at == SYN_SENT || at == LISTEN))
			to = CLOSED;
		while (r < ARRAY_SIZE(routes) &&
		       (routes[r].from != at || routes[r].to != to || drawing->words[r][side]))
			r++;
		if (r < ARRAY_SIZE(routes)) {
			drawing->words[r][side] = words;
		} else {
			draw_other_way(drawing, side, at, to, words);
			free(words);
		}
		at = to;
	}
}

static void draw_untaken(struct drawing *drawing)
{
	const struct look *look = palette_look(LOOK_FAINT);

	for (size_t r = 0; r < ARRAY_SIZE(routes); r++) {
		if (!routes[r].words || drawing->words[r][0] || drawing->words[r][1])
			continue;
		draw_way(drawing, &(struct dot_line){ look, .arrow = ARROW_END }, routes[r].a, routes[r].b, 0);
		dot_text(drawing->dot, &(struct dot_text){ routes[r].at.x, routes[r].at.y, routes[r].align, 9,
							   look->text, "#ffffff", .plain = routes[r].words });
	}
}

static void draw_taken(struct drawing *drawing)
{
	for (size_t r = 0; r < ARRAY_SIZE(routes); r++) {
		bool both = drawing->words[r][0] && drawing->words[r][1];
		double y = routes[r].at.y - (both ? 7 : 0);

		for (int side = 0; side < SIDES; side++)
			if (drawing->words[r][side])
				draw_way(drawing, &(struct dot_line){ palette_look(sides[side].role), .width = 3,
								      .style = routes[r].words ? "solid" : "dashed",
								      .arrow = ARROW_END },
					 routes[r].a, routes[r].b, both ? sides[side].shift : 0);
		for (int side = 0; side < SIDES; side++) {
			if (!drawing->words[r][side])
				continue;
			dot_text(drawing->dot, &(struct dot_text){ routes[r].at.x, y, routes[r].align, 11.5,
				 palette_look(sides[side].role)->text, "#ffffff", drawing->words[r][side] });
			y += 14;
		}
	}
}

/* How long @side was in @spot, all its stays added. False: never. */
static bool spent(const struct drawing *drawing, int side, enum spot spot, int64_t *ns,
		  bool *inferred, unsigned int *rearms)
{
	const struct socket_states *sock = drawing->sockets[side];
	bool was = false;

	for (unsigned int i = 0; sock && i < sock->n_spans; i++) {
		const struct state_span *span = &sock->spans[i];

		if (span->state == STATE_NONE || spot_of(span->state) != spot)
			continue;
		was = true;
		*ns += scene_span_ns(drawing->scene, span);
		*inferred &= span->inferred;
		*rearms += span->rearms;
	}
	return was;
}

/* Had this side a socket that was looked at? */
static bool is_known(const struct drawing *drawing, int side)
{
	return drawing->sockets[side] && drawing->sockets[side]->spans[0].state != STATE_NONE;
}

static void draw_dwell(struct drawing *drawing, enum spot spot, const char *times, unsigned int rearms)
{
	const struct look *look = palette_state(spots[spot].state);
	double x = spots[spot].x, y = spots[spot].y;
	auto_free char *anew = must_printf("timer set anew %u\u00d7", rearms);

	if (spot != TIME_WAIT) {
		dot_text(drawing->dot, &(struct dot_text){ x, y + 9, .size = 11, .colour = look->text, .plain = times });
		return;
	}
	dot_text(drawing->dot, &(struct dot_text){ x, y + 5, .size = 17, .colour = look->text, .bold = times });
	if (rearms)
		dot_text(drawing->dot, &(struct dot_text){ x, y + 22, .size = 11, .colour = look->text, .plain = anew });
}

static void draw_spot(struct drawing *drawing, enum spot spot)
{
	enum tcp_state state = spots[spot].state;
	const char *name = state == STATE_CLOSE ? "CLOSED" : tcp_state_name(state);
	bool timed = spot != CLOSED && spot != GONE, inferred = true, was = false;
	char times[96] = "", one[32];
	unsigned int rearms = 0;
	struct dot_box box = { spots[spot].x, spots[spot].y, spots[spot].width, spots[spot].height };

	for (int side = 0; side < SIDES; side++) {
		int64_t ns = 0;
		size_t len = strlen(times);

		if (!drawing->sockets[side] || !spent(drawing, side, spot, &ns, &inferred, &rearms))
			continue;
		was = true;
		if (timed)
			snprintf(times + len, sizeof(times) - len, "%s%s %s", len ? "  " : "", sides[side].mark,
				 scene_duration(ns, one));
	}
	/* Every connection begins in CLOSED or in what a listener heard. */
	if ((spot == CLOSED && (is_known(drawing, 0) || is_known(drawing, 1) || !drawing->sockets[0])) ||
	    (spot == LISTEN && is_known(drawing, 1)))
		was = true, inferred = false;
	box.look = was ? palette_state(state) : palette_look(LOOK_FAINT);
	box.style = was && inferred ? "dashed" : NULL;
	drawing->dashed |= was && inferred;
	dot_box(drawing->dot, &box);
	dot_text(drawing->dot, &(struct dot_text){ box.x, *times ? box.y - (spot == TIME_WAIT ? 18 : 8) : box.y,
						   .size = spot == TIME_WAIT ? 14 : 12, .colour = box.look->text,
						   .bold = name });
	if (*times)
		draw_dwell(drawing, spot, times, rearms);
}

static void draw_legend(struct drawing *drawing)
{
	const struct endpoint *ends[SIDES] = { &drawing->conn->client_local, &drawing->conn->server_local };
	const int nodes[SIDES] = { drawing->conn->client, drawing->conn->server };
	double y = 50;
	char text[64];

	for (int side = 0; side < SIDES; side++, y += 18) {
		auto_free char *bold = must_printf("%s %s ", sides[side].mark,
						   scene_node(drawing->scene, nodes[side]));

		if (drawing->sockets[side])
			dot_text(drawing->dot, &(struct dot_text){ 18, y, DOT_LEFT, 13,
				 palette_look(sides[side].role)->text, .bold = bold,
				 .plain = is_known(drawing, side) ? endpoint_text(ends[side], text) : "its states are unknown" });
	}
	if (drawing->dashed)
		dot_text(drawing->dot, &(struct dot_text){ 18, y + 2, DOT_LEFT, 11, palette_look(LOOK_QUIET)->text,
			 .plain = "dashed: too short to be seen,\nknown from the packets" });
}

char *machine_draw(const struct scene *scene, unsigned int i)
{
	const struct conn *conn = scene_conn(scene, i);
	struct drawing drawing = {
		.scene = scene, .conn = conn,
		.sockets = { scene_socket(scene, conn->client, scene->conns[i]),
			   scene_socket(scene, conn->server, scene->conns[i]) },
	};
	auto_free char *title = must_printf("The way of %s and %s through TCP's states",
					    scene_node(scene, conn->client), scene_node(scene, conn->server));

	drawing.dot = dot_new(DOT_SLIDE_WIDTH, DOT_SLIDE_HEIGHT, title, scene->caption);
	for (int side = 0; side < SIDES; side++)
		if (drawing.sockets[side])
			follow(&drawing, side);
	draw_untaken(&drawing);
	draw_taken(&drawing);
	for (int spot = 0; spot < SPOTS; spot++)
		draw_spot(&drawing, (enum spot)spot);
	draw_legend(&drawing);
	for (size_t r = 0; r < ARRAY_SIZE(routes); r++)
		for (int side = 0; side < SIDES; side++)
			free(drawing.words[r][side]);
	return dot_end(drawing.dot);
}

/* ladder.c - the picture of who sent what to whom, and when */
#include "diagrams/ladder.h"

#include "diagrams/caption.h"
#include "diagrams/columns.h"
#include "diagrams/plane.h"
#include "diagrams/rungs.h"
#include <twlab/icmp.h>

enum { TOP = 104, FOOT = 40, SLANT = 22, LINE = 19, BAR_MIN = 15 };
enum { SLIDE_MOST = 600, MOST_FLIGHTS = 120, NEAR = 12 };	/* what is higher is for scrolling, and as wide as a slide */

/* An arrow. */
struct flight {
	const struct segment *segment;
	const struct icmp_error *icmp;	/* it is the way of this one; NULL = a segment's */
	unsigned int sent, end;		/* rungs */
	bool crosses;			/* meets one that comes the other way */
	bool silent;			/* a SYN that got no answer */
};

/* A stay of a socket, as a piece of a bar. */
struct piece {
	const struct state_span *span;
	const struct socket_states *sock;
	unsigned int from, to;		/* rungs */
};

struct note {
	char *words, *full;		/* what was done, and why */
	unsigned int rung;
};

struct ladder {
	const struct scene *scene;
	struct columns *columns;
	struct rungs *rungs;
	struct dot *dot;
	struct flight *flights;	unsigned int n_flights, n_skipped;	/* by time of sending */
	struct piece *pieces;	unsigned int n_pieces, n_nat_pieces;	/* first those of NATs */
	struct note *notes;	unsigned int n_notes;
	double width, height, end;
};

/* Its arrow ends on the way: it was lost, or the record ended. */
static bool is_cut(const struct segment *segment)
{
	return segment->rcvd_ns < 0;
}

/* When such a segment was seen last. */
static int64_t last_seen(const struct scene *scene, const struct segment *segment)
{
	return segment->n_sightings
	     ? scene->trace->frames[segment->sightings[segment->n_sightings - 1]].at_ns
	     : segment->sent_ns;
}

static int by_sending(const void *a, const void *b)
{
	const struct segment *x = ((const struct flight *)a)->segment, *y = ((const struct flight *)b)->segment;

	if (x->sent_ns != y->sent_ns)
		return x->sent_ns < y->sent_ns ? -1 : 1;
	return x < y ? -1 : x > y;
}

static bool is_shown(const struct scene *scene, unsigned int conn)
{
	for (unsigned int i = 0; i < scene->n_conns; i++)
		if (scene->conns[i] == conn)
			return true;
	return false;
}

/* The ICMP errors about segments of the shown connections. */
static unsigned int collect_icmps(struct ladder *ladder, unsigned int n)
{
	const struct trace *trace = ladder->scene->trace;

	for (unsigned int i = 0; i < trace->n_icmps; i++) {
		const struct icmp_error *icmp = &trace->icmps[i];

		if (is_shown(ladder->scene, icmp->way.conn))
			*(struct flight *)grow(&ladder->flights, n++, sizeof(struct flight)) =
				(struct flight){ .segment = &icmp->way, .icmp = icmp };
	}
	return n;
}

/* All segments of the shown connections, by time; of too many the middle is left out. */
static void collect_flights(struct ladder *ladder)
{
	const struct scene *scene = ladder->scene;
	unsigned int n = 0;

	for (unsigned int i = 0; i < scene->n_conns; i++) {
		const struct conn *conn = scene_conn(scene, i);

		for (unsigned int k = 0; k < conn->n_segments; k++) {
			struct flight *flight = grow(&ladder->flights, n++, sizeof(*flight));

			flight->segment = &scene->trace->segments[conn->segments[k]];
			flight->silent = scene_syn_silent(scene, conn, k);
		}
	}
	n = collect_icmps(ladder, n);
	if (n)
		qsort(ladder->flights, n, sizeof(*ladder->flights), by_sending);
	if (n > MOST_FLIGHTS) {
		memmove(ladder->flights + MOST_FLIGHTS / 2, ladder->flights + n - MOST_FLIGHTS / 2,
			MOST_FLIGHTS / 2 * sizeof(*ladder->flights));
		ladder->n_skipped = n - MOST_FLIGHTS;
	}
	ladder->n_flights = n - ladder->n_skipped;
}

/* Two flights that are near: their words must not meet, nor their lines be one. */
static void keep_apart(struct ladder *ladder, struct flight *a, struct flight *b)
{
	struct rungs *rungs = ladder->rungs;

	if (a->segment->from_client == b->segment->from_client ||
	    rungs_at(rungs, a->end) <= rungs_at(rungs, b->sent)) {
		rungs_apart(rungs, a->sent, b->sent, LINE);
		rungs_apart(rungs, a->end, b->end, LINE);
		rungs_apart(rungs, b->end, a->end, LINE);
	} else {
		a->crosses = b->crosses = true;
	}
}

static void add_flight(struct ladder *ladder, unsigned int i)
{
	struct flight *flight = &ladder->flights[i];
	const struct segment *segment = flight->segment;
	int64_t end_ns = is_cut(segment) ? last_seen(ladder->scene, segment) : segment->rcvd_ns;

	flight->sent = rungs_add(ladder->rungs, segment->sent_ns, 0, 0);
	flight->end = rungs_add(ladder->rungs, end_ns, 0, flight->silent || flight->icmp ? 14 : 0);
	rungs_apart(ladder->rungs, flight->sent, flight->end, is_cut(segment) ? SLANT * 0.6 : SLANT);
	for (unsigned int k = i > NEAR ? i - NEAR : 0; k < i; k++)
		keep_apart(ladder, &ladder->flights[k], flight);
}

static void add_piece(struct ladder *ladder, const struct socket_states *sock, const struct state_span *span)
{
	int64_t to_ns = span->to_ns < 0 ? ladder->scene->evidence->end_ns : span->to_ns;
	bool timed = span->state == STATE_TIME_WAIT;
	struct piece piece = { span, sock };

	if (span->state == STATE_CLOSE || span->state == STATE_LISTEN)
		return;
	piece.from = rungs_add(ladder->rungs, span->from_ns, 0, 0);
	piece.to = rungs_add(ladder->rungs, to_ns, 0, 0);
	rungs_apart(ladder->rungs, piece.from, piece.to,
		    timed ? 46 : to_ns - span->from_ns < RUNGS_GAP_NS ? BAR_MIN : 30);
	grow(&ladder->pieces, ladder->n_pieces, sizeof(*ladder->pieces));
	ladder->pieces[ladder->n_pieces++] = piece;
}

/* What changes the course of things; starting and waiting does not. */
static const struct {
	const char *kind, *words;
} noted[] = {
	{ "netem", "netem" },
	{ "kill", "SOCK_DESTROY" },
	{ "sysctl", "sysctl" },
};

/* "netem on wire/server: loss 100%" */
static char *note_words(const struct event_row *event)
{
	for (size_t i = 0; i < ARRAY_SIZE(noted); i++)
		if (!strcmp(event->what_kind, noted[i].kind))
			return must_printf("%s on %s: %s", noted[i].words, event->node, event->what);
	return NULL;
}

/* Notes from the first segment on: what came before is how the lab was built. */
static void add_notes(struct ladder *ladder)
{
	const struct evidence *evidence = ladder->scene->evidence;
	int64_t first_ns = INT64_MAX;

	for (unsigned int i = 0; i < ladder->n_flights; i++)
		if (ladder->flights[i].segment->sent_ns < first_ns)
			first_ns = ladder->flights[i].segment->sent_ns;
	for (unsigned int i = 0; i < evidence->n_events; i++) {
		const struct event_row *event = &evidence->events[i];
		char *words = event->at_ns < first_ns ? NULL : note_words(event);
		struct note *note = words ? grow(&ladder->notes, ladder->n_notes++, sizeof(*note)) : NULL;
		const char *why = event->why ? event->why : "";

		if (note)
			*note = (struct note){ words, must_printf("%s%s%s", words, *why ? " \u2013 " : "", why),
					       rungs_add(ladder->rungs, event->at_ns, 11, 15) };
	}
}

/* Words that stand on neighbouring arrows of one direction stand at one place. */
static void align_words(struct ladder *ladder)
{
	for (bool more = true; more; ) {
		more = false;
		for (unsigned int i = 1; i < ladder->n_flights; i++) {
			struct flight *a = &ladder->flights[i - 1], *b = &ladder->flights[i];

			if (a->crosses == b->crosses || a->segment->conn != b->segment->conn ||
			    a->segment->from_client != b->segment->from_client ||
			    rungs_at(ladder->rungs, a->end) < rungs_at(ladder->rungs, b->sent))
				continue;
			a->crosses = b->crosses = more = true;
		}
	}
}

static void collect(struct ladder *ladder)
{
	const struct scene *scene = ladder->scene;

	collect_flights(ladder);
	for (unsigned int i = 0; i < ladder->n_flights; i++)
		add_flight(ladder, i);
	for (unsigned int i = 0; i < scene->n_nat_lives; i++)
		for (unsigned int k = 0; k < scene->nat_lives[i].n_spans; k++)
			add_piece(ladder, &scene->nat_lives[i], &scene->nat_lives[i].spans[k]);
	ladder->n_nat_pieces = ladder->n_pieces;
	for (unsigned int i = 0; i < scene->n_conns; i++) {
		const struct conn *conn = scene_conn(scene, i);
		const int ends[2] = { conn->client, conn->server };

		for (int side = 0; side < 2; side++) {
			const struct socket_states *sock = scene_socket(scene, ends[side], scene->conns[i]);

			for (unsigned int k = 0; sock && k < sock->n_spans; k++)
				add_piece(ladder, sock, &sock->spans[k]);
		}
	}
	align_words(ladder);
	add_notes(ladder);
}

static void draw_gaps(struct ladder *ladder)
{
	const struct look *look = palette_look(LOOK_GAP);
	unsigned int n;
	const struct rungs_gap *gaps = rungs_gaps(ladder->rungs, &n);

	for (unsigned int i = 0; i < n; i++)
		dot_box(ladder->dot, &(struct dot_box){ ladder->width / 2, gaps[i].y, ladder->width - 24, 16,
							.look = look });
}

static void draw_gap_words(struct ladder *ladder)
{
	const struct look *look = palette_look(LOOK_GAP);
	unsigned int n;
	const struct rungs_gap *gaps = rungs_gaps(ladder->rungs, &n);

	for (unsigned int i = 0; i < n; i++) {
		char time[32];
		auto_free char *words = must_printf("%s pass", scene_duration(gaps[i].ns, time));

		dot_text(ladder->dot, &(struct dot_text){ columns_middle(ladder->columns), gaps[i].y,
							  .colour = look->text, .back = look->fill, .plain = words });
	}
}

/* Where an arrow touches @node at @y: the edge of a bar that is there, or the life line. */
static double touch(const struct ladder *ladder, int node, const struct segment *segment, double y, double toward)
{
	const struct piece *best = NULL;

	for (unsigned int i = 0; i < ladder->n_pieces; i++) {
		const struct piece *piece = &ladder->pieces[i];

		if (piece->sock->node != node || y < rungs_y(ladder->rungs, piece->from) - 4 ||
		    y > rungs_y(ladder->rungs, piece->to) + 4)
			continue;
		if (!best || piece->sock->conn == (int)segment->conn)
			best = piece;
	}
	return best ? columns_edge(ladder->columns, best->sock, toward)
		    : columns_x(ladder->columns, node);
}

static const struct look *flight_look(const struct flight *flight)
{
	if (flight->icmp || flight->segment->tcp.flags & TCP_RST)
		return palette_look(LOOK_RST);
	return palette_look(flight->segment->from_client ? LOOK_CLIENT : LOOK_SERVER);
}

/* Both ends of the arrow, on the page. */
static void flight_ends(const struct ladder *ladder, const struct flight *flight,
			struct dot_point *a, struct dot_point *b)
{
	const struct segment *segment = flight->segment;
	int goal = segment->to >= 0 ? segment->to
		 : segment->from_client ? ladder->scene->trace->conns[segment->conn].server
					: ladder->scene->trace->conns[segment->conn].client;
	int from = segment->from >= 0 ? segment->from	/* else nobody saw it leave */
		 : segment->from_client ? ladder->scene->trace->conns[segment->conn].client
					: ladder->scene->trace->conns[segment->conn].server;
	double from_x = columns_x(ladder->columns, from);
	double to_x = columns_x(ladder->columns, goal);

	a->y = rungs_y(ladder->rungs, flight->sent);
	b->y = rungs_y(ladder->rungs, flight->end);
	a->x = touch(ladder, from, segment, a->y, to_x);
	b->x = touch(ladder, goal, segment, b->y, from_x);
	if (is_cut(segment))
		b->x = segment->lost_node >= 0 && segment->lost_node != segment->from &&
		       columns_has(ladder->columns, segment->lost_node)
		     ? columns_x(ladder->columns, segment->lost_node) : (a->x + b->x) / 2;
}

static void draw_flight(struct ladder *ladder, const struct flight *flight)
{
	const struct segment *segment = flight->segment;
	bool reset = segment->tcp.flags & TCP_RST;
	struct dot_line line = { flight_look(flight), .arrow = is_cut(segment) && !segment->is_under_way ? ARROW_NONE : ARROW_END,
				 .twice = reset };
	struct dot_point a, b;

	if (segment->is_made_up)
		line.style = "dotted";
	else if (segment->is_retransmission || segment->is_copy)
		line.style = "dashed";
	if (flight->icmp)
		line.style = "dotted";
	flight_ends(ladder, flight, &a, &b);
	dot_line(ladder->dot, &line, a, b);
	if (is_cut(segment) && !segment->is_under_way)
		dot_cross(ladder->dot, b.x, b.y, 7);
	if (flight->silent)
		dot_text(ladder->dot, &(struct dot_text){ b.x + (a.x < b.x ? -4 : 4), b.y + 9,
			 a.x < b.x ? DOT_RIGHT : DOT_LEFT, .colour = palette_look(LOOK_RST)->text,
			 .bold = "no answer" });
}

/* What a note says: all of it, if there is room for that. */
static const char *note_shown(const struct ladder *ladder, const struct note *note)
{
	double room = columns_right(ladder->columns) - columns_left(ladder->columns) - 8;

	return dot_width(note->full, 11) + 24 < room ? note->full : note->words;
}

/* Is there a note where words of that @width would stand? */
static bool is_noted(const struct ladder *ladder, double x, double y, double width)
{
	for (unsigned int i = 0; i < ladder->n_notes; i++) {
		const struct note *note = &ladder->notes[i];
		double reach = (dot_width(note_shown(ladder, note), 11) + 12 + width) / 2;

		if (plane_abs(rungs_y(ladder->rungs, note->rung) - y) < 15 &&
		    plane_abs(columns_middle(ladder->columns) - x) < reach)
			return true;
	}
	return false;
}

/* In the middle of the arrow, if there is nothing, else near one of its ends. */
static void draw_flight_words(struct ladder *ladder, const struct flight *flight)
{
	const struct segment *segment = flight->segment;
	double left, right, part = flight->crosses ? 0.3 : 0.5, x, y, slope, width;
	struct caption caption;
	struct dot_point a, b;

	flight_ends(ladder, flight, &a, &b);
	left = plane_max(plane_min(a.x, b.x), columns_left(ladder->columns)) + 6;
	right = plane_min(plane_max(a.x, b.x), columns_right(ladder->columns)) - 6;
	caption = flight->icmp ? caption_of_icmp(flight->icmp) :
		  caption_of(segment, columns_clients(ladder->columns) > 1, (right - left) * (flight->crosses ? 0.55 : 1));
	width = caption_width(&caption);
	slope = b.x != a.x ? (b.y - a.y) / (b.x - a.x) : 0;
	for (int tries = 0; ; tries++) {
		double begin = left + width / 2, end = right - width / 2;

		x = tries ? (a.x < b.x) == (tries & 1) ? end : begin
		  : a.x < b.x ? left + (right - left) * part : right - (right - left) * part;
		if (is_cut(segment))	/* near the cross, away from the arrow that it answers */
			x = a.x < b.x ? end : begin;
		y = a.y + slope * (x - a.x) - 7.5 - plane_abs(slope) * width / 2;
		if (flight->icmp)	/* above it is the arrow that it answers */
			y += 16 + plane_abs(slope) * width;
		if (tries == 2 || !is_noted(ladder, x, y, width))
			break;
	}
	if (plane_abs(slope) > 0.3 && !is_cut(segment)) {	/* too steep for that: at its end */
		x = b.x - (a.x < b.x ? 1 : -1) * (width / 2 + 8 + LINE / plane_abs(slope));
		y = b.y - LINE;
	}
	dot_text(ladder->dot, &(struct dot_text){ x, y, .colour = flight_look(flight)->text, .back = "#ffffff",
						  .bold = caption.bold, .plain = caption.plain });
	caption_free(&caption);
}

static void draw_bar(struct ladder *ladder, const struct piece *piece)
{
	double from = rungs_y(ladder->rungs, piece->from), to = rungs_y(ladder->rungs, piece->to);

	dot_box(ladder->dot, &(struct dot_box){ columns_bar_x(ladder->columns, piece->sock), (from + to) / 2,
						columns_bar(ladder->columns), to - from, .look = palette_state(piece->span->state),
						.style = piece->span->inferred || piece->span->state == STATE_NONE ? "dashed" : NULL });
}

/* What stands in a bar. In those of a NAT it lies above the arrows that pass. */
static void draw_bar_words(struct ladder *ladder, const struct piece *piece)
{
	bool nat = piece < ladder->pieces + ladder->n_nat_pieces;
	double from = rungs_y(ladder->rungs, piece->from), to = rungs_y(ladder->rungs, piece->to);
	double width = columns_bar(ladder->columns);
	const struct state_span *span = piece->span;
	int64_t ns = scene_span_ns(ladder->scene, span);
	const struct look *look = palette_state(span->state);
	const char *name = nat ? scene_nat_state(span) : scene_state(span), *back = nat ? look->fill : NULL;
	bool waits = span->state == STATE_TIME_WAIT;
	int lines = to - from < 30 ? 1 : waits && span->rearms ? 3 : 2;
	double x = columns_bar_x(ladder->columns, piece->sock), y = (from + to) / 2 - (lines - 1) * 7;
	char duration[32];
	auto_free char *time = must_printf("%s%s", span->to_ns < 0 ? "over " : "", scene_duration(ns, duration));
	auto_free char *anew = must_printf("set anew %u\u00d7", span->rearms);

	dot_text(ladder->dot, &(struct dot_text){ x, y, .size = width < 90 ? 9 : 11, .colour = look->text, .back = back,
						  .bold = waits ? name : NULL, .plain = waits ? NULL : name });
	if (lines > 1)
		dot_text(ladder->dot, &(struct dot_text){ x, y + 14, .size = waits ? 12 : 10, .colour = look->text,
							  .back = back, .plain = time });
	if (lines > 2)
		dot_text(ladder->dot, &(struct dot_text){ x, y + 28, .size = 10, .colour = look->text,
							  .back = back, .plain = anew });
}

static void draw_note(struct ladder *ladder, const struct note *note)
{
	const struct look *look = palette_look(LOOK_NOTE);
	double y = rungs_y(ladder->rungs, note->rung), x = columns_middle(ladder->columns);
	double left = columns_left(ladder->columns) + 4, right = columns_right(ladder->columns) - 4;
	const char *words = note_shown(ladder, note);

	dot_line(ladder->dot, &(struct dot_line){ look, .style = "dashed" },
		 (struct dot_point){ left, y }, (struct dot_point){ right, y });
	dot_box(ladder->dot, &(struct dot_box){ x, y, dot_width(words, 11) + 12, 17, "note", look, .plain = words });
}

static void draw_times(struct ladder *ladder)
{
	double last = 0;

	for (unsigned int i = 0; i < ladder->n_flights; i++) {
		unsigned int rung = ladder->flights[i].sent;
		double y = rungs_y(ladder->rungs, rung);
		auto_free char *time = must_printf("%.4f", (double)rungs_at(ladder->rungs, rung) / NS_PER_S);

		if (y < last + 12)
			continue;
		dot_text(ladder->dot, &(struct dot_text){ 60, y, DOT_RIGHT, 10, palette_look(LOOK_QUIET)->text, .plain = time });
		last = y;
	}
	dot_text(ladder->dot, &(struct dot_text){ 60, TOP - 20, DOT_RIGHT, 10, palette_look(LOOK_QUIET)->text, .plain = "seconds" });
}

static void paint(struct ladder *ladder)
{
	draw_gaps(ladder);
	columns_draw(ladder->columns, ladder->dot, TOP, ladder->end);
	for (unsigned int i = 0; i < ladder->n_nat_pieces; i++)
		draw_bar(ladder, &ladder->pieces[i]);
	for (unsigned int i = 0; i < ladder->n_flights; i++)
		draw_flight(ladder, &ladder->flights[i]);
	draw_gap_words(ladder);
	for (unsigned int i = ladder->n_nat_pieces; i < ladder->n_pieces; i++)
		draw_bar(ladder, &ladder->pieces[i]);
	for (unsigned int i = 0; i < ladder->n_pieces; i++)
		draw_bar_words(ladder, &ladder->pieces[i]);
	for (unsigned int i = 0; i < ladder->n_notes; i++)
		draw_note(ladder, &ladder->notes[i]);
	for (unsigned int i = 0; i < ladder->n_flights; i++)
		draw_flight_words(ladder, &ladder->flights[i]);
	draw_times(ladder);
}

char *ladder_draw(const struct scene *scene)
{
	struct ladder ladder = { .scene = scene, .rungs = rungs_new() };
	auto_free char *left_out = scene->n_left_out
		? must_printf(" (%u more connections are not drawn)", scene->n_left_out) : must_strdup("");
	auto_free char *skipped = NULL, *title = NULL;
	char *text;

	collect(&ladder);
	skipped = ladder.n_skipped ? must_printf(" (without %u segments in the middle)", ladder.n_skipped)
				   : must_strdup("");
	title = must_printf("Who sent what, and when%s%s", left_out, skipped);
	ladder.end = rungs_place(ladder.rungs, TOP, DOT_SLIDE_HEIGHT - FOOT) + 8;
	ladder.height = plane_max(DOT_SLIDE_HEIGHT, ladder.end + FOOT - 8);
	ladder.width = ladder.height <= SLIDE_MOST ? ladder.height * 16 / 9 : DOT_SLIDE_WIDTH;
	ladder.columns = columns_new(scene, ladder.width);
	ladder.dot = dot_new(ladder.width, ladder.height, title, scene->caption);
	paint(&ladder);
	text = dot_end(ladder.dot);
	columns_free(ladder.columns);
	rungs_free(ladder.rungs);
	free(ladder.flights);
	free(ladder.pieces);
	for (unsigned int i = 0; i < ladder.n_notes; i++) {
		free(ladder.notes[i].words);
		free(ladder.notes[i].full);
	}
	free(ladder.notes);
	return text;
}

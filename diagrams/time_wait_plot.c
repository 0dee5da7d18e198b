/* time_wait_plot.c - the picture of how many sockets were in TIME_WAIT, by time */
#include "diagrams/time_wait_plot.h"

#include "diagrams/plane.h"

enum { LEFT = 112, RIGHT = 930, TOP = 62, AXIS = 448, LEGEND = 492, SAID = 510, GAP = 40, STROKES = 16, PANELS = 3, COLUMNS = RIGHT - LEFT };
enum { NOTE_CHARS = 110, GRID_MOST = 5 };

struct crowd {			/* of one node */
	int node;
	unsigned int *count;	/* by column: the most at one moment */
	unsigned int most, all;	/* at one moment; in the whole run */
	int64_t most_ns;
	double top, axis;
};

struct page {
	const struct scene *scene;
	struct dot *dot;
	int64_t from_ns, to_ns;
	struct crowd crowds[PANELS];
	unsigned int n;
};

struct change {
	int64_t at_ns;
	int by;
};

bool time_wait_plot_is_there(const struct scene *scene)
{
	return scene->trace->n_conns >= CROWD_FROM;
}

static double part_of(const struct page *page, int64_t at_ns)
{
	return plane_max(0, plane_min(1, (double)(at_ns - page->from_ns) / (double)(page->to_ns - page->from_ns)));
}

static double x_of(const struct page *page, int64_t at_ns)
{
	return LEFT + part_of(page, at_ns) * COLUMNS;
}

/* An end comes before a beginning of the same moment. */
static int by_time(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	return x->at_ns != y->at_ns ? x->at_ns < y->at_ns ? -1 : 1 : x->by - y->by;
}

/* When TIME_WAITs came and went on @node. */
static struct change *changes_of(const struct page *page, int node, unsigned int *n)
{
	const struct scene *scene = page->scene;
	struct change *changes = NULL;

	*n = 0;
	for (unsigned int l = 0; l < scene->n_sockets; l++)
		for (unsigned int s = 0; s < scene->sockets[l].n_spans; s++) {
			const struct state_span *span = &scene->sockets[l].spans[s];

			if (scene->sockets[l].node != node || span->state != STATE_TIME_WAIT)
				continue;
			*(struct change *)grow(&changes, (*n)++, sizeof(*changes)) = (struct change){ span->from_ns, 1 };
			if (span->to_ns >= 0)
				*(struct change *)grow(&changes, (*n)++, sizeof(*changes)) = (struct change){ span->to_ns, -1 };
		}
	if (changes)
		qsort(changes, *n, sizeof(*changes), by_time);
	return changes;
}

static void count_node(const struct page *page, int node, struct crowd *crowd)
{
	unsigned int n, column = 0, now = 0;
	auto_free struct change *changes = changes_of(page, node, &n);

	*crowd = (struct crowd){ .node = node, .count = must_calloc(COLUMNS, sizeof(*crowd->count)) };
	for (unsigned int c = 0; c < n; c++) {
		unsigned int at = (unsigned int)(part_of(page, changes[c].at_ns) * (COLUMNS - 1));

		while (column < at)
			crowd->count[++column] = now;
		now += (unsigned int)changes[c].by;
		crowd->all += changes[c].by > 0;
		if (now > crowd->count[at])
			crowd->count[at] = now;
		if (now > crowd->most) {
			crowd->most = now;
			crowd->most_ns = changes[c].at_ns;
		}
	}
	while (n && column + 1 < COLUMNS)
		crowd->count[++column] = now;
}

/* Keep @crowd if there is room, or if it had more than one that is kept. */
static void keep(struct page *page, struct crowd *crowd)
{
	unsigned int least = 0;

	if (page->n < PANELS) {
		page->crowds[page->n++] = *crowd;
		return;
	}
	for (unsigned int c = 1; c < page->n; c++)
		if (page->crowds[c].most < page->crowds[least].most)
			least = c;
	if (page->crowds[least].most < crowd->most) {
		struct crowd other = page->crowds[least];

		page->crowds[least] = *crowd;
		*crowd = other;
	}
	free(crowd->count);
}

static void count_all(struct page *page)
{
	for (unsigned int i = 0; i < page->scene->trace->n_nodes; i++) {
		struct crowd crowd;

		count_node(page, (int)page->scene->path[i], &crowd);
		if (crowd.most)
			keep(page, &crowd);
		else
			free(crowd.count);
	}
}

/* 1, 2, 5, 10, ...: of which no more than @room go into @span. */
static double step_for(double span, int room)
{
	static const double factors[] = { 2, 2.5, 2 };
	double step = 1;

	for (size_t f = 0; span / step > room; f++)
		step *= factors[f % ARRAY_SIZE(factors)];
	return step;
}

static void draw_times(const struct page *page, const struct crowd *crowd, bool words)
{
	const struct look *look = palette_look(LOOK_QUIET);
	const struct dot_line line = { look, .width = 0.6, .style = "dotted" };
	double span = (double)(page->to_ns - page->from_ns) / NS_PER_S, step = step_for(span, 13);

	for (double s = 0; s <= span; s += step) {
		double x = x_of(page, page->from_ns + (int64_t)(s * NS_PER_S));
		auto_free char *label = must_printf("%.4g", s);

		dot_line(page->dot, &line, (struct dot_point){ x, crowd->top }, (struct dot_point){ x, crowd->axis });
		if (words)
			dot_text(page->dot, &(struct dot_text){ x, crowd->axis + STROKES + 10, .colour = look->text, .plain = label });
	}
	if (words)
		dot_text(page->dot, &(struct dot_text){ LEFT - 14, crowd->axis + STROKES + 10, DOT_RIGHT, .colour = look->text,
							.plain = "seconds" });
}

static void draw_scale(const struct page *page, const struct crowd *crowd, double each)
{
	const struct look *look = palette_look(LOOK_QUIET);
	const struct dot_line line = { look, .width = 0.6, .style = "dotted" };
	double step = step_for(crowd->most, GRID_MOST);

	for (double n = 0; n <= crowd->most; n += step) {
		auto_free char *label = must_printf("%.4g", n);
		double y = crowd->axis - n * each;

		dot_line(page->dot, &line, (struct dot_point){ LEFT, y }, (struct dot_point){ RIGHT, y });
		dot_text(page->dot, &(struct dot_text){ LEFT - 8, y, DOT_RIGHT, .colour = look->text, .plain = label });
	}
}

/* Columns of the same height are one box, with a line on top and one up to the next. */
static void draw_surface(const struct page *page, const struct crowd *crowd, double each)
{
	struct look look = *palette_look(LOOK_CROWD);
	const struct dot_line line = { palette_look(LOOK_CROWD) };
	double before = crowd->axis;

	look.width = 0;
	for (unsigned int from = 0, to; from < COLUMNS; from = to) {
		double height = crowd->count[from] * each, y = crowd->axis - height, x = LEFT + from;

		for (to = from + 1; to < COLUMNS && crowd->count[to] == crowd->count[from]; to++)
			continue;
		if (crowd->count[from])
			dot_box(page->dot, &(struct dot_box){ LEFT + (from + to) / 2.0, crowd->axis - height / 2,
							      to - from + 0.4, height, .look = &look });
		dot_line(page->dot, &line, (struct dot_point){ x, before }, (struct dot_point){ x, y });
		dot_line(page->dot, &line, (struct dot_point){ x, y }, (struct dot_point){ LEFT + to, y });
		before = y;
	}
}

/* A stroke for each connection that the node opened or was asked for, under the surface. */
static void draw_strokes(const struct page *page, const struct crowd *crowd)
{
	const struct dot_line line = { palette_look(LOOK_INK), .width = 0.8 };
	double last = -1;

	for (unsigned int i = 0; i < page->scene->trace->n_conns; i++) {
		const struct conn *conn = &page->scene->trace->conns[i];
		double x = x_of(page, conn->first_ns);

		if ((conn->client != crowd->node && conn->server != crowd->node) || x < last + 1)
			continue;
		dot_line(page->dot, &line, (struct dot_point){ x, crowd->axis + 3 }, (struct dot_point){ x, crowd->axis + STROKES - 4 });
		last = x;
	}
}

static void draw_words(const struct page *page, const struct crowd *crowd)
{
	char time[32];
	auto_free char *most = must_printf("   %u at once, the most, %s after the first SYN; %u in all", crowd->most,
					   scene_duration(crowd->most_ns - page->from_ns, time), crowd->all);

	dot_text(page->dot, &(struct dot_text){ LEFT, crowd->top - 14, DOT_LEFT, .size = 13,
						.bold = scene_node(page->scene, crowd->node), .plain = most });
}

/* What was set or said while it went on. */
static void draw_events(const struct page *page, const struct crowd *crowd)
{
	static const char *const shown[] = { "tell", "sysctl", "conf", "kill" };
	const struct evidence *evidence = page->scene->evidence;
	const struct dot_line line = { palette_look(LOOK_NOTE), .width = 1.4, .style = "dashed" };
	const char *node = scene_node(page->scene, crowd->node);
	double last = -1;

	for (unsigned int e = 0; e < evidence->n_events; e++) {
		const struct event_row *event = &evidence->events[e];
		double x = x_of(page, event->at_ns), room;
		bool is_shown = false;

		for (size_t s = 0; s < ARRAY_SIZE(shown); s++)
			is_shown |= !strcmp(event->what_kind, shown[s]);
		if (!is_shown || strcmp(event->node, node) || event->at_ns > page->to_ns || x < last + 3)
			continue;
		dot_line(page->dot, &line, (struct dot_point){ x, crowd->top }, (struct dot_point){ x, crowd->axis });
		room = dot_width(event->what, 11) + 8;
		dot_text(page->dot, &(struct dot_text){ x + (x + room < RIGHT ? 4 : -4), crowd->top + 10,
							x + room < RIGHT ? DOT_LEFT : DOT_RIGHT, .back = palette_look(LOOK_NOTE)->fill,
							.colour = palette_look(LOOK_NOTE)->text, .plain = event->what });
		last = x;
	}
}

static void draw_panel(const struct page *page, const struct crowd *crowd, bool last)
{
	double each = (crowd->axis - crowd->top - 20) / crowd->most;

	draw_times(page, crowd, last);
	draw_surface(page, crowd, each);
	draw_scale(page, crowd, each);
	draw_strokes(page, crowd);
	draw_events(page, crowd);
	draw_words(page, crowd);
}

/* What the programs printed, where it is little: who was refused, and how. */
static void draw_output(const struct page *page)
{
	const struct evidence *evidence = page->scene->evidence;
	double x = LEFT;

	for (unsigned int p = 0; p < evidence->n_programs; p++) {
		const struct program_output *program = &evidence->programs[p];
		auto_free char *words = must_printf("%s says  %s", program->name, program->out);

		for (char *at = words; (at = strchr(at, '\n')); )
			*at = at[1] ? ' ' : '\0';
		if (!program->out_len || strlen(words) > NOTE_CHARS || x + dot_width(words, 11) > RIGHT + 20)
			continue;
		dot_text(page->dot, &(struct dot_text){ x, SAID, DOT_LEFT, .plain = words });
		x += dot_width(words, 11) + 20;
	}
}

static void draw_legend(const struct page *page)
{
	const struct dot_line line = { palette_look(LOOK_INK), .width = 0.8 };

	for (int i = 0; i < 3; i++)
		dot_line(page->dot, &line, (struct dot_point){ LEFT + i * 4, LEGEND - 5 }, (struct dot_point){ LEFT + i * 4, LEGEND + 5 });
	dot_text(page->dot, &(struct dot_text){ LEFT + 18, LEGEND, DOT_LEFT, .plain = "a connection is opened (its first SYN)" });
}

/* From the first SYN to the end of the run. */
static void find_span(struct page *page)
{
	const struct trace *trace = page->scene->trace;

	page->from_ns = trace->n_conns ? trace->conns[0].first_ns : 0;
	page->to_ns = page->scene->evidence->end_ns;
	if (page->to_ns <= page->from_ns)
		page->to_ns = page->from_ns + NS_PER_S;
}

char *time_wait_plot_draw(const struct scene *scene)
{
	struct page page = { .scene = scene };
	double height;

	find_span(&page);
	count_all(&page);
	page.dot = dot_new(DOT_SLIDE_WIDTH, DOT_SLIDE_HEIGHT, "How many sockets were in TIME_WAIT", scene->caption);
	if (!page.n)
		dot_text(page.dot, &(struct dot_text){ DOT_SLIDE_WIDTH / 2.0, DOT_SLIDE_HEIGHT / 2.0, .size = 15,
						       .plain = "none, at any time" });
	height = page.n ? (AXIS - TOP - (page.n - 1) * (GAP + STROKES)) / (double)page.n : 0;
	for (unsigned int c = 0; c < page.n; c++) {
		page.crowds[c].top = TOP + c * (height + GAP + STROKES);
		page.crowds[c].axis = page.crowds[c].top + height;
		draw_panel(&page, &page.crowds[c], c + 1 == page.n);
		free(page.crowds[c].count);
	}
	if (page.n)
		draw_legend(&page);
	draw_output(&page);
	return dot_end(page.dot);
}

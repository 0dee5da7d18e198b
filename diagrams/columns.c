/* columns.c - which nodes stand side by side in a ladder, and where */
#include "diagrams/columns.h"

#include "diagrams/plane.h"

enum { MARGIN = 74, BAR = 96, BAR_SMALL = 78, LANE_GAP = 4, SAME_SIDE_GAP = 14, MOST_LANES = 4, NAT_GAP = 64 };

struct column {
	int node;
	enum part part;
	bool client;		/* in the first shown connection that it has a part in */
	double x, width;	/* of its middle */
	unsigned int n_lanes;
};

struct lane {
	const struct socket_states *sock;
	unsigned int lane;
};

struct columns {
	const struct scene *scene;
	struct column *columns;
	unsigned int n;
	struct lane *lanes;
	unsigned int n_lanes;
	double bar;
};

static struct column *column_of(const struct columns *columns, int node)
{
	for (unsigned int i = 0; i < columns->n; i++)
		if (columns->columns[i].node == node)
			return &columns->columns[i];
	return NULL;
}

static bool something_happened(const struct scene *scene, int node)
{
	for (unsigned int i = 0; i < scene->n_conns; i++) {
		const struct conn *conn = scene_conn(scene, i);

		for (unsigned int k = 0; k < conn->n_segments; k++) {
			const struct segment *segment = &scene->trace->segments[conn->segments[k]];

			if (segment->rcvd_ns < 0 && !segment->is_under_way && segment->lost_node == node)
				return true;
		}
	}
	for (unsigned int i = 0; i < scene->trace->n_icmps; i++)
		if (scene->trace->icmps[i].way.from == node)
			return true;
	return false;
}

/* Did @node make a segment of the shown connections that bears another's address? Fills @client: a client's. */
static bool made_something(const struct scene *scene, int node, bool *client)
{
	for (unsigned int i = 0; i < scene->n_conns; i++) {
		const struct conn *conn = scene_conn(scene, i);

		for (unsigned int k = 0; k < conn->n_segments; k++) {
			const struct segment *segment = &scene->trace->segments[conn->segments[k]];

			*client = segment->from_client;
			if (segment->is_foreign && segment->from == node)
				return true;
		}
	}
	return *client = false;
}

static void choose(struct columns *columns)
{
	const struct scene *scene = columns->scene;

	for (unsigned int i = 0; i < scene->trace->n_nodes; i++) {
		struct column column = { .node = (int)scene->path[i] };
		bool shown = false;

		column.part = scene->parts[column.node];
		for (unsigned int k = 0; k < scene->n_conns && !shown; k++) {
			column.client = scene_conn(scene, k)->client == column.node;
			shown = column.client || scene_conn(scene, k)->server == column.node;
		}
		if (!shown && column.part == PART_END)
			shown = made_something(scene, column.node, &column.client);
		shown |= column.part == PART_NAT || column.part == PART_ROUTER;
		shown |= column.part == PART_WIRE && something_happened(scene, column.node);
		if (!shown)
			continue;
		grow(&columns->columns, columns->n, sizeof(column));
		columns->columns[columns->n++] = column;
	}
}

static int64_t life_end(const struct scene *scene, const struct socket_states *sock)
{
	int64_t end = sock->spans[0].from_ns;

	for (unsigned int i = 0; i < sock->n_spans; i++)
		if (sock->spans[i].state != STATE_CLOSE)
			end = sock->spans[i].to_ns < 0 ? scene->evidence->end_ns : sock->spans[i].to_ns;
	return end;
}

static bool overlap(const struct scene *scene, const struct socket_states *a, const struct socket_states *b)
{
	return a->spans[0].from_ns < life_end(scene, b) && b->spans[0].from_ns < life_end(scene, a);
}

static unsigned int free_lane(const struct columns *columns, const struct socket_states *sock)
{
	unsigned int lane = 0;

	for (unsigned int i = 0; i < columns->n_lanes; i++) {
		const struct lane *other = &columns->lanes[i];

		if (other->sock->node == sock->node && other->lane == lane &&
		    overlap(columns->scene, other->sock, sock)) {
			lane++;
			i = (unsigned int)-1;	/* look at all of them again */
		}
	}
	return lane < MOST_LANES ? lane : MOST_LANES - 1;
}

static void give_lane(struct columns *columns, const struct socket_states *sock)
{
	struct column *column = sock ? column_of(columns, sock->node) : NULL;
	struct lane lane = { sock };

	if (!column)
		return;
	lane.lane = free_lane(columns, sock);
	grow(&columns->lanes, columns->n_lanes, sizeof(lane));
	columns->lanes[columns->n_lanes++] = lane;
	if (column->n_lanes < lane.lane + 1)
		column->n_lanes = lane.lane + 1;
}

/* The last to begin is nearest to the arrows: an old one only waits. */
static void give_lanes(struct columns *columns)
{
	const struct scene *scene = columns->scene;

	for (unsigned int i = scene->n_conns; i-- > 0; ) {
		const struct conn *conn = scene_conn(scene, i);
		const int ends[2] = { conn->client, conn->server };

		for (int side = 0; side < 2; side++)
			give_lane(columns, scene_socket(scene, ends[side], scene->conns[i]));
	}
	for (unsigned int i = 0; i < scene->n_nat_lives; i++)
		give_lane(columns, &scene->nat_lives[i]);
}

/* NATs whose memory is drawn stand near the clients: between the last and the server there is room for words. */
static bool is_near(const struct columns *columns, unsigned int i)
{
	const struct column *column = &columns->columns[i];

	return i > 0 && column->part == PART_NAT && column->n_lanes && (column[-1].client || is_near(columns, i - 1));
}

static void place(struct columns *columns, double width)
{
	static const double widths[] = {
		[PART_END] = 60, [PART_WIRE] = 40, [PART_ROUTER] = 60, [PART_NAT] = 60,
	};
	double free_width = width - MARGIN - 16, x = MARGIN;
	unsigned int wide_gaps = 0, lanes = 0;

	static_assert(ARRAY_SIZE(widths) == PARTS, "widths[] lacks one");
	for (unsigned int i = 0; i < columns->n; i++)
		lanes += columns->columns[i].n_lanes;
	columns->bar = lanes > 4 ? BAR_SMALL : BAR;
	for (unsigned int i = 0; i < columns->n; i++) {
		struct column *column = &columns->columns[i];

		column->width = plane_max(widths[column->part], column->n_lanes * (columns->bar + LANE_GAP));
		free_width -= column->width;
		if (i > 0 && column->client && column[-1].client)
			free_width -= SAME_SIDE_GAP;
		else if (is_near(columns, i))
			free_width -= NAT_GAP;
		else
			wide_gaps += i > 0;
	}
	for (unsigned int i = 0; i < columns->n; i++) {
		struct column *column = &columns->columns[i];

		if (i > 0)
			x += column->client && column[-1].client ? SAME_SIDE_GAP : is_near(columns, i) ? NAT_GAP : free_width / wide_gaps;
		column->x = x + column->width / 2;
		x += column->width;
	}
}

struct columns *columns_new(const struct scene *scene, double width)
{
	struct columns *columns = must_calloc(1, sizeof(*columns));

	columns->scene = scene;
	choose(columns);
	give_lanes(columns);
	place(columns, width);
	return columns;
}

void columns_free(struct columns *columns)
{
	if (!columns)
		return;
	free(columns->columns);
	free(columns->lanes);
	free(columns);
}

bool columns_has(const struct columns *columns, int node)
{
	return column_of(columns, node);
}

/* Lanes are counted from the side where the arrows are. */
static double lane_x(const struct columns *columns, const struct column *column, unsigned int lane)
{
	double pitch = columns->bar + LANE_GAP;
	double from_edge = (lane + 0.5) * pitch;

	return column->client ? column->x + column->width / 2 - from_edge
			      : column->x - column->width / 2 + from_edge;
}

double columns_x(const struct columns *columns, int node)
{
	const struct column *column = column_of(columns, node);

	if (!column)
		return columns->n ? columns->columns[columns->n - 1].x : 0;
	return column->n_lanes > 1 ? lane_x(columns, column, 0) : column->x;
}

double columns_bar(const struct columns *columns)
{
	return columns->bar;
}

double columns_bar_x(const struct columns *columns, const struct socket_states *sock)
{
	const struct column *column = column_of(columns, sock->node);

	for (unsigned int i = 0; column && i < columns->n_lanes; i++)
		if (columns->lanes[i].sock == sock)
			return column->n_lanes > 1 ? lane_x(columns, column, columns->lanes[i].lane) : column->x;
	return columns_x(columns, sock->node);
}

double columns_edge(const struct columns *columns, const struct socket_states *sock, double toward)
{
	double x = columns_bar_x(columns, sock);

	return toward < x ? x - columns->bar / 2 : x + columns->bar / 2;
}

double columns_left(const struct columns *columns)
{
	double left = MARGIN;

	for (unsigned int i = 0; i < columns->n; i++)
		if (columns->columns[i].client || is_near(columns, i))
			left = columns->columns[i].x + columns->columns[i].width / 2;
	return left;
}

double columns_right(const struct columns *columns)
{
	for (unsigned int i = 0; i < columns->n; i++)
		if (columns->columns[i].part == PART_END && !columns->columns[i].client)
			return columns->columns[i].x - columns->columns[i].width / 2;
	return columns->n ? columns->columns[columns->n - 1].x : columns_left(columns);
}

double columns_middle(const struct columns *columns)
{
	return (columns_left(columns) + columns_right(columns)) / 2;
}

unsigned int columns_clients(const struct columns *columns)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < columns->n; i++)
		n += columns->columns[i].client;
	return n;
}

/* An endpoint, or its address alone. IPv6's are long: the port stands on a line of its own. */
static char *written(const struct endpoint *end, bool alone)
{
	char text[64], *port;

	endpoint_text(end, text);
	port = strrchr(text, ':');
	*port++ = '\0';
	if (*text != '[')
		return alone ? must_strdup(text) : must_printf("%s:%s", text, port);
	text[strlen(text) - 1] = '\0';
	return alone ? must_strdup(text + 1) : must_printf("%s\nport %s", text + 1, port);
}

static bool same_address(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && !memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

/* "10.0.0.1:40000", or the address alone where there were several connections; with several addresses, none. */
static char *address(const struct scene *scene, int node)
{
	const struct endpoint *seen = NULL;
	bool several = false, moved = false;

	for (unsigned int i = 0; i < scene->n_conns; i++) {
		const struct conn *conn = scene_conn(scene, i);
		const struct endpoint *end = conn->client == node ? &conn->client_local
					   : conn->server == node ? &conn->server_local : NULL;

		several |= seen && end && !endpoint_equal(seen, end);
		moved |= seen && end && !same_address(seen, end);
		seen = seen ? seen : end;
	}
	if (!seen || moved)
		return must_strdup(moved ? "several addresses" : "");
	return written(seen, several);
}

/* An end that a NAT gives to those that pass, in the place of theirs. */
struct given {
	struct endpoint first;
	bool any, port, several;	/* .port: it leaves the address, or takes another port of a server */
};

static void learn(struct given *given, const struct endpoint *was, const struct endpoint *is, bool target)
{
	if (endpoint_equal(was, is))
		return;
	given->several |= given->any && !same_address(&given->first, is);
	given->first = given->any ? given->first : *is;
	given->any = true;
	given->port |= same_address(was, is) || (target && was->port != is->port);
}

static char *given_words(const struct given *given, const char *how, const char *several)
{
	auto_free char *text = given->any ? written(&given->first, !given->port) : must_strdup("");

	if (!given->any)
		return must_strdup("");
	return given->several ? must_strdup(several) : must_printf("%s %s", how, text);
}

/* What a NAT makes of the shown connections: "as 203.0.113.1" where it hides who calls, "to 10.0.0.3"
 * where it chooses who is called.
 */
static char *disguise(const struct scene *scene, int node)
{
	struct given as = { 0 }, to = { 0 };
	auto_free char *as_words = NULL, *to_words = NULL;

	for (unsigned int i = 0; i < scene->n_conns; i++) {
		const struct conn *conn = scene_conn(scene, i);

		for (unsigned int k = 0; k < conn->n_segments; k++) {
			const struct segment *segment = &scene->trace->segments[conn->segments[k]];
			struct tcp_view in, out;

			if (!segment->from_client || !scene_through(scene, segment, node, &in, &out))
				continue;
			learn(&as, &in.src, &out.src, false);
			learn(&to, &in.dst, &out.dst, true);
		}
	}
	as_words = given_words(&as, "as", "one address each");
	to_words = given_words(&to, "to", "to one server each");
	return must_printf("%s%s%s", as_words, *as_words && *to_words ? "\n" : "", to_words);
}

static char *subtitle(const struct scene *scene, const struct column *column)
{
	switch (column->part) {
	case PART_END:		return address(scene, column->node);
	case PART_NAT:		return disguise(scene, column->node);
	case PART_ROUTER:
	case PART_WIRE:
	case PARTS:		break;
	}
	return must_strdup("");
}

void columns_draw(const struct columns *columns, struct dot *dot, double top, double end)
{
	static const enum role roles[] = {
		[PART_END] = LOOK_INK, [PART_WIRE] = LOOK_WIRE,
		[PART_ROUTER] = LOOK_PASSIVE, [PART_NAT] = LOOK_PASSIVE,
	};

	static_assert(ARRAY_SIZE(roles) == PARTS, "roles[] lacks one");
	for (unsigned int i = 0; i < columns->n; i++) {
		const struct column *column = &columns->columns[i];
		const struct look *look = palette_look(roles[column->part]);
		const char *name = scene_node(columns->scene, column->node);
		auto_free char *under = subtitle(columns->scene, column);
		double x = columns_x(columns, column->node), size = strchr(under, '\n') ? 9 : 11;

		dot_line(dot, &(struct dot_line){ look, .width = 1 },
			 (struct dot_point){ x, top - 26 }, (struct dot_point){ x, end });
		dot_text(dot, &(struct dot_text){ x, top - 52, .size = 14, .colour = look->text, .bold = name });
		dot_text(dot, &(struct dot_text){ x, top - 36 + (11 - size), .size = size, .colour = look->text, .plain = under });
	}
}

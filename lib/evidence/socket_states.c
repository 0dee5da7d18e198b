/* socket_states.c - the states that each socket went through
 *
 * Everything that is known of one four-tuple on one node is put side by side:
 * the rows of states.jsonl and the connections that used it, by time. Rows are
 * cut into sockets where one ends and another begins, each socket is given the
 * connection whose packets it met; socket_history.c makes one story of the two. Of a node
 * that was never sampled (a capture that another tool made) the states are unknown.
 */
#include <twlab/socket_states.h>

#include <twlab/socket_history.h>

static int endpoint_order(const struct endpoint *a, const struct endpoint *b)
{
	int order = memcmp(&a->addr, &b->addr, sizeof(a->addr));

	/* the family stays out: a socket of IPv6 may speak IPv4 */
	return order ? order : (int)a->port - (int)b->port;
}

static int same_tuple(const struct socket_history_item *a, const struct socket_history_item *b)
{
	int order;

	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	order = endpoint_order(a->local, b->local);
	return order ? order : endpoint_order(a->remote, b->remote);
}

static int item_order(const void *one, const void *two)
{
	const struct socket_history_item *a = one, *b = two;
	int order = same_tuple(a, b);

	if (order)
		return order;
	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	if (a->is_conn != b->is_conn)
		return a->is_conn ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static struct socket_history_item *items_gather(const struct evidence *evidence, unsigned int *n)
{
	const struct trace *trace = evidence->trace;
	struct socket_history_item *items = must_calloc(evidence->n_states + 2 * (size_t)trace->n_conns, sizeof(*items));

	*n = 0;
	for (unsigned int i = 0; i < evidence->n_states; i++) {
		const struct state_row *row = &evidence->states[i];

		items[*n] = (struct socket_history_item){ trace_node(trace, row->node), false, false, false,
					   &row->local, &row->remote, row->at_ns, i };
		*n += items[*n].node >= 0;
	}
	for (unsigned int i = 0; i < trace->n_conns; i++) {
		const struct conn *conn = &trace->conns[i];

		if (conn->at_client_ns >= 0)
			items[(*n)++] = (struct socket_history_item){ conn->client, true, true, false, &conn->client_local,
						       &conn->client_remote, conn->at_client_ns, i };
		if (conn->at_server_ns >= 0)
			items[(*n)++] = (struct socket_history_item){ conn->server, true, false, false, &conn->server_local,
						       &conn->server_remote, conn->at_server_ns, i };
	}
	qsort(items, *n, sizeof(*items), item_order);
	return items;
}

static bool is_open_state(enum tcp_state state)
{
	return state == STATE_SYN_SENT || state == STATE_SYN_RECV || state == STATE_ESTABLISHED;
}

/* Does row @b tell of another socket than row @a before it? A server's socket is
 * made anew when it leaves SYN_RECV, but to us it is the same one.
 */
static bool is_another(const struct state_row *a, const struct state_row *b)
{
	if (a->event == SEEN_GONE)
		return a->state != STATE_SYN_RECV || b->at_ns > a->at_ns || b->state == STATE_SYN_SENT ||
		       b->state == STATE_SYN_RECV;
	return is_open_state(b->state) && a->state != STATE_SYN_SENT && a->state != STATE_SYN_RECV &&
	       a->state != b->state;
}

/* @items are of one four-tuple: the socket whose rows begin at @first has the
 * connection that began last before it and has no socket yet.
 */
static struct socket_history_item *conn_of(struct socket_history_item *items, unsigned int first)
{
	struct socket_history_item *found = NULL;

	for (unsigned int i = 0; i < first; i++)
		if (items[i].is_conn && !items[i].taken)
			found = &items[i];
	if (found)
		found->taken = true;
	return found;
}

/* Tell of the socket whose rows begin at items[@first]. */
static void socket_tell(struct socket_history *telling, struct socket_history_item *items, unsigned int n, unsigned int first)
{
	const struct state_row *states = telling->evidence->states, *row = NULL, *next = NULL;

	socket_history_begin(telling, &items[first], conn_of(items, first));
	telling->known = items;
	telling->n_known = n;
	for (unsigned int i = first; i < n; i++) {
		if (items[i].is_conn)
			continue;
		if (row && is_another(row, &states[items[i].index])) {
			next = &states[items[i].index];
			break;
		}
		if (row && row->event == SEEN_GONE)	/* left SYN_RECV, and lives on */
			row = NULL;
		if (row)
			socket_history_row(telling, row);
		row = &states[items[i].index];
	}
	socket_history_row(telling, row);
	if (next && row->event != SEEN_GONE)
		socket_history_gone(telling, next->at_ns);
	else if (row->event != SEEN_GONE)
		socket_history_rest(telling);
	socket_history_end(telling);
}

bool socket_states_sampled(const struct evidence *evidence, const char *node)
{
	bool host = false;

	for (unsigned int i = 0; i < evidence->trace->n_ifaces; i++)
		host |= evidence->trace->ifaces[i].end && !strcmp(evidence->trace->ifaces[i].node, node);
	for (unsigned int i = 0; i < evidence->n_states; i++)
		if (!strcmp(evidence->states[i].node, node))
			return true;
	for (unsigned int i = 0; host && i < evidence->n_counters; i++)
		if (!strcmp(evidence->counters[i].node, node))
			return true;
	return false;
}

/* A socket that stayed would have been sampled, where samples are taken: these are
 * packets without one (a step of the lab made them, or a host did not want them).
 */
static bool had_no_socket(const struct socket_history *telling)
{
	const struct socket_states *sock = telling->sock;
	int64_t end_ns = telling->evidence->end_ns;
	const struct state_span *last;

	if (!sock->n_spans)
		return false;
	last = &sock->spans[sock->n_spans - 1];
	if (last->state == STATE_CLOSE)
		end_ns = last->from_ns;
	return end_ns - sock->spans->from_ns > telling->patience_ns;
}

/* Tell of the sockets of one four-tuple on one node. */
static void tuple_tell(struct socket_history *telling, struct socket_history_item *items, unsigned int n,
		       struct socket_states **sockets, unsigned int *n_sockets)
{
	const struct state_row *states = telling->evidence->states, *row = NULL;

	for (unsigned int i = 0; i < n; i++) {
		if (items[i].is_conn)
			continue;
		if (!row || is_another(row, &states[items[i].index])) {
			telling->sock = grow(sockets, (*n_sockets)++, sizeof(**sockets));
			socket_tell(telling, items, n, i);
		}
		row = &states[items[i].index];
	}
	for (unsigned int i = 0; i < n; i++) {	/* sockets that no sample caught */
		if (!items[i].is_conn || items[i].taken)
			continue;
		telling->sock = grow(sockets, *n_sockets, sizeof(**sockets));
		socket_history_begin(telling, &items[i], &items[i]);
		if (telling->patience_ns < 0)
			socket_history_unknown(telling);
		else
			socket_history_rest(telling);
		if (telling->patience_ns >= 0 && had_no_socket(telling)) {
			free(telling->sock->spans);
			telling->sock->n_spans = 0;
		}
		*n_sockets += telling->sock->n_spans > 0;
		socket_history_end(telling);
	}
}

static int life_order(const void *one, const void *two)
{
	const struct socket_states *a = one, *b = two;

	if (a->node != b->node)
		return a->node < b->node ? -1 : 1;
	if (a->spans->from_ns != b->spans->from_ns)
		return a->spans->from_ns < b->spans->from_ns ? -1 : 1;
	if (a->conn != b->conn)
		return a->conn < b->conn ? -1 : 1;
	return endpoint_order(&a->local, &b->local);
}

struct socket_states *socket_states_read(const struct evidence *evidence, unsigned int *n)
{
	struct socket_history telling = { .evidence = evidence, .trace = evidence->trace };
	struct socket_states *sockets = NULL;
	unsigned int n_items, end;
	auto_free struct socket_history_item *items = items_gather(evidence, &n_items);
	auto_free int64_t *patience = must_calloc(evidence->trace->n_nodes, sizeof(*patience));

	*n = 0;
	for (unsigned int i = 0; i < evidence->trace->n_nodes; i++)
		patience[i] = socket_states_sampled(evidence, evidence->trace->nodes[i])
			    ? socket_history_patience(evidence, evidence->trace->nodes[i]) : -1;
	for (unsigned int i = 0; i < n_items; i = end) {
		for (end = i + 1; end < n_items && !same_tuple(&items[i], &items[end]); end++)
			;
		telling.patience_ns = patience[items[i].node];
		tuple_tell(&telling, items + i, end - i, &sockets, n);
	}
	if (*n)
		qsort(sockets, *n, sizeof(*sockets), life_order);
	return sockets;
}

void socket_states_free(struct socket_states *sockets, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		free(sockets[i].spans);
	free(sockets);
}

/* facts_conn.h - facts about connections and their sockets: a step of facts_collect() */
#ifndef TWLAB_FACTS_CONN_H
#define TWLAB_FACTS_CONN_H

#include <twlab/facts.h>
#include <twlab/socket_states.h>

/* One node's side of one of its connections. */
struct facts_side {
	const struct evidence *evidence;
	const struct conn *conn;
	const struct socket_states *sock;	/* of its socket; NULL = it had none */
	bool client;			/* which side it is */
	unsigned int number;		/* K */
	const char *node;
};

/* Add connK.* of @side. */
void facts_conn(struct facts *facts, const struct facts_side *side);

/* Did this side send a FIN before it got one? Fills @fin (a segment), if so. */
bool facts_closed_first(const struct trace *trace, const struct conn *conn, bool client,
			unsigned int *fin);

/* "12.345": milliseconds. @text has room for 32 bytes; returns it. */
char *facts_ms(int64_t ns, char *text);

#endif

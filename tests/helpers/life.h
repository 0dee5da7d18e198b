/* life.h - a socket's states as a line of text */
#ifndef TWLAB_TESTS_LIFE_H
#define TWLAB_TESTS_LIFE_H

#include <twlab/socket_states.h>

/* "SYN_SENT >SYN; ESTABLISHED <SYN,ACK; ...": a state, '?' when it was inferred, and
 * what led there: a packet sent (>) or got (<), or a call.
 */
static inline char *life_text(const struct trace *trace, const struct socket_states *sock)
{
	char *text = must_strdup(""), flags[40];

	for (unsigned int i = 0; i < sock->n_spans; i++) {
		const struct state_span *span = &sock->spans[i];
		char *more = must_printf("%s%s%s%s %s%s", text, i ? "; " : "", tcp_state_name(span->state),
			span->inferred ? "?" : "",
			span->cause < 0 ? "" : span->cause_sent ? ">" : "<",
			span->cause >= 0 ? tcp_flags_text(trace->segments[span->cause].tcp.flags, flags) :
			span->call ? span->call : "-");

		free(text);
		text = more;
	}
	return text;
}

#endif

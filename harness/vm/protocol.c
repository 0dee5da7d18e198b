/* protocol.c - take apart what a guest says on debugcon, and keep its console */
#include "harness/vm/protocol.h"

#include <ctype.h>

#define LINE_MAX_LEN 4096	/* the guest's own lines are at most 1024 */

void protocol_add(struct protocol *protocol, const void *data, size_t len)
{
	protocol->len -= protocol->taken;
	if (protocol->len && protocol->taken)
		memmove(protocol->buf, protocol->buf + protocol->taken, protocol->len);
	protocol->taken = 0;
	protocol->buf = must_realloc(protocol->buf, protocol->len + len, 1);
	memcpy(protocol->buf + protocol->len, data, len);
	protocol->len += len;
}

static int next_output(struct protocol *protocol, struct message *message)
{
	size_t have = protocol->len - protocol->taken;

	if (!have)
		return 0;
	*message = (struct message){ .fd = protocol->out_fd, .data = protocol->buf + protocol->taken,
			       .len = have < protocol->out_left ? have : protocol->out_left };
	protocol->out_left -= message->len;
	protocol->taken += message->len;
	return 1;
}

int protocol_next(struct protocol *protocol, struct message *message)
{
	while (!protocol->out_left) {
		char *line = protocol->buf + protocol->taken, *end, *space;

		if (protocol->taken == protocol->len)
			return 0;
		end = memchr(line, '\n', protocol->len - protocol->taken);
		if (!end && protocol->len - protocol->taken < LINE_MAX_LEN)
			return 0;
		if (!end)	/* no guest of ours: let the line go */
			end = line + LINE_MAX_LEN - 1;
		*end = '\0';
		protocol->taken += (size_t)(end - line) + 1;
		if (sscanf(line, "out %d %zu", &protocol->out_fd, &protocol->out_left) == 2)
			continue;
		space = strchr(line, ' ');
		if (space)
			*space = '\0';
		*message = (struct message){ .word = line, .rest = space ? space + 1 : "" };
		return 1;
	}
	return next_output(protocol, message);
}

void protocol_free(struct protocol *protocol)
{
	free(protocol->buf);
	*protocol = (struct protocol){ 0 };
}

void tail_add(struct tail *tail, const void *data, size_t len)
{
	static const char gap[] = "\n[... cut ...]\n";
	const size_t head = TAIL_KEEP + sizeof(gap) - 1;

	if (!len)
		return;
	tail->text = must_realloc(tail->text, tail->len + len + 1, 1);
	memcpy(tail->text + tail->len, data, len);
	tail->len += len;
	if (tail->len > head + 2 * TAIL_KEEP) {
		memmove(tail->text + head, tail->text + tail->len - TAIL_KEEP, TAIL_KEEP);
		memcpy(tail->text + TAIL_KEEP, gap, sizeof(gap) - 1);
		tail->len = head + TAIL_KEEP;
		tail->cut = true;
	}
	tail->text[tail->len] = '\0';
}

static bool line_has(const char *line, size_t len, const char *what)
{
	if (what)
		return memmem(line, len, what, strlen(what));
	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	return len;
}

char *tail_line(const struct tail *tail, const char *what)
{
	const char *end = tail->text ? tail->text + tail->len : NULL, *at = end;

	while (at && at > tail->text) {
		at--;
		if (at > tail->text && at[-1] != '\n')
			continue;
		if (line_has(at, strcspn(at, "\r\n"), what)) {
			const char *stamp = *at == '[' ? strstr(at, "] ") : NULL;

			if (stamp && stamp - at < 20)
				at = stamp + 2;
			return must_printf("%.*s", (int)strcspn(at, "\r\n"), at);
		}
	}
	return NULL;
}

/* talk.c - take apart what a guest says on debugcon, and keep its console */
#include "talk.h"

#include <ctype.h>

#define LINE_MAX_LEN 4096	/* the guest's own lines are at most 1024 */

void talk_add(struct talk *talk, const void *data, size_t len)
{
	talk->len -= talk->taken;
	if (talk->len && talk->taken)
		memmove(talk->buf, talk->buf + talk->taken, talk->len);
	talk->taken = 0;
	talk->buf = must_realloc(talk->buf, talk->len + len, 1);
	memcpy(talk->buf + talk->len, data, len);
	talk->len += len;
}

static int next_output(struct talk *talk, struct said *said)
{
	size_t have = talk->len - talk->taken;

	if (!have)
		return 0;
	*said = (struct said){ .fd = talk->out_fd, .data = talk->buf + talk->taken,
			       .len = have < talk->out_left ? have : talk->out_left };
	talk->out_left -= said->len;
	talk->taken += said->len;
	return 1;
}

int talk_next(struct talk *talk, struct said *said)
{
	while (!talk->out_left) {
		char *line = talk->buf + talk->taken, *end, *space;

		if (talk->taken == talk->len)
			return 0;
		end = memchr(line, '\n', talk->len - talk->taken);
		if (!end && talk->len - talk->taken < LINE_MAX_LEN)
			return 0;
		if (!end)	/* no guest of ours: let the line go */
			end = line + LINE_MAX_LEN - 1;
		*end = '\0';
		talk->taken += (size_t)(end - line) + 1;
		if (sscanf(line, "out %d %zu", &talk->out_fd, &talk->out_left) == 2)
			continue;
		space = strchr(line, ' ');
		if (space)
			*space = '\0';
		*said = (struct said){ .word = line, .rest = space ? space + 1 : "" };
		return 1;
	}
	return next_output(talk, said);
}

void talk_free(struct talk *talk)
{
	free(talk->buf);
	*talk = (struct talk){ 0 };
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

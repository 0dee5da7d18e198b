/* answer.c - tells what TIME_WAIT answers to a segment
 *
 * main() reads a line for each segment, and prints a line for each: leave that as it is.
 * Your part is time_wait_answer().
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct segment {
	bool syn, fin, rst, ack;	/* its flags (PSH is of no account) */
	uint32_t seq;			/* its first sequence number */
	uint32_t len;			/* bytes of data */
	bool has_ts;			/* it has a timestamp option, */
	uint32_t ts;			/* with this TSval */
};

struct time_wait {
	uint32_t rcv_nxt;		/* the sequence number that would come next */
	bool has_ts;			/* there were timestamps on its connection, */
	uint32_t ts_recent;		/* and this TSval was the last */
	bool rfc1337;			/* net.ipv4.tcp_rfc1337 */
};

enum answer { UNKNOWN, NONE, ACK, RST, SYN_ACK };
enum fate {
	ENDS,				/* there is no TIME_WAIT any more */
	LIVES,				/* there is, and its timer runs on */
	RESTARTS,			/* there is, and its 60 s begin anew */
};

static bool after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static enum answer time_wait_answer(const struct segment *segment, const struct time_wait *tw, enum fate *fate)
{
	bool stamped = segment->has_ts && tw->has_ts;
	bool old = stamped && after(tw->ts_recent, segment->ts);
	bool newer = stamped && after(segment->ts, tw->ts_recent);
	bool empty = !segment->syn && !segment->fin && !segment->len;

	if (!old && segment->seq == tw->rcv_nxt && segment->rst) {
		*fate = tw->rfc1337 ? LIVES : ENDS;
		return NONE;
	}
	if (!old && segment->seq == tw->rcv_nxt && empty) {
		*fate = RESTARTS;
		return NONE;
	}
	if (segment->syn && !segment->rst && !segment->ack && !old && (after(segment->seq, tw->rcv_nxt) || newer)) {
		*fate = ENDS;
		return SYN_ACK;
	}
	*fate = segment->rst ? LIVES : RESTARTS;
	return segment->rst ? NONE : ACK;
}

static bool has(const char *flags, const char *flag)
{
	return strstr(flags, flag) != NULL;
}

int main(void)
{
	static const char *const answers[] = { "?", "none", "ACK", "RST", "SYN-ACK" };
	static const char *const fates[] = { "ends", "lives", "restarts" };
	char line[256], flags[32], ts[16], recent[16];
	unsigned int number, seq, len, next, rfc1337;

	while (fgets(line, sizeof(line), stdin)) {
		struct segment segment;
		struct time_wait tw;
		enum answer answer;
		enum fate fate;

		if (sscanf(line, "%u %31s %u %u %15s %u %15s %u", &number, flags, &seq, &len, ts, &next, recent, &rfc1337) != 8)
			continue;
		segment = (struct segment){ has(flags, "SYN"), has(flags, "FIN"), has(flags, "RST"), has(flags, "ACK"),
					    seq, len, *ts != '-', (uint32_t)strtoul(ts, NULL, 10) };
		tw = (struct time_wait){ next, *recent != '-', (uint32_t)strtoul(recent, NULL, 10), rfc1337 };
		fate = LIVES;
		answer = time_wait_answer(&segment, &tw, &fate);
		printf("%u %s %s\n", number, answers[answer], fates[fate]);
	}
	return 0;
}

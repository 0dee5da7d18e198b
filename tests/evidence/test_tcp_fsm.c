/* test_tcp_fsm.c - the states that packets lead one side into */
#include "tests/helpers/test.h"

#include <twlab/tcp_fsm.h>

/* A packet that this side sends ('>') or gets ('<'), and the state it is in then. */
struct step {
	const char *flags;	/* "> SA" */
	uint32_t seq, ack, len;
	enum tcp_state state;
};

struct story {
	const char *name;
	struct step steps[16];
};

/* Opened from here (ISN 1000) and from there (ISN 5000). */
#define OPENS { "> S", 1000, 0, 0, STATE_SYN_SENT }, { "< SA", 5000, 1001, 0, STATE_ESTABLISHED }, \
	      { "> A", 1001, 5001, 0, STATE_ESTABLISHED }
#define ACCEPTS { "< S", 5000, 0, 0, STATE_NONE }, { "> SA", 1000, 5001, 0, STATE_SYN_RECV }, \
		{ "< A", 5001, 1001, 0, STATE_ESTABLISHED }

static const struct story stories[] = {
	{ "closed from here", { OPENS, { "> FA", 1001, 5001, 0, STATE_FIN_WAIT1 }, { "< A", 5001, 1002, 0, STATE_FIN_WAIT2 },
	  { "< FA", 5001, 1002, 0, STATE_TIME_WAIT }, { "> A", 1002, 5002, 0, STATE_TIME_WAIT } } },
	{ "closed from there", { ACCEPTS, { "< FA", 5001, 1001, 0, STATE_CLOSE_WAIT }, { "> A", 1001, 5002, 0, STATE_CLOSE_WAIT },
	  { "> FA", 1001, 5002, 0, STATE_LAST_ACK }, { "< A", 5002, 1002, 0, STATE_CLOSE } } },
	{ "ACK and FIN at once", { OPENS, { "> FA", 1001, 5001, 0, STATE_FIN_WAIT1 }, { "< FA", 5001, 1002, 0, STATE_TIME_WAIT } } },
	{ "both at once", { OPENS, { "> FA", 1001, 5001, 0, STATE_FIN_WAIT1 }, { "< FA", 5001, 1001, 0, STATE_CLOSING },
	  { "< A", 5002, 1002, 0, STATE_TIME_WAIT } } },
	{ "an ACK that is not of the FIN", { OPENS, { "> FA", 1001, 5001, 0, STATE_FIN_WAIT1 }, { "< A", 5001, 1001, 0, STATE_FIN_WAIT1 } } },
	{ "... nor ends LAST_ACK", { OPENS, { "< FA", 5001, 1001, 0, STATE_CLOSE_WAIT }, { "> FA", 1001, 5002, 0, STATE_LAST_ACK },
	  { "< A", 5002, 1001, 0, STATE_LAST_ACK } } },
	{ "... nor ends CLOSING", { OPENS, { "> FA", 1001, 5001, 0, STATE_FIN_WAIT1 }, { "< FA", 5001, 1001, 0, STATE_CLOSING },
	  { "< A", 5002, 1001, 0, STATE_CLOSING } } },
	{ "closed before it was open", { { "< S", 5000, 0, 0, STATE_NONE }, { "> SA", 1000, 5001, 0, STATE_SYN_RECV },
	  { "> FA", 1001, 5001, 0, STATE_FIN_WAIT1 } } },
	{ "both open at once", { { "> S", 1000, 0, 0, STATE_SYN_SENT }, { "< S", 5000, 0, 0, STATE_SYN_SENT },
	  { "> SA", 1000, 5001, 0, STATE_SYN_RECV }, { "< SA", 5000, 1001, 0, STATE_ESTABLISHED } } },
	{ "a SYN,ACK of something else", { { "> S", 1000, 0, 0, STATE_SYN_SENT }, { "< SA", 5000, 1002, 0, STATE_SYN_SENT },
	  { "> R", 1002, 0, 0, STATE_SYN_SENT }, { "< SA", 7000, 1001, 0, STATE_ESTABLISHED } } },
	{ "an ACK of something else does not open", { { "< S", 5000, 0, 0, STATE_NONE }, { "> SA", 1000, 5001, 0, STATE_SYN_RECV },
	  { "< A", 5001, 1002, 0, STATE_SYN_RECV } } },
	{ "data goes both ways", { OPENS, { "> PA", 1001, 5001, 10, STATE_ESTABLISHED }, { "< PA", 5001, 1011, 5, STATE_ESTABLISHED },
	  { "< FA", 5006, 1011, 0, STATE_CLOSE_WAIT } } },
	{ "a FIN with data", { OPENS, { "< FA", 5001, 1001, 9, STATE_CLOSE_WAIT }, { "> FA", 1001, 5011, 3, STATE_LAST_ACK },
	  { "< A", 5011, 1004, 0, STATE_LAST_ACK }, { "< A", 5011, 1005, 0, STATE_CLOSE } } },
	{ "a FIN before the data ahead of it", { OPENS, { "< FA", 5011, 1001, 0, STATE_ESTABLISHED },
	  { "< PA", 5001, 1001, 5, STATE_ESTABLISHED }, { "< PA", 5006, 1001, 5, STATE_CLOSE_WAIT } } },
	{ "... and in pieces, the last first", { OPENS, { "< PA", 5011, 1001, 5, STATE_ESTABLISHED }, { "< FA", 5016, 1001, 0, STATE_ESTABLISHED },
	  { "< PA", 5006, 1001, 5, STATE_ESTABLISHED }, { "< PA", 5001, 1001, 5, STATE_CLOSE_WAIT } } },
	{ "data twice", { OPENS, { "< PA", 5001, 1001, 5, STATE_ESTABLISHED }, { "< PA", 5001, 1001, 5, STATE_ESTABLISHED },
	  { "< FA", 5006, 1001, 0, STATE_CLOSE_WAIT } } },
	{ "the FIN again", { OPENS, { "> FA", 1001, 5001, 0, STATE_FIN_WAIT1 }, { "> FA", 1001, 5001, 0, STATE_FIN_WAIT1 },
	  { "< A", 5001, 1002, 0, STATE_FIN_WAIT2 }, { "> FA", 1001, 5001, 0, STATE_FIN_WAIT2 } } },
	{ "numbers wrap", { { "> S", UINT32_MAX, 0, 0, STATE_SYN_SENT }, { "< SA", UINT32_MAX - 1, 0, 0, STATE_ESTABLISHED },
	  { "< PA", UINT32_MAX, 0, 1, STATE_ESTABLISHED }, { "> FA", 0, 0, 0, STATE_FIN_WAIT1 }, { "< A", 0, 1, 0, STATE_FIN_WAIT2 },
	  { "< FA", 0, 1, 0, STATE_TIME_WAIT } } },
	{ "begun in the middle, nothing is known", { { "> PA", 1001, 5001, 10, STATE_NONE }, { "< A", 5001, 1011, 0, STATE_NONE } } },
	{ "begun with our SYN,ACK: what comes first is where it begins, and a FIN ahead of data waits", { { "> SA", 1000, 5001, 0, STATE_SYN_RECV },
	  { "< A", 5001, 1001, 0, STATE_ESTABLISHED }, { "< FA", 5011, 1001, 0, STATE_ESTABLISHED }, { "< PA", 5001, 1001, 10, STATE_CLOSE_WAIT } } },
	{ "a RST of ours ends it", { OPENS, { "> R", 1001, 0, 0, STATE_CLOSE } } },
	{ "... but not TIME_WAIT", { OPENS, { "> FA", 1001, 5001, 0, STATE_FIN_WAIT1 }, { "< FA", 5001, 1002, 0, STATE_TIME_WAIT },
	  { "> R", 1002, 0, 0, STATE_TIME_WAIT } } },
	{ "a refusal", { { "> S", 1000, 0, 0, STATE_SYN_SENT }, { "< RA", 0, 1001, 0, STATE_CLOSE } } },
	{ "a refusal of something else", { { "> S", 1000, 0, 0, STATE_SYN_SENT }, { "< RA", 0, 1000, 0, STATE_SYN_SENT },
	  { "< R", 0, 1001, 0, STATE_SYN_SENT } } },
};

/* RFC 5961, 3.2: a RST counts with the very number that is waited for. */
static const struct story resets[] = {
	{ "in SYN_RECV", { { "< S", 5000, 0, 0, STATE_NONE }, { "> SA", 1000, 5001, 0, STATE_SYN_RECV },
	  { "< R", 5002, 0, 0, STATE_SYN_RECV }, { "< R", 5000, 0, 0, STATE_SYN_RECV }, { "< R", 5001, 0, 0, STATE_CLOSE } } },
	{ "in ESTABLISHED", { OPENS, { "< R", 5002, 0, 0, STATE_ESTABLISHED }, { "< R", 5000, 0, 0, STATE_ESTABLISHED },
	  { "< RA", 5001, 1001, 0, STATE_CLOSE } } },
	{ "behind data", { OPENS, { "< PA", 5001, 1001, 5, STATE_ESTABLISHED }, { "< R", 5001, 0, 0, STATE_ESTABLISHED },
	  { "< R", 5006, 0, 0, STATE_CLOSE } } },
	{ "in FIN_WAIT1", { OPENS, { "> FA", 1001, 5001, 0, STATE_FIN_WAIT1 }, { "< R", 5002, 0, 0, STATE_FIN_WAIT1 },
	  { "< R", 5001, 0, 0, STATE_CLOSE } } },
	{ "in FIN_WAIT2", { OPENS, { "> FA", 1001, 5001, 0, STATE_FIN_WAIT1 }, { "< A", 5001, 1002, 0, STATE_FIN_WAIT2 },
	  { "< R", 5000, 0, 0, STATE_FIN_WAIT2 }, { "< R", 5001, 0, 0, STATE_CLOSE } } },
	{ "in CLOSE_WAIT, behind the FIN", { OPENS, { "< FA", 5001, 1001, 0, STATE_CLOSE_WAIT }, { "< R", 5003, 0, 0, STATE_CLOSE_WAIT },
	  { "< R", 5002, 0, 0, STATE_CLOSE } } },
	{ "in CLOSE_WAIT, the FIN's own number", { OPENS, { "< FA", 5001, 1001, 0, STATE_CLOSE_WAIT },
	  { "< R", 5000, 0, 0, STATE_CLOSE_WAIT }, { "< R", 5001, 0, 0, STATE_CLOSE } } },
	{ "in LAST_ACK", { OPENS, { "< FA", 5001, 1001, 0, STATE_CLOSE_WAIT }, { "> FA", 1001, 5002, 0, STATE_LAST_ACK },
	  { "< R", 5003, 0, 0, STATE_LAST_ACK }, { "< R", 5002, 0, 0, STATE_CLOSE } } },
	{ "in CLOSING", { OPENS, { "> FA", 1001, 5001, 0, STATE_FIN_WAIT1 }, { "< FA", 5001, 1001, 0, STATE_CLOSING },
	  { "< R", 5003, 0, 0, STATE_CLOSING }, { "< R", 5002, 0, 0, STATE_CLOSE } } },
	{ "in TIME_WAIT only a sample can tell", { OPENS, { "> FA", 1001, 5001, 0, STATE_FIN_WAIT1 }, { "< FA", 5001, 1002, 0, STATE_TIME_WAIT },
	  { "< R", 5002, 0, 0, STATE_TIME_WAIT } } },
	{ "in LISTEN there is nothing to end", { { "< R", 0, 0, 0, STATE_NONE } } },
};

static uint8_t flags_of(const char *letters)
{
	static const struct { char letter; uint8_t flag; } flags[] = {
		{ 'F', TCP_FIN }, { 'S', TCP_SYN }, { 'R', TCP_RST }, { 'P', TCP_PSH }, { 'A', TCP_ACK },
	};
	uint8_t all = 0;

	for (size_t f = 0; f < ARRAY_SIZE(flags); f++)
		if (strchr(letters, flags[f].letter))
			all |= flags[f].flag;
	return all;
}

/* What @step does to @walk, @n ms after the beginning. Its move, if there is one, is as it should be. */
static void take(struct tcp_fsm *walk, const struct step *step, unsigned int n)
{
	struct segment segment = { 0 };
	const struct trace trace = { .segments = &segment, .n_segments = 1 };
	bool sent = step->flags[0] == '>';
	enum tcp_state before = walk->state;
	struct tcp_transition transitions[2];
	int made;

	segment.tcp = (struct tcp_view){ .flags = flags_of(step->flags + 2), .seq = step->seq, .ack = step->ack,
					 .payload_len = step->len, .window = 65535 };
	segment.tcp_rcvd = segment.tcp;
	*(sent ? &segment.tcp_rcvd : &segment.tcp) = (struct tcp_view){ 0 };	/* not this side's business */
	made = tcp_fsm_step(walk, &trace, 0, sent, n, transitions);
	assert_int_equal(made, walk->state != before);
	if (!made)
		return;
	assert_int_equal(transitions[0].state, walk->state);
	assert_int_equal(transitions[0].after.state, walk->state);
	if (walk->state == STATE_SYN_RECV)	/* the SYN that came in is its cause */
		return;
	assert_int_equal(transitions[0].sent, sent);
	assert_int_equal(transitions[0].at_ns, n);
	assert_int_equal(transitions[0].segment, 0);
}

static unsigned int story_check(const struct story *story)
{
	struct tcp_fsm walk;

	tcp_fsm_begin(&walk);
	for (unsigned int n = 0; story->steps[n].flags; n++) {
		const struct step *step = &story->steps[n];

		take(&walk, step, n);
		if (walk.state == step->state)
			continue;
		print_error("%s: after %s it is in '%s', not '%s'\n", story->name, step->flags,
			    tcp_state_name(walk.state), tcp_state_name(step->state));
		return 1;
	}
	return 0;
}

static void packets_lead_through_the_states(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(stories); s++)
		wrong += story_check(&stories[s]);
	assert_int_equal(wrong, 0);
}

static void a_rst_counts_with_its_number_alone(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(resets); s++)
		wrong += story_check(&resets[s]);
	assert_int_equal(wrong, 0);
}

/* SYN_RECV begins when the SYN comes in; the SYN,ACK only shows it. */
static void syn_recv_begins_with_the_syn(void **state)
{
	struct segment segments[2] = { 0 };
	const struct trace trace = { .segments = segments, .n_segments = 2 };
	struct tcp_transition transitions[2];
	struct tcp_fsm walk;

	(void)state;
	segments[0].tcp_rcvd = (struct tcp_view){ .flags = TCP_SYN, .seq = 5000 };
	segments[1].tcp = (struct tcp_view){ .flags = TCP_SYN | TCP_ACK, .seq = 1000, .ack = 5001 };
	tcp_fsm_begin(&walk);
	assert_int_equal(tcp_fsm_step(&walk, &trace, 0, false, 700, transitions), 0);
	assert_int_equal(tcp_fsm_step(&walk, &trace, 1, true, 900, transitions), 1);
	assert_int_equal(transitions[0].state, STATE_SYN_RECV);
	assert_int_equal(transitions[0].at_ns, 700);
	assert_int_equal(transitions[0].segment, 0);
	assert_false(transitions[0].sent);
}

/* One segment makes two moves, and one can go on from either. */
static void an_ack_with_a_fin_opens_and_closes(void **state)
{
	static const struct step steps[] = { { "< S", 5000, 0, 0, STATE_NONE }, { "> SA", 1000, 5001, 0, STATE_SYN_RECV } };
	struct segment fin = { .tcp_rcvd = { .flags = TCP_FIN | TCP_ACK, .seq = 5001, .ack = 1001 } };
	const struct trace trace = { .segments = &fin, .n_segments = 1 };
	const struct step data = { "> FA", 1001, 5002, 0, STATE_NONE };
	struct tcp_transition transitions[2];
	struct tcp_fsm walk;

	(void)state;
	tcp_fsm_begin(&walk);
	for (unsigned int n = 0; n < ARRAY_SIZE(steps); n++)
		take(&walk, &steps[n], n);
	assert_int_equal(tcp_fsm_step(&walk, &trace, 0, false, 9, transitions), 2);
	assert_int_equal(transitions[0].state, STATE_ESTABLISHED);
	assert_int_equal(transitions[1].state, STATE_CLOSE_WAIT);
	take(&transitions[0].after, &data, 10);
	assert_int_equal(transitions[0].after.state, STATE_FIN_WAIT1);
	take(&transitions[1].after, &data, 10);
	assert_int_equal(transitions[1].after.state, STATE_LAST_ACK);
}

/* @pairs of segments of one byte each in the wrong order, then the FIN. */
static void a_fin_is_heard_after_any_number_of_swaps(void **state)
{
	static const unsigned int rows[] = { 0, 1, 7, 8, 9, 10, 100 };
	static const struct step opens[] = { OPENS };

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct step step = { "< PA", 0, 1001, 1, STATE_NONE };
		struct tcp_fsm walk;

		tcp_fsm_begin(&walk);
		for (unsigned int n = 0; n < ARRAY_SIZE(opens); n++)
			take(&walk, &opens[n], n);
		for (unsigned int pair = 0; pair < rows[r]; pair++) {
			step.seq = 5001 + 2 * pair + 1;
			take(&walk, &step, 9);
			step.seq--;
			take(&walk, &step, 9);
		}
		assert_int_equal(walk.state, STATE_ESTABLISHED);
		assert_int_equal(walk.got_next, 5001 + 2 * rows[r]);
		step = (struct step){ "< FA", walk.got_next, 1001, 0, STATE_NONE };
		take(&walk, &step, 9);
		if (walk.state != STATE_CLOSE_WAIT)
			fail_msg("%u swaps: '%s'", rows[r], tcp_state_name(walk.state));
	}
}

/* One segment comes last of all: what it is waited for takes one place, and one more for each other gap. */
static void a_late_segment_is_waited_for(void **state)
{
	static const struct { unsigned int behind, gaps; enum tcp_state then; } rows[] = {
		{ 1, 0, STATE_CLOSE_WAIT }, { 8, 0, STATE_CLOSE_WAIT }, { 9, 0, STATE_CLOSE_WAIT }, { 1000, 0, STATE_CLOSE_WAIT },
		{ 1, 7, STATE_CLOSE_WAIT }, { 1, 8, STATE_ESTABLISHED },	/* more than it can keep: it does not know */
	};
	static const struct step opens[] = { OPENS };

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		struct step step = { "< PA", 5002, 1001, 1, STATE_NONE };
		unsigned int end = 5002 + rows[r].behind + 2 * rows[r].gaps;
		struct tcp_fsm walk;

		tcp_fsm_begin(&walk);
		for (unsigned int n = 0; n < ARRAY_SIZE(opens); n++)
			take(&walk, &opens[n], n);
		for (; step.seq < 5002 + rows[r].behind; step.seq++)
			take(&walk, &step, 9);
		for (step.seq++; step.seq < end; step.seq += 2)
			take(&walk, &step, 9);
		assert_int_equal(walk.got_next, 5001);
		for (step.seq = end - 2; step.seq > 5001 + rows[r].behind; step.seq -= 2)	/* each stretch grows at its begin */
			take(&walk, &step, 9);
		step = (struct step){ "< FA", end, 1001, 0, STATE_NONE };
		take(&walk, &step, 9);
		assert_int_equal(walk.state, STATE_ESTABLISHED);
		step = (struct step){ "< PA", 5001, 1001, 1, STATE_NONE };
		take(&walk, &step, 9);
		if (walk.state != rows[r].then)
			fail_msg("%u behind, %u gaps: '%s'", rows[r].behind, rows[r].gaps, tcp_state_name(walk.state));
	}
}

static void step_with(struct tcp_fsm *fsm, bool sent, struct tcp_view tcp)
{
	struct segment segment = { .tcp = tcp, .tcp_rcvd = tcp };
	const struct trace trace = { .segments = &segment, .n_segments = 1 };
	struct tcp_transition transitions[2];

	tcp_fsm_step(fsm, &trace, 0, sent, 0, transitions);
}

/* Both windows are 1 before they are scaled. Does a FIN count that begins @ahead of what we wait
 * for, and acknowledges @back less than what was acknowledged before?
 */
static bool fin_counts(uint8_t ours, uint8_t theirs, uint32_t ahead, uint32_t back)
{
	struct tcp_fsm fsm;

	tcp_fsm_begin(&fsm);
	step_with(&fsm, true, (struct tcp_view){ .flags = TCP_SYN, .seq = 1000, .wscale = ours, .window = 1 });
	step_with(&fsm, false, (struct tcp_view){ .flags = TCP_SYN | TCP_ACK, .seq = 5000, .ack = 1001, .wscale = theirs, .window = 1 });
	step_with(&fsm, true, (struct tcp_view){ .flags = TCP_ACK, .seq = 1001, .ack = 5001, .payload_len = 50000, .window = 1 });
	step_with(&fsm, false, (struct tcp_view){ .flags = TCP_ACK, .seq = 5001, .ack = 51001, .window = 1 });
	assert_int_equal(fsm.una, 51001);
	step_with(&fsm, false, (struct tcp_view){ .flags = TCP_FIN | TCP_ACK, .seq = 5001 + ahead, .ack = 51001 - back, .window = 1 });
	return fsm.fin_got;
}

/* RFC 7323, 2.2: both or none; 2.3: no more than 14, whatever the option says. */
static void windows_are_scaled_by_14_at_most(void **state)
{
	static const struct {
		uint8_t ours, theirs;	/* 255: without the option */
		uint32_t reach, age;	/* of our window, of the peer's */
	} rows[] = {
		{ 0, 0, 1, 1 }, { 7, 3, 128, 8 }, { 7, 255, 1, 1 }, { 255, 7, 1, 1 }, { 255, 255, 1, 1 },
		{ 13, 14, 8192, 16384 }, { 14, 13, 16384, 8192 }, { 7, 15, 128, 16384 }, { 15, 7, 16384, 128 },
		{ 254, 254, 16384, 16384 },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		uint8_t ours = rows[r].ours, theirs = rows[r].theirs;

		print_message("%u %u\n", ours, theirs);
		assert_true(fin_counts(ours, theirs, rows[r].reach, 0));
		assert_false(fin_counts(ours, theirs, rows[r].reach + 1, 0));
		assert_true(fin_counts(ours, theirs, 0, rows[r].age));
		assert_false(fin_counts(ours, theirs, 0, rows[r].age + 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_lead_through_the_states),
		cmocka_unit_test(a_rst_counts_with_its_number_alone),
		cmocka_unit_test(syn_recv_begins_with_the_syn),
		cmocka_unit_test(an_ack_with_a_fin_opens_and_closes),
		cmocka_unit_test(a_fin_is_heard_after_any_number_of_swaps),
		cmocka_unit_test(a_late_segment_is_waited_for),
		cmocka_unit_test(windows_are_scaled_by_14_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

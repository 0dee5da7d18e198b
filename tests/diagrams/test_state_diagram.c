/* test_state_diagram.c - the way through the states is the one that was taken */
#include "diagrams/state_diagram.h"
#include "tests/helpers/sample.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char *draw(const struct sample *sample, unsigned int conn)
{
	struct sampled sampled;
	struct scene scene;
	char *text;

	sample_make(sample, &sampled);
	scene_open(&scene, &sampled.evidence, NULL, sampled.sockets, sampled.n_sockets);
	text = machine_draw(&scene, conn);
	scene_close(&scene);
	sample_free(&sampled);
	return text;
}

static const struct {
	const char *name;
	const struct sample *sample;
	unsigned int conn;
	const char *text;
	bool there;
} rows[] = {
	{ "a call is a cause", &sample_loss, 0, "●1 connect() / snd SYN", true },
	{ "a segment and its answer", &sample_loss, 0, "●5 rcv FIN / snd ACK", true },
	{ "a segment without one", &sample_loss, 0, "■5 rcv ACK<", true },
	{ "a timer is a cause", &sample_loss, 0, "●6 timeout", true },
	{ "TIME_WAIT's dwell", &sample_loss, 0, "● 61.2 s", true },
	{ "set anew once", &sample_loss, 0, "timer set anew 1×", true },
	{ "not set anew", &sample_both, 0, "set anew", false },
	{ "times of both sides", &sample_both, 0, "● 61.2 s  ■ 61.9 s", true },
	{ "both go through CLOSING", &sample_both, 0, "■4 rcv FIN / snd ACK", true },
	{ "nobody goes through CLOSING", &sample_loss, 0, "rcv ACK of FIN", true },
	{ "what was taken is not drawn as untaken", &sample_loss, 0, ">connect() / snd SYN", false },
	{ "a reset where there is no such way", &sample_nat, 1, "●2 rcv RST", true },
	{ "an early end", &sample_nat, 0, "■5 SOCK_DESTROY", true },
	{ "emulation is said", &sample_nat, 0, "tcp_tw_recycle: emulated", true },
	{ "emulation is not said where there was none", &sample_loss, 0, "emulated", false },
	{ "a host that was not looked at", &sample_foreign, 0, "its states are unknown", true },
	{ "hosts that were", &sample_loss, 0, "unknown", false },
	{ "a NAT's reset is got, and nobody's answer", &sample_foreign, 0, "●3 rcv RST<", true },
	{ "inferred states are dashed", &sample_loss, 0, "style=\"filled,dashed\"", true },
	{ "seen states are not", &sample_nat, 0, "style=\"filled,dashed\"", false },
};

static void the_way_is_the_one_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *text = draw(rows[i].sample, rows[i].conn);

		if (!strstr(text, rows[i].text) == rows[i].there)
			fail_msg("%s: \"%s\"", rows[i].name, rows[i].text);
	}
}

static void the_same_run_gives_the_same_bytes(void **state)
{
	auto_free char *one = draw(&sample_loss, 0), *two = draw(&sample_loss, 0);

	(void)state;
	assert_string_equal(one, two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_way_is_the_one_taken),
		cmocka_unit_test(the_same_run_gives_the_same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

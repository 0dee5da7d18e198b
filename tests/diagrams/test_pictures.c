/* test_pictures.c - pictures are as they were when somebody looked at them
 *
 * Each is known by a digest of its DOT text. Where one changes, what is drawn now is
 * put into .build/pictures: look at it (neato -n2 -Tsvg), and if it is right, its new
 * digest goes into the table.
 */
#include "diagrams/time_wait_plot.h"
#include "diagrams/ladder.h"
#include "diagrams/state_diagram.h"
#include "diagrams/timeline.h"
#include "tests/helpers/sample.h"
#include "tests/helpers/test.h"

#include <twlab/fs.h>

#define CONNS { 0, 4 }, { 1, 4 }, { 2, 4 }, { 3, 4 }, { 0, 4 }, { 1, 4 }, { 2, 4 }, { 3, 4 }, { 0, 4 }
#define WAITS(node, conn, from, to) { node, conn, STATE_TIME_WAIT, from, to, -1 }

/* Four hosts: the three with the most are shown. */
static const struct sample crowd = {
	.lab = "crowd", .recycle = "emulated", .nodes = { "a", "b", "c", "d", "server" }, .ends = "eeeee", .conns = { CONNS },
	.spans = {
		WAITS(0, 0, 3000, 4000), WAITS(1, 1, 1000, 61000), WAITS(1, 5, 2000, 62000), WAITS(1, 5, 61000, -1), WAITS(2, 2, 3000, 33000), WAITS(2, 6, 3010, 33000),
		WAITS(3, 3, 0, 60000), WAITS(3, 7, 5000, 5001), { 3, 3, STATE_FIN_WAIT2, 0, -1, -1 }, { 0 }
	},
	.events = {
		{ 30000, "tell", "b", "again" }, { 30100, "tell", "b", "too near to the one before" }, { 30000, "wait", "b", "nothing to see" },
		{ 30000, "sysctl", "c", "net.ipv4.tcp_max_tw_buckets=2" }, { 69000, "kill", "c", "TIME_WAIT, at the right edge" },
		{ 40000, "conf", "d", "a file" }, { 70500, "tell", "d", "after the end" }, { 0 } },
};

/* More than the scale has room for, one line. */
static const struct sample many = {
	.lab = "many", .nodes = { "client", "server" }, .ends = "ee", .conns = { { 0, 1 }, { 0, 1 }, { 0, 1 }, { 0, 1 }, { 0, 1 }, { 0, 1 },
										 { 0, 1 }, { 0, 1 }, { 0, 1 }, { 0, 1 } },
	.spans = {
		WAITS(0, 0, 1000, 61000), WAITS(0, 1, 1100, 61100), WAITS(0, 2, 1200, 61200), WAITS(0, 3, 1300, 61300),
		WAITS(0, 4, 2000, 62000), WAITS(0, 5, 2000, 62000), WAITS(0, 6, 2000, 62000), WAITS(0, 7, 9000, 69000),
		WAITS(0, 8, 9500, -1), WAITS(0, 9, 9900, -1), { 0 }
	},
};

/* One socket in TIME_WAIT while the next is opened, behind a NAT that remembers both. */
static const struct sample lanes = {
	.lab = "lanes", .nodes = { "host", "nat", "server" }, .ends = "e-e", .conns = { { 0, 2 }, { 0, 2 } },
	.segments = {
		{ 0, true, 10, 20, TCP_SYN, 0, 0 }, { 0, false, 20, 30, TCP_SYN | TCP_ACK, 0, 1 }, { 0, true, 30, 40, TCP_ACK, 1, 1 },
		{ 0, true, 50, 60, TCP_FIN | TCP_ACK, 1, 1 }, { 0, false, 60, 70, TCP_FIN | TCP_ACK, 1, 2 }, { 0, true, 70, 80, TCP_ACK, 2, 2 },
		{ 1, true, 500, 510, TCP_SYN, 0, 0 }, { 1, false, 510, -1, TCP_SYN | TCP_ACK, 0, 1, .lost = 1 },
		{ 1, true, 1500, 1510, TCP_SYN, 0, 0, .again = true }, { 1, false, 1510, 1520, TCP_RST | TCP_ACK, 0, 1 }, { 0 }
	},
	.spans = {
		{ 0, 0, STATE_SYN_SENT, 10, 30, 0, true }, { 0, 0, STATE_ESTABLISHED, 30, 50, 1 }, { 0, 0, STATE_FIN_WAIT1, 50, 70, 3, true },
		{ 0, 0, STATE_TIME_WAIT, 70, 60070, 4, .rearms = 2 }, { 0, 0, STATE_CLOSE, 60070, -1, -1, .call = "timeout" },
		{ 0, 1, STATE_SYN_SENT, 500, 1520, 6, true }, { 0, 1, STATE_CLOSE, 1520, -1, 9 },
		{ 2, 0, STATE_SYN_RECV, 20, 40, 0, .inferred = true }, { 2, 0, STATE_ESTABLISHED, 40, 60, 2 }, { 2, 0, STATE_LAST_ACK, 60, 80, 4, true },
		{ 2, 0, STATE_CLOSE, 80, -1, 5 }, { 2, 1, STATE_SYN_RECV, 510, 1510, 6 }, { 2, 1, STATE_CLOSE, 1510, -1, -1, .call = "timeout" },
		{ 0 }
	},
	.events = { { 505, "netem", "nat", "loss 100% toward host" }, { 0 } },
};

#define ROW(at_ms, end, is, kind) { .at_ns = (at_ms) * NS_PER_MS, .node = (char *)"nat", .from = (char *)end, \
				    .to = (char *)"10.0.0.3:80", .as = (char *)"10.0.0.2:40000", .state = (char *)is, .event = kind }

static struct nat_row nats[] = {
	ROW(11, "10.0.0.1:40000", "SYN_SENT", SEEN_NEW), ROW(41, "10.0.0.1:40000", "ESTABLISHED", SEEN_CHANGE),
	ROW(61, "10.0.0.1:40000", "FIN_WAIT", SEEN_CHANGE), ROW(71, "10.0.0.1:40000", "TIME_WAIT", SEEN_CHANGE),
	ROW(501, "10.0.0.1:40001", "SYN_SENT", SEEN_NEW), ROW(1521, "10.0.0.1:40001", "CLOSE", SEEN_CHANGE),
	ROW(5000, "10.0.0.1:40001", "CLOSE", SEEN_GONE),
};

static char served[] = "served=1\n", refused[] = "refused=2\nlast=3\n", empty[] = "", many_words[] =
	"this is a program that says so much that it has no place at the foot of a picture that is about something else than it";
static struct program_output programs[] = {
	{ (char *)"server", served, sizeof(served) - 1, empty }, { (char *)"quiet", empty, 0, empty },
	{ (char *)"loud", many_words, sizeof(many_words) - 1, empty }, { (char *)"client", refused, sizeof(refused) - 1, empty },
};

static char *first_machine(const struct scene *scene)
{
	return machine_draw(scene, 0);
}

static const struct {
	const char *name;
	const struct sample *sample;
	char *(*draw)(const struct scene *scene);
	uint64_t digest;
} rows[] = {
	{ "ladder-loss", &sample_loss, ladder_draw, 0x485d543d6fccaf93 },
	{ "ladder-both", &sample_both, ladder_draw, 0xc1d7702450e9be29 },
	{ "ladder-nat", &sample_nat, ladder_draw, 0xc15758e7c4f49f3d },
	{ "ladder-lanes", &lanes, ladder_draw, 0x44332b8e2480ae70 },
	{ "timeline-loss", &sample_loss, timeline_draw, 0xdb52caff1ecbed03 },
	{ "timeline-both", &sample_both, timeline_draw, 0x4b16bc4aa8525fe4 },
	{ "timeline-nat", &sample_nat, timeline_draw, 0xbc4a762df57a449c },
	{ "timeline-lanes", &lanes, timeline_draw, 0xf996ca7b60adb277 },
	{ "machine-loss", &sample_loss, first_machine, 0xe98aea0357ad3180 },
	{ "machine-both", &sample_both, first_machine, 0xb73f9581bdc0663f },
	{ "machine-nat", &sample_nat, first_machine, 0xf8192988a7bed371 },
	{ "machine-lanes", &lanes, first_machine, 0x0312c2ffe2d2acc4 },
	{ "crowd", &crowd, time_wait_plot_draw, 0xc4dd42785bd92642 },
	{ "crowd-many", &many, time_wait_plot_draw, 0x0a07b38d2a26f253 },
	{ "crowd-none", &sample_both, time_wait_plot_draw, 0x7256a8d736dde944 },
};

static char *drawn(size_t r)
{
	struct sampled sampled;
	struct scene scene;
	char *text;

	sample_make(rows[r].sample, &sampled);
	for (unsigned int i = 0; i < sampled.trace.n_conns; i++)	/* where no segment says it */
		if (!sampled.trace.conns[i].n_segments)
			sampled.trace.conns[i].first_ns = i * i * (rows[r].sample == &many ? 20 : 900) * NS_PER_MS;
	sampled.evidence.programs = programs;
	sampled.evidence.n_programs = ARRAY_SIZE(programs);
	sampled.evidence.nats = nats;
	sampled.evidence.n_nats = rows[r].sample == &lanes ? ARRAY_SIZE(nats) : 0;
	scene_open(&scene, &sampled.evidence, NULL, sampled.sockets, sampled.n_sockets);
	if (rows[r].sample == &lanes)	/* no frames say it */
		scene.parts[1] = PART_NAT;
	text = rows[r].draw(&scene);
	scene_close(&scene);
	sample_free(&sampled);
	return text;
}

static uint64_t digest_of(const char *text)
{
	uint64_t digest = 0xcbf29ce484222325;	/* FNV-1a */

	for (; *text; text++)
		digest = (digest ^ (uint8_t)*text) * 0x100000001b3;
	return digest;
}

static void pictures_are_as_they_were(void **state)
{
	unsigned int changed = 0;

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
		auto_free char *path = must_printf(".build/pictures/%s.dot", rows[r].name), *text = drawn(r);

		if (digest_of(text) == rows[r].digest)
			continue;
		fs_mkdir(".build/pictures", NULL);
		fs_write_file(path, text, strlen(text), NULL);
		print_error("%s has changed: 0x%016llx\n", path, (unsigned long long)digest_of(text));
		changed++;
	}
	assert_int_equal(changed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures_are_as_they_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* evidence.c - the folder of a run, whole or with one file that others wrote */
#include "tests/fuzz/evidence.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "diagrams/time_wait_plot.h"
#include "diagrams/ladder.h"
#include "diagrams/state_diagram.h"
#include "diagrams/timeline.h"
#include <twlab/facts.h>

#define WHOLE "tests/fuzz/seeds/evidence/nat"	/* has one of everything */

static const char *const names[] = {
	"run.json", "packets.pcapng", "states.jsonl", "nat.jsonl", "events.jsonl", "counters.json",
	"trials.tsv", "programs/client.out", "programs/client.status", NULL
};

/* A folder in which everything else is right. */
static unsigned int whole(struct fuzz_part parts[FUZZ_PARTS])
{
	static uint8_t data[64 << 10];
	static ssize_t len;

	if (!len) {
		auto_close int fd = open(WHOLE, O_RDONLY | O_CLOEXEC);

		len = fd < 0 ? -1 : read(fd, data, sizeof(data));
		if (len <= 0) {
			perror(WHOLE);
			_exit(2);
		}
	}
	return fuzz_parts(data, (size_t)len, parts);
}

static unsigned int gather(const struct fuzz_target *target, const uint8_t *data, size_t len,
			   struct fuzz_part parts[FUZZ_PARTS])
{
	unsigned int n;

	if (!target->file)
		return fuzz_parts(data, len, parts);
	n = whole(parts);
	for (unsigned int p = 0; p < n; p++)
		if (!strcmp(parts[p].name, target->file)) {
			parts[p].data = data;
			parts[p].len = len;
		}
	return n;
}

static struct evidence *read_it(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	struct fuzz_part parts[FUZZ_PARTS];
	unsigned int n = gather(target, data, len, parts);

	return evidence_read(fuzz_folder(names, parts, n), NULL);
}

void fuzz_evidence(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	struct evidence *evidence = read_it(target, data, len);
	struct facts facts = { 0 };

	if (evidence)
		facts_collect(evidence, &facts);
	facts_free(&facts);
	evidence_free(evidence);
}

void fuzz_draw(const struct fuzz_target *target, const uint8_t *data, size_t len)
{
	struct evidence *evidence = read_it(target, data, len);
	struct scene scene;
	unsigned int n_sockets;
	struct socket_states *sockets;

	if (!evidence)
		return;
	sockets = socket_states_read(evidence, &n_sockets);
	scene_open(&scene, evidence, NULL, sockets, n_sockets);
	free(ladder_draw(&scene));
	for (unsigned int i = 0; i < scene.n_conns; i++)
		free(machine_draw(&scene, i));
	free(timeline_draw(&scene));
	if (time_wait_plot_is_there(&scene))
		free(time_wait_plot_draw(&scene));
	scene_close(&scene);
	socket_states_free(sockets, n_sockets);
	evidence_free(evidence);
}
